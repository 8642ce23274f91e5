/**
 * What a backup folder says of itself. `manifest.json` is written last and names the other files, so a backup
 * that was cut off leaves the one before it whole. The list of objects is one that `sha256sum -c` reads.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TriageError } from '../errors.ts';
import { writeWholeText } from './durable-file.ts';
import { digestFile } from './object-copy.ts';

const MANIFEST = 'manifest.json';
const LIST_LINE = /^([0-9a-f]{64}) {2}archive\/([a-z]+\/[0-9a-f]{2}\/[0-9a-z.-]{1,128})$/;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);
const manifestSchema = z.strictObject({
  schema: z.literal('osteotriage.backup/1'),
  createdAt: z.iso.datetime(),
  /** Steps of the schema that the database has. */
  migrations: z.array(z.string()),
  database: z.strictObject({ file: z.string().regex(/^database-[0-9TZ]+\.sqlite$/), sha256, bytes: count }),
  objects: z.strictObject({
    file: z.string().regex(/^objects-[0-9TZ]+\.sha256$/),
    sha256,
    count,
    bytes: count,
  }),
  /** The sites file of the data folder, where there was one. */
  sites: z
    .strictObject({ file: z.string().regex(/^sites-[0-9TZ]+\.json$/), sha256, bytes: count })
    .optional(),
  /** Objects that a row names and that were not on the disk when the backup was made. */
  missing: z.array(z.string()),
  rows: z.strictObject({ persons: count, exams: count, reports: count, referrals: count }),
});

/** The manifest of a backup. */
export type BackupManifest = z.output<typeof manifestSchema>;

/** SHA-256 of each object by its key. */
export type ObjectDigests = ReadonlyMap<string, string>;

/** Reads the manifest of a folder; undefined where there is none. Throws backup-damaged. */
export async function readManifest(folder: string): Promise<BackupManifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new TriageError('backup-damaged', `${MANIFEST} cannot be read`, { cause: thrown });
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new TriageError('backup-damaged', `${MANIFEST} is not one that this program wrote`, { cause });
  }
}

/** Makes a backup valid. */
export function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  return writeWholeText(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Reads the list of objects that a manifest names. Throws backup-damaged. */
export async function readObjectList(folder: string, manifest: BackupManifest): Promise<ObjectDigests> {
  const { file, sha256: expected, count: listed } = manifest.objects;
  const path = join(folder, file);
  let text: string;
  try {
    if ((await digestFile(path)).sha256 !== expected) {
      throw new TriageError('backup-damaged', `${file} is not as it was written`);
    }
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof TriageError) throw cause;
    throw new TriageError('backup-damaged', `${file} is missing or cannot be read`, { cause });
  }
  const digests = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, digest, key] = LIST_LINE.exec(line) ?? [];
    if (digest === undefined || key === undefined) {
      throw new TriageError('backup-damaged', `${file} has a line that is no object`);
    }
    digests.set(key, digest);
  }
  if (digests.size !== listed) throw new TriageError('backup-damaged', `${file} lists too few objects`);
  return digests;
}

/** Writes the list of objects. */
export function writeObjectList(path: string, digests: ObjectDigests): Promise<void> {
  const lines = [...digests].map(([key, digest]) => `${digest}  archive/${key}\n`);
  return writeWholeText(path, lines.join(''));
}
