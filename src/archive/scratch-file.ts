import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TriageError } from '../errors.ts';
import { storageError } from './disk-errors.ts';
import { syncFolder } from './folder-sync.ts';
import type { StreamHash } from './hash-thread.ts';
import type { WrittenBytes } from './object-store.ts';
import { SLOT_BYTES, START_BYTES, type WriteSlot, type WriteSlots } from './write-slots.ts';

/** Full slots of one writer that may wait for the disk and the hash before the sender is asked to pause. */
const SUBMITTED_MAX = 2;
/** Every disk's direct writes are whole blocks of this size, or of a part of it. */
const BLOCK_BYTES = 4096;

/** What a writer works with. */
export interface ScratchFileParts {
  readonly path: string;
  /** Whether writes go past the page cache. */
  readonly direct: boolean;
  readonly prefix: Uint8Array;
  readonly slots: WriteSlots;
  readonly hash: StreamHash;
}

/** Opens a new file for writing; `direct` where the file system allows it. */
export function openScratchFile(path: string, direct: boolean): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  return open(path, O_CREAT | O_EXCL | O_WRONLY | (direct ? constants.O_DIRECT : 0));
}

/**
 * One file being written. Bytes are gathered in slots; a full one is written and hashed at the same time, while
 * the next one fills. Direct writes save the copy into the page cache and its write-back, and leave little to do
 * for the sync at the end.
 */
export class ScratchFile {
  readonly #parts: ScratchFileParts;
  readonly #file: Promise<FileHandle>;
  #slot: WriteSlot | undefined;
  #filledBytes = 0;
  /** Bytes of the slots before the one that fills. */
  #position = 0;
  #start: Buffer | undefined;
  #startBytes = 0;
  readonly #submitted = new Set<Promise<void>>();
  #dataSetSha256: string | undefined;
  #failure: TriageError | undefined;
  #ended = false;

  constructor(parts: ScratchFileParts) {
    this.#parts = parts;
    this.#file = openScratchFile(parts.path, parts.direct);
    this.#file.catch((thrown: unknown) => {
      this.#failure ??= storageError(thrown);
    });
    this.#fill(parts.prefix);
  }

  /** As ObjectWriter.write. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const rest = this.#fill(chunk);
    return rest.length === 0 ? undefined : this.#writeLater(rest);
  }

  /** As ObjectWriter.flush. */
  async flush(): Promise<WrittenBytes> {
    if (this.#dataSetSha256 === undefined) this.#submit(true);
    await Promise.all(this.#submitted);
    this.#throwFailure();
    return {
      path: this.#parts.path,
      start: this.#start?.subarray(0, this.#startBytes) ?? Buffer.alloc(0),
      dataSetSha256: this.#dataSetSha256 ?? '',
      byteCount: this.#position,
    };
  }

  /** Moves the file to where it stays: synced, renamed, its folder synced. Returns its size in bytes. */
  async moveTo(target: string): Promise<number> {
    try {
      await this.flush();
      const file = await this.#file;
      await file.sync();
      await rename(this.#parts.path, target);
      await syncFolder(dirname(target));
      // A file that was renamed is not unlinked by discard.
      this.#ended = true;
      file.close().catch(() => undefined);
      return this.#position;
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  /** As ObjectWriter.discard: the file goes unless it was moved. */
  async discard(): Promise<void> {
    if (this.#start !== undefined) this.#parts.slots.giveStart(this.#start);
    this.#start = undefined;
    if (this.#ended) return;
    this.#ended = true;
    await Promise.all(this.#submitted);
    if (this.#slot !== undefined) this.#parts.slots.give(this.#slot);
    this.#slot = undefined;
    if (this.#dataSetSha256 === undefined) this.#parts.hash.forget();
    const file = await this.#file.catch(() => undefined);
    await file?.close();
    if (file !== undefined) await unlink(this.#parts.path).catch(() => undefined);
  }

  /** Takes what fits without waiting; returns the rest. */
  #fill(chunk: Uint8Array): Uint8Array {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#slot === undefined && !this.#takeSlot()) return rest;
      const end = Math.min(SLOT_BYTES, this.#filledBytes + rest.length);
      const taken = rest.subarray(0, end - this.#filledBytes);
      // fill copies natively; copy and set go byte by byte where memory is shared, ten times slower.
      this.#slot?.bytes.fill(taken, this.#filledBytes, end);
      this.#filledBytes = end;
      rest = rest.subarray(taken.length);
      if (end === SLOT_BYTES) this.#submit(false);
    }
    return rest;
  }

  #takeSlot(): boolean {
    const { slots } = this.#parts;
    if (this.#submitted.size === 0) this.#slot = slots.take();
    else if (this.#submitted.size < SUBMITTED_MAX) this.#slot = slots.takeFurther();
    return this.#slot !== undefined;
  }

  async #writeLater(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      await Promise.race(this.#submitted);
      this.#throwFailure();
      rest = this.#fill(rest);
    }
  }

  /** Hands the slot over to the disk and the hash. */
  #submit(isLast: boolean): void {
    const slot = this.#slot ?? this.#parts.slots.take();
    const work = this.#store(slot, this.#position, this.#filledBytes, isLast);
    this.#slot = undefined;
    this.#position += this.#filledBytes;
    this.#filledBytes = 0;
    this.#submitted.add(work);
    void work.then(() => this.#submitted.delete(work));
  }

  // Never rejects: a failure is kept and met by the next write or by flush.
  async #store(slot: WriteSlot, position: number, byteCount: number, isLast: boolean): Promise<void> {
    const { prefix, hash, slots } = this.#parts;
    const unhashed = position === 0 ? prefix.length : 0;
    if (position === 0) this.#keepStart(slot, byteCount);
    const results = await Promise.allSettled([
      this.#writeSlot(slot, position, byteCount),
      hash.update(slot.memory, unhashed, byteCount - unhashed, isLast),
    ]);
    slots.give(slot);
    for (const result of results) {
      if (result.status === 'rejected') this.#failure ??= storageError(result.reason);
    }
    if (isLast && results[1].status === 'fulfilled') this.#dataSetSha256 = results[1].value ?? '';
  }

  #keepStart(slot: WriteSlot, byteCount: number): void {
    this.#start = this.#parts.slots.takeStart();
    this.#startBytes = Math.min(byteCount, START_BYTES);
    if (this.#startBytes > 0) this.#start.fill(slot.bytes.subarray(0, this.#startBytes), 0, this.#startBytes);
  }

  async #writeSlot(slot: WriteSlot, position: number, byteCount: number): Promise<void> {
    const file = await this.#file;
    const blocks = Math.ceil(byteCount / BLOCK_BYTES) * BLOCK_BYTES;
    const end = this.#parts.direct ? blocks : byteCount;
    // What fills the last block is cut off again, and is nothing of an earlier film meanwhile.
    slot.bytes.fill(0, byteCount, end);
    let written = 0;
    while (written < end) {
      const { bytesWritten } = await file.write(slot.bytes, written, end - written, position + written);
      written += bytesWritten;
    }
    if (end !== byteCount) await file.truncate(position + byteCount);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
