/** What is being written and is not yet an object. */
export interface ObjectWriter {
  /** Takes bytes; the promise, where there is one, resolves when more are welcome (back-pressure). */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Resolves when everything taken so far can be read at the path it returns. */
  flush(): Promise<string>;
  /**
   * Makes the bytes an object under the key. It is durable when the promise resolves: file synced, renamed,
   * folder synced. Returns its size in bytes.
   */
  commit(key: string): Promise<number>;
  /** Forgets what was written. May be called at any time, more than once. */
  discard(): Promise<void>;
}

/** Where objects are kept: disk, and later S3. Keys are `<folder>/<name>` of [a-z0-9.-]. */
export interface ObjectStore {
  beginWrite(): Promise<ObjectWriter>;
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
