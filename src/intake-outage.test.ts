import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultProxy } from '../scripts/fault-plan/fault-proxy.ts';
import { systemClock } from './clock.ts';
import { type Service, startService } from './compose.ts';
import { readConfig } from './config.ts';
import { part10Prefix } from './dicom/part10.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';
import { silentLog } from './telemetry.ts';
import { distributedSettings } from './testing/cluster.ts';
import { requirePostgres, startPostgres, type TestPostgres } from './testing/postgres.ts';
import { requireRedis, startRedis, type TestRedis } from './testing/redis.ts';
import { startS3Store, type TestS3Store } from './testing/s3-store.ts';
import { tinyDataSet } from './testing/tiny-data-set.ts';

const missing = [requirePostgres(), requireRedis()].flatMap((tool) => (tool.available ? [] : [tool.reason]));
const DX = '1.2.840.10008.5.1.4.1.1.1.1';

describe.skipIf(missing.length > 0)(`a listener beside others ${missing.join(', ')}`, () => {
  let folder: string;
  let postgres: TestPostgres;
  let redis: TestRedis;
  let store: TestS3Store;
  let wire: FaultProxy;
  let service: Service;
  let films = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osteotriage-outage-'));
    [postgres, redis, store] = await Promise.all([startPostgres(), startRedis(), startS3Store()]);
    wire = new FaultProxy(postgres.port);
    await wire.open();
    const environment = {
      ...distributedSettings({ postgres, redis, store }),
      TRIAGE_DATABASE_URL: postgres.url.replace(`:${postgres.port}/`, `:${wire.port}/`),
      TRIAGE_ROLES: 'intake,web',
    };
    const { config } = readConfig({ data: join(folder, 'data'), dimsePort: '0', httpPort: '0' }, environment);
    service = await startService(config, silentLog);
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await wire.close();
    await Promise.all([postgres.stop(), redis.stop(), store.stop()]);
    await rm(folder, { recursive: true });
  });

  /** Sends one more film; its status. */
  const send = async (number = (films += 1)): Promise<number> => {
    const sopInstanceUid = `1.2.3.4.${number}`;
    const dataSet = tinyDataSet({ study: '1.2.3', series: `1.2.3.${number}`, instance: sopInstanceUid });
    const prefix = part10Prefix({
      sopClassUid: DX,
      sopInstanceUid,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
    });
    const path = join(folder, `${number}.dcm`);
    await writeFile(path, Buffer.concat([prefix, dataSet]));
    const { host, port, aeTitle: calledAeTitle } = service.dimse!;
    const peer = { host, port, calledAeTitle, callingAeTitle: 'SENDER' };
    for await (const result of sendFiles([path], {
      ...{ peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5_000 },
    })) {
      if ('error' in result) throw result.error;
      return result.answer.status;
    }
    throw new Error('nothing was sent');
  };
  const readiness = async () => (await fetch(new URL('readyz', service.http!.url))).status;
  const received = async (): Promise<number> => {
    const status = await fetch(new URL('api/status', service.http!.url));
    return ((await status.json()) as { counts: { received: number } }).counts.received;
  };

  it('takes films in while everything answers', async () => {
    expect(await send()).toBe(0);
    expect(await readiness()).toBe(200);
  });

  it('answers a transient failure while the database is away, is not ready, and goes on by itself', async () => {
    await wire.turn({ kind: 'down' });
    expect(await send()).toBe(0xa700);
    expect(await readiness()).toBe(503);
    await wire.turn({ kind: 'pass' });
    await expect.poll(() => send(films), { timeout: 10_000 }).toBe(0);
    await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
    expect(await received()).toBe(films);
  }, 40_000);

  it('answers a transient failure while the object store is down or full, and goes on by itself', async () => {
    for (const kind of ['down', 'full'] as const) {
      store.setFault({ kind });
      expect(await send()).toBe(0xa700);
      expect(await readiness()).toBe(kind === 'down' ? 503 : 200);
      store.setFault({ kind: 'none' });
      expect(await send(films)).toBe(0);
      expect(await received()).toBe(films);
    }
  }, 40_000);

  it('takes no byte while a store stays full: not ready, until the store takes objects again', async () => {
    store.setFault({ kind: 'full' });
    films += 1;
    for (let number = 0; number < 3; number += 1) expect(await send(films)).toBe(0xa700);
    expect(await readiness()).toBe(503);
    const calls = store.requests.length;
    expect(await send(films)).toBe(0xa700);
    expect(store.requests.slice(calls).filter((request) => !request.includes('/trials/'))).toEqual([]);
    store.setFault({ kind: 'none' });
    await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
    expect(await send(films)).toBe(0);
    expect(await received()).toBe(films);
  }, 40_000);

  it('loses nothing that it acknowledged where Redis loses its data while PostgreSQL restarts', async () => {
    films += 1;
    const sending = expect.poll(() => send(films), { timeout: 20_000 }).toBe(0);
    await Promise.all([redis.restart({ loseData: true }), postgres.restart()]);
    await sending;
    expect(await send()).toBe(0);
    await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
    expect(await received()).toBe(films);
  }, 40_000);

  it('takes films in while Redis is away: their jobs stand in the record', async () => {
    await redis.kill();
    expect(await send()).toBe(0);
    expect(await readiness()).toBe(200);
    await redis.restart({ loseData: true });
    expect(await send()).toBe(0);
    expect(await received()).toBe(films);
  }, 20_000);
});
