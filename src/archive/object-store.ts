import { TriageError } from '../errors.ts';

const KEY_PATTERN = /^[a-z]+\/[0-9a-f]{2}\/[0-9a-z.-]{1,128}$/;

/** Throws for what is no key, `<kind>/<two hex digits>/<name>`: it could lead out of the store. Returns the key. */
export function checkObjectKey(key: string): string {
  if (!KEY_PATTERN.test(key)) throw new TriageError('unexpected', 'an object key of the wrong form');
  return key;
}

/** What a writer took so far. */
export interface WrittenBytes {
  /** Where all of it can be read. */
  readonly path: string;
  /** The beginning, up to 64 KB; its memory is used again after discard. */
  readonly start: Buffer;
  /** Of all that came after the prefix, in lower-case hexadecimal. */
  readonly dataSetSha256: string;
  readonly byteCount: number;
}

/** What is being written and is not yet an object. */
export interface ObjectWriter {
  /**
   * Takes bytes; the promise, where there is one, resolves when more are welcome (back-pressure). The memory may be
   * used again when this returned, or what it returned resolved.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends the writing: resolves when everything taken is in the file. Throws storage-failed or storage-full. */
  flush(): Promise<WrittenBytes>;
  /**
   * Makes the bytes an object under the key. It is durable when the promise resolves: on disk file synced, renamed,
   * folder synced; elsewhere when the store has said so. Returns its size in bytes.
   */
  commit(key: string): Promise<number>;
  /** Ends the writer: forgets what was written unless it was committed. Call it in the end, at any time, more than once. */
  discard(): Promise<void>;
}

/** Where objects are kept: disk, S3. Keys are as checkObjectKey says. Every failure is a TriageError. */
export interface ObjectStore {
  /** Begins with a prefix, which is not hashed. A failure of the store is met by the writer's methods. */
  beginWrite(prefix: Uint8Array): ObjectWriter;
  /** Makes a finished scratch file an object, as durable as ObjectWriter.commit; the file goes. Returns its size in bytes. */
  putFile(scratchPath: string, key: string): Promise<number>;
  /**
   * A path at which a child process can read the object. It stays there until the scratch folder is removed; without
   * one whoever asks opens it at once, for it may be lent from a cache. Throws not-found.
   */
  readablePath(key: string, scratchFolder?: string): Promise<string>;
  /** Throws not-found. */
  read(key: string): Promise<Buffer>;
  has(key: string): Promise<boolean>;
  /** Removes objects, and nothing where there is none of that key. They stay away when the promise resolves. */
  remove(keys: readonly string[]): Promise<void>;
  /** A fresh folder for the scratch files of one job; on disk where the objects are, so that putFile is a rename. */
  makeScratch(): Promise<string>;
  removeScratch(path: string): Promise<void>;
}

/** Lends a scratch folder for as long as the use lasts. */
export async function withScratch<Result>(
  objects: Pick<ObjectStore, 'makeScratch' | 'removeScratch'>,
  use: (scratchFolder: string) => Promise<Result>,
): Promise<Result> {
  const scratchFolder = await objects.makeScratch();
  try {
    return await use(scratchFolder);
  } finally {
    await objects.removeScratch(scratchFolder);
  }
}
