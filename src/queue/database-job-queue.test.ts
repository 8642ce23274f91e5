import { describe, expect, it } from 'vitest';
import { recordTriageFailure } from '../database/triage-records.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam, openTestRecord, routineJob } from '../testing/record-fixtures.ts';
import { openDatabaseJobQueue } from './database-job-queue.ts';
import { describeJobQueue } from './job-queue.contract.ts';
import { reconcileJobs, releaseLeases } from './reconciler.ts';

async function open(exams = 5) {
  const database = await openTestRecord();
  const clock = new ManualClock();
  const examIds: string[] = [];
  for (let number = 0; number < exams; number += 1) examIds.push(await insertTestExam(database, number));
  return { database, clock, examIds, queue: openDatabaseJobQueue(database, clock) };
}

describeJobQueue('SQLite', () => open());

describe('the reconciler', () => {
  it('enqueues pending exams that have no job, once, and leaves ended ones alone', async () => {
    const { database, queue, clock, examIds } = await open();
    await queue.enqueue(examIds.slice(0, 2).map(routineJob));
    const [job] = await queue.claim(1, 1000);
    const reason = { code: 'worker-crashed', text: 'The worker ended.' };
    await recordTriageFailure(database, { job: job!, reason, nowMs: clock.nowMs() });
    expect(await reconcileJobs(database, queue)).toBe(3);
    expect(await reconcileJobs(database, queue)).toBe(0);
    expect(await queue.counts()).toEqual({ waiting: 4, leased: 0, dead: 1 });
  });

  it('takes back the leases of a process that is gone', async () => {
    const { database, queue, clock, examIds } = await open();
    await queue.enqueue(examIds.map(routineJob));
    await queue.claim(3, 1_000_000);
    expect(await releaseLeases(database, clock)).toBe(3);
    expect(await queue.claim(10, 1000)).toHaveLength(5);
  });
});
