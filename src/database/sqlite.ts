import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement, type Transaction } from 'kysely';
import { TriageError } from '../errors.ts';
import { GroupSync } from './group-sync.ts';
import type { Database } from './schema.ts';

/** Statements kept ready; the program has fewer different ones than this. */
const STATEMENTS_MAX = 200;
/** What is below a record that was opened for writing. */
const FILES = new WeakMap<Kysely<Database>, { readonly connection: DatabaseSync; readonly log: GroupSync }>();

/** The database file of a data folder. */
export function databasePath(dataFolder: string): string {
  return join(dataFolder, 'osteotriage.sqlite');
}

/** Pages that are kept in memory: of a large record a search touches more than SQLite's own two MiB. */
const CACHE_KIB = 65_536;

/**
 * Opens the record as an SQLite file: write-ahead log and a full sync at every commit, so that a row that was
 * committed outlives a power cut. `readOnly` is for looking while the service runs.
 */
export function openSqlite(path: string, options: { readonly readOnly?: boolean } = {}): Kysely<Database> {
  const readOnly = options.readOnly ?? false;
  let connection: DatabaseSync;
  try {
    connection = new DatabaseSync(path, { readOnly });
    connection.exec('PRAGMA busy_timeout = 10000');
    if (!readOnly) {
      connection.exec('PRAGMA journal_mode = WAL');
      connection.exec('PRAGMA synchronous = FULL');
    }
    connection.exec('PRAGMA foreign_keys = ON');
    connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  } catch (cause) {
    throw new TriageError('database-failed', 'the database file could not be opened', { cause });
  }
  const database = new Kysely<Database>({
    dialect: new SqliteDialect({ database: new KyselySqlite(connection) }),
  });
  // One in memory has no log.
  if (!readOnly && connection.location() !== null)
    FILES.set(database, { connection, log: new GroupSync(`${path}-wal`) });
  return database;
}

/**
 * Runs a transaction whose commit is as durable as any other when the promise resolves, but shares its sync with those
 * that commit at the same time: a sync at each commit would hold up this thread, and with it every association.
 */
export async function transactOnSharedSync<Result>(
  database: Kysely<Database>,
  work: (transaction: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  const result = await writeUnsynced(database, (connection) => connection.transaction().execute(work));
  await syncLog(database);
  return result;
}

/**
 * Writes what a power cut may undo: the write-ahead log is still written in order, so that a cut loses the last rows
 * only, and the next commit that is synced takes these along.
 */
export async function writeUnsynced<Result>(
  database: Kysely<Database>,
  work: (connection: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  const files = FILES.get(database);
  if (files === undefined) return work(database);
  return database.connection().execute(async (connection) => {
    files.connection.exec('PRAGMA synchronous = NORMAL');
    try {
      return await work(connection);
    } finally {
      files.connection.exec('PRAGMA synchronous = FULL');
    }
  });
}

/** Resolves when the write-ahead log is durable as far as it is written now. */
export async function syncLog(database: Kysely<Database>): Promise<void> {
  await FILES.get(database)?.log.sync();
}

/** Whether a sync of the write-ahead log failed: nothing is acknowledged any more until the process starts anew. */
export function hasLostLog(database: Kysely<Database>): boolean {
  return FILES.get(database)?.log.failed ?? false;
}

/**
 * Holds a folder for one process: a lock of the operating system that ends with the process, however it ends.
 * Throws configuration-invalid when another process holds it.
 */
export function lockFolder(lockPath: string): () => void {
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new TriageError(
      'configuration-invalid',
      'another osteotriage service is running on this data folder',
      {
        cause,
      },
    );
  }
  return () => lock.close();
}

/** Fits DatabaseSync to what Kysely's SqliteDialect calls: parameters as an array, and `reader`. */
class KyselySqlite implements SqliteDatabase {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, KyselyStatement>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  prepare(text: string): SqliteStatement {
    const kept = this.#statements.get(text);
    if (kept !== undefined) return kept;
    // A transaction that reads before it writes would fail at once, without waiting, when a command of another
    // process has written in between: so each takes the right to write at its start.
    const statement = new KyselyStatement(
      this.#connection.prepare(text === 'begin' ? 'begin immediate' : text),
    );
    if (this.#statements.size < STATEMENTS_MAX) this.#statements.set(text, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }
}

class KyselyStatement implements SqliteStatement {
  readonly reader: boolean;
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[]));
  }
}
