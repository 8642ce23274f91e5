import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { insertJobs, type LeasedJob, renewLeases, updateLeased } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import type { JobQueue } from './job-queue.ts';
import { transact } from '../database/transact.ts';

/**
 * The embedded queue: rows of the same database as the record, so that an exam and its job are committed
 * together. A job is waiting, leased, done or dead; a lease that ran out makes it due again.
 */
export function openDatabaseJobQueue(database: Kysely<Database>, clock: Clock): JobQueue {
  const rings = new Set<() => void>();
  const announce = (): Promise<void> => {
    for (const ring of rings) ring();
    return Promise.resolve();
  };
  return {
    async enqueue(jobs) {
      await insertJobs(database, jobs, clock.nowMs());
      await announce();
    },
    announce,
    claim: (count, leaseMs) => claimDue(database, clock.nowMs(), count, leaseMs),
    renew: (jobs, leaseMs) => renewLeases(database, jobs, clock.nowMs() + leaseMs),
    retryLater: (job, waitMs, errorCode) =>
      updateLeased(database, job, {
        state: 'waiting',
        due_at_ms: clock.nowMs() + waitMs,
        lease_token: null,
        lease_until_ms: null,
        last_error: errorCode,
      }),
    settle: () => Promise.resolve(),
    onWork(ring) {
      rings.add(ring);
      return () => rings.delete(ring);
    },
    close: () => Promise.resolve(),
    async nextDueMs() {
      const row = await database
        .selectFrom('jobs')
        .select((select) => [
          select.fn.min('due_at_ms').filterWhere('state', '=', 'waiting').as('due'),
          select.fn.min('lease_until_ms').filterWhere('state', '=', 'leased').as('lease'),
        ])
        .where('state', 'in', ['waiting', 'leased'])
        .executeTakeFirst();
      const times = [row?.due, row?.lease].filter((time) => time !== null && time !== undefined);
      return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - clock.nowMs());
    },
    async counts() {
      const rows = await database
        .selectFrom('jobs')
        .select((select) => ['state', select.fn.countAll<number>().as('count')])
        .where('state', '!=', 'done')
        .groupBy('state')
        .execute();
      const countOf = (state: string) => rows.find((row) => row.state === state)?.count ?? 0;
      return { waiting: countOf('waiting'), leased: countOf('leased'), dead: countOf('dead') };
    },
  };
}

function claimDue(
  database: Kysely<Database>,
  nowMs: number,
  count: number,
  leaseMs: number,
): Promise<readonly LeasedJob[]> {
  return transact(database, async (transaction) => {
    const due = await transaction
      .selectFrom('jobs')
      .select(['exam_id', 'attempts', 'priority', 'trace_parent'])
      .where((where) =>
        where.or([
          where.and([where('state', '=', 'waiting'), where('due_at_ms', '<=', nowMs)]),
          where.and([where('state', '=', 'leased'), where('lease_until_ms', '<=', nowMs)]),
        ]),
      )
      .orderBy('rank_ms')
      .limit(count)
      .execute();
    const jobs: LeasedJob[] = [];
    for (const row of due) {
      const leaseToken = randomUUID();
      await transaction
        .updateTable('jobs')
        .set({
          state: 'leased',
          attempts: row.attempts + 1,
          lease_token: leaseToken,
          lease_until_ms: nowMs + leaseMs,
        })
        .where('exam_id', '=', row.exam_id)
        .execute();
      jobs.push({
        examId: row.exam_id,
        leaseToken,
        attempt: row.attempts + 1,
        priority: row.priority,
        traceParent: row.trace_parent,
      });
    }
    return jobs;
  });
}
