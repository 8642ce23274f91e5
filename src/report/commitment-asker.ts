import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import {
  changeCommitment,
  findWantedCommitments,
  recordAsked,
  type WantedCommitment,
} from '../database/delivery-commitments.ts';
import type { Database } from '../database/schema.ts';
import { MESSAGE_TRANSFER_SYNTAX_UIDS } from '../dicom/dimse-data-set.ts';
import { newUid, SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import { STATUS } from '../dimse/status.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { Destination } from '../sites.ts';
import type { Log } from '../telemetry.ts';
import {
  answerWaitMs,
  type CommitmentLimits,
  isAskedEnough,
  notAsked,
  unanswered,
} from './commitment-policy.ts';
import { takeCommitmentReport } from './commitment-report.ts';
import { peerOf, type PeerIdentity } from './destination-peer.ts';
import { DestinationRounds } from './destination-rounds.ts';

/** Objects that one request names. */
const OBJECTS_EACH_REQUEST = 100;
const CONNECT_MS_MAX = 10_000;
const POLL_MS = 5_000;

/** The one SOP instance of Storage Commitment Push, and its only action (PS3.4 J.3). */
const PUSH_MODEL_INSTANCE_UID = '1.2.840.10008.1.20.1.1';
const REQUEST_COMMITMENT = 1;

/** What asking needs. */
export interface CommitmentAskerParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly destinations: () => readonly Destination[];
  readonly identity: PeerIdentity;
  readonly limits: DimseLimits;
  readonly commitmentLimits: CommitmentLimits;
  /** Called when something is to be sent again. */
  readonly onRefused: () => void;
}

/**
 * Asks destinations to commit themselves to what they were sent (Storage Commitment Push Model as SCU, PS3.4 Annex
 * J), each on its own and every time under a new Transaction UID. The answer is taken on the same association or,
 * whenever it comes, on our own listener.
 */
export class CommitmentAsker {
  readonly #parts: CommitmentAskerParts;
  readonly #rounds: DestinationRounds;

  constructor(parts: CommitmentAskerParts) {
    this.#parts = parts;
    this.#rounds = new DestinationRounds({
      clock: parts.clock,
      log: parts.log,
      pollMs: POLL_MS,
      names: () => parts.destinations().flatMap(({ name, commitment }) => (commitment ? [name] : [])),
      work: (name, closing) => this.#askDue(name, closing),
    });
  }

  /** Says that there may be something to ask for. */
  ring(): void {
    this.#rounds.ring();
  }

  /** Starts nothing more and waits for what is being asked. */
  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #askDue(name: string, closing: AbortSignal): Promise<void> {
    const { database, clock } = this.#parts;
    while (!closing.aborted) {
      const destination = this.#parts.destinations().find((each) => each.name === name);
      if (destination === undefined) return;
      const due = await findWantedCommitments(database, name, clock.nowMs(), OBJECTS_EACH_REQUEST);
      if (due.length === 0) return;
      const open = await this.#giveUp(due);
      if (open.length > 0 && !(await this.#ask(destination, open))) return;
    }
  }

  /** Ends what was asked for often enough; the rest is returned. */
  async #giveUp(due: readonly WantedCommitment[]): Promise<readonly WantedCommitment[]> {
    const { database, clock, commitmentLimits } = this.#parts;
    const isOver = ({ asks }: WantedCommitment): boolean => isAskedEnough(asks, commitmentLimits);
    for (const each of due.filter(isOver)) {
      await changeCommitment(database, each, null, unanswered(clock.nowMs()));
    }
    return due.filter((each) => !isOver(each));
  }

  /** Asks for objects under a new Transaction UID; false where the destination could not be asked. */
  async #ask(destination: Destination, due: readonly WantedCommitment[]): Promise<boolean> {
    const { database, clock, log, commitmentLimits } = this.#parts;
    const transactionUid = newUid();
    const asks = Math.max(...due.map((each) => each.asks)) + 1;
    // Written down before it is asked: the answer may come while the request is still being answered.
    await recordAsked(database, due, transactionUid, clock.nowMs() + answerWaitMs(asks, commitmentLimits));
    try {
      await this.#request(destination, due, transactionUid);
      log.info({ destination: destination.name, objects: due.length }, 'commitment was asked for');
      return true;
    } catch (thrown) {
      const { code } = asTriageError(thrown);
      log.warn({ destination: destination.name, code }, 'commitment could not be asked for');
      for (const each of due) {
        const asked = { ...each, commitment: 'asked' as const };
        const change = notAsked(code, each.asks + 1, clock.nowMs(), commitmentLimits);
        await changeCommitment(database, asked, transactionUid, change);
      }
      return false;
    }
  }

  async #request(
    destination: Destination,
    due: readonly WantedCommitment[],
    transactionUid: string,
  ): Promise<void> {
    const { database, log, identity, limits, clock, commitmentLimits, onRefused } = this.#parts;
    const association = await openAssociation({
      ...peerOf(destination, identity),
      contexts: [
        {
          abstractSyntax: SOP_CLASSES.storageCommitment,
          transferSyntaxes: MESSAGE_TRANSFER_SYNTAX_UIDS,
        },
      ],
      ...{ limits, clock, connectMsMax: CONNECT_MS_MAX },
      onEvent: (event) => takeCommitmentReport({ database, clock, log, commitmentLimits, onRefused }, event),
    });
    try {
      const { status } = await association.action({
        sopClassUid: SOP_CLASSES.storageCommitment,
        sopInstanceUid: PUSH_MODEL_INSTANCE_UID,
        typeId: REQUEST_COMMITMENT,
        dataset: requestOf(due, transactionUid),
      });
      if (status !== STATUS.success) {
        throw new TriageError('peer-rejected', `commitment was answered 0x${status.toString(16)}`);
      }
      // The request was taken, so whatever happens to the association now, the answer may still come otherwise.
      await association.awaitEvent(commitmentLimits.openMsMax).catch(() => false);
      if (association.isOpen) await association.release().catch(() => undefined);
    } finally {
      if (association.isOpen) association.abort();
    }
  }
}

function requestOf(due: readonly WantedCommitment[], transactionUid: string): DicomDataset {
  return {
    TransactionUID: transactionUid,
    ReferencedSOPSequence: due.map(({ sopClassUid, sopInstanceUid }) => ({
      ReferencedSOPClassUID: sopClassUid,
      ReferencedSOPInstanceUID: sopInstanceUid,
    })),
  };
}
