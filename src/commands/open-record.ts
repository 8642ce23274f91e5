import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { readSchemaStanding } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { databasePath, openSqlite } from '../database/sqlite.ts';
import { TriageError } from '../errors.ts';

/**
 * Opens the record of a data folder for one step, beside a running service or without one. Throws not-found without
 * a database, database-newer, and configuration-invalid where it is older than this program.
 */
export async function withRecord<Result>(
  dataFolder: string,
  step: (database: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  const path = databasePath(dataFolder);
  if (!existsSync(path)) {
    throw new TriageError('not-found', `no database in ${dataFolder}; name the folder with --data`);
  }
  const database = openSqlite(path);
  try {
    const { pending } = await readSchemaStanding(database);
    if (pending.length > 0) {
      throw new TriageError(
        'configuration-invalid',
        `the database in ${dataFolder} is older than this program: stop its service and run "osteotriage migrate"`,
      );
    }
    return await step(database);
  } finally {
    await database.destroy();
  }
}

/** What `doctor` says of the record. Throws database-newer, database-failed. */
export async function describeRecord(dataFolder: string): Promise<string> {
  const path = databasePath(dataFolder);
  if (!existsSync(path)) return 'none yet; the first start makes it';
  const database = openSqlite(path, { readOnly: true });
  try {
    const { applied, pending } = await readSchemaStanding(database);
    if (pending.length === 0) return `newest schema (${applied.at(-1) ?? ''})`;
    return `older schema; the next start copies the database and applies ${pending.join(', ')}`;
  } finally {
    await database.destroy();
  }
}
