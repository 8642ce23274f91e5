import { type Kysely, sql } from 'kysely';
import { migrate, MIGRATIONS, type Migrations, readSchemaStanding } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { asTriageError } from '../errors.ts';
import { writeWhole } from './durable-file.ts';

/** What an upgrade did. */
export interface Upgrade {
  readonly applied: readonly string[];
  /** The copy that was made before; null where there was nothing to keep. */
  readonly copyPath: string | null;
}

/**
 * Writes a database into a new file, as it stands at one moment; others may go on reading and writing it. Throws
 * database-failed.
 */
export async function copyDatabase(database: Kysely<Database>, targetPath: string): Promise<void> {
  try {
    await writeWhole(targetPath, async (partPath) => {
      await sql`VACUUM INTO ${partPath}`.execute(database);
    });
  } catch (thrown) {
    throw asTriageError(thrown, 'database-failed');
  }
}

/**
 * Brings the database of a data folder to the newest schema. Before anything is changed it is copied beside itself,
 * so that the earlier version of the program can be gone back to even after the new one has written. Throws
 * migration-failed (nothing changed) and database-newer.
 */
export async function upgradeDatabase(
  database: Kysely<Database>,
  path: string,
  migrations: Migrations = MIGRATIONS,
): Promise<Upgrade> {
  const { applied, pending } = await readSchemaStanding(database, migrations);
  const [first] = pending;
  if (first === undefined) return { applied: [], copyPath: null };
  const copyPath = applied.length === 0 ? null : `${path}.before-${first}`;
  if (copyPath !== null) await copyDatabase(database, copyPath);
  return { applied: await migrate(database, migrations), copyPath };
}
