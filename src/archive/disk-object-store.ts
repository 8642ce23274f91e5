import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TriageError } from '../errors.ts';
import { storageError } from './disk-errors.ts';
import { syncFolder } from './folder-sync.ts';
import { HashThread } from './hash-thread.ts';
import { checkObjectKey, type ObjectStore, type ObjectWriter } from './object-store.ts';
import { openScratchFile, ScratchFile } from './scratch-file.ts';
import { WriteSlots } from './write-slots.ts';

/**
 * Objects as files below one folder. A key is `<kind>/<two hex digits>/<name>`; the 256 folders of each kind are
 * made and synced at the start, so that a new object costs two syncs: its own and its folder's.
 */
export async function openDiskObjectStore(folder: string, kinds: readonly string[]): Promise<ObjectStore> {
  const scratchFolder = join(folder, 'scratch');
  await prepareFolders(folder, scratchFolder, kinds);
  return new DiskObjectStore(folder, scratchFolder, await allowsDirectWrites(scratchFolder));
}

async function prepareFolders(
  folder: string,
  scratchFolder: string,
  kinds: readonly string[],
): Promise<void> {
  // What an earlier run left unfinished was never acknowledged to anyone.
  await rm(scratchFolder, { recursive: true, force: true });
  mkdirSync(scratchFolder, { recursive: true });
  for (const kind of kinds) {
    for (let index = 0; index < 256; index += 1) {
      mkdirSync(join(folder, kind, index.toString(16).padStart(2, '0')), { recursive: true });
    }
    await syncFolder(join(folder, kind));
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** Not every file system takes writes past its page cache, and not every processor's pages suit it: try. */
async function allowsDirectWrites(scratchFolder: string): Promise<boolean> {
  const path = join(scratchFolder, 'direct.part');
  try {
    const file = await openScratchFile(path, true);
    try {
      const slots = new WriteSlots();
      return (await file.write(slots.take().bytes, 0, 4096, 0)).bytesWritten === 4096;
    } finally {
      await file.close();
      await unlink(path);
    }
  } catch {
    return false;
  }
}

class DiskObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #scratchFolder: string;
  readonly #direct: boolean;
  readonly #slots = new WriteSlots();
  readonly #hashing = new HashThread();

  constructor(folder: string, scratchFolder: string, direct: boolean) {
    this.#folder = folder;
    this.#scratchFolder = scratchFolder;
    this.#direct = direct;
  }

  beginWrite(prefix: Uint8Array): ObjectWriter {
    const file = new ScratchFile({
      path: join(this.#scratchFolder, `${randomUUID()}.part`),
      direct: this.#direct,
      prefix,
      slots: this.#slots,
      hash: this.#hashing.begin(),
    });
    return {
      write: (chunk) => file.write(chunk),
      flush: () => file.flush(),
      commit: async (key) => file.moveTo(this.#pathOf(key)),
      discard: () => file.discard(),
    };
  }

  async putFile(scratchPath: string, key: string): Promise<number> {
    const target = this.#pathOf(key);
    try {
      const file = await open(scratchPath, 'r+');
      try {
        await file.sync();
        const { size } = await file.stat();
        await rename(scratchPath, target);
        await syncFolder(dirname(target));
        return size;
      } finally {
        await file.close();
      }
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  async readablePath(key: string): Promise<string> {
    if (!(await this.has(key))) throw new TriageError('not-found', 'the object is not in the archive');
    return this.#pathOf(key);
  }

  async read(key: string): Promise<Buffer> {
    return readFile(await this.readablePath(key));
  }

  async has(key: string): Promise<boolean> {
    const path = this.#pathOf(key);
    try {
      return (await stat(path)).isFile();
    } catch {
      return false;
    }
  }

  remove(keys: readonly string[]): Promise<void> {
    return removeFromDisk(this.#folder, keys);
  }

  async makeScratch(): Promise<string> {
    const path = join(this.#scratchFolder, randomUUID());
    await mkdir(path);
    return path;
  }

  removeScratch(path: string): Promise<void> {
    return rm(path, { recursive: true, force: true });
  }

  #pathOf(key: string): string {
    return join(this.#folder, checkObjectKey(key));
  }
}

/** Removes objects of a store on disk, also beside the service that has it open. */
export async function removeFromDisk(folder: string, keys: readonly string[]): Promise<void> {
  const paths = keys.map((key) => join(folder, checkObjectKey(key)));
  try {
    for (const path of paths) await rm(path, { force: true });
    for (const each of new Set(paths.map(dirname))) await syncFolder(each);
  } catch (thrown) {
    throw storageError(thrown);
  }
}
