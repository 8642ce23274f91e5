import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Resolves when the entries of a folder would outlive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes a file appear whole or not at all: `write` fills a file of another name, which is synced and renamed.
 * Whatever stood under the name is replaced.
 */
export async function writeWhole(path: string, write: (partPath: string) => Promise<void>): Promise<void> {
  const partPath = `${path}.part`;
  await rm(partPath, { force: true });
  try {
    await write(partPath);
    const file = await open(partPath, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partPath, path);
  } catch (thrown) {
    await rm(partPath, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(path));
}

/** Writes a text as a whole file. */
export function writeWholeText(path: string, text: string): Promise<void> {
  return writeWhole(path, (partPath) => writeFile(partPath, text));
}
