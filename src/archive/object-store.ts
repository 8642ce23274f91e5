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
   * Makes the bytes an object under the key. It is durable when the promise resolves: file synced, renamed,
   * folder synced. Returns its size in bytes.
   */
  commit(key: string): Promise<number>;
  /** Ends the writer: forgets what was written unless it was committed. Call it in the end, at any time, more than once. */
  discard(): Promise<void>;
}

/** Where objects are kept: disk, and later S3. Keys are `<folder>/<name>` of [a-z0-9.-]. */
export interface ObjectStore {
  /** Begins with a prefix, which is not hashed. A failure of the disk is met by the writer's methods. */
  beginWrite(prefix: Uint8Array): ObjectWriter;
  /** Makes a finished scratch file an object, as durable as ObjectWriter.commit. Returns its size in bytes. */
  putFile(scratchPath: string, key: string): Promise<number>;
  /** A path at which a child process can read the object. Throws not-found. */
  readablePath(key: string): Promise<string>;
  /** Throws not-found. */
  read(key: string): Promise<Buffer>;
  has(key: string): Promise<boolean>;
  /** A fresh folder for the scratch files of one job; on the same disk, so that putFile is a rename. */
  makeScratch(): Promise<string>;
  removeScratch(path: string): Promise<void>;
}
