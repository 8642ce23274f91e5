import type { Insertable, Updateable } from 'kysely';
import { type JobPriority, rankMs } from '../exam/priority.ts';
import type { Connection } from './exam-records.ts';
import type { JobTable } from './schema.ts';

/** A job that was handed out. Whoever holds the newest lease of a job, and nobody else, may end it. */
export interface LeasedJob {
  readonly examId: string;
  readonly leaseToken: string;
  /** This attempt's number, from 1. */
  readonly attempt: number;
  readonly priority: JobPriority;
  readonly traceParent: string | null;
}

/** A job to be made. */
export interface NewJob {
  readonly examId: string;
  readonly priority: JobPriority;
  /** W3C trace context; null where nothing is traced. */
  readonly traceParent: string | null;
}

/** A job that waits from now on, as if it had never been tried. */
export function waitingJob({ examId, priority, traceParent }: NewJob, nowMs: number): Insertable<JobTable> {
  return {
    exam_id: examId,
    state: 'waiting',
    attempts: 0,
    due_at_ms: nowMs,
    lease_token: null,
    lease_until_ms: null,
    last_error: null,
    priority,
    rank_ms: rankMs(priority, nowMs),
    trace_parent: traceParent,
    deaths: 0,
  };
}

/** Adds jobs within the transaction that makes their exams; exams that have one keep it. */
export async function insertJobs(
  database: Connection,
  jobs: readonly NewJob[],
  nowMs: number,
): Promise<void> {
  if (jobs.length === 0) return;
  await database
    .insertInto('jobs')
    .values(jobs.map((job) => waitingJob(job, nowMs)))
    .onConflict((conflict) => conflict.column('exam_id').doNothing())
    .execute();
}

/** Ends a job within the transaction that writes its result. False: the lease was lost, nothing may be written. */
export function endJob(
  database: Connection,
  job: LeasedJob,
  state: 'done' | 'dead',
  errorCode: string | null,
): Promise<boolean> {
  return updateLeased(database, job, {
    state,
    lease_token: null,
    lease_until_ms: null,
    last_error: errorCode,
  });
}

/** Whether the newest lease of a job is still this one. */
export async function holdsLease(database: Connection, job: LeasedJob): Promise<boolean> {
  const row = await database
    .selectFrom('jobs')
    .select('exam_id')
    .where('exam_id', '=', job.examId)
    .where('lease_token', '=', job.leaseToken)
    .executeTakeFirst();
  return row !== undefined;
}

/** Changes a job for whoever holds its newest lease. False: the lease was lost. */
export async function updateLeased(
  database: Connection,
  job: LeasedJob,
  change: Updateable<JobTable>,
): Promise<boolean> {
  const result = await database
    .updateTable('jobs')
    .set(change)
    .where('exam_id', '=', job.examId)
    .where('lease_token', '=', job.leaseToken)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Notes that a job ended the worker that had it alone; returns how often by now, 0 where the lease was lost. */
export async function countDeath(database: Connection, job: LeasedJob): Promise<number> {
  const row = await database
    .updateTable('jobs')
    .set((set) => ({ deaths: set('deaths', '+', 1) }))
    .where('exam_id', '=', job.examId)
    .where('lease_token', '=', job.leaseToken)
    .returning('deaths')
    .executeTakeFirst();
  return row?.deaths ?? 0;
}

/** Lengthens leases; returns those that were lost. */
export async function renewLeases(
  database: Connection,
  jobs: readonly LeasedJob[],
  leaseUntilMs: number,
): Promise<readonly LeasedJob[]> {
  if (jobs.length === 0) return [];
  const rows = await database
    .updateTable('jobs')
    .set({ lease_until_ms: leaseUntilMs })
    .where(
      'exam_id',
      'in',
      jobs.map((job) => job.examId),
    )
    .where(
      'lease_token',
      'in',
      jobs.map((job) => job.leaseToken),
    )
    .returning('lease_token')
    .execute();
  const held = new Set(rows.map((row) => row.lease_token));
  return jobs.filter((job) => !held.has(job.leaseToken));
}
