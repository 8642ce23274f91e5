import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeWhole } from './durable-file.ts';

/** What a file holds. */
export interface FileDigest {
  readonly sha256: string;
  readonly bytes: number;
}

/** Reads a file through. */
export async function digestFile(path: string): Promise<FileDigest> {
  const meter = startMeter();
  for await (const chunk of createReadStream(path)) meter.take(chunk as Buffer);
  return meter.read();
}

/** Copies a file, syncs it, and says what was written; its folder is the caller's to sync. */
export async function copyWithDigest(from: string, to: string): Promise<FileDigest> {
  const meter = startMeter();
  await pipeline(
    createReadStream(from),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        meter.take(chunk);
        yield chunk;
      }
    },
    createWriteStream(to, { flush: true }),
  );
  return meter.read();
}

/** Whether a copy stands for a file as it is now: same size, same time of change. */
export async function isSameFile(path: string, copyPath: string): Promise<boolean> {
  const [file, copy] = await Promise.all([stat(path), stat(copyPath).catch(() => undefined)]);
  return file.size === copy?.size && Math.abs(file.mtimeMs - copy.mtimeMs) < 1;
}

/**
 * Puts an object beside the others of a backup: a hard link on the same file system, a copy with the same time of
 * change elsewhere. Objects are never written in place, so a link stays what it was.
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rm(to, { force: true });
  try {
    await link(from, to);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw thrown;
    const { atime, mtime } = await stat(from);
    await writeWhole(to, async (partPath) => {
      await copyFile(from, partPath);
      await utimes(partPath, atime, mtime);
    });
  }
}

function startMeter(): { take(chunk: Buffer): void; read(): FileDigest } {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    take(chunk) {
      hash.update(chunk);
      bytes += chunk.length;
    },
    read: () => ({ sha256: hash.digest('hex'), bytes }),
  };
}
