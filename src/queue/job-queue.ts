import type { LeasedJob } from '../database/job-records.ts';

/** How many jobs stand where. */
export interface QueueCounts {
  readonly waiting: number;
  readonly leased: number;
  readonly dead: number;
}

/** Carries exam identifiers to whoever triages them. The database is the record: losing the queue loses no exam. */
export interface JobQueue {
  /** Adds a job for each exam that has none; an exam that has one keeps it. */
  enqueue(examIds: readonly string[]): Promise<void>;
  /** Hands out up to `count` jobs that are due, the oldest first, each for `leaseMs`. */
  claim(count: number, leaseMs: number): Promise<readonly LeasedJob[]>;
  /** Lengthens a lease. False: it was lost. */
  renew(job: LeasedJob, leaseMs: number): Promise<boolean>;
  /** Gives a job back to be tried again after the wait. False: the lease was lost. */
  retryLater(job: LeasedJob, waitMs: number, errorCode: string): Promise<boolean>;
  /** When the next waiting job is due or the next lease ends, in milliseconds from now; undefined: none. */
  nextDueMs(): Promise<number | undefined>;
  counts(): Promise<QueueCounts>;
}
