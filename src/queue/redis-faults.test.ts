import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '../clock.ts';
import type { LeasedJob } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { recordTriageFailure } from '../database/triage-records.ts';
import { LeaseKeeper } from '../lease-keeper.ts';
import { silentLog as log } from '../telemetry.ts';
import { freePort } from '../testing/free-port.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { requireRedis, startRedis, type TestRedis } from '../testing/redis.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { Reconciler } from './reconciler.ts';
import { openRedis, type RedisLink } from './redis-connection.ts';
import { RedisHints } from './redis-hints.ts';
import { openRedisJobQueue } from './redis-job-queue.ts';

const tool = requireRedis();
const FILMS = 200;
const ROOM = 4;
const TRIAGE_MS = 20;
const POLL_MS = 1000;

/** A process that triages as the runner does, but each film in no time to speak of. */
class StubWorker {
  readonly #queue;
  readonly #leases: LeaseKeeper;
  readonly #reconciler: Reconciler;
  readonly #database: Kysely<Database>;
  readonly #stop: () => void;
  readonly results: string[] = [];
  readonly #running = new Set<Promise<void>>();
  #claiming: Promise<void> | undefined;
  #cancelPoll: () => void = () => undefined;
  #closed = false;

  constructor(database: Kysely<Database>, redis: RedisLink) {
    this.#database = database;
    this.#queue = openRedisJobQueue({ redis, database, clock, log });
    this.#leases = new LeaseKeeper(this.#queue, clock, log);
    this.#reconciler = new Reconciler({ database, queue: this.#queue, clock, log });
    this.#reconciler.start();
    this.#stop = this.#queue.onWork(() => this.#ring());
    this.#ring();
  }

  enqueue(examId: string): Promise<void> {
    return this.#queue.enqueue([routineJob(examId)]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    this.#cancelPoll();
    await this.#claiming;
    await Promise.all(this.#running);
    this.#leases.close();
    await this.#reconciler.close();
    await this.#queue.close();
  }

  #ring(): void {
    if (this.#claiming !== undefined || this.#closed || this.#running.size === ROOM) return;
    this.#cancelPoll();
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined;
      this.#cancelPoll = clock.schedule(POLL_MS, () => this.#ring());
    });
  }

  async #claim(): Promise<void> {
    for (const job of await this.#leases.claim(ROOM - this.#running.size)) {
      const run = this.#triage(job).finally(() => {
        this.#running.delete(run);
        this.#ring();
      });
      this.#running.add(run);
    }
  }

  async #triage(job: LeasedJob): Promise<void> {
    await clock.sleep(TRIAGE_MS);
    const reason = { code: 'worker-crashed', text: 'A stub.' };
    const written = await recordTriageFailure(this.#database, { job, reason, nowMs: clock.nowMs() });
    if (written !== undefined) this.results.push(job.examId);
    this.#leases.end(job);
  }
}

