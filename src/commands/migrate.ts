import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import { databasePath, lockFolder, openSqlite } from '../database/sqlite.ts';
import { type Upgrade, upgradeDatabase } from '../operations/upgrade.ts';
import type { RecordPlace } from './open-record.ts';

/**
 * Brings the record to the newest schema. Throws configuration-invalid while a service runs on a data folder: that one
 * would go on with a schema that it does not know. A PostgreSQL is backed up by whoever runs it: no copy is made.
 */
export async function migrateRecord(place: RecordPlace): Promise<Upgrade> {
  return place.mode === 'distributed' ? migrateShared(place) : migrateFolder(place.data);
}

async function migrateShared({
  databaseUrl: url,
  databasePasswordFile: passwordFile,
}: RecordPlace): Promise<Upgrade> {
  const database = await openPostgres({ url, passwordFile, statementMsMax: 0 });
  try {
    return { applied: await migrate(database), copyPath: null };
  } finally {
    await database.destroy();
  }
}

async function migrateFolder(dataFolder: string): Promise<Upgrade> {
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
