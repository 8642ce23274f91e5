/** Reads the files of films before their turn comes, into memory that is used again. */
import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { TriageError } from '../src/errors.ts';
import type { BatchItem } from './messages.ts';

/** What is read ahead at most, bytes; a film beyond it is read when its turn comes. */
const AHEAD_BYTES_MAX = 256 * 1024 * 1024;
/** A film being written, one being computed and one being read. */
const SPARE_BUFFERS_MAX = 3;
const SPARE_BYTES_MAX = 64 * 1024 * 1024;

interface FetchedFilm {
  /** What the bytes lie in; longer than they are where it was used before. */
  readonly memory: Buffer;
  readonly bytes: Promise<Buffer>;
}

/** Holds each film from fetch or read, whichever comes first, until forget; its bytes must not be used after that. */
export class FilmReader {
  readonly #films = new Map<number, FetchedFilm>();
  #spare: Buffer[] = [];
  #heldBytes = 0;

  /**
   * Begins to read a film. One system call in a thread of the library reads all of it: whoever computes meanwhile
   * does not have to look after it.
   */
  fetch(item: BatchItem): void {
    if (this.#heldBytes < AHEAD_BYTES_MAX) void this.#begin(item).catch(() => undefined);
  }

  /** The bytes of a film. Rejects where the file cannot be read. */
  read(item: BatchItem): Promise<Buffer> {
    return this.#films.get(item.key)?.bytes ?? this.#begin(item);
  }

  /** Ends the use of a film's bytes. */
  forget({ key }: BatchItem): void {
    const film = this.#films.get(key);
    if (film === undefined) return;
    this.#films.delete(key);
    const { memory, bytes } = film;
    this.#heldBytes -= memory.length;
    const keep = (): void => {
      if (memory.length > 0 && memory.length <= SPARE_BYTES_MAX && this.#spare.length < SPARE_BUFFERS_MAX)
        this.#spare.push(memory);
    };
    // Not before the system is done with it.
    void bytes.then(keep, keep);
  }

  #begin({ key, request }: BatchItem): Promise<Buffer> {
    let file: number | undefined;
    try {
      // The folder entry was just written or read by the service, so that opening it waits for no disk.
      file = openSync(request.path, 'r');
      const { size } = fstatSync(file);
      const memory = this.#takeMemory(size);
      return this.#hold(key, memory, readAll(file, memory, size));
    } catch (thrown) {
      if (file !== undefined) closeSync(file);
      const failure = new TriageError('storage-failed', 'the file cannot be read', { cause: thrown });
      return this.#hold(key, Buffer.alloc(0), Promise.reject(failure));
    }
  }

  #hold(key: number, memory: Buffer, bytes: Promise<Buffer>): Promise<Buffer> {
    this.#films.set(key, { memory, bytes });
    this.#heldBytes += memory.length;
    return bytes;
  }

  /** The smallest spare that fits, else new memory that nobody has to fill with zeros first. */
  #takeMemory(size: number): Buffer {
    const [fits] = this.#spare.filter(({ length }) => length >= size).sort((a, b) => a.length - b.length);
    if (fits === undefined) {
      this.#spare = this.#spare.slice(0, SPARE_BUFFERS_MAX - 1);
      return Buffer.allocUnsafeSlow(size);
    }
    this.#spare = this.#spare.filter((memory) => memory !== fits);
    return fits;
  }
}

function readAll(file: number, memory: Buffer, size: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const settle = (error: Error | null, length: number): void => {
    closeSync(file);
    if (error === null) resolve(memory.subarray(0, length));
    else reject(error);
  };
  const readFrom = (offset: number): void => {
    read(file, memory, offset, size - offset, offset, (error, count) => {
      // The system reads at most 2 GiB in one call; nothing read is the end of a file that became shorter.
      if (error !== null || count === 0 || offset + count >= size) settle(error, offset + count);
      else readFrom(offset + count);
    });
  };
  if (size === 0) settle(null, 0);
  else readFrom(0);
  return promise;
}
