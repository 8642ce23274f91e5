import { beforeEach, describe, expect, it } from 'vitest';
import { routineJob } from '../testing/record-fixtures.ts';
import type { ManualClock } from '../testing/manual-clock.ts';
import type { JobQueue } from './job-queue.ts';

/** A fresh queue with its clock, and exams that jobs may be made for. */
export interface QueueUnderTest {
  readonly queue: JobQueue;
  readonly clock: ManualClock;
  readonly examIds: readonly string[];
}

/** What every queue must keep to; run on each adapter. Needs at least five exams. */
export function describeJobQueue(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`the job queue on ${name}`, () => {
    let under: QueueUnderTest;
    beforeEach(async () => {
      under = await open();
    });

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

    it('rings whoever waits for work when a job is enqueued or announced', async () => {
      const { queue, examIds } = under;
      let rings = 0;
      const stop = queue.onWork(() => (rings += 1));
      await queue.enqueue([routineJob(examIds[0]!)]);
      await expect.poll(() => rings).toBeGreaterThan(0);
      stop();
    });

    it('enqueues an exam once however often it is told', async () => {
      const { queue, examIds } = under;
      await queue.enqueue(examIds.map(routineJob));
      await queue.enqueue(examIds.map(routineJob));
      expect(await queue.counts()).toEqual({ waiting: examIds.length, leased: 0, dead: 0 });
      await queue.claim(1, 1000);
      await queue.enqueue(examIds.map(routineJob));
      expect(await queue.counts()).toEqual({ waiting: examIds.length - 1, leased: 1, dead: 0 });
    });

    it('hands a job out again when its lease ends, and fences the one who had it', async () => {
      const { queue, clock, examIds } = under;
      await queue.enqueue(examIds.slice(0, 1).map(routineJob));
      const [late] = await queue.claim(1, 1000);
      clock.advance(999);
      expect(await queue.claim(1, 1000)).toEqual([]);
      clock.advance(1);
      const [next] = await queue.claim(1, 1000);
      expect(next).toMatchObject({ examId: examIds[0], attempt: 2 });
      expect(await queue.renew([late!], 1000)).toEqual([late]);
      expect(await queue.retryLater(late!, 0, 'unexpected')).toBe(false);
      expect(await queue.renew([next!], 1000)).toEqual([]);
    });

    it('holds a job back for its wait and says when the next one is due', async () => {
      const { queue, clock, examIds } = under;
      expect(await queue.nextDueMs()).toBeUndefined();
      await queue.enqueue(examIds.slice(0, 1).map(routineJob));
      expect(await queue.nextDueMs()).toBe(0);
      const [job] = await queue.claim(1, 1000);
      expect(await queue.retryLater(job!, 5000, 'worker-crashed')).toBe(true);
      expect(await queue.nextDueMs()).toBe(5000);
      clock.advance(4999);
      expect(await queue.claim(1, 1000)).toEqual([]);
      clock.advance(1);
      expect(await queue.claim(1, 1000)).toMatchObject([{ attempt: 2 }]);
    });
  });
}
