import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findTriageInput, recordTriageFailure } from '../database/triage-records.ts';
import type { Database } from '../database/schema.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { requireRedis, startRedis, type TestRedis } from '../testing/redis.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { openDatabaseJobQueue } from './database-job-queue.ts';
import type { JobQueue } from './job-queue.ts';
import { Reconciler, releaseLeases } from './reconciler.ts';
import { openRedis, type RedisLink } from './redis-connection.ts';
import { openRedisJobQueue } from './redis-job-queue.ts';

const tool = requireRedis();
let server: TestRedis | undefined;
let database: Kysely<Database>;
let clock: ManualClock;
const links: RedisLink[] = [];

beforeAll(async () => {
  if (tool.available) server = await startRedis();
});
beforeEach(async () => {
  await server?.command('FLUSHALL');
  database = await openTestRecord();
  clock = new ManualClock();
});
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await database.destroy();
});
afterAll(() => server?.stop());

async function openOverRedis(): Promise<JobQueue> {
  const redis = await openRedis({ url: server!.url, passwordFile: '' }, clock, silentLog);
  links.push(redis);
  return openRedisJobQueue({ redis, database, clock, log: silentLog });
}

async function insertExams(count: number): Promise<string[]> {
  const examIds: string[] = [];
  for (let number = 0; number < count; number += 1) examIds.push(await insertTestExam(database, number));
  return examIds;
}

const reconcilerOf = (queue: JobQueue): Reconciler =>
  new Reconciler({ database, queue, clock, log: silentLog });

const modes = [
  ['rows alone', () => Promise.resolve(openDatabaseJobQueue(database, clock))],
  ...(tool.available ? [['Redis', openOverRedis] as const] : []),
] as const;

describe.each(modes)('the reconciler over %s', (_name, open) => {
  it('gives a job to pending exams that have none, once, and leaves ended ones alone', async () => {
    const examIds = await insertExams(5);
    const queue = await open();
    await queue.enqueue(examIds.slice(0, 2).map(routineJob));
    const [job] = await queue.claim(1, 1000);
    const reason = { code: 'worker-crashed', text: 'The worker ended.' };
    await recordTriageFailure(database, { job: job!, reason, nowMs: clock.nowMs() });
    const reconciler = reconcilerOf(queue);
    await reconciler.reconcile(0);
    expect(await queue.counts()).toEqual({ waiting: 4, leased: 0, dead: 1 });
    await reconciler.reconcile(0);
    expect(await queue.counts()).toEqual({ waiting: 4, leased: 0, dead: 1 });
    expect(await queue.claim(10, 1000)).toHaveLength(4);
  });

  it('gives a new job to a pending exam whose job has ended', async () => {
    const [examId] = await insertExams(1);
    const queue = await open();
    await queue.enqueue([{ ...routineJob(examId!), priority: 'urgent' }]);
    await database.updateTable('jobs').set({ state: 'dead', attempts: 3 }).execute();
    await reconcilerOf(queue).reconcile(0);
    expect(await queue.claim(1, 1000)).toMatchObject([{ examId, attempt: 1, priority: 'urgent' }]);
  });

  it('looks at more exams than one round holds, round by round', async () => {
    const examIds = await insertExams(1);
    const template = await database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
    const copies = Array.from({ length: 1200 }, (_, number) => {
      const id = String(number).padStart(6, '0');
      // A thousand came within the same millisecond.
      return { ...template, exam_id: `copy-${id}`, sop_uid: `1.2.${number}`, object_key: `objects/${id}` };
    });
    for (let start = 0; start < copies.length; start += 100) {
      await database
        .insertInto('exams')
        .values(copies.slice(start, start + 100))
        .execute();
    }
    const queue = await open();
    const reconciler = reconcilerOf(queue);
    for (let round = 0; round < 3; round += 1) await reconciler.reconcile(0);
    expect((await queue.counts()).waiting).toBe(copies.length + examIds.length);
  });

  it('may run in several processes at once', async () => {
    const examIds = await insertExams(20);
    const queue = await open();
    await Promise.all([1, 2, 3].map(() => reconcilerOf(queue).reconcile(0)));
    const jobs = await queue.claim(100, 1000);
    expect(jobs.map((job) => job.examId).toSorted()).toEqual(examIds.toSorted());
    for (const job of jobs) expect(await findTriageInput(database, job.examId)).toBeDefined();
  });
});

describe('a start', () => {
  it('takes back the leases of a process that is gone', async () => {
    const queue = openDatabaseJobQueue(database, clock);
    await queue.enqueue((await insertExams(5)).map(routineJob));
    await queue.claim(3, 1_000_000);
    expect(await releaseLeases(database, clock)).toBe(3);
    expect(await queue.claim(10, 1000)).toHaveLength(5);
  });
});

describe.skipIf(!tool.available)('what Redis should hold', () => {
  it('is put back from the record when all of it was lost, the first in line first', async () => {
    const queue = await openOverRedis();
    const examIds = await insertExams(30);
    for (const examId of examIds) {
      await queue.enqueue([routineJob(examId)]);
      clock.advance(1);
    }
    await server!.command('FLUSHALL');
    expect(await queue.claim(30, 1000)).toEqual([]);
    expect(await queue.recover(0)).toBe(30);
    expect((await queue.claim(30, 1000)).map((job) => job.examId)).toEqual(examIds);
  });

  it('is looked at by one of several processes in a while', async () => {
    const [one, other] = [await openOverRedis(), await openOverRedis()];
    const rounds = await Promise.all([one.recover(60_000), other.recover(60_000)]);
    expect(rounds.toSorted()).toEqual([0, undefined]);
  });

  it('leads to nothing where the row has ended, and costs no other job its turn', async () => {
    const queue = await openOverRedis();
    const examIds = await insertExams(60);
    await queue.announce(examIds.map(routineJob));
    await queue.enqueue([routineJob(examIds[59]!)]);
    expect(await queue.claim(2, 1000)).toMatchObject([{ examId: examIds[59] }]);
    expect(await queue.claim(100, 1000)).toEqual([]);
    expect(await server!.command('ZCARD', 'osteotriage:triage:prioritized')).toBe('0');
  });

  it('is bounded: nothing is left of jobs that have ended, and no record of events grows', async () => {
    const queue = await openOverRedis();
    const examIds = await insertExams(120);
    await queue.enqueue(examIds.map(routineJob));
    expect(await queue.claim(120, 1000)).toHaveLength(120);
    const keys = (await server!.command('KEYS', '*')).split('\n');
    expect(keys.filter((key) => examIds.some((examId) => key.includes(examId)))).toEqual([]);
    expect(keys.length).toBeLessThan(12);
    const events = Number(await server!.command('XLEN', 'osteotriage:triage:events'));
    expect(events).toBeLessThan(1000);
  });
});
