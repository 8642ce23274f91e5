import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endJob, type LeasedJob } from '../database/job-records.ts';
import { reassessExam } from '../database/revision-records.ts';
import type { Database } from '../database/schema.ts';
import { recordTriageFailure } from '../database/triage-records.ts';
import { routineJob } from '../testing/record-fixtures.ts';
import type { ManualClock } from '../testing/manual-clock.ts';
import type { JobQueue } from './job-queue.ts';

/** A fresh queue with its clock and its record, and exams that jobs may be made for. */
export interface QueueUnderTest {
  readonly queue: JobQueue;
  /** The same queue as another process would have it. */
  readonly beside: JobQueue;
  readonly database: Kysely<Database>;
  readonly clock: ManualClock;
  readonly examIds: readonly string[];
}

const HOUR_MS = 3_600_000;

/**
 * What every queue must keep to; run on each adapter. Needs at least five exams. Time is the clock's: when a lease ends
 * and when a retry falls due stands in the record. After time has passed the queue is told to recover, as the reconciler
 * of a service does all the while.
 */
export function describeJobQueue(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`the job queue on ${name}`, () => {
    let under: QueueUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      await under.queue.close();
      await under.beside.close();
      await under.database.destroy();
    });

    const elapse = async (ms: number): Promise<void> => {
      under.clock.advance(ms);
      await under.queue.recover(0);
    };
    const claimOne = async (leaseMs = 1000): Promise<LeasedJob> => (await under.queue.claim(1, leaseMs))[0]!;

    it('hands out each job once, the oldest first', async () => {
      const { queue, clock, examIds } = under;
      for (const examId of examIds) {
        await queue.enqueue([routineJob(examId)]);
        clock.advance(1);
      }
      const first = await queue.claim(2, 1000);
      const rest = await queue.claim(100, 1000);
      expect([...first, ...rest].map((job) => job.examId)).toEqual(examIds);
      expect(await queue.claim(100, 1000)).toEqual([]);
    });

    it('hands out each job once to two processes that ask at the same time', async () => {
      const { queue, beside, examIds } = under;
      await queue.enqueue(examIds.map(routineJob));
      const taken = await Promise.all(
        [queue, beside, queue, beside, queue, beside].map((process) => process.claim(2, 1000)),
      );
      const ids = taken.flat().map((job) => job.examId);
      expect(ids.toSorted()).toEqual(examIds.toSorted());
      expect(new Set(taken.flat().map((job) => job.leaseToken)).size).toBe(examIds.length);
    });

    it('hands out the urgent before the routine and the routine before the backfill', async () => {
      const { queue, clock, examIds } = under;
      const priorities = ['backfill', 'routine', 'urgent'] as const;
      for (const [index, priority] of priorities.entries()) {
        await queue.enqueue([{ ...routineJob(examIds[index]!), priority }]);
        clock.advance(1);
      }
      expect((await queue.claim(3, 1000)).map((job) => job.priority)).toEqual([
        'urgent',
        'routine',
        'backfill',
      ]);
    });

    it('keeps that order over days for whoever asks for one job at a time', async () => {
      const { queue, clock, examIds } = under;
      const [backfill, routine, late, urgent, newest] = examIds;
      await queue.enqueue([{ ...routineJob(backfill!), priority: 'backfill' }]);
      clock.advance(10.5 * HOUR_MS);
      await queue.enqueue([routineJob(routine!)]);
      clock.advance(0.5 * HOUR_MS);
      await queue.enqueue([{ ...routineJob(urgent!), priority: 'urgent' }]);
      // A day of films that come all the while does not keep the old one waiting for ever.
      clock.advance(14.5 * HOUR_MS);
      await queue.enqueue([{ ...routineJob(newest!), priority: 'urgent' }]);
      await queue.enqueue([routineJob(late!)]);
      const order: string[] = [];
      while (order.length < examIds.length) order.push((await claimOne()).examId);
      expect(order).toEqual([urgent, routine, backfill, newest, late]);
    });

    it('lets a film that has waited long go before a more urgent one', async () => {
      const { queue, clock, examIds } = under;
      await queue.enqueue([{ ...routineJob(examIds[0]!), priority: 'backfill' }]);
      clock.advance(23.5 * HOUR_MS);
      await queue.enqueue([routineJob(examIds[1]!)]);
      clock.advance(2 * HOUR_MS);
      await queue.enqueue([{ ...routineJob(examIds[2]!), priority: 'urgent' }]);
      const jobs = await queue.claim(3, 1000);
      expect(jobs.map((job) => job.examId)).toEqual(examIds.slice(0, 3));
    });

    it('carries the trace and the priority of a job to whoever gets it', async () => {
      const { queue, beside, examIds } = under;
      const traceParent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      await queue.enqueue([{ examId: examIds[0]!, priority: 'urgent', traceParent }]);
      expect(await beside.claim(1, 1000)).toMatchObject([{ priority: 'urgent', traceParent, attempt: 1 }]);
    });

    it('rings whoever waits for work in any process when a job is enqueued or announced', async () => {
      const { queue, beside, examIds } = under;
      const rung = new Set<JobQueue>();
      const stops = [queue, beside].map((process) => process.onWork(() => rung.add(process)));
      const rings = queue === beside ? 1 : 2;
      await queue.enqueue([routineJob(examIds[0]!)]);
      await expect.poll(() => rung.size).toBe(rings);
      rung.clear();
      await queue.announce([routineJob(examIds[0]!)]);
      await expect.poll(() => rung.size).toBe(rings);
      for (const stop of stops) stop();
    });

    it('enqueues an exam once however often it is told', async () => {
      const { queue, examIds } = under;
      await queue.enqueue(examIds.map(routineJob));
      await queue.enqueue(examIds.map(routineJob));
      await queue.announce(examIds.map(routineJob));
      expect(await queue.counts()).toEqual({ waiting: examIds.length, leased: 0, dead: 0 });
      await queue.claim(1, 1000);
      await queue.enqueue(examIds.map(routineJob));
      expect(await queue.counts()).toEqual({ waiting: examIds.length - 1, leased: 1, dead: 0 });
      expect(await queue.claim(100, 1000)).toHaveLength(examIds.length - 1);
      expect(await queue.claim(100, 1000)).toEqual([]);
    });

    it('hands a job out again when its lease ends, and fences the one who had it', async () => {
      const { queue, beside, database, examIds } = under;
      await queue.enqueue(examIds.slice(0, 1).map(routineJob));
      const late = await claimOne();
      await elapse(999);
      expect(await beside.claim(1, 1000)).toEqual([]);
      await elapse(1);
      const [next] = await beside.claim(1, 1000);
      expect(next).toMatchObject({ examId: examIds[0], attempt: 2 });
      expect(await queue.renew([late], 1000)).toEqual([late]);
      expect(await queue.retryLater(late, 0, 'unexpected')).toBe(false);
      expect(await endJob(database, late, 'done', null)).toBe(false);
      expect(await beside.renew([next!], 1000)).toEqual([]);
      expect(await endJob(database, next!, 'done', null)).toBe(true);
    });

    it('keeps a job for whoever renews its lease in time, and tells which leases were lost', async () => {
      const { queue, examIds } = under;
      await queue.enqueue(examIds.slice(0, 2).map(routineJob));
      const [kept, lost] = await queue.claim(2, 1000);
      await elapse(900);
      expect(await queue.renew([kept!], 1000)).toEqual([]);
      await elapse(900);
      expect(await queue.claim(5, 1000)).toMatchObject([{ examId: lost!.examId, attempt: 2 }]);
      expect(await queue.renew([kept!, lost!], 1000)).toEqual([lost]);
      expect(await queue.renew([], 1000)).toEqual([]);
    });

    it('holds a job back for its wait', async () => {
      const { queue, examIds } = under;
      await queue.enqueue(examIds.slice(0, 1).map(routineJob));
      const job = await claimOne();
      expect(await queue.retryLater(job, 5000, 'worker-crashed')).toBe(true);
      await elapse(4999);
      expect(await queue.claim(1, 1000)).toEqual([]);
      await elapse(1);
      expect(await queue.claim(1, 1000)).toMatchObject([{ attempt: 2 }]);
    });

    it('gives a film that is tried again its old place before those that came later', async () => {
      const { queue, clock, examIds } = under;
      await queue.enqueue([routineJob(examIds[0]!)]);
      await queue.retryLater(await claimOne(), 5000, 'worker-crashed');
      clock.advance(HOUR_MS);
      await queue.enqueue([routineJob(examIds[1]!)]);
      await elapse(0);
      expect((await queue.claim(2, 1000)).map((job) => job.examId)).toEqual(examIds.slice(0, 2));
    });

    it('does not hand out a job that has ended, and does so again when its exam is assessed anew', async () => {
      const { queue, database, clock, examIds } = under;
      await queue.enqueue([routineJob(examIds[0]!)]);
      const job = await claimOne();
      const reason = { code: 'worker-crashed', text: 'The worker ended.' };
      await recordTriageFailure(database, { job, reason, nowMs: clock.nowMs() });
      await elapse(HOUR_MS);
      expect(await queue.claim(1, 1000)).toEqual([]);
      expect(await queue.counts()).toEqual({ waiting: 0, leased: 0, dead: 1 });
      await reassessExam(database, examIds[0]!, clock.nowMs());
      await queue.announce([routineJob(examIds[0]!)]);
      expect(await queue.claim(1, 1000)).toMatchObject([{ examId: examIds[0], attempt: 1 }]);
    });

    it('takes the lease from whoever works at an exam that is assessed anew', async () => {
      const { queue, database, clock, examIds } = under;
      await queue.enqueue([routineJob(examIds[0]!)]);
      const job = await claimOne();
      await reassessExam(database, examIds[0]!, clock.nowMs());
      await elapse(0);
      expect(await queue.renew([job], 1000)).toEqual([job]);
      expect(await queue.claim(1, 1000)).toMatchObject([{ examId: examIds[0], attempt: 1 }]);
    });

    it('finds jobs that were committed and never announced', async () => {
      const { queue, beside, database, clock, examIds } = under;
      for (const examId of examIds) await reassessExam(database, examId, clock.nowMs());
      await queue.recover(0);
      expect(await beside.claim(100, 1000)).toHaveLength(examIds.length);
    });

    it('leaves leases as they are when it is closed', async () => {
      const { queue, beside, examIds } = under;
      await queue.enqueue([routineJob(examIds[0]!)]);
      const job = await claimOne();
      await queue.close();
      expect(await beside.renew([job], 1000)).toEqual([]);
    });
  });
}
