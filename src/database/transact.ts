import type { Kysely, Transaction } from 'kysely';
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

const ATTEMPTS_MAX = 12;
const ATTEMPTS_AT_ROW_MAX = 3;
const FIRST_WAIT_MS_MAX = 4;
const WAIT_MS_MAX = 250;

/**
 * Runs a transaction, all or nothing. The one way to begin one: whoever else writes at the same time, in this process or
 * another, it sees the record as if it ran alone. The work may be run again, so it must do nothing but read and write.
 * Throws server-busy where others were faster each time.
 */
export async function transact<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  if (engineOf(database) === 'sqlite') return database.transaction().execute(work);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction().setIsolationLevel('serializable').execute(work);
    } catch (thrown) {
      if (!mayRunAgain(sqlStateOf(thrown), attempt)) throw thrown;
      // Those that met must not meet again.
      const waitMsMax = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS_MAX * 2 ** attempt);
      await systemClock.sleep(Math.random() * waitMsMax);
    }
  }
}

/**
 * Runs a transaction whose commit is as durable as any other when the promise resolves, but which may share its sync
 * with those that commit at the same time: for the many small ones of intake.
 */
export function transactInGroup<Result>(database: Kysely<Database>, work: Work<Result>): Promise<Result> {
  // PostgreSQL gathers syncs by itself.
  return engineOf(database) === 'sqlite' ? transactOnSharedSync(database, work) : transact(database, work);
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
