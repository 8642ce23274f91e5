import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { insertJobs, renewLeases, updateLeased } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { writeLightly } from '../database/transact.ts';
import { leaseDueJobs } from './job-leases.ts';
import type { JobQueue } from './job-queue.ts';

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
    claim: (count, leaseMs) =>
      writeLightly(database, (connection) =>
        leaseDueJobs(connection, count, { nowMs: clock.nowMs(), leaseMs }),
      ),
    renew: (jobs, leaseMs) =>
      writeLightly(database, (connection) => renewLeases(connection, jobs, clock.nowMs() + leaseMs)),
    retryLater: (job, waitMs, errorCode) =>
      updateLeased(database, job, {
        state: 'waiting',
        due_at_ms: clock.nowMs() + waitMs,
        lease_token: null,
        lease_until_ms: null,
        last_error: errorCode,
      }),
    // Whoever claims looks at the rows themselves, so nothing is ever missing.
    recover: () => Promise.resolve(0),
    onWork(ring) {
      rings.add(ring);
      return () => rings.delete(ring);
    },
    async counts() {
      const rows = await database
        .selectFrom('jobs')
        .select((select) => ['state', select.fn.countAll().as('count')])
        .where('state', 'in', ['waiting', 'leased', 'dead'])
        .groupBy('state')
        .execute();
      const countOf = (state: string) => Number(rows.find((row) => row.state === state)?.count ?? 0);
      return { waiting: countOf('waiting'), leased: countOf('leased'), dead: countOf('dead') };
    },
    close: () => Promise.resolve(),
  };
}
