import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { readSchemaStanding } from '../database/migrations.ts';
import { openSqlite } from '../database/sqlite.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { sitesPathIn } from '../site-registry.ts';
import { type BackupManifest, type ObjectDigests, readManifest, readObjectList } from './backup-manifest.ts';
import { syncFolder } from './durable-file.ts';
import { copyWithDigest } from './object-copy.ts';
import { countRows, listObjectKeys } from './object-keys.ts';

/** What is said of a damaged backup: so many things by name, the others as a number. */
const PROBLEMS_NAMED = 10;

/**
 * Makes a data folder of a backup. Everything is checked: the digest of each file and of each object,
 * the database's own structure and references, its schema, and that each row has its object. Where anything is wrong
 * nothing is left behind. Throws backup-damaged with what is wrong, database-newer, and configuration-invalid where
 * the data folder holds anything.
 */
export async function restoreBackup(folder: string, dataFolder: string): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) {
    throw new TriageError('not-found', `there is no backup in ${folder}: it has no manifest.json`);
  }
  const digests = await readObjectList(folder, manifest);
  await requireEmpty(dataFolder);
  try {
    const partPath = join(dataFolder, 'osteotriage.sqlite.restoring');
    const problems = [
      ...(await restoreDatabase(folder, manifest, partPath)),
      ...(await checkRecord(partPath, manifest, digests)),
      ...(await restoreObjects(folder, dataFolder, digests)),
      ...(await restoreSites(folder, manifest, dataFolder)),
    ];
    if (problems.length > 0) throw damaged(problems);
    // The database takes its name last: a folder that has it is whole.
    await rename(partPath, join(dataFolder, 'osteotriage.sqlite'));
    await syncFolder(dataFolder);
    return manifest;
  } catch (thrown) {
    for (const name of await readdir(dataFolder)) {
      await rm(join(dataFolder, name), { recursive: true, force: true });
    }
    throw asTriageError(thrown, 'storage-failed');
  }
}

async function requireEmpty(dataFolder: string): Promise<void> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const names = await readdir(dataFolder);
  if (names.length === 0) return;
  throw new TriageError(
    'configuration-invalid',
    `${dataFolder} is not empty: a backup is restored into a new folder only, name one with --data`,
  );
}

async function restoreDatabase(
  folder: string,
  { database }: BackupManifest,
  partPath: string,
): Promise<readonly string[]> {
  const digest = await copyWithDigest(join(folder, database.file), partPath).catch(() => undefined);
  if (digest === undefined) throw damaged([`${database.file} is missing or cannot be read`]);
  // A database that is not what was written is not even opened.
  if (digest.sha256 !== database.sha256) throw damaged([`${database.file} is not as it was written`]);
  return [];
}

async function checkRecord(
  path: string,
  manifest: BackupManifest,
  digests: ObjectDigests,
): Promise<readonly string[]> {
  const database = openSqlite(path, { readOnly: true });
  try {
    await readSchemaStanding(database);
    const problems: string[] = [];
    const { rows: checks } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(database);
    if (checks[0]?.integrity_check !== 'ok') problems.push('the database is damaged inside');
    const { rows: broken } = await sql`PRAGMA foreign_key_check`.execute(database);
    if (broken.length > 0) problems.push(`${broken.length} references in the database are broken`);
    if (JSON.stringify(await countRows(database)) !== JSON.stringify(manifest.rows)) {
      problems.push('the database has not as many rows as the manifest says');
    }
    for (const [key, importance] of await listObjectKeys(database)) {
      const isThere = digests.has(key) || importance === 'picture' || manifest.missing.includes(key);
      if (!isThere) problems.push(`archive/${key} is in the database and not in the list`);
    }
    return problems;
  } finally {
    await database.destroy();
  }
}

async function restoreObjects(
  folder: string,
  dataFolder: string,
  digests: ObjectDigests,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const folders = new Set<string>();
  for (const [key, expected] of digests) {
    const path = join('archive', key);
    const to = join(dataFolder, path);
    try {
      if (!folders.has(dirname(to))) await mkdir(dirname(to), { recursive: true });
      folders.add(dirname(to));
      const { sha256 } = await copyWithDigest(join(folder, path), to);
      if (sha256 !== expected) problems.push(`${path} is not as it was written`);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      problems.push(`${path} is missing`);
    }
  }
  const above = [...folders].flatMap((each) => [dirname(each), dirname(dirname(each))]);
  for (const each of new Set([...folders, ...above])) await syncFolder(each);
  return problems;
}

async function restoreSites(
  folder: string,
  { sites }: BackupManifest,
  dataFolder: string,
): Promise<readonly string[]> {
  if (sites === undefined) return [];
  const digest = await copyWithDigest(join(folder, sites.file), sitesPathIn(dataFolder)).catch(
    () => undefined,
  );
  if (digest === undefined) return [`${sites.file} is missing or cannot be read`];
  return digest.sha256 === sites.sha256 ? [] : [`${sites.file} is not as it was written`];
}

function damaged(problems: readonly string[]): TriageError {
  const named = problems.slice(0, PROBLEMS_NAMED);
  const rest = problems.length - named.length;
  return new TriageError(
    'backup-damaged',
    `the backup is damaged and nothing was restored: ${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`,
  );
}
