import type { LeasedJob, NewJob } from '../database/job-records.ts';

/** How many jobs stand where. */
export interface QueueCounts {
  readonly waiting: number;
  readonly leased: number;
  readonly dead: number;
}

/**
 * Carries exam identifiers to whoever triages them. The database is the record: a row of `jobs` for each exam, whose
 * newest lease fences the result. Losing the queue loses no exam.
 */
export interface JobQueue {
  /** Adds a job for each exam that has none, and announces it; an exam that has one keeps it. */
  enqueue(jobs: readonly NewJob[]): Promise<void>;
  /** Says that jobs were committed with their exams. Never rejects: what is lost here the reconciler finds. */
  announce(jobs: readonly NewJob[]): Promise<void>;
  /** Hands out up to `count` jobs that are due, the lowest rank first (src/exam/priority.ts), each for `leaseMs`. */
  claim(count: number, leaseMs: number): Promise<readonly LeasedJob[]>;
  /** Lengthens leases from now on; returns those that were lost. */
  renew(jobs: readonly LeasedJob[], leaseMs: number): Promise<readonly LeasedJob[]>;
  /** Gives a job back to be tried again after the wait. False: the lease was lost. */
  retryLater(job: LeasedJob, waitMs: number, errorCode: string): Promise<boolean>;
  /**
   * Makes sure that what is due in the record will be handed out: jobs of workers that died, retries whose time has come,
   * and what was lost on the way. Nothing where another process did so in the last `pauseMs`; that gives undefined, else
   * how many were found. Rejects while it cannot be done.
   */
  recover(pauseMs: number): Promise<number | undefined>;
  /** Calls back when there may be work; returns what ends it. */
  onWork(ring: () => void): () => void;
  counts(): Promise<QueueCounts>;
  /** Ends connections and timers; jobs that are leased come back when their leases end. */
  close(): Promise<void>;
}
