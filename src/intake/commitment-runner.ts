import type { Clock } from '../clock.ts';
import {
  claimCommitment,
  type CommitmentRequest,
  type DueCommitment,
  findDueCommitments,
  findOpenCommitments,
  recordCommitmentAttempt,
  type SopReference,
} from '../database/commitment-records.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { EventReporter } from '../dimse/services.ts';
import { describeStatus, statusKind } from '../dimse/status.ts';
import { asTriageError, type ErrorClass, TriageError } from '../errors.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Peer } from '../sites.ts';
import { COMMITMENT_INSTANCE_UID } from './commitment-service.ts';
import { type HeldInstanceParts, judgeHeldInstance } from './held-instances.ts';

/** The record is looked at this often even if nobody rings: waits end by time alone. */
const POLL_MS = 5_000;
const REQUESTS_EACH_ROUND = 50;
/** Looking at ten thousand objects takes minutes; whoever dies meanwhile leaves the request to be taken up after this. */
const CLAIM_MS = 300_000;

/** First wait after a failure of each class; it doubles up to the longest. */
const WAIT_MS: Readonly<Record<Exclude<ErrorClass, 'permanent'>, number>> = {
  transient: 10_000,
  ambiguous: 60_000,
};
const WAIT_MS_MAX = 6 * 3_600_000;

/** Event Type IDs of a report (PS3.4 Table J.3.3-1). */
const ALL_COMMITTED = 1;
const SOME_FAILED = 2;

/** What is told to the peer. */
export type CommitmentReport = Parameters<EventReporter>[0];

/** Sends a report on an association of our own to where a peer listens; resolves with the peer's status. */
export type SendReport = (
  peer: { readonly listensAt: NonNullable<Peer['listensAt']> } & Pick<
    CommitmentRequest,
    'callingAeTitle' | 'calledAeTitle'
  >,
  report: CommitmentReport,
) => Promise<number>;

/** What the runner needs. */
export interface CommitmentRunnerParts extends HeldInstanceParts {
  readonly clock: Clock;
  readonly sites: SiteDirectory;
  readonly sendReport: SendReport;
  /** A request whose answer could not be told for so long is set aside. */
  readonly giveUpAfterMs: number;
}

/**
 * Answers the requests for commitment that stand in the record: looks at every object, then reports on the
 * association that the request came by or, where that has ended, on one of our own to where the sites file says
 * that the peer listens. Of several processes each answers what came by its own associations, and one of them the
 * rest; each request is claimed first. A caller that cannot be reached delays no other. What is held is looked at anew before
 * every attempt, so the answer is true when it is given.
 *
 * Every attempt reports under the Transaction UID of the request, for the peer knows its request by nothing else
 * (PS3.4 J.3.3). A fresh UID for each try is the duty of the one who requests: when we ask a PACS for
 * commitment and ask again, that is a new request with a new UID (PS3.4 J.3.2).
 *
 * Modes: waiting (for a ring or the poll), answering (one request after the other for each caller), closing.
 */
export class CommitmentRunner {
  readonly #parts: CommitmentRunnerParts;
  readonly #answering = new Map<string, Promise<void>>();
  /** The way back on associations that may still be open; after a restart there is none. */
  readonly #reporters = new Map<string, EventReporter>();
  #answersForAll = false;
  #looking: Promise<void> | undefined;
  #cancelPoll: () => void = () => undefined;
  #closed = false;

  constructor(parts: CommitmentRunnerParts) {
    this.#parts = parts;
  }

  /** A request was written down; `report` is the way back on its own association. */
  requested(requestId: string, report: EventReporter): void {
    this.#reporters.set(requestId, report);
    this.ring();
  }

