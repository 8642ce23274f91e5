import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { requirePostgres, startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { sqlStateOf } from './database-error.ts';
import { migrate, MIGRATIONS, type Migrations, readSchemaStanding } from './migrations.ts';
import { openPostgres } from './postgres.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

const tool = requirePostgres();
const title = `a record on PostgreSQL${tool.available ? '' : `: ${tool.reason}`}`;

describe.skipIf(!tool.available)(title, () => {
  let server: TestPostgres;
  let folder: string;
  const opened: Kysely<Database>[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'osteotriage-record-'));
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.destroy()));
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const open = async (url: string, change: { statementMsMax?: number; passwordFile?: string } = {}) => {
    const database = await openPostgres({ url, passwordFile: '', ...change });
    opened.push(database);
    return database;
  };

  const count = (database: Kysely<Database>, name: string, from: number) =>
    transact(database, async (transaction) => {
      const { count: rows } = await transaction
        .selectFrom('opt_outs')
        .select((select) => select.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      await transaction
        .insertInto('opt_outs')
        .values({ identity_key: `${name} ${from}`, noted_at_ms: rows, actor: 'test' })
        .execute();
    });

  it('is migrated by one of two processes that start at once, and the other waits', async () => {
    const url = await server.makeDatabase();
    const both = [await open(url, { statementMsMax: 0 }), await open(url, { statementMsMax: 0 })] as const;
    const applied = await Promise.all(both.map((database) => migrate(database)));
    expect(applied.map((names) => names.length).toSorted()).toEqual([0, Object.keys(MIGRATIONS).length]);
    expect((await readSchemaStanding(both[1])).pending).toEqual([]);
    const { rows } = await sql<{
      column: string;
    }>`SELECT column_name AS column FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`.execute(
      both[0],
    );
    expect(rows).toEqual([]);
  });

  it('that a newer version migrated is refused, and a step that fails changes nothing', async () => {
    const database = await open(await server.makeDatabase());
    const failing: Migrations = {
      ...MIGRATIONS,
      '9999-fails': async (of) => {
        await of.schema.dropTable('reports').execute();
        throw new Error('no');
      },
    };
    await expect(migrate(database, failing)).rejects.toMatchObject({ code: 'migration-failed' });
    expect((await readSchemaStanding(database)).applied).toEqual([]);
    await migrate(database, { ...MIGRATIONS, '9999-newer': () => Promise.resolve() });
    await expect(readSchemaStanding(database)).rejects.toMatchObject({ code: 'database-newer' });
    await expect(migrate(database)).rejects.toMatchObject({ code: 'database-newer' });
  });

  it('lets transactions of several processes that read and write the same rows run one after the other', async () => {
    const url = await server.makeDatabase();
    const databases = await Promise.all([open(url), open(url), open(url)]);
    await migrate(databases[0]);
    await Promise.all(
      databases.flatMap((database, process) =>
        [0, 1, 2, 3].map((number) => count(database, `process ${process}`, number)),
      ),
    );
    const rows = await databases[0].selectFrom('opt_outs').select('noted_at_ms').execute();
    // Each counted those before it, so that none counted the same.
    expect(rows.map((row) => row.noted_at_ms).toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 12 }, (_, index) => index),
    );
  });

  it('gives numbers for counts, sums and times, and keeps what it cannot store readable', async () => {
    const database = await open(await server.makeDatabase());
    await migrate(database);
    await database
      .insertInto('opt_outs')
      .values({ identity_key: 'padded\0', noted_at_ms: 1_790_000_000_000, actor: 'test' })
      .execute();
    const row = await database
      .selectFrom('opt_outs')
      .select((select) => [
        'identity_key',
        'noted_at_ms',
        select.fn.sum<number>('noted_at_ms').over().as('sum'),
        select.fn.countAll<number>().over().as('count'),
      ])
      .where('identity_key', '=', 'padded\0')
      .executeTakeFirstOrThrow();
    expect(row).toEqual({
      identity_key: 'padded\uFFFD',
      noted_at_ms: 1_790_000_000_000,
      sum: 1_790_000_000_000,
      count: 1,
    });
  });

  it('says nothing of a row in the error about it', async () => {
    const database = await open(await server.makeDatabase());
    await migrate(database);
    const insert = () =>
      database
        .insertInto('opt_outs')
        .values({ identity_key: 'Påhittad^Åsa', noted_at_ms: 1, actor: 'test' })
        .execute();
    await insert();
    const thrown: unknown = await insert().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'database-failed' });
    expect(sqlStateOf(thrown)).toBe('23505');
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('hittad');
    expect(String((thrown as Error).cause)).not.toContain('hittad');
  });

  it('is durable at each commit whatever the server does for others', async () => {
    const url = await server.makeDatabase();
    const first = await open(url);
    await sql`ALTER ROLE triage SET synchronous_commit = off`.execute(first);
    const database = await open(url);
    const { rows } = await sql`SHOW synchronous_commit`.execute(database);
    expect(rows).toEqual([{ synchronous_commit: 'on' }]);
    await sql`ALTER ROLE triage RESET synchronous_commit`.execute(first);
  });

  it('is opened with the password of a file, and a wrong or missing one is said so', async () => {
    const url = await server.addUser('clinic', 'påhittat%20/@:');
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, 'påhittat%20/@:\n');
    await chmod(passwordFile, 0o600);
    const database = await open(url, { passwordFile });
    expect((await sql`SELECT current_user AS name`.execute(database)).rows).toEqual([{ name: 'clinic' }]);
    await writeFile(passwordFile, 'wrong');
    await expect(open(url, { passwordFile })).rejects.toMatchObject({ code: 'configuration-invalid' });
    await expect(open(url, { passwordFile: join(folder, 'none') })).rejects.toMatchObject({
      code: 'configuration-invalid',
    });
  });

  it('gives up a statement that takes too long, and a server that is silent', async () => {
    const database = await open(await server.makeDatabase(), { statementMsMax: 300 });
    await expect(sql`SELECT pg_sleep(5)`.execute(database)).rejects.toMatchObject({
      code: 'database-failed',
    });
    expect((await sql`SELECT 1 AS one`.execute(database)).rows).toEqual([{ one: 1 }]);
    server.pause();
    const asked = sql`SELECT 2 AS two`.execute(database);
    await expect(asked).rejects.toMatchObject({ code: 'database-unreachable', class: 'transient' });
    server.resume();
    expect((await sql`SELECT 3 AS three`.execute(database)).rows).toEqual([{ three: 3 }]);
  });

  it('goes on by itself after a crash of the server, with everything that was committed', async () => {
    const database = await open(await server.makeDatabase());
    await migrate(database);
    await count(database, 'before', 0);
    const broken = sql`SELECT pg_sleep(5)`.execute(database).catch((error: unknown) => error);
    await systemClock.sleep(50);
    await server.restart();
    expect(await broken).toMatchObject({ code: 'database-unreachable' });
    await count(database, 'after', 0);
    const rows = await database.selectFrom('opt_outs').select('identity_key').execute();
    expect(rows.map((row) => row.identity_key).toSorted()).toEqual(['after 0', 'before 0']);
  });

  it('that is not there is unreachable', async () => {
    await expect(open('postgres://triage@127.0.0.1:9/none')).rejects.toMatchObject({
      code: 'database-unreachable',
    });
  });
});
