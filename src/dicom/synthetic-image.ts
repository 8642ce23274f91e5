/** Builds small DICOM images element by element, for tests: right ones, and wrong ones on purpose. */
import { part10Prefix } from './part10.ts';
import { findTransferSyntax, SOP_CLASSES, TRANSFER_SYNTAX_UIDS } from './uids.ts';

/** An element: tag as a number, VR, and its value as text, 16-bit numbers, bytes, or items of a sequence. */
export type SyntheticElement = readonly [
  tag: number,
  vr: string,
  value: string | readonly number[] | Uint8Array | readonly (readonly SyntheticElement[])[],
];

/** What to build; everything has a sound default. */
export interface SyntheticImage {
  readonly transferSyntaxUid?: string;
  readonly columns: number;
  readonly rows: number;
  readonly bitsAllocated?: number;
  readonly bitsStored?: number;
  readonly highBit?: number;
  readonly signed?: boolean;
  readonly samplesPerPixel?: number;
  readonly photometric?: string;
  readonly planarConfiguration?: number;
  readonly numberOfFrames?: number;
  /** Value of Pixel Data, or its fragments where the syntax encapsulates; left out when undefined. */
  readonly pixelData?: Uint8Array | readonly Uint8Array[];
  readonly pixelDataVr?: 'OB' | 'OW';
  /** Added, or put in the place of those above. */
  readonly elements?: readonly SyntheticElement[];
}

interface Encoding {
  readonly bigEndian: boolean;
  readonly explicitVr: boolean;
}

/** The bytes of a Part 10 file. */
export function buildImage(image: SyntheticImage): Buffer {
  const transferSyntaxUid = image.transferSyntaxUid ?? TRANSFER_SYNTAX_UIDS.explicitLittleEndian;
  const prefix = part10Prefix({
    sopClassUid: SOP_CLASSES.digitalXRayForPresentation,
    sopInstanceUid: '1.2.3.4.5',
    transferSyntaxUid,
  });
  return Buffer.concat([prefix, buildDataSet(image)]);
}

/** The bytes of the data set alone, as an association carries it. */
export function buildDataSet(image: SyntheticImage): Buffer {
  const syntax = findTransferSyntax(image.transferSyntaxUid ?? TRANSFER_SYNTAX_UIDS.explicitLittleEndian);
  const encoding = { bigEndian: syntax?.bigEndian ?? false, explicitVr: syntax?.explicitVr ?? true };
  const byTag = new Map([...standardElements(image), ...(image.elements ?? [])].map((e) => [e[0], e]));
  const elements = [...byTag.values()].sort((a, b) => a[0] - b[0]);
  const parts = elements.map((element) => encodeElement(element, encoding));
  const { pixelData } = image;
  if (pixelData instanceof Uint8Array) {
    parts.push(encodeElement([0x7fe00010, image.pixelDataVr ?? 'OW', pixelData], encoding));
  } else if (pixelData !== undefined) {
    parts.push(encodeFragments(pixelData));
  }
  return Buffer.concat(parts);
}

function standardElements(image: SyntheticImage): SyntheticElement[] {
  const bitsAllocated = image.bitsAllocated ?? 16;
  const bitsStored = image.bitsStored ?? bitsAllocated;
  return [
    [0x00080016, 'UI', SOP_CLASSES.digitalXRayForPresentation],
    [0x00080018, 'UI', '1.2.3.4.5'],
    [0x00080060, 'CS', 'PX'],
    [0x0020000d, 'UI', '1.2.3.4'],
    [0x0020000e, 'UI', '1.2.3.4.1'],
    [0x00280002, 'US', [image.samplesPerPixel ?? 1]],
    [0x00280004, 'CS', image.photometric ?? 'MONOCHROME2'],
    [0x00280006, 'US', [image.planarConfiguration ?? 0]],
    [0x00280008, 'IS', String(image.numberOfFrames ?? 1)],
    [0x00280010, 'US', [image.rows]],
    [0x00280011, 'US', [image.columns]],
    [0x00280100, 'US', [bitsAllocated]],
    [0x00280101, 'US', [bitsStored]],
    [0x00280102, 'US', [image.highBit ?? bitsStored - 1]],
    [0x00280103, 'US', [image.signed === true ? 1 : 0]],
  ];
}

function encodeElement([tag, vr, value]: SyntheticElement, encoding: Encoding): Buffer {
  const body = encodeValue(vr, value, encoding);
  const isLong = /^(?:OB|OW|SQ|UN|UT)$/.test(vr);
  const head = Buffer.alloc(encoding.explicitVr && isLong ? 12 : 8);
  writeTag(head, tag, encoding.bigEndian);
  if (encoding.explicitVr) head.write(vr, 4, 'latin1');
  if (encoding.explicitVr && !isLong) writeNumber(head, body.length, 6, 2, encoding.bigEndian);
  else writeNumber(head, body.length, head.length - 4, 4, encoding.bigEndian);
  return Buffer.concat([head, body]);
}

function encodeValue(vr: string, value: SyntheticElement[2], encoding: Encoding): Buffer {
  if (typeof value === 'string') return padded(Buffer.from(value, 'utf8'), vr === 'UI' ? 0 : 0x20);
  if (value instanceof Uint8Array) return padded(Buffer.from(value), 0);
  if (vr === 'SQ') {
    return Buffer.concat(
      (value as readonly (readonly SyntheticElement[])[]).map((item) => encodeItem(item, encoding)),
    );
  }
  const numbers = value as readonly number[];
  const body = Buffer.alloc(numbers.length * 2);
  numbers.forEach((entry, i) => {
    writeNumber(body, entry & 0xffff, i * 2, 2, encoding.bigEndian);
  });
  return body;
}

function encodeItem(item: readonly SyntheticElement[], encoding: Encoding): Buffer {
  const body = Buffer.concat(item.map((element) => encodeElement(element, encoding)));
  const head = Buffer.alloc(8);
  writeTag(head, 0xfffee000, encoding.bigEndian);
  writeNumber(head, body.length, 4, 4, encoding.bigEndian);
  return Buffer.concat([head, body]);
}

function encodeFragments(fragments: readonly Uint8Array[]): Buffer {
  const head = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  const items = [Buffer.alloc(0), ...fragments].map((fragment) => {
    const body = padded(Buffer.from(fragment), 0);
    const item = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    item.writeUInt32LE(body.length, 4);
    return Buffer.concat([item, body]);
  });
  return Buffer.concat([head, ...items, Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])]);
}

function writeTag(head: Buffer, tag: number, bigEndian: boolean): void {
  writeNumber(head, Math.floor(tag / 65536), 0, 2, bigEndian);
  writeNumber(head, tag & 0xffff, 2, 2, bigEndian);
}

function writeNumber(buffer: Buffer, value: number, at: number, byteCount: number, bigEndian: boolean): void {
  if (bigEndian) buffer.writeUIntBE(value, at, byteCount);
  else buffer.writeUIntLE(value, at, byteCount);
}

function padded(bytes: Buffer, padding: number): Buffer {
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([padding])]);
}
