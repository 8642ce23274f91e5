import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startService } from '../compose.ts';
import { readConfig } from '../config.ts';
import { migrate, MIGRATIONS, type Migrations, readSchemaStanding } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';
import { TriageError } from '../errors.ts';
import { silentLog } from '../telemetry.ts';
import { upgradeDatabase } from './upgrade.ts';

/** The steps that the first release had. */
const FIRST_RELEASE: Migrations = Object.fromEntries(Object.entries(MIGRATIONS).slice(0, 2));

let folder: string;
let path: string;
let database: Kysely<Database>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-upgrade-'));
  path = join(folder, 'osteotriage.sqlite');
  database = openSqlite(path);
});
afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** A record as the first release wrote it: a person, a film with its job, a report, a delivery and a referral. */
async function writeFirstRelease(): Promise<void> {
  await migrate(database, FIRST_RELEASE);
  for (const text of [
    `INSERT INTO persons VALUES ('p1', '["patient","TEST","T-1"]', 'TEST', 'T-1', 'Påhittad^Åsa', '19500101', 'F')`,
    `INSERT INTO exams VALUES ('e1', 'p1', '1.2.3', '1.2.4', '1.2.5', '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.1.2.1',
      '${'a'.repeat(64)}', 'objects/aa/${'a'.repeat(64)}.dcm', 10, 'CLINIC', '{}', 'PX', 'panoramic', 76, 'positive', '[]',
      '{"schema":"osteotriage.analysis/1"}', 1700000000000, 1700000001000)`,
    `INSERT INTO jobs VALUES ('e1', 'done', 1, 1700000000000, NULL, NULL, NULL)`,
    `INSERT INTO reports VALUES ('e1', 'SR', '1.2.840.10008.5.1.4.1.1.88.34', '1.2.6', 'reports/bb/${'b'.repeat(64)}.dcm', 20, 1700000001000)`,
    `INSERT INTO deliveries VALUES ('e1', 'SR', 'PACS', 'delivered', 2, 1700000001000, 1700000001000, 'already there')`,
    `INSERT INTO referrals VALUES ('r1', 'p1', 'open', 'policy/1', 1700000001000, 1700000001000)`,
    `INSERT INTO referral_exams VALUES ('r1', 'e1')`,
  ]) {
    await sql.raw(text).execute(database);
  }
}

/** The whole database as text: every table's definition and every row. */
async function dump(of: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{
    name: string;
    sql: string | null;
  }>`SELECT name, sql FROM sqlite_master ORDER BY name`.execute(of);
  const tables = rows.filter((row) => row.sql?.startsWith('CREATE TABLE'));
  const contents = await Promise.all(
    tables.map(async ({ name }) => (await sql`SELECT * FROM ${sql.table(name)}`.execute(of)).rows),
  );
  return JSON.stringify({ rows, contents });
}

