import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { Engine } from '../database/engine.ts';
import { migrate } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';
import { requirePostgres, startPostgres, type TestPostgres } from './postgres.ts';

/** What a suite that runs on every engine works with. */
export interface EachRecord {
  readonly engine: Engine;
  /** An empty record with the newest schema; the suite ends it. */
  open(): Promise<Kysely<Database>>;
  /** A further connection to the record that was opened last, as another process would have it; ended by the suite. */
  openBeside(): Promise<Kysely<Database>>;
}

/** Runs a suite on an SQLite record in memory and on a PostgreSQL of its own; that one is skipped where it is missing. */
export function describeOnEachRecord(title: string, suite: (record: EachRecord) => void): void {
  describe(`${title} (SQLite)`, () => suite(sqliteRecord()));
  const tool = requirePostgres();
  const postgresTitle = `${title} (PostgreSQL)`;
  if (tool.available) describe(postgresTitle, () => suite(postgresRecord()));
  else describe.skip(`${postgresTitle}: ${tool.reason}`, () => suite(sqliteRecord()));
}

function sqliteRecord(): EachRecord {
  const opened: Kysely<Database>[] = [];
  afterEach(() => endAll(opened));
  return {
    engine: 'sqlite',
    async open() {
      const database = openSqlite(':memory:');
      opened.push(database);
      await migrate(database);
      return database;
    },
    // A record in memory has one connection, which all share.
    openBeside: () => Promise.resolve(opened.at(-1)!),
  };
}

function postgresRecord(): EachRecord {
  let server: TestPostgres;
  let template: string;
  const urls: string[] = [];
  const opened: Kysely<Database>[] = [];
  let used = 0;
  beforeAll(async () => {
    server = await startPostgres();
    template = await server.makeDatabase();
    const database = await openPostgres({ url: template, passwordFile: '' });
    await migrate(database);
    await database.destroy();
  });
  afterEach(async () => {
    await endAll(opened);
    used = 0;
  });
  afterAll(async () => {
    await server.stop();
  });
  const open = async (url: string): Promise<Kysely<Database>> => {
    const database = await openPostgres({ url, passwordFile: '' });
    opened.push(database);
    return database;
  };
  return {
    engine: 'postgres',
    async open() {
      const isFresh = urls[used] === undefined;
      urls[used] ??= await server.makeDatabase(template);
      const database = await open(urls[used]!);
      used += 1;
      if (!isFresh) await empty(database);
      return database;
    },
    openBeside: () => open(urls[used - 1]!),
  };
}

async function endAll(opened: Kysely<Database>[]): Promise<void> {
  await Promise.all(opened.splice(0).map((database) => database.destroy()));
}

/** Much faster than another database. */
async function empty(database: Kysely<Database>): Promise<void> {
  await database.connection().execute(async (connection) => {
    const { rows } = await sql<{ name: string }>`SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = current_schema() AND table_name <> 'kysely_migration'`.execute(connection);
    await sql`SET session_replication_role = replica`.execute(connection);
    for (const { name } of rows) await sql`DELETE FROM ${sql.table(name)}`.execute(connection);
    await sql`SET session_replication_role = DEFAULT`.execute(connection);
  });
}
