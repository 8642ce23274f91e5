/** The thread that hashes; messages are answered in their order. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** The next bytes of a stream, or the word that it is given up, or a part of a file from start up to end. */
export type HashRequest =
  | {
      readonly stream: number;
      readonly memory: SharedArrayBuffer;
      readonly offset: number;
      readonly bytes: number;
      readonly isLast: boolean;
    }
  | { readonly stream: number; readonly forget: true }
  | { readonly path: string; readonly start: number; readonly end: number };

/** The digest of the stream where the request was its last, in lower-case hexadecimal. */
export type StreamReply = string | null;

/** The digests of a part of a file: SHA-256 in lower-case hexadecimal, MD5 in base64; or why there are none. */
export type FileReply = { readonly sha256: string; readonly md5: string } | { readonly problem: string };

/** What the thread answers. */
export type HashReply = StreamReply | FileReply;

const READ_BYTES = 1024 * 1024;

const hashes = new Map<number, Hash>();

parentPort?.on('message', (request: HashRequest) => {
  if ('path' in request) {
    parentPort?.postMessage(digestFile(request.path, request.start, request.end) satisfies HashReply);
    return;
  }
  const hash = hashes.get(request.stream) ?? createHash('sha256');
  if ('forget' in request) {
    hashes.delete(request.stream);
    return;
  }
  hash.update(new Uint8Array(request.memory, request.offset, request.bytes));
  if (request.isLast) hashes.delete(request.stream);
  else hashes.set(request.stream, hash);
  const reply: HashReply = request.isLast ? hash.digest('hex') : null;
  parentPort?.postMessage(reply);
});

function digestFile(path: string, start: number, end: number): FileReply {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  const memory = Buffer.allocUnsafe(Math.min(READ_BYTES, end - start));
  try {
    const file = openSync(path, 'r');
    try {
      for (let position = start; position < end;) {
        const bytes = readSync(file, memory, 0, Math.min(memory.length, end - position), position);
        if (bytes === 0) return { problem: 'a file became shorter while it was hashed' };
        sha256.update(memory.subarray(0, bytes));
        md5.update(memory.subarray(0, bytes));
        position += bytes;
      }
    } finally {
      closeSync(file);
    }
  } catch {
    // What a system call says names the path.
    return { problem: 'a file could not be read for hashing' };
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('base64') };
}
