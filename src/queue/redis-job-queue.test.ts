import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Database } from '../database/schema.ts';
import { silentLog as log } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { requireRedis, startRedis, type TestRedis } from '../testing/redis.ts';
import { isOnPostgres, openBeside, openTestRecord } from '../testing/test-record.ts';
import type { JobQueue } from './job-queue.ts';
import { describeJobQueue, type QueueUnderTest } from './job-queue.contract.ts';
import { openRedis } from './redis-connection.ts';
import { openRedisJobQueue } from './redis-job-queue.ts';

const tool = requireRedis();

describe.skipIf(!tool.available)(`the queue over Redis${tool.available ? '' : `: ${tool.reason}`}`, () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const openQueue = async (database: Kysely<Database>, clock: ManualClock): Promise<JobQueue> => {
    const redis = await openRedis({ url: server.url, passwordFile: '' }, clock, log);
    const queue = openRedisJobQueue({ redis, database, clock, log });
    return { ...queue, close: () => queue.close().then(() => redis.close()) };
  };

  const open = async (): Promise<QueueUnderTest> => {
    await server.command('FLUSHALL');
    const database = await openTestRecord();
    const clock = new ManualClock();
    const examIds: string[] = [];
    for (let number = 0; number < 5; number += 1) examIds.push(await insertTestExam(database, number));
    const second = isOnPostgres ? await openBeside(database) : database;
    const queue = await openQueue(database, clock);
    const beside = await openQueue(second, clock);
    const close = (): Promise<void> => beside.close().then(() => second.destroy());
    return { database, clock, examIds, queue, beside: { ...beside, close } };
  };

  describeJobQueue('rows of the record and hints in Redis', open);
});
