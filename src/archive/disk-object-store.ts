import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TriageError, asTriageError } from '../errors.ts';
import type { ObjectStore, ObjectWriter } from './object-store.ts';

/** Bytes that may wait for the disk before the sender is asked to pause. */
const WRITE_BEHIND_BYTES = 1024 * 1024;
const KEY_PATTERN = /^[a-z]+\/[0-9a-f]{2}\/[0-9a-z.-]{1,128}$/;

/**
 * Objects as files below one folder. A key is `<kind>/<two hex digits>/<name>`; the 256 folders of each kind are
 * made and synced at the start, so that a new object costs two syncs: its own and its folder's.
 */
export function openDiskObjectStore(folder: string, kinds: readonly string[]): Promise<ObjectStore> {
  const scratchFolder = join(folder, 'scratch');
  return prepareFolders(folder, scratchFolder, kinds).then(() => new DiskObjectStore(folder, scratchFolder));
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

class DiskObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #scratchFolder: string;

  constructor(folder: string, scratchFolder: string) {
    this.#folder = folder;
    this.#scratchFolder = scratchFolder;
  }

  async beginWrite(): Promise<ObjectWriter> {
    const path = join(this.#scratchFolder, `${randomUUID()}.part`);
    try {
      return new DiskObjectWriter(await open(path, 'wx'), path, (key) => this.#pathOf(key));
    } catch (thrown) {
      throw storageError(thrown);
    }
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
    try {
      return (await stat(this.#pathOf(key))).isFile();
    } catch {
      return false;
    }
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
    if (!KEY_PATTERN.test(key)) throw new TriageError('unexpected', 'an object key of the wrong form');
    return join(this.#folder, key);
  }
}

/** One file being written: chunks go to the disk in order, gathered while an earlier write is under way. */
class DiskObjectWriter implements ObjectWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #pathOf: (key: string) => string;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #writing: Promise<void> | undefined;
  #failure: TriageError | undefined;
  #ended = false;

  constructor(file: FileHandle, path: string, pathOf: (key: string) => string) {
    this.#file = file;
    this.#path = path;
    this.#pathOf = pathOf;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#waiting.push(Buffer.from(chunk));
    this.#waitingBytes += chunk.byteLength;
    this.#bytes += chunk.byteLength;
    this.#writing ??= this.#drain();
    return this.#waitingBytes > WRITE_BEHIND_BYTES
      ? this.#writing.then(() => this.#throwFailure())
      : undefined;
  }

  async flush(): Promise<string> {
    await this.#writing;
    this.#throwFailure();
    return this.#path;
  }

  async commit(key: string): Promise<number> {
    const target = this.#pathOf(key);
    try {
      await this.flush();
      await this.#file.sync();
      await this.#close();
      await rename(this.#path, target);
      await syncFolder(dirname(target));
      return this.#bytes;
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  async discard(): Promise<void> {
    await this.#writing;
    if (this.#ended) return;
    await this.#close();
    await unlink(this.#path).catch(() => undefined);
  }

  async #close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file.close();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  // Never rejects: a failure is kept and met by the next write or by commit.
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const chunks = this.#waiting;
      const bytes = totalBytes(chunks);
      this.#waiting = [];
      try {
        let written = (await this.#file.writev(chunks)).bytesWritten;
        while (written < bytes) written += (await this.#file.writev(remainder(chunks, written))).bytesWritten;
      } catch (thrown) {
        this.#failure = storageError(thrown);
      }
      this.#waitingBytes -= bytes;
    }
    this.#writing = undefined;
  }
}

function totalBytes(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

function remainder(chunks: readonly Uint8Array[], skip: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let offset = 0;
  for (const chunk of chunks) {
    const start = Math.max(0, skip - offset);
    if (start < chunk.byteLength) rest.push(chunk.subarray(start));
    offset += chunk.byteLength;
  }
  return rest;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function storageError(thrown: unknown): TriageError {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TriageError('storage-full', 'the disk of the data folder is full', { cause: thrown });
  }
  return asTriageError(thrown, 'storage-failed');
}
