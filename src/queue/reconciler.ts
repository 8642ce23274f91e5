import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { insertJobs, type NewJob } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { foldTallies } from '../database/tallies.ts';
import { transact } from '../database/transact.ts';
import { TriageError } from '../errors.ts';
import type { Log } from '../telemetry.ts';
import type { JobQueue } from './job-queue.ts';

/** The work of a worker that was killed goes on this long after its leases ended. */
const ROUND_MS = 1_000;
/** Of several processes that reconcile one does each round. */
const PAUSE_MS = 800;
/** Exams that are looked at in a round. */
const EXAMS_EACH_ROUND = 500;

/** What the reconciler needs. */
export interface ReconcilerParts {
  readonly database: Kysely<Database>;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** A place in the pending exams, in the order of their receipt. */
interface Place {
  readonly receivedAtMs: number;
  readonly examId: string;
}

const BEGINNING: Place = { receivedAtMs: 0, examId: '' };

/**
 * Compares the record with what is handed out, all the while, so that losing the queue loses no exam. Each process that
 * takes jobs runs one: they take turns, and a round that is made twice changes nothing.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  #place = BEGINNING;
  #cancel: () => void = () => undefined;
  #round: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** Begins the rounds. */
  start(): void {
    this.#round = this.#look().finally(() => {
      if (!this.#closed) this.#cancel = this.#parts.clock.schedule(ROUND_MS, () => this.start());
    });
  }

  /** Makes one round now; `pauseMs` is 0 where it must not be left to another process. */
  async reconcile(pauseMs: number): Promise<void> {
    const { database, queue, log } = this.#parts;
    const recovered = await queue.recover(pauseMs);
    if (recovered === undefined) return;
    await foldTallies(database);
    if (recovered > 0) log.info({ recovered }, 'jobs that were due are handed out again');
    const { forgotten, next } = await findForgotten(database, this.#place);
    this.#place = next;
    if (forgotten.length === 0) return;
    await this.#giveJobs(forgotten);
    log.warn({ exams: forgotten.length }, 'exams waited without a job and have one now');
  }

  /** Resolves when the round that runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#round;
  }

  async #look(): Promise<void> {
    try {
      await this.reconcile(PAUSE_MS);
    } catch (thrown) {
      // While Redis is lost the record is searched for each claim, and the link has told of it.
      if (thrown instanceof TriageError && thrown.code === 'queue-unreachable') return;
      this.#parts.log.error({ err: thrown }, 'the reconciler could not look');
    }
  }

  async #giveJobs(forgotten: readonly NewJob[]): Promise<void> {
    const { database, queue, clock } = this.#parts;
    const examIds = forgotten.map(({ examId }) => examId);
    await transact(database, async (transaction) => {
      // Only what has ended: meanwhile somebody may have made a job, or have begun it.
      await transaction
        .deleteFrom('jobs')
        .where('exam_id', 'in', examIds)
        .where('state', 'in', ['done', 'dead'])
        .where((where) =>
          where.exists(
            where
              .selectFrom('exams')
              .select('exams.exam_id')
              .whereRef('exams.exam_id', '=', 'jobs.exam_id')
              .where('exams.state', '=', 'pending'),
          ),
        )
        .execute();
      await insertJobs(transaction, forgotten, clock.nowMs());
    });
    await queue.announce(forgotten);
  }
}

/** Exams among the next ones that are pending and have no job that would end that; and where to go on. */
async function findForgotten(
  database: Kysely<Database>,
  after: Place,
): Promise<{ readonly forgotten: readonly NewJob[]; readonly next: Place }> {
  const rows = await database
    .selectFrom('exams')
    .leftJoin('jobs', 'jobs.exam_id', 'exams.exam_id')
    .select(['exams.exam_id', 'exams.received_at_ms', 'jobs.state', 'jobs.priority', 'jobs.trace_parent'])
    .where('exams.state', '=', 'pending')
    .where('exams.received_at_ms', '>=', after.receivedAtMs)
    .where((where) =>
      where.or([
        where('exams.received_at_ms', '>', after.receivedAtMs),
        where('exams.exam_id', '>', after.examId),
      ]),
    )
    .orderBy('exams.received_at_ms')
    .orderBy('exams.exam_id')
    .limit(EXAMS_EACH_ROUND)
    .execute();
  const last = rows.length < EXAMS_EACH_ROUND ? undefined : rows.at(-1);
  return {
    forgotten: rows
      .filter(({ state }) => state === null || state === 'done' || state === 'dead')
      .map((row) => ({
        examId: row.exam_id,
        priority: row.priority ?? 'routine',
        traceParent: row.trace_parent,
      })),
    next: last === undefined ? BEGINNING : { receivedAtMs: last.received_at_ms, examId: last.exam_id },
  };
}

/**
 * Takes back every lease. Only for the start of the one process that holds the data folder: whoever held a
 * lease before is gone.
 */
export async function releaseLeases(database: Kysely<Database>, clock: Clock): Promise<number> {
  const result = await database
    .updateTable('jobs')
    .set({ state: 'waiting', due_at_ms: clock.nowMs(), lease_token: null, lease_until_ms: null })
    .where('state', '=', 'leased')
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}
