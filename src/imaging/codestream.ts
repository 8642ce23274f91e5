/**
 * What compressed frames say of themselves. No decoder checks the codestream against Rows and Columns, and a
 * truncated JPEG Lossless stream decodes without an error (runtime-facts, Decoding): so it is checked here.
 */
import { TriageError } from '../errors.ts';

/** The size a codestream declares. */
export interface CodestreamSize {
  readonly columns: number;
  readonly rows: number;
  readonly components: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** The frame header's marker of a JPEG, which says how it is coded: C0 baseline, C1 extended, C2 progressive. */
  readonly process?: number;
  /** Of JPEG 2000: unsigned samples at every point of a grid that begins at 0. */
  readonly isPlain?: boolean;
}

const END_MARKER_LOW = 0xd9;
/** Tiles are numbered with 16 bits (ISO/IEC 15444-1 A.4.2). */
const TILES_MAX = 65_535;

/** Size from a JPEG or JPEG-LS frame header (SOF0 to SOF15, SOF55); throws when there is none or no end marker. */
export function readJpegSize(bytes: Uint8Array): CodestreamSize {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw unreadable('the frame does not begin as a JPEG');
  requireEndMarker(bytes);
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) throw unreadable('a JPEG marker is missing');
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrameHeader(marker)) {
      return {
        precision: bytes[at + 4] ?? 0,
        rows: word(bytes, at + 5),
        columns: word(bytes, at + 7),
        components: bytes[at + 9] ?? 0,
        process: marker,
      };
    }
    if (marker === 0xda) break;
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    at += isAlone ? 2 : 2 + Math.max(2, word(bytes, at + 2));
  }
  throw unreadable('the JPEG has no frame header');
}

/**
 * Whether a lossy colour JPEG holds YCbCr, by its own marks: JFIF means YCbCr, Adobe's APP14 says which, and
 * components named R, G and B are that. null when it says nothing, or is lossless, where marks mean nothing.
 */
export function holdsYcc(bytes: Uint8Array): boolean | null {
  let marked: boolean | null = null;
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xda) break;
    const name = Buffer.from(bytes.subarray(at + 4, at + 9)).toString('latin1');
    if (marker === 0xe0 && name.startsWith('JFIF')) marked ??= true;
    // A segment too short for the mark says nothing: behind it begins the next one.
    if (marker === 0xee && name === 'Adobe' && word(bytes, at + 2) >= 14) marked = bytes[at + 15] !== 0;
    if (isFrameHeader(marker)) {
      if (marker === 0xc3) return null;
      const names = [bytes[at + 10], bytes[at + 13], bytes[at + 16]].map((id) =>
        String.fromCharCode(id ?? 0),
      );
      return names.join('') === 'RGB' ? false : marked;
    }
    at += 2 + Math.max(2, word(bytes, at + 2));
  }
  return marked;
}

/** Size from the SIZ segment of a JPEG 2000 codestream, also inside a JP2 file; throws without an end marker. */
export function readJpeg2000Size(bytes: Uint8Array): CodestreamSize {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(
    Buffer.from([0xff, 0x4f, 0xff, 0x51]),
  );
  if (start < 0 || start + 44 > bytes.length) throw unreadable('the frame holds no JPEG 2000 codestream');
  requireEndMarker(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  requireTileGrid(view);
  const [columnStep, rowStep] = [bytes[start + 43], bytes[start + 44]];
  const beginsAt0 = [16, 20, 32, 36].every((at) => view.getUint32(at) === 0);
  return {
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    components: view.getUint16(40),
    precision: (view.getUint8(42) & 0x7f) + 1,
    isPlain: beginsAt0 && view.getUint8(42) < 0x80 && columnStep === 1 && rowStep === 1,
  };
}

/** The first tile must hold the image's corner (ISO/IEC 15444-1 B.3): a decoder may search for it for ever. */
function requireTileGrid(view: DataView): void {
  for (const axis of [0, 4]) {
    const [image, corner, tile, origin] = [8, 16, 24, 32].map((at) => view.getUint32(at + axis));
    if (image === undefined || corner === undefined || tile === undefined || origin === undefined) return;
    const holdsCorner = origin <= corner && corner < origin + tile;
    const tiles = Math.ceil((image - origin) / tile);
    if (!holdsCorner || corner >= image || tiles > TILES_MAX) {
      throw unreadable('the tiles of the JPEG 2000 codestream do not cover its image');
    }
  }
}

/** FFD9 must stand at the end, with nothing but padding behind it. */
function requireEndMarker(bytes: Uint8Array): void {
  let at = bytes.length - 1;
  // A frame is padded to an even length; some writers pad further, with 00, FF or blanks.
  const isPadding = (byte: number | undefined): boolean => byte === 0x00 || byte === 0xff || byte === 0x20;
  while (at > 1 && isPadding(bytes[at])) at--;
  if (bytes[at] !== END_MARKER_LOW || bytes[at - 1] !== 0xff) {
    throw unreadable('the compressed frame ends before its end marker');
  }
}

function isFrameHeader(marker: number): boolean {
  if (marker === 0xf7) return true;
  // C4, C8 and CC lie in the same range but are tables and extensions.
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function unreadable(message: string): TriageError {
  return new TriageError('pixel-data-unreadable', message);
}
