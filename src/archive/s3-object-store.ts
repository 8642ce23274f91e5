import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import { readSecretFile } from '../secret-file.ts';
import type { Log } from '../telemetry.ts';
import { storageError } from './disk-errors.ts';
import { type Download, DownloadCache } from './download-cache.ts';
import { HashThread } from './hash-thread.ts';
import { checkObjectKey, type ObjectStore, type ObjectWriter } from './object-store.ts';
import { isOtherContent } from './s3-answer.ts';
import { type S3CallLimits, S3Client, type S3Keys } from './s3-client.ts';
import { uploadInParts } from './s3-multipart.ts';
import { ScratchFile } from './scratch-file.ts';
import { UploadWatch } from './upload-watch.ts';
import { WriteSlots } from './write-slots.ts';

const MIB = 1024 * 1024;

/** What is stored to learn whether the store takes films. */
const TRIAL = '0'.repeat(65_536);

/** The limits of a store. */
export interface S3Limits extends S3CallLimits {
  /** Bytes that wait here for the store; above it nothing more is taken in. */
  readonly spoolBytesMax: number;
  /** Bytes of copies that are kept here. */
  readonly cacheBytesMax: number;
  /** How long a copy stays that nobody asks for. */
  readonly cacheIdleMsMax: number;
  /** Larger objects are sent in parts. */
  readonly wholeBytesMax: number;
  readonly partBytes: number;
}

const DEFAULT_LIMITS: S3Limits = {
  connectionsMax: 16,
  attemptsMax: 3,
  attemptMsMax: 10_000,
  callMsMax: 12_000,
  bytesPerMsMin: 2048,
  retryWaitMs: 300,
  spoolBytesMax: 4096 * MIB,
  cacheBytesMax: 4096 * MIB,
  cacheIdleMsMax: 600_000,
  wholeBytesMax: 64 * MIB,
  partBytes: 32 * MIB,
};

/** Where a store is and what it works with. */
export interface S3StoreParts {
  /** http or https, with the port where it is another one; objects have addresses below the bucket's path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyFile: string;
  readonly secretKeyFile: string;
  /** A folder of this process alone; what is in it is removed. */
  readonly scratchFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: those of a service. */
  readonly limits?: Partial<S3Limits>;
}

/** An S3 store that is open. */
export interface OpenS3Store extends ObjectStore {
  /** Asks whether the bucket answers. Throws configuration-invalid for a wrong setting, else storage-failed. */
  check(): Promise<void>;
  /** Why nothing can be stored at this moment, after several failures in a row; undefined once it can be again. */
  problem(): TriageError | undefined;
  /** Ends what it does by itself, and its connections. */
  close(): void;
}

/**
 * Objects in a bucket of an S3 store. Nothing is an object before the store has answered 200 to the whole of it. A
 * store that does not answer now does not keep the service from starting; a wrong setting does.
 */
export async function openS3ObjectStore(parts: S3StoreParts): Promise<OpenS3Store> {
  await rm(parts.scratchFolder, { recursive: true, force: true });
  await mkdir(join(parts.scratchFolder, 'cache'), { recursive: true });
  const store = new S3ObjectStore(parts);
  try {
    await store.check();
  } catch (thrown) {
    if (!(thrown instanceof TriageError) || thrown.class === 'permanent') throw thrown;
    parts.log.error({ err: thrown }, 'the object store does not answer; work goes on when it does');
  }
  return store;
}

class S3ObjectStore implements OpenS3Store {
  readonly #scratchFolder: string;
  readonly #limits: S3Limits;
  readonly #client: S3Client;
  readonly #cache: DownloadCache;
  readonly #slots = new WriteSlots();
  readonly #hashing = new HashThread();
  /** Of its own, so that a whole file never keeps a stream waiting. */
  readonly #digesting = new HashThread();
  readonly #uploads: UploadWatch;
  #spooledBytes = 0;

