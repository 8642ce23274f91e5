import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { insertJobs, type LeasedJob, type NewJob } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { TriageError } from '../errors.ts';
import { rankMs } from '../exam/priority.ts';
import type { Log } from '../telemetry.ts';
import { openDatabaseJobQueue } from './database-job-queue.ts';
import { findDueJobs, leaseJobs } from './job-leases.ts';
import type { JobQueue } from './job-queue.ts';
import type { RedisLink } from './redis-connection.ts';
import { RedisHints } from './redis-hints.ts';

/** Says to every process that there is work. */
const WORK_CHANNEL = 'work';
/** Rows that are compared with Redis at once; what lies further back is found when it has come to the front. */
const DUE_JOBS_MAX = 1_000;
/** Hints that lead to nothing are thrown away in so many rounds; then the record itself is asked. */
const TAKES_MAX = 20;

/** What the queue stands on. */
export interface RedisJobQueueParts {
  readonly redis: RedisLink;
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The queue of many processes. The rows of the record are the jobs, as in the embedded queue, and all that happens to a
 * job happens there. Redis holds a hint for each that waits: it says what to take next without a search, to one taker
 * each, and wakes whoever waits for work. A hint is used up when its row is leased. While Redis is lost the rows are
 * searched instead.
 */
export function openRedisJobQueue({ redis, database, clock, log }: RedisJobQueueParts): JobQueue {
  const record = openDatabaseJobQueue(database, clock);
  const hints = new RedisHints(redis);
  const ringHere = (): void => void record.announce([]);
  const unlisten = redis.listen(WORK_CHANNEL, ringHere);
  const unwatch = redis.onReturn(ringHere);

  const announce = async (jobs: readonly NewJob[]): Promise<void> => {
    const nowMs = clock.nowMs();
    const ranked = jobs.map(({ examId, priority }) => ({ examId, rankMs: rankMs(priority, nowMs) }));
    try {
      await hints.offer(ranked);
      await redis.publish(WORK_CHANNEL, '');
    } catch (thrown) {
      log.debug({ err: thrown }, 'jobs were not announced; they are found in the record');
      ringHere();
    }
  };
  return {
    ...record,
    announce,
    async enqueue(jobs) {
      await insertJobs(database, jobs, clock.nowMs());
      await announce(jobs);
    },
    async claim(count, leaseMs) {
      const leased: LeasedJob[] = [];
      for (let take = 0; take < TAKES_MAX && leased.length < count; take += 1) {
        const taken = await takeHints(hints, count - leased.length, log);
        if (taken === undefined) break;
        if (taken.length === 0) return leased;
        const examIds = taken.flatMap(({ id }) => (id === undefined ? [] : [id]));
        leased.push(...(await leaseJobs(database, examIds, { nowMs: clock.nowMs(), leaseMs })));
        // One that cannot be dropped now comes back and leads to nothing.
        await hints.drop(taken).catch(() => undefined);
      }
      if (leased.length === count) return leased;
      return [...leased, ...(await record.claim(count - leased.length, leaseMs))];
    },
    async recover(pauseMs) {
      if (pauseMs > 0 && !(await hints.takeTurn(pauseMs))) return undefined;
      await hints.returnStalled();
      const missing = await hints.missingOf(await findDueJobs(database, clock.nowMs(), DUE_JOBS_MAX));
      if (missing.length === 0) return 0;
      await hints.offer(missing);
      await redis.publish(WORK_CHANNEL, '');
      return missing.length;
    },
    async close() {
      unlisten();
      unwatch();
      await hints.close();
    },
  };
}

/** undefined where Redis does not answer, or cannot. */
async function takeHints(
  hints: RedisHints,
  count: number,
  log: Log,
): Promise<Awaited<ReturnType<RedisHints['take']>> | undefined> {
  try {
    return await hints.take(count);
  } catch (thrown) {
    const isLost = thrown instanceof TriageError && thrown.code === 'queue-unreachable';
    if (!isLost) log.debug({ err: thrown }, 'Redis could not hand out; the record is searched');
    return undefined;
  }
}
