import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import type { JobQueue } from './job-queue.ts';

/** Exams that are put back at once; the next round takes the rest. */
const EXAMS_EACH_ROUND = 1000;

/**
 * Finds exams that are pending without a job and enqueues them; enqueueing twice changes nothing. Returns how
 * many were found.
 */
export async function reconcileJobs(database: Kysely<Database>, queue: JobQueue): Promise<number> {
  const lost = await database
    .selectFrom('exams')
    .leftJoin('jobs', 'jobs.exam_id', 'exams.exam_id')
    .select(['exams.exam_id', 'jobs.priority', 'jobs.trace_parent'])
    .where('exams.state', '=', 'pending')
    .where((where) =>
      where.or([where('jobs.exam_id', 'is', null), where('jobs.state', 'in', ['done', 'dead'])]),
    )
    .limit(EXAMS_EACH_ROUND)
    .execute();
  if (lost.length === 0) return 0;
  await database
    .deleteFrom('jobs')
    .where(
      'exam_id',
      'in',
      lost.map((row) => row.exam_id),
    )
    .execute();
  await queue.enqueue(
    lost.map((row) => ({
      examId: row.exam_id,
      priority: row.priority ?? 'routine',
      traceParent: row.trace_parent,
    })),
  );
  return lost.length;
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
