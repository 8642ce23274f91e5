import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { databasePath, hasLostLog, lockFolder, openSqlite } from '../database/sqlite.ts';
import { holdAlone } from '../duty.ts';
import { openEventBus } from '../event-bus.ts';
import type { RunningPart } from '../lifecycle.ts';
import { upgradeDatabase } from '../operations/upgrade.ts';
import { openDatabaseJobQueue } from '../queue/database-job-queue.ts';
import { releaseLeases } from '../queue/reconciler.ts';
import type { Log } from '../telemetry.ts';
import type { Stores } from './foundation.ts';

/** SQLite and a disk, held by this one process: the folder's lock keeps every other one out. */
export async function openEmbeddedStores(
  config: Config,
  clock: Clock,
  log: Log,
  parts: RunningPart[],
): Promise<Stores> {
  mkdirSync(config.data, { recursive: true });
  const unlock = lockFolder(join(config.data, 'service.lock'));
  parts.push({ name: 'lock', stop: () => Promise.resolve().then(unlock) });
  const database = openSqlite(databasePath(config.data));
  parts.push({ name: 'database', stop: () => database.destroy() });
  const upgrade = await upgradeDatabase(database, databasePath(config.data));
  if (upgrade.applied.length > 0) log.info({ ...upgrade }, 'the database was brought to the newest schema');
  const released = await releaseLeases(database, clock);
  if (released > 0) log.info({ released }, 'jobs of an earlier run go on');
  const objects = await openDiskObjectStore(join(config.data, 'archive'), OBJECT_KINDS);
  const queue = openDatabaseJobQueue(database, clock);
  parts.push({ name: 'queue', stop: () => queue.close() });
  const lookAtLog = (): string | null =>
    hasLostLog(database) ? 'a sync of the record failed; nothing is acknowledged until a restart' : null;
  const vitals = [{ name: 'record', look: () => Promise.resolve(lookAtLog()) }];
  return {
    ...{ database, objects, queue, events: openEventBus(), duties: holdAlone, checks: [], vitals },
    // The intake gate looks at the disk.
    storeProblem: () => undefined,
  };
}
