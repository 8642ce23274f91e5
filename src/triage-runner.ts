import type { Kysely } from 'kysely';
import { pictureObjectKey, reportObjectKey } from './archive/archive.ts';
import type { ObjectStore } from './archive/object-store.ts';
import type { Clock } from './clock.ts';
import { recordShadow } from './database/model-records.ts';
import type { Database } from './database/schema.ts';
import {
  type ArchivedReport,
  findTriageInput,
  type PredecessorReport,
  type Recorded,
  recordTriage,
  recordTriageFailure,
  type TriageInput,
  type TriageResult,
} from './database/triage-records.ts';
import { readHeaderFromFile } from './dicom/read-header.ts';
import { assessmentsOf } from './decide/assessments.ts';
import { reasonOf } from './decide/reason-texts.ts';
import { POLICY_VERSION } from './decide/referral-policy.ts';
import { asTriageError, type ErrorCode, TriageError } from './errors.ts';
import { rankMs } from './exam/priority.ts';
import type { PooledReply, WorkerPool } from './inference/worker-pool.ts';
import { countDeath, holdsLease, type LeasedJob } from './database/job-records.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { JobQueue } from './queue/job-queue.ts';
import { declinedAnalysis, isOptedOut } from './operations/opt-outs.ts';
import { decideRetry, type RetryDecision } from './queue/retry-policy.ts';
import type { ReportReference } from './report/report-object.ts';
import { type Meter, silentMeter } from './meter.ts';
import type { ReferralDays } from './exam/referral-life.ts';
import type { SiteRules } from './sites.ts';
import type { Log } from './telemetry.ts';
import { TriageWatch } from './triage-watch.ts';
import type { WorklistEvent } from './worklist/worklist-views.ts';
import type { AnalysisRequest, Artefacts } from '../workers/messages.ts';

/** The queue is looked at this often even if nobody rings: leases end and retries fall due by time alone. */
const POLL_MS_MAX = 1000;

/** Films whose results are being written, at most: behind a slow object store they must not pile up in memory. */
const FINISHING_MAX = 32;

/** Failures that say that the film ended the worker that had it alone. */
const DEATHS: readonly ErrorCode[] = ['worker-crashed', 'worker-deadline'];
const DEATHS_MAX = 2;

/** What the runner needs. */
export interface TriageRunnerParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly queue: JobQueue;
  readonly pool: Pick<WorkerPool, 'analyse' | 'capacity'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
  /** What gets the reports of a site, and which kinds of them. */
  readonly receiversOf: (siteId: string) => TriageResult['destinations'];
  /** What differs from the configuration for the films of a site. */
  readonly rulesOf: (siteId: string) => SiteRules;
  /** How long a referral may stay in a state; left out: as long as by default. */
  readonly referralDays?: () => ReferralDays;
  readonly attemptsMax: number;
  readonly publish: (event: WorklistEvent) => void;
  /** Called when new deliveries stand in the record. */
  readonly onDeliveries: () => void;
}

interface PreparedJob {
  readonly input: TriageInput;
  readonly request: AnalysisRequest & { readonly scratchFolder: string };
  readonly isDeclined: boolean;
}

/**
 * Takes jobs from the queue as fast as the pool has room and writes what became of them. Modes: idle (waits for a
 * ring or the poll), claiming (one at a time), closing (claims no more; what runs may end within the grace).
 */
export class TriageRunner {
  readonly #parts: TriageRunnerParts;
  readonly #leases: LeaseKeeper;
  readonly #stopListening: () => void;
  readonly #running = new Set<Promise<void>>();
  /** Shadows that are still to be heard of; they end with the pool at the latest. */
  readonly #shadows = new Set<Promise<void>>();
  #cancelPoll: (() => void) | undefined;
  #claiming: Promise<void> | undefined;
  /** Jobs that were claimed and have not reached the pool yet: the pool's room must be kept for them. */
  #preparing = 0;
  /** Jobs that have left the pool. */
  #finishing = 0;
  #rungWhileClaiming = false;
  #closed = false;

  constructor(parts: TriageRunnerParts) {
    this.#parts = parts;
    this.#leases = new LeaseKeeper(parts.queue, parts.clock, parts.log);
    this.#stopListening = parts.queue.onWork(() => this.ring());
  }

  /** Says that there may be work. Cheap; call it as often as you like. */
  ring(): void {
    if (this.#closed) return;
    if (this.#claiming !== undefined) {
      this.#rungWhileClaiming = true;
      return;
    }
    this.#cancelPoll?.();
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined;
      const again = this.#rungWhileClaiming;
      this.#rungWhileClaiming = false;
      if (this.#closed) return;
      if (again) this.ring();
      else this.#cancelPoll = this.#parts.clock.schedule(POLL_MS_MAX, () => this.ring());
    });
  }

