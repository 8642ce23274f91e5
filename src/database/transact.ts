import { type Kysely, sql, type Transaction } from 'kysely';
import { systemClock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import { sqlStateOf } from './database-error.ts';
import { engineOf } from './engine.ts';
import type { Database } from './schema.ts';
import { syncLog, transactOnSharedSync, writeUnsynced } from './sqlite.ts';

type Work<Result> = (transaction: Transaction<Database>) => Promise<Result>;

/** Of two transactions that cannot have run one after the other the server lets one fail, to be run again. */
const SERIALIZATION_FAILED = '40001';
const DEADLOCK_FOUND = '40P01';
/** Whoever lost the race to insert a row finds it when it looks again; a second time it is no race but a defect. */
const ROW_EXISTS = '23505';

const ATTEMPTS_MAX = 20;
const ATTEMPTS_AT_ROW_MAX = 3;
/** Who failed so often waits in line: in a record that is still small all rows are neighbours, and all would fail on. */
const ATTEMPTS_ALONE_MAX = 4;
/** Number of the lock that the line is: any that nothing else uses. */
const LINE_LOCK = 7_126_002;
const FIRST_WAIT_MS_MAX = 2;
const WAIT_MS_MAX = 100;

/**
 * Runs a transaction, all or nothing. Whoever else writes at the same time, in this process or another, it sees the
 * record as if it ran alone. The work may be run again, so it must do nothing but read and write. Throws server-busy
 * where others were faster each time.
 */
export function transact<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  return engineOf(database) === 'sqlite'
    ? database.transaction().execute(work)
    : runAgain((attempt) =>
        attempt <= ATTEMPTS_ALONE_MAX ? runSerializable(database, work) : runInLine(database, work),
      );
}

/**
 * The same, and as durable when the promise resolves, but the sync may be shared with those that commit at the same time:
 * for many small transactions.
 */
export function transactInGroup<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  // PostgreSQL gathers syncs by itself.
  return engineOf(database) === 'sqlite' ? transactOnSharedSync(database, work) : transact(database, work);
}

/**
 * As transactInGroup, for what intake adds: it must be right by what the tables allow (unique rows, rows that it changes)
 * and not by what it read, which others may change meanwhile. So it never waits for a neighbour, and is never run again
 * because of one.
 */
export function insertInGroup<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  return engineOf(database) === 'sqlite'
    ? transactOnSharedSync(database, work)
    : runAgain(() => database.transaction().setIsolationLevel('read committed').execute(work));
}

/**
 * Writes what is worth nothing after a power cut, as a lease is: nobody waits for the disk. On PostgreSQL the server
 * waits for it, and not this thread.
 */
export function writeLightly<Result>(
  database: Kysely<Database>,
  work: (connection: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  return engineOf(database) === 'sqlite' ? writeUnsynced(database, work) : work(database);
}

async function runAgain<Result>(run: (attempt: number) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt);
    } catch (thrown) {
      if (!mayRunAgain(sqlStateOf(thrown), attempt)) throw thrown;
      // Those that met must not meet again.
      const waitMsMax = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS_MAX * 2 ** attempt);
      await systemClock.sleep(Math.random() * waitMsMax);
    }
  }
}

function runSerializable<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  return database.transaction().setIsolationLevel('serializable').execute(work);
}

/** The lock is taken before the transaction, which would else see the record as it was before it waited. */
function runInLine<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  return database.connection().execute(async (connection) => {
    await sql`SELECT pg_advisory_lock(${sql.lit(LINE_LOCK)})`.execute(connection);
    try {
      return await runSerializable(connection, work);
    } finally {
      // A connection that broke has no lock any more.
      await sql`SELECT pg_advisory_unlock(${sql.lit(LINE_LOCK)})`.execute(connection).catch(() => undefined);
    }
  });
}

/** Resolves when every row that can be read now is durable. */
export async function syncRecord(database: Kysely<Database>): Promise<void> {
  // Others see a row of PostgreSQL only once it is durable.
  if (engineOf(database) === 'sqlite') await syncLog(database);
}

function mayRunAgain(sqlState: string | undefined, attempt: number): boolean {
  if (sqlState === ROW_EXISTS) return attempt < ATTEMPTS_AT_ROW_MAX;
  if (sqlState !== SERIALIZATION_FAILED && sqlState !== DEADLOCK_FOUND) return false;
  if (attempt < ATTEMPTS_MAX) return true;
  throw new TriageError('server-busy', `the record was changed by others ${ATTEMPTS_MAX} times meanwhile`);
}