describe('an upgrade', () => {
  it('brings a database of the first release along with every row, and keeps a copy from before', async () => {
    await writeFirstRelease();
    const before = await dump(database);
    const upgrade = await upgradeDatabase(database, path);
    expect(upgrade.applied).toEqual(Object.keys(MIGRATIONS).slice(2));
    expect(await database.selectFrom('exams').selectAll().executeTakeFirstOrThrow()).toMatchObject({
      exam_id: 'e1',
      person_id: 'p1',
      state: 'positive',
      site_id: 'loopback',
      revision: 0,
      object_removed_at_ms: null,
    });
    expect(await database.selectFrom('reports').selectAll().execute()).toMatchObject([
      { exam_id: 'e1', revision: 0, kind: 'SR', sop_uid: '1.2.6', object_bytes: 20 },
    ]);
    expect(await database.selectFrom('deliveries').selectAll().execute()).toMatchObject([
      {
        exam_id: 'e1',
        revision: 0,
        destination: 'PACS',
        state: 'delivered',
        attempts: 2,
        note: 'already there',
      },
    ]);
    expect(await database.selectFrom('persons').selectAll().execute()).toMatchObject([
      { person_id: 'p1', name: 'Påhittad^Åsa', merged_into: null },
    ]);
    expect(await database.selectFrom('referral_exams').selectAll().execute()).toEqual([
      { referral_id: 'r1', exam_id: 'e1', asks_treatment: 0, asks_frax: 1 },
    ]);
    // It has waited since then, and begins with its first event.
    expect(await database.selectFrom('referrals').selectAll().execute()).toMatchObject([
      {
        ...{ state: 'flagged', version: 1, state_since_ms: 1_700_000_001_000 },
        due_at_ms: 1_700_000_001_000 + 7 * 86_400_000,
      },
    ]);
    expect(await database.selectFrom('referral_events').selectAll().execute()).toMatchObject([
      { referral_id: 'r1', action: 'flagged', at_ms: 1_700_000_001_000, is_told: 1 },
    ]);
    const { rows: broken } = await sql`PRAGMA foreign_key_check`.execute(database);
    expect(broken).toEqual([]);
    expect((await sql`PRAGMA foreign_keys`.execute(database)).rows).toEqual([{ foreign_keys: 1 }]);

    expect(upgrade.copyPath).toBe(`${path}.before-0003-node`);
    const copy = openSqlite(upgrade.copyPath!, { readOnly: true });
    expect(await dump(copy)).toBe(before);
    await copy.destroy();
    expect(await upgradeDatabase(database, path)).toEqual({ applied: [], copyPath: null });
  });

  it('that fails at its last statement leaves the database as the earlier version made it', async () => {
    await writeFirstRelease();
    const before = await dump(database);
    const failing: Migrations = {
      ...MIGRATIONS,
      '9999-fails': async (of) => {
        const { schema } = of as unknown as Kysely<unknown>;
        await schema.alterTable('exams').addColumn('half', 'text').execute();
        await schema.dropTable('reports').execute();
        throw new Error('the disk went away');
      },
    };
    await expect(upgradeDatabase(database, path, failing)).rejects.toMatchObject({
      code: 'migration-failed',
      message: 'the step 9999-fails failed and the database was left as it was',
    });
    expect(await dump(database)).toBe(before);
    expect(await readSchemaStanding(database, FIRST_RELEASE)).toMatchObject({ pending: [] });
    // The earlier version goes on writing, and a later attempt finds everything.
    await sql.raw(`UPDATE referrals SET state = 'accepted' WHERE referral_id = 'r1'`).execute(database);
    await upgradeDatabase(database, path);
    expect(await database.selectFrom('referrals').select('state').execute()).toEqual([
      { state: 'dxa-ordered' },
    ]);
  });

  it('that would leave a broken reference fails as a whole', async () => {
    await writeFirstRelease();
    const before = await dump(database);
    const breaking: Migrations = {
      ...FIRST_RELEASE,
      '0003-breaks': async (of) => {
        await sql.raw(`DELETE FROM exams`).execute(of);
      },
    };
    await expect(upgradeDatabase(database, path, breaking)).rejects.toMatchObject({
      code: 'migration-failed',
    });
    expect(await dump(database)).toBe(before);
  });

  it('makes no copy of a database that is made only now', async () => {
    expect((await upgradeDatabase(database, path)).copyPath).toBeNull();
    expect((await readdir(folder)).filter((name) => name.includes('before'))).toEqual([]);
  });
});

describe('the service', () => {
  const start = () =>
    startService(
      readConfig({ data: folder, dimsePort: '0', httpPort: '0', workers: '0' }, {}).config,
      silentLog,
    );

  it('does not start on a database of a newer version, says so, and changes nothing', async () => {
    await migrate(database, { ...MIGRATIONS, '9999-of-tomorrow': () => Promise.resolve() });
    const before = await dump(database);
    const refusal = await start().catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(TriageError);
    expect(refusal).toMatchObject({
      code: 'database-newer',
      message: expect.stringContaining('9999-of-tomorrow') as unknown,
    });
    expect(await dump(database)).toBe(before);
  });

  it('upgrades a database of the first release at its start, copy first', async () => {
    await writeFirstRelease();
    const service = await start();
    await service.stop();
    expect(existsSync(`${path}.before-0003-node`)).toBe(true);
    expect(await readSchemaStanding(database)).toMatchObject({ pending: [] });
  });
});
