import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { readSchemaStanding } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { sitesPathIn } from '../site-registry.ts';
import {
  type BackupManifest,
  type ObjectDigests,
  readManifest,
  readObjectList,
  writeManifest,
  writeObjectList,
} from './backup-manifest.ts';
import { syncFolder } from './durable-file.ts';
import { copyWithDigest, digestFile, isSameFile, linkOrCopy } from './object-copy.ts';
import { countRows, listObjectKeys } from './object-keys.ts';
import { copyDatabase } from './upgrade.ts';
import { holdUpkeep } from './upkeep-lock.ts';

/** Where a backup is taken from. */
export interface BackupSource {
  readonly database: Kysely<Database>;
  readonly dataFolder: string;
  readonly clock: Clock;
}

/** What a backup did. */
export interface BackupReport {
  readonly schema: 'osteotriage.backup-report/1';
  readonly manifest: BackupManifest;
  /** Objects that were added; the others stood there from an earlier backup. */
  readonly objectsAdded: number;
}

/**
 * Copies the record and every object that it names into a folder, while the service runs. The database is copied
 * first: an object is durable before its row is committed, so whatever row is in the copy, its object is there, and
 * retention waits until the end. Into the folder of an earlier backup only what is new is copied. The sites file is
 * part of it where it is in the data folder; keys never are. Throws state-conflict, configuration-invalid, storage-failed, storage-full.
 */
export async function makeBackup(source: BackupSource, folder: string): Promise<BackupReport> {
  const release = holdUpkeep(source.dataFolder);
  try {
    const earlier = await openTarget(folder);
    const stamp = new Date(source.clock.nowMs()).toISOString().replace(/[-:.]/g, '');
    const databasePath = join(folder, `database-${stamp}.sqlite`);
    await copyDatabase(source.database, databasePath);
    const { keys, ...record } = await describeCopy(databasePath);
    const copied = await copyObjects(join(source.dataFolder, 'archive'), folder, keys, earlier);
    const sites = await copySites(source.dataFolder, folder, `sites-${stamp}.json`);
    const listPath = join(folder, `objects-${stamp}.sha256`);
    await writeObjectList(listPath, copied.digests);
    const manifest: BackupManifest = {
      schema: 'osteotriage.backup/1',
      createdAt: new Date(source.clock.nowMs()).toISOString(),
      ...record,
      database: { file: `database-${stamp}.sqlite`, ...(await digestFile(databasePath)) },
      objects: {
        file: `objects-${stamp}.sha256`,
        sha256: (await digestFile(listPath)).sha256,
        count: copied.digests.size,
        bytes: copied.bytes,
      },
      ...(sites === undefined ? {} : { sites }),
      missing: copied.missing,
    };
    await writeManifest(folder, manifest);
    await removeOthers(folder, manifest, copied.digests);
    return { schema: 'osteotriage.backup-report/1', manifest, objectsAdded: copied.added };
  } catch (thrown) {
    throw storageError(thrown);
  } finally {
    release();
  }
}

/** An empty folder, or one of an earlier backup, whose digests it returns. */
async function openTarget(folder: string): Promise<ObjectDigests> {
  // It holds patients' data; who makes the folder beforehand says who may read it.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const manifest = await readManifest(folder);
  if (manifest !== undefined) return readObjectList(folder, manifest);
  const names = await readdir(folder);
  // A first backup that was cut off leaves these.
  const isOurs = (name: string): boolean =>
    /^(?:archive|(?:database|objects|sites)-[0-9TZ]+\..+)$/.test(name);
  if (names.every(isOurs)) return new Map();
  throw new TriageError(
    'configuration-invalid',
    `${folder} holds other files and no backup: name an empty folder or that of an earlier backup`,
  );
}

/** The sites file that the administration pages make; one that is kept elsewhere is kept by whoever keeps it there. */
async function copySites(dataFolder: string, folder: string, file: string): Promise<BackupManifest['sites']> {
  const path = sitesPathIn(dataFolder);
  return existsSync(path) ? { file, ...(await copyWithDigest(path, join(folder, file))) } : undefined;
}

async function describeCopy(databasePath: string): Promise<{
  readonly keys: ReadonlyMap<string, 'needed' | 'picture'>;
  readonly migrations: string[];
  readonly rows: BackupManifest['rows'];
}> {
  const copy = openSqlite(databasePath, { readOnly: true });
  try {
    const { applied } = await readSchemaStanding(copy);
    return { keys: await listObjectKeys(copy), migrations: [...applied], rows: await countRows(copy) };
  } finally {
    await copy.destroy();
  }
}

async function copyObjects(
  archive: string,
  folder: string,
  keys: ReadonlyMap<string, 'needed' | 'picture'>,
  earlier: ObjectDigests,
): Promise<{
  readonly digests: ObjectDigests;
  readonly missing: string[];
  readonly bytes: number;
  readonly added: number;
}> {
  const digests = new Map<string, string>();
  const missing: string[] = [];
  const changedFolders = new Set<string>();
  let bytes = 0;
  let added = 0;
  for (const [key, importance] of keys) {
    const from = join(archive, key);
    const to = join(folder, 'archive', key);
    const known = earlier.get(key);
    try {
      if (known !== undefined && (await isSameFile(from, to))) {
        digests.set(key, known);
        bytes += (await stat(to)).size;
        continue;
      }
      await linkOrCopy(from, to);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      // A film that was not assessed has no pictures.
      if (importance === 'needed') missing.push(key);
      continue;
    }
    const digest = await digestFile(to);
    digests.set(key, digest.sha256);
    bytes += digest.bytes;
    added += 1;
    changedFolders.add(dirname(to));
  }
  for (const changed of changedFolders) await syncFolder(changed);
  return { digests, missing, bytes, added };
}

/** Takes away what the manifest no longer names; only now, for until now the earlier backup was the valid one. */
async function removeOthers(folder: string, manifest: BackupManifest, digests: ObjectDigests): Promise<void> {
  const current = [manifest.database.file, manifest.objects.file, manifest.sites?.file];
  for (const name of await readdir(folder)) {
    const isOlder = /^(?:database|objects|sites)-[0-9TZ]+\./.test(name) && !current.includes(name);
    if (isOlder) await rm(join(folder, name), { force: true });
  }
  const archive = join(folder, 'archive');
  const entries = await readdir(archive, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!digests.has(path.slice(archive.length + 1))) await rm(path, { force: true });
  }
}

function storageError(thrown: unknown): TriageError {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TriageError('storage-full', 'the disk of the backup is full', { cause: thrown });
  }
  return asTriageError(thrown, 'storage-failed');
}
