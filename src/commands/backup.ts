import { systemClock } from '../clock.ts';
import { type BackupReport, makeBackup } from '../operations/backup.ts';
import type { BackupManifest } from '../operations/backup-manifest.ts';
import { restoreBackup } from '../operations/restore.ts';
import { withRecord } from './open-record.ts';

const NOT_INSIDE = 'the sites file, keys and certificates are not in a backup: keep them apart';

/** Backs up a data folder, while its service runs or not. */
export function backUp(dataFolder: string, folder: string): Promise<BackupReport> {
  return withRecord(dataFolder, (database) =>
    makeBackup({ database, dataFolder, clock: systemClock }, folder),
  );
}

/** What a backup did, in words. */
export function describeBackup({ manifest, objectsAdded }: BackupReport): readonly string[] {
  const { objects, rows, missing } = manifest;
  return [
    `${rows.exams} exams, ${objects.count} objects (${mib(objects.bytes)}), of which ${objectsAdded} are new`,
    ...missing.map((key) => `MISSING: archive/${key} is in the database and not on the disk`),
    NOT_INSIDE,
  ];
}

/** Makes a new data folder of a backup. */
export function restore(folder: string, dataFolder: string): Promise<BackupManifest> {
  return restoreBackup(folder, dataFolder);
}

/** What was restored, in words. */
export function describeRestore(manifest: BackupManifest): readonly string[] {
  const { createdAt, objects, rows, missing } = manifest;
  return [
    `restored the backup of ${createdAt}: ${rows.exams} exams, ${objects.count} objects, every digest as it was`,
    ...missing.map((key) => `archive/${key} was missing already when the backup was made`),
    NOT_INSIDE,
  ];
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
