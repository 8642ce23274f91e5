import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { databasePath, lockFolder, openSqlite } from '../database/sqlite.ts';
import { type Upgrade, upgradeDatabase } from '../operations/upgrade.ts';

/**
 * Brings the database of a data folder to the newest schema. Throws configuration-invalid while a service runs on
 * it: that one would go on with a schema that it does not know.
 */
export async function migrateData(dataFolder: string): Promise<Upgrade> {
  mkdirSync(dataFolder, { recursive: true });
  const unlock = lockFolder(join(dataFolder, 'service.lock'));
  try {
    const database = openSqlite(databasePath(dataFolder));
    try {
      return await upgradeDatabase(database, databasePath(dataFolder));
    } finally {
      await database.destroy();
    }
  } finally {
    unlock();
  }
}
