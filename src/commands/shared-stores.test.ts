import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { migrate } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import { distributedSettings } from '../testing/cluster.ts';
import { freePort } from '../testing/free-port.ts';
import { requirePostgres, startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { requireRedis, startRedis, type TestRedis } from '../testing/redis.ts';
import { startS3Store, type TestS3Store } from '../testing/s3-store.ts';
import { examine, type Finding } from './doctor.ts';

const missing = [requirePostgres(), requireRedis()].flatMap((tool) => (tool.available ? [] : [tool.reason]));

describe.skipIf(missing.length > 0)(`the doctor of many processes ${missing.join(', ')}`, () => {
  let postgres: TestPostgres;
  let redis: TestRedis;
  let store: TestS3Store;
  let folder: string;
  beforeAll(async () => {
    [postgres, redis, store] = await Promise.all([startPostgres(), startRedis(), startS3Store()]);
    folder = await mkdtemp(join(tmpdir(), 'osteotriage-doctor-test-'));
  });
  afterAll(async () => {
    await Promise.all([postgres.stop(), redis.stop(), store.stop(), rm(folder, { recursive: true })]);
  });

  const look = async (change: Record<string, string> = {}): Promise<ReadonlyMap<string, Finding>> => {
    const environment = { ...distributedSettings({ postgres, redis, store }), ...change };
    const { config } = readConfig({ data: join(folder, 'data'), roles: 'web', httpPort: '0' }, environment);
    const findings = await examine(config);
    return new Map(findings.map((finding) => [finding.what.split(' ')[0] ?? '', finding]));
  };

  it('finds everything in order, and leaves nothing in the bucket', async () => {
    expect((await look()).get('PostgreSQL')?.detail).toBe('empty; the first start makes the tables');
    const database = await openPostgres({ url: postgres.url, passwordFile: '' });
    await migrate(database);
    await database.destroy();
    const findings = await look();
    expect([...findings.values()].filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.get('PostgreSQL')?.detail).toMatch(/^newest schema/);
    expect([...findings.keys()]).toEqual(['data', 'PostgreSQL', 'Redis', 'bucket', 'worklist', 'sign-in']);
    const probes = store.requests.filter((request) => request.includes('/probes/'));
    expect(probes.at(-1)).toMatch(/^DELETE /);
  });

  it('says which of them does not answer, and what to do', async () => {
    const port = await freePort();
    const findings = await look({
      TRIAGE_DATABASE_URL: `postgres://triage@127.0.0.1:${port}/postgres`,
      TRIAGE_REDIS_URL: `redis://127.0.0.1:${port}/0`,
      TRIAGE_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    for (const [what, words] of [
      ['PostgreSQL', 'TRIAGE_DATABASE_URL'],
      ['Redis', 'TRIAGE_REDIS_URL'],
      ['bucket', 'object store'],
    ] as const) {
      expect(findings.get(what)?.ok, what).toBe(false);
      expect(findings.get(what)?.detail).toContain(words);
    }
  });

  it('says that a bucket takes nothing more, is not there, or does not know the key', async () => {
    store.setFault({ kind: 'full' });
    expect((await look()).get('bucket')).toMatchObject({ ok: false, detail: /full|space/i });
    store.setFault({ kind: 'none' });
    const other = (await look({ TRIAGE_S3_BUCKET: 'not-there' })).get('bucket');
    expect(other).toMatchObject({
      ok: false,
      detail: expect.stringContaining('TRIAGE_S3_BUCKET') as unknown,
    });
    const wrongKey = join(folder, 'wrong-key');
    await writeFile(wrongKey, 'WRONG', { mode: 0o600 });
    expect((await look({ TRIAGE_S3_SECRET_KEY_FILE: wrongKey })).get('bucket')?.ok).toBe(false);
  });

  it('names every setting that is missing, and a secret that everyone can read', async () => {
    const findings = await look({ TRIAGE_REDIS_URL: '', TRIAGE_S3_ACCESS_KEY_FILE: '' });
    expect(findings.get('settings')?.detail).toContain('TRIAGE_REDIS_URL, TRIAGE_S3_ACCESS_KEY_FILE');
    const open = join(folder, 'open-key');
    await writeFile(open, 'S3RVER');
    await chmod(open, 0o644);
    expect((await look({ TRIAGE_S3_SECRET_KEY_FILE: open })).get('bucket')?.detail).toContain('chmod 600');
  });
});
