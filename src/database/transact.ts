import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.ts';

/**
 * Runs a transaction, all or nothing. The one way to begin one: whoever else writes at the same time, in this process or
 * another, it sees the record as if it ran alone. The work may be run again, so it must do nothing but read and write.
 */
export function transact<Result>(
  database: Kysely<Database>,
  work: (transaction: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  return database.transaction().execute(work);
}
