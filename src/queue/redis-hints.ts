import { randomUUID } from 'node:crypto';
import { Job, type JobJson, Queue } from 'bullmq';
import { TriageError } from '../errors.ts';
import type { DueJob } from './job-leases.ts';
import type { RedisLink } from './redis-connection.ts';

const QUEUE = 'triage';
/** A hint whose taker died before it leased the row comes back after this and a check or two. */
const LOCK_MS = 2_000;
const CHECK_MS = 2_000;
/** Nobody reads the library's own record of events. */
const EVENTS_MAX = 100;
/** The library orders by a number below 2^21: one step each ten minutes of rank lasts until the year 2059. */
const RANK_START_MS = Date.UTC(2020, 0, 1);
const RANK_STEP_MS = 600_000;
const STEPS_MAX = 2 ** 21 - 1;

/** A hint in the hands of one taker. */
type TakenHint = Pick<Job, 'id' | 'opts'>;

/**
 * Which exams may be taken, in BullMQ: identifiers, ordered by their rank in steps and then by their arrival. A hint is
 * no job: whoever takes one still has to lease the row, so one too many costs a look, and one that is lost is put back
 * from the record. Every method rejects while Redis does not answer.
 */
export class RedisHints {
  readonly #redis: RedisLink;
  readonly #token = randomUUID();
  #opening: Promise<Queue> | undefined;

  constructor(redis: RedisLink) {
    this.#redis = redis;
  }

  /** Puts exams up to be taken; one that is there already stays where it is. */
  async offer(jobs: readonly DueJob[]): Promise<void> {
    const queue = await this.#open();
    await queue.addBulk(
      jobs.map(({ examId, rankMs }) => ({
        name: 'exam',
        data: null,
        opts: { jobId: examId, priority: stepOf(rankMs) },
      })),
    );
  }

  /** Takes up to `count`, the lowest rank first. Each must be dropped once its row was looked at. */
  async take(count: number): Promise<readonly TakenHint[]> {
    const queue = await this.#open();
    const first = await this.#takeOne(queue);
    if (first === undefined) return [];
    const others = await Promise.all(Array.from({ length: count - 1 }, () => this.#takeOne(queue)));
    return [first, ...others.filter((hint) => hint !== undefined)];
  }

  /** Forgets hints that were taken. */
  async drop(hints: readonly TakenHint[]): Promise<void> {
    const backend = (await this.#open()).getBackend();
    await Promise.all(
      hints.map((hint) => backend.moveToCompleted(hint as Job, null, true, this.#token, false)),
    );
  }

  /** Puts back what was taken by processes that died before they leased the rows. */
  async returnStalled(): Promise<void> {
    await (await this.#open()).getBackend().moveStalledJobsToWait();
  }

  /** Those of the jobs that nobody would be handed. */
  async missingOf(jobs: readonly DueJob[]): Promise<readonly DueJob[]> {
    if (jobs.length === 0) return [];
    const queue = await this.#open();
    const ids = jobs.map(({ examId }) => examId);
    const scores = await this.#redis.commands.zmscore(queue.toKey('prioritized'), ...ids);
    return jobs.filter((_job, index) => scores[index] === null);
  }

  /** Whether this process is the first to ask within the pause. */
  async takeTurn(pauseMs: number): Promise<boolean> {
    const queue = await this.#open();
    const name = queue.toKey('recovered');
    return (await this.#redis.commands.set(name, this.#token, 'PX', pauseMs, 'NX')) === 'OK';
  }

  async close(): Promise<void> {
    const queue = await this.#opening?.catch(() => undefined);
    await queue?.close().catch(() => undefined);
  }

  async #takeOne(queue: Queue): Promise<TakenHint | undefined> {
    const [data, id] = (await queue.getBackend().moveToActive(this.#token)) as [JobJson | null, string];
    return data === null ? undefined : Job.fromJSON(queue, data, id);
  }

  /** The library never recovers from a server that is lost while it begins; so it begins when one answers. */
  #open(): Promise<Queue> {
    const problem = this.#redis.problem();
    if (problem !== null) {
      return Promise.reject(new TriageError('queue-unreachable', `Redis does not answer: ${problem}`));
    }
    this.#opening ??= begin(this.#redis).catch((thrown: unknown) => {
      this.#opening = undefined;
      throw thrown;
    });
    return this.#opening;
  }
}

async function begin(redis: RedisLink): Promise<Queue> {
  // The limits of locks are read by what takes and checks, which the library asks of its workers only.
  const options = {
    connection: redis.commands,
    prefix: 'osteotriage',
    streams: { events: { maxLen: EVENTS_MAX } },
    lockDuration: LOCK_MS,
    stalledInterval: CHECK_MS,
    maxStalledCount: 1,
  };
  const queue = new Queue(QUEUE, options);
  // The link tells of its own troubles.
  queue.on('error', () => undefined);
  try {
    await queue.waitUntilReady();
    return queue;
  } catch (thrown) {
    await queue.close().catch(() => undefined);
    throw thrown;
  }
}

/** The library's priority of a rank: 1 is handed out first. */
export function stepOf(rankMs: number): number {
  return Math.min(STEPS_MAX, Math.max(1, Math.floor((rankMs - RANK_START_MS) / RANK_STEP_MS)));
}
