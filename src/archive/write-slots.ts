/** Bytes that go to the disk in one write. */
export const SLOT_BYTES = 1024 * 1024;
/** How much of the beginning of an object is kept for whoever reads its header. */
export const START_BYTES = 64 * 1024;
/** Above so many in use nobody gets a second one, and so many are kept: enough for eight films at once. */
const SLOTS_MAX = 20;

/** Memory for one write: shared with the thread that hashes, page-aligned for direct writes. */
export interface WriteSlot {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
}

/** The slots of an object store. */
export class WriteSlots {
  readonly #free: WriteSlot[] = [];
  readonly #freeStarts: Buffer[] = [];
  #used = 0;

  /** A slot for whoever has none: always there. */
  take(): WriteSlot {
    this.#used += 1;
    return this.#free.pop() ?? makeSlot();
  }

  /** A further slot, for writing ahead; undefined when too many are in use. */
  takeFurther(): WriteSlot | undefined {
    return this.#used < SLOTS_MAX ? this.take() : undefined;
  }

  /** Gives a slot back. */
  give(slot: WriteSlot): void {
    this.#used -= 1;
    if (this.#free.length < SLOTS_MAX) this.#free.push(slot);
  }

  /** Room for the beginning of an object. */
  takeStart(): Buffer {
    return this.#freeStarts.pop() ?? Buffer.allocUnsafeSlow(START_BYTES);
  }

  /** Gives that room back. */
  giveStart(start: Buffer): void {
    if (this.#freeStarts.length < SLOTS_MAX) this.#freeStarts.push(start);
  }
}

function makeSlot(): WriteSlot {
  // Memory that could grow is laid out in pages of its own; other memory begins 16 bytes after a page does.
  const memory = new SharedArrayBuffer(SLOT_BYTES, { maxByteLength: SLOT_BYTES });
  return { memory, bytes: Buffer.from(memory, 0, SLOT_BYTES) };
}
