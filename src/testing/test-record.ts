import { type Kysely, sql } from 'kysely';
import { inject } from 'vitest';
import { migrate } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';

/** Whether this run of a suite is the one on PostgreSQL; vitest.config.ts says which suites have one. */
export const isOnPostgres = inject('postgresUrl') !== undefined;

interface TestDatabase {
  readonly url: string;
  users: number;
}

/** Databases of this file: to empty one takes a tenth of the time of making one. */
const DATABASES: TestDatabase[] = [];
const FILE_OF = new WeakMap<Kysely<Database>, string>();
const PLACE_OF = new WeakMap<Kysely<Database>, TestDatabase>();

/** An empty record with the newest schema: on PostgreSQL, or on SQLite in a file or, left out, in memory. */
export async function openTestRecord(path = ':memory:'): Promise<Kysely<Database>> {
  const serverUrl = inject('postgresUrl');
  if (serverUrl === undefined) {
    const database = openSqlite(path);
    FILE_OF.set(database, path);
    await migrate(database);
    return database;
  }
  const free = DATABASES.find(({ users }) => users === 0);
  const place = free ?? (await makeDatabase(serverUrl));
  const database = await openPlace(place);
  if (free !== undefined) await empty(database);
  return database;
}

/** A second way to a record, as another process has it; one in memory has none. */
export async function openBeside(database: Kysely<Database>): Promise<Kysely<Database>> {
  const place = PLACE_OF.get(database);
  return place === undefined ? openSqlite(FILE_OF.get(database) ?? '') : openPlace(place);
}

/** Lets every change of a table's rows fail, as on a full disk, until the function that it returns is called. */
export async function failUpdates(
  database: Kysely<Database>,
  table: keyof Database,
): Promise<() => Promise<void>> {
  const on = sql.table(table);
  if (!isOnPostgres) {
    await sql`CREATE TRIGGER full BEFORE UPDATE ON ${on} BEGIN SELECT RAISE(FAIL, 'disk is full'); END`.execute(
      database,
    );
    return async () => {
      await sql`DROP TRIGGER full`.execute(database);
    };
  }
  await sql`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'disk is full' USING ERRCODE = '53100'; END $$`.execute(database);
  await sql`CREATE TRIGGER disk_full BEFORE UPDATE ON ${on} FOR EACH ROW EXECUTE FUNCTION fail()`.execute(
    database,
  );
  return async () => {
    await sql`DROP FUNCTION fail CASCADE`.execute(database);
  };
}

/**
 * The record as so many processes have it. On SQLite all get the one connection: a second one would wait within its
 * call, and with it the thread that the first one needs to come to its end.
 */
export function openProcesses(
  database: Kysely<Database>,
  count: number,
): Promise<readonly Kysely<Database>[]> {
  return Promise.all(
    Array.from({ length: count }, () => (isOnPostgres ? openBeside(database) : Promise.resolve(database))),
  );
}

async function openPlace(place: TestDatabase): Promise<Kysely<Database>> {
  place.users += 1;
  const database = await openPostgres({ url: place.url, passwordFile: '' });
  PLACE_OF.set(database, place);
  const destroy = database.destroy.bind(database);
  let isOpen = true;
  database.destroy = async () => {
    await destroy();
    if (isOpen) place.users -= 1;
    isOpen = false;
  };
  return database;
}

async function makeDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `record_${process.pid}_${DATABASES.length}`;
  const admin = await openPostgres({ url: serverUrl, passwordFile: '' });
  await sql`CREATE DATABASE ${sql.id(name)} TEMPLATE template`.execute(admin);
  await admin.destroy();
  const place = { url: serverUrl.replace(/[^/]*$/, name), users: 0 };
  DATABASES.push(place);
  return place;
}

async function empty(database: Kysely<Database>): Promise<void> {
  await database.connection().execute(async (connection) => {
    const { rows } = await sql<{ name: string }>`SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = current_schema() AND table_name <> 'kysely_migration'`.execute(connection);
    // References are not followed, so that the order of the tables does not matter.
    await sql`SET session_replication_role = replica`.execute(connection);
    for (const { name } of rows) await sql`DELETE FROM ${sql.table(name)}`.execute(connection);
    await sql`SET session_replication_role = DEFAULT`.execute(connection);
    await sql`SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'`.execute(connection);
  });
}
