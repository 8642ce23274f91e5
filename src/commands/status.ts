import { existsSync } from 'node:fs';
import { databasePath, openSqlite } from '../database/sqlite.ts';
import { TriageError } from '../errors.ts';
import { openWorklist } from '../worklist/worklist.ts';
import type { StatusCounts } from '../worklist/worklist-views.ts';

/** Counts by state, read beside a running service or without one. Throws not-found without a database. */
export async function readStatus(dataFolder: string): Promise<StatusCounts> {
  const path = databasePath(dataFolder);
  if (!existsSync(path)) {
    throw new TriageError('not-found', `no database in ${dataFolder}; name the folder with --data`);
  }
  const database = openSqlite(path, { readOnly: true });
  try {
    return await openWorklist(database).countStatus();
  } finally {
    await database.destroy();
  }
}
