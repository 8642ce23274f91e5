import type { Clock } from './clock.ts';
import type { LeasedJob } from './database/job-records.ts';
import type { JobQueue } from './queue/job-queue.ts';
import type { Log } from './telemetry.ts';

/** The jobs of a process that was killed are taken over when their leases end. */
const LEASE_MS = 6_000;
const RENEW_MS = 2_000;

/**
 * Holds the leases of the jobs that run, from claim to end: renewed all in one call, whatever their number. A lease that
 * was lost is somebody else's; whoever works at the job must not write its result.
 */
export class LeaseKeeper {
  readonly #queue: Pick<JobQueue, 'claim' | 'renew'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #held = new Set<LeasedJob>();
  #cancelRenewal: (() => void) | undefined;

  constructor(queue: Pick<JobQueue, 'claim' | 'renew'>, clock: Clock, log: Log) {
    this.#queue = queue;
    this.#clock = clock;
    this.#log = log;
  }

  /** Claims jobs and holds them until `end`. */
  async claim(count: number): Promise<readonly LeasedJob[]> {
    const jobs = await this.#queue.claim(count, LEASE_MS);
    for (const job of jobs) this.#held.add(job);
    if (jobs.length > 0) this.#schedule();
    return jobs;
  }

  /** Whether a job's lease was not lost, as far as is known here. */
  isHeld(job: LeasedJob): boolean {
    return this.#held.has(job);
  }

  /** The job ended, was given back, or was lost: it is renewed no more. */
  end(job: LeasedJob): void {
    this.#held.delete(job);
  }

  /** Renews nothing more; what is still held comes back to the queue when its lease ends. */
  close(): void {
    this.#cancelRenewal?.();
    this.#held.clear();
  }

  #schedule(): void {
    this.#cancelRenewal ??= this.#clock.schedule(RENEW_MS, () => {
      void this.#renew().finally(() => {
        this.#cancelRenewal = undefined;
        if (this.#held.size > 0) this.#schedule();
      });
    });
  }

  async #renew(): Promise<void> {
    try {
      for (const lost of await this.#queue.renew([...this.#held], LEASE_MS)) {
        // One that ended while this was asked is not lost.
        if (!this.#held.delete(lost)) continue;
        this.#log.warn(
          { examId: lost.examId },
          'the lease of a job was lost: its result will not be written',
        );
      }
    } catch (thrown) {
      this.#log.error({ err: thrown }, 'leases could not be renewed');
    }
  }
}