describe.skipIf(!tool.available)(`with a Redis that fails${tool.available ? '' : `: ${tool.reason}`}`, () => {
  let server: TestRedis;
  let database: Kysely<Database>;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    server = await startRedis();
    database = await openTestRecord();
    closers.push(
      () => server.stop(),
      () => database.destroy(),
    );
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  const insertExams = async (count: number): Promise<string[]> => {
    const examIds: string[] = [];
    for (let number = 0; number < count; number += 1) examIds.push(await insertTestExam(database, number));
    return examIds;
  };

  const openWorkers = async (count: number): Promise<StubWorker[]> => {
    const workers: StubWorker[] = [];
    for (let number = 0; number < count; number += 1) {
      const redis = await openRedis({ url: server.url, passwordFile: '' }, clock, log);
      const worker = new StubWorker(database, redis);
      closers.push(() => worker.close().then(() => redis.close()));
      workers.push(worker);
    }
    return workers;
  };

  /** Two processes that triage; a third takes films in, one after the other, while `fault` happens after a quarter. */
  const flow = async (fault: () => Promise<void>): Promise<{ readonly enqueueMsMax: number }> => {
    const examIds = await insertExams(FILMS);
    const workers = await openWorkers(2);
    const link = await openRedis({ url: server.url, passwordFile: '' }, clock, log);
    const intake = openRedisJobQueue({ redis: link, database, clock, log });
    closers.push(() => intake.close().then(() => link.close()));
    let faulting: Promise<void> = Promise.resolve();
    let enqueueMsMax = 0;
    for (const [index, examId] of examIds.entries()) {
      if (index === FILMS / 4) faulting = fault();
      const beganMs = clock.monotonicMs();
      await intake.enqueue([routineJob(examId)]);
      enqueueMsMax = Math.max(enqueueMsMax, clock.monotonicMs() - beganMs);
      await clock.sleep(5);
    }
    const results = () => workers.flatMap((worker) => worker.results);
    await expect.poll(() => results().length, { timeout: 20_000 }).toBe(FILMS);
    await faulting;
    expect(results().toSorted()).toEqual(examIds.toSorted());
    const audited = await database
      .selectFrom('audit_trail')
      .select('subject')
      .where('action', '=', 'exam failed')
      .execute();
    expect(audited).toHaveLength(FILMS);
    return { enqueueMsMax };
  };

  it('that is killed and comes back with its data, each film has one result', async () => {
    await flow(() => server.restart({ loseData: false }));
  });

  it('that is killed and comes back without its data, each film has one result', async () => {
    await flow(() => server.restart({ loseData: true }));
  });

  it('that stands still and goes on, each film has one result and intake waits once', async () => {
    const { enqueueMsMax } = await flow(async () => {
      server.pause();
      await clock.sleep(4000);
      server.resume();
    });
    expect(enqueueMsMax).toBeLessThan(2500);
  });

  it('that forgets everything while films wait, each film has one result', async () => {
    await flow(async () => {
      for (let time = 0; time < 3; time += 1) {
        await server.command('FLUSHALL');
        await clock.sleep(150);
      }
    });
  });

  it('that is full, films are handed out by the record', async () => {
    await flow(async () => {
      await server.command('CONFIG', 'SET', 'maxmemory', '1');
      await clock.sleep(2000);
      await server.command('CONFIG', 'SET', 'maxmemory', '0');
    });
  });

  it('that is not there at the start, films are handed out by the record, and by Redis once it is there', async () => {
    const examIds = await insertExams(9);
    await server.kill();
    const beganMs = clock.monotonicMs();
    const [worker] = await openWorkers(1);
    expect(clock.monotonicMs() - beganMs).toBeLessThan(1500);
    for (const examId of examIds.slice(0, 8)) await worker!.enqueue(examId);
    await expect.poll(() => worker!.results.length, { timeout: 5000 }).toBe(8);
    await server.restart({ loseData: true });
    const redis = await openRedis({ url: server.url, passwordFile: '' }, clock, log);
    closers.push(() => redis.close());
    await expect
      .poll(() => redis.commands.pubsub('NUMSUB', 'osteotriage:0:work'), { timeout: 5000 })
      .toContain(1);
    await worker!.enqueue(examIds[8]!);
    await expect.poll(() => worker!.results.length).toBe(9);
    expect(Number(await server.command('GET', 'osteotriage:triage:id'))).toBeGreaterThan(0);
  });

  it('a start is refused where the password is wrong or missing, and says which setting', async () => {
    const guarded = await startRedis({ requirepass: 'a long secret' });
    closers.push(() => guarded.stop());
    const folder = await mkdtemp(join(tmpdir(), 'osteotriage-secret-'));
    closers.push(() => rm(folder, { recursive: true }));
    const passwordFile = join(folder, 'password');
    const open = (file: string) => openRedis({ url: guarded.url, passwordFile: file }, clock, log);
    await writeFile(passwordFile, 'a wrong one\n', { mode: 0o600 });
    await expect(open(passwordFile)).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('TRIAGE_REDIS_PASSWORD_FILE') as string,
    });
    await expect(open('')).rejects.toMatchObject({ code: 'configuration-invalid' });
    await writeFile(passwordFile, 'a long secret\n');
    const redis = await open(passwordFile);
    expect(redis.problem()).toBeNull();
    await redis.close();
  });

  it('a start at an address where nobody answers goes on', async () => {
    const address = { url: `redis://127.0.0.1:${await freePort()}/0`, passwordFile: '' };
    const redis = await openRedis(address, clock, log);
    expect(redis.problem()).toContain('ECONNREFUSED');
    await redis.close();
  });

  it('a process that dies between taking a hint and leasing its row delays the film by seconds', async () => {
    const redis = await openRedis({ url: server.url, passwordFile: '' }, clock, log);
    closers.push(() => redis.close());
    const queue = openRedisJobQueue({ redis, database, clock, log });
    const [examId] = await insertExams(1);
    await queue.enqueue([routineJob(examId!)]);
    const dying = new RedisHints(redis);
    expect(await dying.take(1)).toHaveLength(1);
    const [worker] = await openWorkers(1);
    await expect.poll(() => worker!.results, { timeout: 9000 }).toEqual([examId]);
  });
});
