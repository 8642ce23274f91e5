import { systemClock } from '../clock.ts';
import { type BackupReport, makeBackup } from '../operations/backup.ts';
import type { BackupManifest } from '../operations/backup-manifest.ts';
import { restoreBackup } from '../operations/restore.ts';
import { type RecordPlace, requireDataFolder, withRecord } from './open-record.ts';

/** The dump comes first: what it names is in the objects that are copied after it, for those are only ever added. */
const BACKUP_INSTEAD =
  'back up with pg_dump, then copy the bucket (or let the object store version and replicate it), with retention off meanwhile';
const RESTORE_INSTEAD = 'restore the bucket and load the dump with pg_restore into an empty database';

/** Backs up a data folder, while its service runs or not. Throws configuration-invalid in distributed mode. */
export function backUp(place: RecordPlace, folder: string): Promise<BackupReport> {
  requireDataFolder(place, BACKUP_INSTEAD);
  return withRecord(place, (database) =>
    makeBackup({ database, dataFolder: place.data, clock: systemClock }, folder),
  );
}

/** What a backup did, in words. */
export function describeBackup({ manifest, objectsAdded }: BackupReport): readonly string[] {
  const { objects, rows, missing } = manifest;
  return [
    `${rows.exams} exams, ${objects.count} objects (${mib(objects.bytes)}), of which ${objectsAdded} are new`,
    ...missing.map((key) => `MISSING: archive/${key} is in the database and not on the disk`),
    describeRest(manifest),
  ];
}

/** Makes a new data folder of a backup. Throws configuration-invalid in distributed mode. */
export function restore(folder: string, place: RecordPlace): Promise<BackupManifest> {
  requireDataFolder(place, RESTORE_INSTEAD);
  return restoreBackup(folder, place.data);
}

/** What was restored, in words. */
export function describeRestore(manifest: BackupManifest): readonly string[] {
  const { createdAt, objects, rows, missing } = manifest;
  return [
    `restored the backup of ${createdAt}: ${rows.exams} exams, ${objects.count} objects, every digest as it was`,
    ...missing.map((key) => `archive/${key} was missing already when the backup was made`),
    describeRest(manifest),
  ];
}

function describeRest({ sites }: BackupManifest): string {
  return sites === undefined
    ? 'the sites file, keys and certificates are not in this backup: keep them apart'
    : 'the sites file of the data folder is in this backup; keys and certificates are not: keep them apart';
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