  /** Claims no more. The pool is closed by whoever opened it; then this resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#cancelPoll?.();
    await this.#claiming;
    await Promise.allSettled(this.#running);
    await Promise.allSettled(this.#shadows);
    this.#leases.close();
  }

  async #claim(): Promise<void> {
    const { pool, log } = this.#parts;
    try {
      const room = Math.min(pool.capacity() - this.#preparing, FINISHING_MAX - this.#finishing);
      if (room < 1) return;
      for (const job of await this.#leases.claim(room)) {
        this.#preparing += 1;
        const run = this.#triage(job).finally(() => {
          this.#running.delete(run);
          this.ring();
        });
        this.#running.add(run);
      }
    } catch (thrown) {
      log.error({ err: thrown }, 'jobs could not be claimed');
    }
  }

  // Never rejects: whatever goes wrong ends in the record or, if that fails too, in a lease that runs out.
  async #triage(job: LeasedJob): Promise<void> {
    const { objects, log, clock, meter = silentMeter } = this.#parts;
    const watch = new TriageWatch({ meter, clock }, job);
    let scratchFolder: string | undefined;
    try {
      const prepared = await this.#prepare(job);
      watch.arrived(prepared.input.reportedAtMs);
      scratchFolder = prepared.request.scratchFolder;
      const reply = await this.#analyse(job, prepared);
      watch.analysed(reply.analysis.timingsMs);
      this.#finishing += 1;
      // The film has left the pool: the next one is claimed while this one's result is written.
      this.ring();
      await this.#finish(job, prepared.input, reply, watch).finally(() => (this.#finishing -= 1));
    } catch (thrown) {
      await this.#giveBack(job, thrown, watch).catch((again: unknown) => {
        log.error(
          { examId: job.examId, err: again },
          'a failed job could not be given back; its lease will end',
        );
      });
    } finally {
      this.#leases.end(job);
      if (scratchFolder !== undefined) await objects.removeScratch(scratchFolder).catch(() => undefined);
    }
  }

  async #analyse(job: LeasedJob, { input, request, isDeclined }: PreparedJob): Promise<PooledReply> {
    const { database, pool } = this.#parts;
    const declined = { analysis: declinedAnalysis(request.path), artefacts: null };
    if (isDeclined) return declined;
    // Whoever counted the last one may have ended before it could set the film aside.
    if (input.deaths >= DEATHS_MAX) throw killsWorkers();
    const place = { rankMs: rankMs(job.priority, input.reportedAtMs), isSuspect: input.deaths > 0 };
    const reply = await pool.analyse(request, place);
    // Who declines while a worker has the film is not measured either.
    return (await isOptedOut(database, job.examId)) ? declined : reply;
  }

  async #prepare(job: LeasedJob): Promise<PreparedJob> {
    const { objects } = this.#parts;
    try {
      const scratchFolder = await objects.makeScratch();
      return await this.#gather(job, scratchFolder).catch(async (thrown: unknown) => {
        await objects.removeScratch(scratchFolder);
        throw thrown;
      });
    } finally {
      this.#preparing -= 1;
    }
  }

  async #gather(job: LeasedJob, scratchFolder: string): Promise<PreparedJob> {
    const { database, objects } = this.#parts;
    const input = await findTriageInput(database, job.examId);
    const { revision, reportedAtMs, patient, predecessor, correction } = input;
    const request = {
      id: job.examId,
      path: await objects.readablePath(input.objectKey, scratchFolder),
      source: 'dicom' as const,
      options: {},
      scratchFolder,
      reportedAtMs,
      revision,
      predecessor: predecessor === null ? null : await this.#reference(predecessor),
      siteRules: this.#parts.rulesOf(input.siteId),
      ...(patient === undefined ? {} : { patient }),
      ...(correction === undefined ? {} : { correction }),
    };
    return { input, request, isDeclined: await isOptedOut(database, job.examId) };
  }

  /** Names an earlier report; its series stands in the object where the row is older than that column. */
  async #reference({ objectKey, seriesInstanceUid, ...named }: PredecessorReport): Promise<ReportReference> {
    if (seriesInstanceUid !== null) return { ...named, seriesInstanceUid };
    const header = await readHeaderFromFile(await this.#parts.objects.readablePath(objectKey));
    return { ...named, seriesInstanceUid: header.seriesInstanceUid };
  }

