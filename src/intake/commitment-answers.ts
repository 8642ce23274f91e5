import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { MESSAGE_TRANSFER_SYNTAX_UIDS } from '../dicom/dimse-data-set.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import { ownTlsFiles, type OwnIdentity } from '../dimse/own-identity.ts';
import { openAssociation } from '../dimse/requestor.ts';
import type { NormalizedService } from '../dimse/services.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { CommitmentRunner, type SendReport } from './commitment-runner.ts';
import { commitmentService } from './commitment-service.ts';

/** A peer that does not take the connection within this is tried again later. */
const CONNECT_MS_MAX = 5_000;
const DAY_MS = 86_400_000;

/** What answering works with. */
export interface CommitmentParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly sites: SiteDirectory;
  readonly limits: DimseLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** Storage commitment as it runs. */
export interface Commitments {
  /** For the DICOM node. */
  readonly service: NormalizedService;
  /** Answers also what came to other listeners, and in earlier runs, till what is returned is closed. */
  answerForAll(): { close(): Promise<void> };
  close(): Promise<void>;
}

/** Starts to answer the requests for storage commitment that come to this listener. */
export function startCommitments(
  config: OwnIdentity & Pick<Config, 'deliveryDaysMax'>,
  parts: CommitmentParts,
): Commitments {
  const runner = new CommitmentRunner({
    ...parts,
    sendReport: reportSender(config, parts),
    giveUpAfterMs: config.deliveryDaysMax * DAY_MS,
  });
  return {
    answerForAll: () => runner.answerForAll(),
    service: commitmentService({ ...parts, onRequest: (id, report) => runner.requested(id, report) }),
    close: () => runner.close(),
  };
}

/**
 * Reports on an association of our own: we call as the title that the request was sent to, and propose to act as
 * provider, for the roles are the other way round than on a request (PS3.4 J.3.3, PS3.7 D.3.3.4).
 */
function reportSender(
  config: OwnIdentity,
  { limits, clock }: Pick<CommitmentParts, 'limits' | 'clock'>,
): SendReport {
  return async ({ listensAt, callingAeTitle, calledAeTitle }, report) => {
    const { host, port, tls } = listensAt;
    const association = await openAssociation({
      ...{ host, port, limits, clock, connectMsMax: CONNECT_MS_MAX },
      callingAeTitle: calledAeTitle,
      calledAeTitle: callingAeTitle,
      contexts: [
        {
          abstractSyntax: report.sopClassUid,
          transferSyntaxes: MESSAGE_TRANSFER_SYNTAX_UIDS,
          isProvider: true,
        },
      ],
      ...(tls ? { tls: ownTlsFiles(config) } : {}),
    });
    const { status } = await association.eventReport(report);
    // The answer counts; a peer that then breaks the release changes nothing about it.
    await association.release().catch(() => undefined);
    return status;
  };
}