  constructor(parts: S3StoreParts) {
    const { scratchFolder, clock, log } = parts;
    this.#scratchFolder = scratchFolder;
    this.#limits = { ...DEFAULT_LIMITS, ...parts.limits };
    const readKeys = (): S3Keys => ({
      accessKey: readSecretFile(parts.accessKeyFile),
      secretKey: readSecretFile(parts.secretKeyFile),
    });
    this.#client = new S3Client({ ...parts, readKeys }, this.#limits, clock);
    this.#uploads = new UploadWatch({ clock, log, tryOut: () => this.#tryOut() });
    this.#cache = new DownloadCache({
      folder: join(scratchFolder, 'cache'),
      bytesMax: this.#limits.cacheBytesMax,
      idleMsMax: this.#limits.cacheIdleMsMax,
      clock,
      download: (key, path, version) => this.#download(key, path, version),
    });
  }

  async check(): Promise<void> {
    // Lists nothing, whatever is there, but unlike a HEAD its answer says what is wrong.
    const query = 'list-type=2&max-keys=1&prefix=none%2F';
    await this.#client.call({ method: 'GET', key: '', query, isProbe: true });
  }

  problem(): TriageError | undefined {
    return this.#uploads.problem();
  }

  close(): void {
    this.#uploads.close();
    this.#cache.close();
    this.#client.close();
  }

  beginWrite(prefix: Uint8Array): ObjectWriter {
    const file = new ScratchFile({
      path: join(this.#scratchFolder, `${randomUUID()}.part`),
      // It is read again at once, from the page cache.
      direct: false,
      prefix,
      slots: this.#slots,
      hash: this.#hashing.begin(),
    });
    const share = this.#openSpoolShare();
    return {
      write: (chunk) => {
        share.take(chunk.length);
        return share.failed() ?? file.write(chunk);
      },
      flush: () => share.failed() ?? file.flush(),
      commit: async (key) => {
        checkObjectKey(key);
        const { path, byteCount } = await (share.failed() ?? file.flush());
        await this.#uploads.watch(() => this.#upload(path, byteCount, key));
        return byteCount;
      },
      discard: async () => {
        await file.discard();
        share.giveBack();
      },
    };
  }

  async putFile(scratchPath: string, key: string): Promise<number> {
    checkObjectKey(key);
    try {
      const { size } = await stat(scratchPath);
      await this.#uploads.watch(() => this.#upload(scratchPath, size, key));
      await rm(scratchPath);
      return size;
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  async readablePath(key: string, scratchFolder?: string): Promise<string> {
    return this.#cache.borrow(checkObjectKey(key), async (path) => {
      if (scratchFolder === undefined) return path;
      // A name of the same file that no eviction takes away.
      const lent = join(scratchFolder, randomUUID());
      await link(path, lent);
      return lent;
    });
  }

  async read(key: string): Promise<Buffer> {
    return this.#cache.borrow(checkObjectKey(key), (path) => readFile(path));
  }

  async has(key: string): Promise<boolean> {
    const { status } = await this.#client.call({ method: 'HEAD', key: checkObjectKey(key) });
    return status === 200;
  }

  async remove(keys: readonly string[]): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        await this.#client.call({ method: 'DELETE', key: checkObjectKey(key) });
        this.#cache.forget(key);
      }),
    );
  }

  async makeScratch(): Promise<string> {
    const path = join(this.#scratchFolder, randomUUID());
    await mkdir(path);
    return path;
  }

  removeScratch(path: string): Promise<void> {
    return rm(path, { recursive: true, force: true });
  }

  /** What one writer holds of the spool. A writer that was refused once stays refused, for its bytes have a gap. */
  #openSpoolShare(): { take(bytes: number): void; failed(): Promise<never> | undefined; giveBack(): void } {
    let share = 0;
    let isRefused = false;
    return {
      take: (bytes) => {
        isRefused ||= this.#spooledBytes + bytes > this.#limits.spoolBytesMax;
        if (isRefused) return;
        share += bytes;
        this.#spooledBytes += bytes;
      },
      failed: () =>
        isRefused
          ? Promise.reject(new TriageError('storage-full', 'too much waits here for the object store'))
          : undefined,
      giveBack: () => {
        this.#spooledBytes -= share;
        share = 0;
      },
    };
  }

  /** Stores something and removes it: that a store is full shows in nothing else. */
  async #tryOut(): Promise<void> {
    // One key for all, so that no more than one is left where the removal fails.
    const key = 'trials/00/trial';
    await this.#client.call({ method: 'PUT', key, body: { text: TRIAL }, isProbe: true });
    await this.#client.call({ method: 'DELETE', key, isProbe: true });
  }

  async #upload(path: string, bytes: number, key: string): Promise<void> {
    const { sha256, md5 } = await this.#digesting.digestFile(path, 0, bytes);
    // What comes back is compared with it.
    const stored = { 'x-amz-meta-sha256': sha256 };
    if (bytes > this.#limits.wholeBytesMax) {
      const digestPart = (start: number, end: number) => this.#digesting.digestFile(path, start, end);
      const file = { path, bytes, partBytes: this.#limits.partBytes, sha256 };
      await uploadInParts(this.#client, { key, headers: stored, file, digestPart });
      return;
    }
    const { headers } = await this.#client.call({
      ...{ method: 'PUT', key, headers: { ...stored, 'content-md5': md5 } },
      body: { path, start: 0, end: bytes, sha256 },
    });
    if (isOtherContent(headers, md5)) {
      throw new TriageError('storage-failed', 'the object store holds other bytes than it was sent');
    }
  }

  async #download(key: string, path: string, version: string | undefined): Promise<Download> {
    let bytes = 0;
    const { status, headers } = await this.#client.call({
      ...{ method: 'GET', key, headers: version === undefined ? {} : { 'if-none-match': version } },
      receive: async (answer) => {
        bytes = await this.#receiveFile(answer, path);
      },
    });
    if (status === 404) throw new TriageError('not-found', 'the object is not in the archive');
    if (status === 304) return undefined;
    return { bytes, version: String(headers.etag) };
  }

  /** Throws for what is shorter than announced or not what was stored. */
  async #receiveFile(answer: IncomingMessage, path: string): Promise<number> {
    let bytes = 0;
    const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    try {
      await pipeline(answer, count, createWriteStream(path));
    } catch (thrown) {
      throw storageError(thrown);
    }
    await this.#compare(answer.headers, path, bytes);
    return bytes;
  }

  async #compare(headers: IncomingHttpHeaders, path: string, bytes: number): Promise<void> {
    const announced = headers['content-length'];
    if (announced !== undefined && Number(announced) !== bytes) {
      throw new TriageError('storage-failed', 'the object store sent less than the whole object');
    }
    const stored = headers['x-amz-meta-sha256'];
    // An object that others brought here has no such note.
    if (stored === undefined) return;
    const { sha256 } = await this.#digesting.digestFile(path, 0, bytes);
    if (sha256 !== stored) {
      throw new TriageError('storage-failed', 'the object store sent other bytes than were stored');
    }
  }
}