  async #finish(job: LeasedJob, input: TriageInput, reply: PooledReply, watch: TriageWatch): Promise<void> {
    const { database, clock, receiversOf, onDeliveries } = this.#parts;
    // Whoever has the lease now writes objects of the same names, and has perhaps written and sent them.
    if (!this.#leases.isHeld(job) || !(await holdsLease(database, job))) {
      this.#tell(job, undefined, watch);
      return;
    }
    const reports = await this.#archive(job.examId, input.revision, reply.artefacts);
    const destinations = receiversOf(input.siteId);
    const recorded = await recordTriage(database, {
      job,
      analysis: reply.analysis,
      reports,
      destinations,
      assessments: assessmentsOf(reply.analysis),
      policyVersion: POLICY_VERSION,
      nowMs: clock.nowMs(),
      days: this.#parts.referralDays?.(),
    });
    this.#tell(job, recorded, watch);
    if (recorded === undefined) return;
    if (reports.length > 0 && destinations.length > 0) onDeliveries();
    // Not waited for: the job is over, and its lease and its room are the next one's.
    const shadow = this.#recordShadow(job.examId, input.revision, reply).finally(() =>
      this.#shadows.delete(shadow),
    );
    this.#shadows.add(shadow);
  }

  /** The film's result stands by now; whatever becomes of the shadow's, it does not touch it. */
  async #recordShadow(examId: string, revision: number, reply: PooledReply): Promise<void> {
    if (reply.shadow === undefined) return;
    const { database, clock, log, meter = silentMeter } = this.#parts;
    try {
      const [shadow, { analysis: active }] = [await reply.shadow, reply];
      const agreement = shadow?.outcome === active.outcome ? 'same outcome' : 'another outcome';
      meter.count('osteotriage_shadow_films_total', { result: shadow === null ? 'failed' : agreement });
      if (shadow === null) return;
      await recordShadow(database, { examId, revision, active, shadow, nowMs: clock.nowMs() });
    } catch (thrown) {
      log.warn({ examId, err: thrown }, 'the result of a shadow could not be written');
    }
  }

  async #archive(
    examId: string,
    revision: number,
    artefacts: Artefacts | null,
  ): Promise<readonly ArchivedReport[]> {
    if (artefacts === null) return [];
    const { objects } = this.#parts;
    const pictures = [
      ['preview', artefacts.previewPath],
      ['overlay', artefacts.overlayPath],
    ] as const;
    const putPictures = pictures.map(async ([picture, path]) => {
      if (path !== null) await objects.putFile(path, pictureObjectKey(examId, picture));
    });
    const written = [
      ['SR', artefacts.structuredReport],
      ['SC', artefacts.secondaryCapture],
      ['GSPS', artefacts.presentationState],
    ] as const;
    const putReports = written.map(async ([kind, object]): Promise<readonly ArchivedReport[]> => {
      if (object === null) return [];
      const key = reportObjectKey(examId, revision, kind);
      const report = {
        ...{ kind, revision, object_key: key, object_bytes: await objects.putFile(object.path, key) },
        ...{ sop_class_uid: object.sopClassUid, series_uid: object.seriesInstanceUid },
        sop_uid: object.sopInstanceUid,
      };
      return [report];
    });
    // All at once: the disk syncs them together, one after the other would wait for it ten times.
    const [reports] = await Promise.all([Promise.all(putReports), Promise.all(putPictures)]);
    return reports.flat();
  }

  async #giveBack(job: LeasedJob, thrown: unknown, watch: TriageWatch): Promise<void> {
    const { database, queue, clock, log } = this.#parts;
    const { error, decision } = await this.#judge(job, asTriageError(thrown));
    log.warn(
      { examId: job.examId, attempt: job.attempt, retry: decision.retry, err: error },
      'a triage failed',
    );
    watch.failed(error);
    if (decision.retry) {
      await queue.retryLater(job, decision.waitMs, error.code);
      return;
    }
    const reason = reasonOf(error.code);
    this.#tell(job, await recordTriageFailure(database, { job, reason, nowMs: clock.nowMs() }), watch);
  }

  /** Deaths of workers are counted in the record, for all machines and restarts; everything else by its class. */
  async #judge(
    job: LeasedJob,
    error: TriageError,
  ): Promise<{ readonly error: TriageError; readonly decision: RetryDecision }> {
    const { database, attemptsMax } = this.#parts;
    // Nothing is wrong with the film: it goes on at once elsewhere, or here after a restart.
    if (error.code === 'lease-lost') return { error, decision: { retry: true, waitMs: 0 } };
    if (!DEATHS.includes(error.code))
      return { error, decision: decideRetry(error.class, job.attempt, attemptsMax) };
    const deaths = await countDeath(database, job);
    if (deaths < DEATHS_MAX) return { error, decision: decideRetry('transient', deaths, attemptsMax) };
    return { error: killsWorkers(error), decision: { retry: false } };
  }

  #tell(job: LeasedJob, recorded: Recorded, watch: TriageWatch): void {
    const { log, publish } = this.#parts;
    if (recorded === undefined) {
      watch.lost();
      log.warn({ examId: job.examId }, 'a result came after its lease was lost and was not written');
      return;
    }
    watch.ended(recorded.state);
    log.info({ examId: job.examId, state: recorded.state }, 'an exam was triaged');
    publish({ type: 'exam', examId: job.examId });
    if (recorded.referralId !== null) publish({ type: 'referral', referralId: recorded.referralId });
  }
}

function killsWorkers(cause?: TriageError): TriageError {
  return new TriageError('film-kills-workers', 'a film ended the worker that had it alone, twice', { cause });
}
