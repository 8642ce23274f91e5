/** The thread that hashes; messages are answered in their order. */
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

/** The next bytes of a stream, or the word that it is given up. */
export type HashRequest =
  | {
      readonly stream: number;
      readonly memory: SharedArrayBuffer;
      readonly offset: number;
      readonly bytes: number;
      readonly isLast: boolean;
    }
  | { readonly stream: number; readonly forget: true };

/** The digest of the stream where the request was its last, in lower-case hexadecimal. */
export type HashReply = string | null;

const hashes = new Map<number, Hash>();

parentPort?.on('message', (request: HashRequest) => {
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