  /** Answers the requests of all processes, till what is returned is closed. */
  answerForAll(): { close(): Promise<void> } {
    this.#answersForAll = true;
    this.ring();
    return {
      close: async () => {
        this.#answersForAll = false;
        await this.#looking;
        await Promise.all(this.#answering.values());
      },
    };
  }

  /** Says that there may be something to answer. */
  ring(): void {
    if (this.#closed) return;
    this.#cancelPoll();
    if (this.#answersForAll) this.#cancelPoll = this.#parts.clock.schedule(POLL_MS, () => this.ring());
    const look = (this.#looking ?? Promise.resolve()).then(() => this.#answerDue());
    this.#looking = look.catch((thrown: unknown) =>
      this.#parts.log.error({ err: thrown }, 'requests for commitment could not be read'),
    );
  }

  /** Starts nothing more and waits for what is being answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPoll();
    await this.#looking;
    await Promise.all(this.#answering.values());
  }

  async #answerDue(): Promise<void> {
    const { log } = this.#parts;
    const due = await this.#findDue();
    for (const [caller, requests] of Map.groupBy(due, ({ callingAeTitle }) => callingAeTitle)) {
      if (this.#answering.has(caller)) continue;
      const round = this.#answerAll(requests).then(
        () => {
          this.#answering.delete(caller);
          // What came meanwhile from the same caller was passed over.
          if (due.length >= REQUESTS_EACH_ROUND || this.#reporters.size > 0) this.ring();
        },
        (thrown: unknown) => {
          this.#answering.delete(caller);
          // It is still due; only the poll takes it up again, else the peer would be told without end.
          log.error({ err: thrown }, 'a commitment could not be written down');
        },
      );
      this.#answering.set(caller, round);
    }
  }

  async #findDue(): Promise<readonly DueCommitment[]> {
    const { database, clock } = this.#parts;
    const ids = [...this.#reporters.keys()].slice(0, REQUESTS_EACH_ROUND);
    const own = await findOpenCommitments(database, ids);
    const open = new Set(own.map(({ requestId }) => requestId));
    // What another process has answered needs no way back.
    for (const id of ids) if (!open.has(id)) this.#reporters.delete(id);
    if (!this.#answersForAll) return own;
    const due = await findDueCommitments(database, clock.nowMs(), REQUESTS_EACH_ROUND);
    return [...own, ...due.filter(({ requestId }) => !open.has(requestId))];
  }

  async #answerAll(requests: readonly DueCommitment[]): Promise<void> {
    for (const request of requests) if (!this.#closed) await this.#answer(request);
  }

  async #answer(request: DueCommitment): Promise<void> {
    const { database, clock, log } = this.#parts;
    const { requestId, callingAeTitle, attempts } = request;
    const isMine = await claimCommitment(database, request, clock.nowMs() + CLAIM_MS);
    if (!isMine) {
      this.#reporters.delete(requestId);
      return;
    }
    try {
      const report = await this.#judge(request);
      if (report === undefined) {
        const left = { state: 'pending', attempts, dueAtMs: clock.nowMs(), note: null } as const;
        await recordCommitmentAttempt(database, requestId, left);
        return;
      }
      await this.#tell(request, report);
      const told = { state: 'reported', attempts: attempts + 1, dueAtMs: clock.nowMs(), note: null } as const;
      await recordCommitmentAttempt(database, requestId, told);
      log.info({ requestId, callingAeTitle, eventTypeId: report.typeId }, 'a commitment was answered');
    } catch (thrown) {
      const error = asTriageError(thrown);
      const next = this.#next(request, error);
      await recordCommitmentAttempt(database, requestId, next);
      const fields = { requestId, callingAeTitle, code: error.code, state: next.state, note: next.note };
      log.warn(fields, 'a commitment could not be answered');
    }
  }

  /** Looks at every object; undefined where the service ends meanwhile. */
  async #judge({ references, transactionUid }: DueCommitment): Promise<CommitmentReport | undefined> {
    const committed: SopReference[] = [];
    const failed: { readonly reference: SopReference; readonly reason: number }[] = [];
    for (const reference of references) {
      if (this.#closed) return undefined;
      const reason = await judgeHeldInstance(reference, this.#parts);
      if (reason === null) committed.push(reference);
      else failed.push({ reference, reason });
    }
    const dataset: DicomDataset = {
      TransactionUID: transactionUid,
      ...(committed.length === 0 ? {} : { ReferencedSOPSequence: committed.map(referenceItem) }),
      ...(failed.length === 0
        ? {}
        : {
            FailedSOPSequence: failed.map(({ reference, reason }) => ({
              ...referenceItem(reference),
              FailureReason: reason,
            })),
          }),
    };
    return {
      sopClassUid: SOP_CLASSES.storageCommitment,
      sopInstanceUid: COMMITMENT_INSTANCE_UID,
      typeId: failed.length === 0 ? ALL_COMMITTED : SOME_FAILED,
      dataset,
    };
  }

  async #tell(request: DueCommitment, report: CommitmentReport): Promise<void> {
    const onItsAssociation = this.#reporters.get(request.requestId);
    this.#reporters.delete(request.requestId);
    // An association that has ended is no failure of the peer: it is called on a new one. A status is an answer.
    const status = await onItsAssociation?.(report).catch(() => undefined);
    if (status !== undefined) {
      checkStatus(status);
      return;
    }
    const listensAt = this.#findPeer(request)?.listensAt;
    if (listensAt === undefined) {
      throw new TriageError(
        'peer-unreachable',
        'the peer has closed its association and the sites file says no listensAt for it',
      );
    }
    const { callingAeTitle, calledAeTitle } = request;
    checkStatus(await this.#parts.sendReport({ listensAt, callingAeTitle, calledAeTitle }, report));
  }

  #findPeer({ siteId, callingAeTitle, calledAeTitle }: DueCommitment): Peer | undefined {
    const site = this.#parts.sites.book()?.sites.find(({ id }) => id === siteId);
    const peers = (site?.peers ?? []).filter(({ aeTitle }) => aeTitle === callingAeTitle);
    return peers.find((peer) => peer.calledAeTitle === calledAeTitle) ?? peers[0];
  }

  #next({ attempts, askedAtMs }: DueCommitment, error: TriageError) {
    const nowMs = this.#parts.clock.nowMs();
    const tried = { attempts: attempts + 1, note: error.message };
    const isTooOld = nowMs - askedAtMs >= this.#parts.giveUpAfterMs;
    if (error.class === 'permanent' || isTooOld) return { ...tried, state: 'dead', dueAtMs: nowMs } as const;
    const waitMs = Math.min(WAIT_MS[error.class] * 2 ** Math.min(attempts, 20), WAIT_MS_MAX);
    return { ...tried, state: 'pending', dueAtMs: nowMs + waitMs } as const;
  }
}

function referenceItem([sopClassUid, sopInstanceUid]: SopReference): DicomDataset {
  return { ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid };
}

function checkStatus(status: number): void {
  const kind = statusKind(status);
  if (kind === 'success' || kind === 'warning') return;
  throw new TriageError('peer-rejected', `the peer answered the report with ${describeStatus(status)}`);
}
