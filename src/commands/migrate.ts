import { mkdirSync } from 'node:fs';
import { databasePath } from '../compose.ts';
import { migrate } from '../database/migrations.ts';
import { openSqlite } from '../database/sqlite.ts';

/** Brings the database of a data folder to the newest schema; returns what was applied. */
export async function migrateData(dataFolder: string): Promise<readonly string[]> {
  mkdirSync(dataFolder, { recursive: true });
  const database = openSqlite(databasePath(dataFolder));
  try {
    return await migrate(database);
  } finally {
    await database.destroy();
  }
}
