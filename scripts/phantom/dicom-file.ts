import { createHash } from 'node:crypto';

/** One element: its tag as group x 65536 + element, its VR (PS3.5 section 6.2) and its value. */
export interface DicomElement {
  readonly tag: number;
  readonly vr: string;
  readonly value: string | readonly number[] | Uint8Array | readonly DicomElement[][];
}

/** How a data set is laid out in bytes (PS3.5 section 7). */
export interface DicomLayout {
  readonly uid: string;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly encapsulated: boolean;
}

/** The transfer syntaxes that fixtures are written in. */
export const LAYOUTS = {
  implicit: { uid: '1.2.840.10008.1.2', explicitVr: false, littleEndian: true, encapsulated: false },
  explicit: { uid: '1.2.840.10008.1.2.1', explicitVr: true, littleEndian: true, encapsulated: false },
  bigEndian: { uid: '1.2.840.10008.1.2.2', explicitVr: true, littleEndian: false, encapsulated: false },
  rle: { uid: '1.2.840.10008.1.2.5', explicitVr: true, littleEndian: true, encapsulated: true },
  jpegBaseline: { uid: '1.2.840.10008.1.2.4.50', explicitVr: true, littleEndian: true, encapsulated: true },
  jpegLossless: { uid: '1.2.840.10008.1.2.4.70', explicitVr: true, littleEndian: true, encapsulated: true },
  jpegLs: { uid: '1.2.840.10008.1.2.4.80', explicitVr: true, littleEndian: true, encapsulated: true },
  jpeg2000: { uid: '1.2.840.10008.1.2.4.90', explicitVr: true, littleEndian: true, encapsulated: true },
} as const satisfies Record<string, DicomLayout>;

/** VRs whose explicit length takes 32 bits after two reserved bytes (PS3.5 section 7.1.2). */
const LONG_VRS = new Set(['OB', 'OW', 'SQ', 'UN', 'UT', 'UC', 'UR']);
const TEXT_PADDING: Readonly<Record<string, string>> = { UI: '\0' };

/** An element of text or numbers. */
export function element(tag: number, vr: string, value: DicomElement['value']): DicomElement {
  return { tag, vr, value };
}

/** A UID below 2.25 that follows from the names given, so that a fixture keeps its identity. */
export function deriveUid(...names: (string | number)[]): string {
  const digest = createHash('sha256').update(names.join('/')).digest('hex').slice(0, 32);
  return `2.25.${BigInt(`0x${digest}`).toString()}`;
}

/** The bytes of a data set, in the order of the tags. */
export function encodeDataSet(elements: readonly DicomElement[], layout: DicomLayout): Buffer {
  const sorted = [...elements].sort((a, b) => a.tag - b.tag);
  return Buffer.concat(sorted.map((item) => encodeElement(item, layout)));
}

/** The bytes of one element with the length given, which need not be true: broken fixtures lie here. */
export function encodeElement(item: DicomElement, layout: DicomLayout, lengthClaimed?: number): Buffer {
  if (item.tag === 0x7fe00010 && layout.encapsulated && item.value instanceof Uint8Array) {
    return encodeEncapsulated([item.value]);
  }
  const body = encodeValue(item, layout);
  return Buffer.concat([encodeHeader(item.tag, item.vr, lengthClaimed ?? body.length, layout), body]);
}

/** The head of an element: tag, VR where explicit, length. */
export function encodeHeader(tag: number, vr: string, length: number, layout: DicomLayout): Buffer {
  const long = !layout.explicitVr || LONG_VRS.has(vr);
  const head = Buffer.alloc(layout.explicitVr && long ? 12 : 8);
  const write16 = (value: number, at: number): void => {
    if (layout.littleEndian) head.writeUInt16LE(value, at);
    else head.writeUInt16BE(value, at);
  };
  write16(tag >>> 16, 0);
  write16(tag & 0xffff, 2);
  if (layout.explicitVr) head.write(vr, 4, 'latin1');
  if (!long) write16(length, 6);
  else if (layout.littleEndian) head.writeUInt32LE(length, head.length - 4);
  else head.writeUInt32BE(length, head.length - 4);
  return head;
}

function encodeValue(item: DicomElement, layout: DicomLayout): Buffer {
  const { value, vr } = item;
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8');
    return text.length % 2 === 0 ? text : Buffer.concat([text, Buffer.from(TEXT_PADDING[vr] ?? ' ')]);
  }
  if (value instanceof Uint8Array) {
    return value.length % 2 === 0 ? Buffer.from(value) : Buffer.concat([value, Buffer.alloc(1)]);
  }
  if (vr === 'SQ') {
    const items = (value as readonly DicomElement[][]).map((nested) => {
      const body = encodeDataSet(nested, layout);
      const plain = { ...layout, explicitVr: false };
      return Buffer.concat([encodeHeader(0xfffee000, '', body.length, plain), body]);
    });
    return Buffer.concat(items);
  }
  return encodeNumbers(value as readonly number[], layout);
}

function encodeNumbers(numbers: readonly number[], layout: DicomLayout): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2);
  numbers.forEach((number, index) => {
    if (layout.littleEndian) bytes.writeUInt16LE(number, index * 2);
    else bytes.writeUInt16BE(number, index * 2);
  });
  return bytes;
}

/** Pixel data in fragments after an empty basic offset table (PS3.5 section A.4). */
export function encodeEncapsulated(fragments: readonly Uint8Array[]): Buffer {
  const item = (bytes: Uint8Array): Buffer => {
    const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
    return Buffer.concat([encodeHeader(0xfffee000, '', padded.length, LAYOUTS.implicit), padded]);
  };
  return Buffer.concat([
    encodeHeader(0x7fe00010, 'OB', 0xffffffff, LAYOUTS.explicit),
    item(Buffer.alloc(0)),
    ...fragments.map(item),
    encodeHeader(0xfffee0dd, '', 0, LAYOUTS.implicit),
  ]);
}

/** Preamble and file meta information (PS3.10 section 7.1) before a data set. */
export function wrapPart10(
  dataSet: Buffer,
  sopClassUid: string,
  sopInstanceUid: string,
  syntaxUid: string,
): Buffer {
  const meta = encodeDataSet(
    [
      element(0x00020001, 'OB', Buffer.from([0, 1])),
      element(0x00020002, 'UI', sopClassUid),
      element(0x00020003, 'UI', sopInstanceUid),
      element(0x00020010, 'UI', syntaxUid),
      element(0x00020012, 'UI', deriveUid('osteotriage', 'fixtures')),
      element(0x00020013, 'SH', 'OSTEO_FIXTURE'),
    ],
    LAYOUTS.explicit,
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const group = encodeElement(element(0x00020000, 'UL', length), LAYOUTS.explicit);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), group, meta, dataSet]);
}
