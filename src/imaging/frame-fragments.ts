/** The first frame of encapsulated pixel data, put together from its fragments (PS3.5 Annex A.4). */
import type { PixelDataElement } from '../dicom/data-set.ts';
import { TriageError } from '../errors.ts';

const ITEM = 0xfffee000;
const SEQUENCE_DELIMITER = 0xfffee0dd;

interface Fragment {
  /** Offset of the item's tag from the first byte behind the basic offset table. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Returns the bytes of frame 1; throws pixel-data-unreadable where the fragments are cut off or malformed. */
export function firstFrame(bytes: Uint8Array, element: PixelDataElement, numberOfFrames: number): Uint8Array {
  if (element.length !== null) throw unreadable('the compressed pixel data is not encapsulated');
  const [offsetTable, ...fragments] = readItems(bytes, element.offset);
  if (offsetTable === undefined || fragments.length === 0) throw unreadable('the pixel data has no fragment');
  const end = endOfFirstFrame(offsetTable.bytes, fragments, numberOfFrames);
  return joined(fragments.slice(0, end).map((fragment) => fragment.bytes));
}

function endOfFirstFrame(offsetTable: Uint8Array, fragments: readonly Fragment[], frames: number): number {
  if (frames === 1) return fragments.length;
  if (fragments.length === frames) return 1;
  if (offsetTable.length >= 8) {
    const view = new DataView(offsetTable.buffer, offsetTable.byteOffset, offsetTable.byteLength);
    const second = view.getUint32(4, true);
    const end = fragments.findIndex((fragment) => fragment.offset >= second);
    if (end > 0) return end;
  }
  // Without a table a frame ends with the fragment that ends with an end marker.
  const end = fragments.findIndex(({ bytes }) => endsWithMarker(bytes));
  if (end < 0) throw unreadable('the frames of the pixel data cannot be told apart');
  return end + 1;
}

function endsWithMarker(bytes: Uint8Array): boolean {
  const tail = Buffer.from(bytes.subarray(-4)).toString('hex');
  return /ffd9(?:00|ff)?$/.test(tail);
}

function readItems(bytes: Uint8Array, start: number): Fragment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Fragment[] = [];
  let first: number | null = null;
  let at = start;
  while (at + 8 <= bytes.length) {
    const tag = view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
    const length = view.getUint32(at + 4, true);
    if (tag === SEQUENCE_DELIMITER) return items;
    if (tag !== ITEM) throw unreadable('there is something else between the fragments');
    if (at + 8 + length > bytes.length) throw unreadable('a fragment is cut off');
    items.push({ offset: at - (first ?? at), bytes: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
    first ??= at;
  }
  // A missing delimiter at the very end loses nothing: every fragment named its length and was there.
  return items;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

function unreadable(message: string): TriageError {
  return new TriageError('pixel-data-unreadable', message);
}
