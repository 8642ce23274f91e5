import type { Connection } from './exam-records.ts';
import type { Database, JobTable } from './schema.ts';

/** A job that was handed out. Whoever holds the newest lease of a job, and nobody else, may end it. */
export interface LeasedJob {
  readonly examId: string;
  readonly leaseToken: string;
  /** This attempt's number, from 1. */
  readonly attempt: number;
}

/** A job that waits from now on, as if it had never been tried. */
export function waitingJob(examId: string, nowMs: number): JobTable {
  return {
    exam_id: examId,
    state: 'waiting',
    attempts: 0,
    due_at_ms: nowMs,
    lease_token: null,
    lease_until_ms: null,
    last_error: null,
  };
}

/** Adds jobs within the transaction that makes their exams; exams that have one keep it. */
export async function insertJobs(
  database: Connection,
  examIds: readonly string[],
  nowMs: number,
): Promise<void> {
  if (examIds.length === 0) return;
  await database
    .insertInto('jobs')
    .values(examIds.map((examId) => waitingJob(examId, nowMs)))
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
  change: Partial<Database['jobs']>,
): Promise<boolean> {
  const result = await database
    .updateTable('jobs')
    .set(change)
    .where('exam_id', '=', job.examId)
    .where('lease_token', '=', job.leaseToken)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
