import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { openDatabaseJobQueue } from './database-job-queue.ts';
import { describeJobQueue } from './job-queue.contract.ts';

describeJobQueue('rows of the record', async () => {
  const database = await openTestRecord();
  const clock = new ManualClock();
  const examIds: string[] = [];
  for (let number = 0; number < 5; number += 1) examIds.push(await insertTestExam(database, number));
  const queue = openDatabaseJobQueue(database, clock);
  return { database, clock, examIds, queue, beside: queue };
});
