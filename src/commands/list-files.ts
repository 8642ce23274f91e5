import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TriageError } from '../errors.ts';

const NATURAL_ORDER = new Intl.Collator('en', { numeric: true });

/** The files that paths stand for: a file is itself, a folder all files below it in natural order. Throws not-found. */
export async function listFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const entry = await stat(path).catch(() => undefined);
    if (entry === undefined) throw new TriageError('not-found', `${path} does not exist`);
    if (!entry.isDirectory()) {
      files.push(path);
      continue;
    }
    const below = await readdir(path, { recursive: true, withFileTypes: true });
    files.push(
      ...below
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name))
        .sort((a, b) => NATURAL_ORDER.compare(a, b)),
    );
  }
  return files;
}
