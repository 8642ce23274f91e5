import { TriageError } from '../errors.ts';
import type { DictionaryElement } from './element-dictionary.ts';
import { elementOfKeyword } from './element-dictionary.ts';
import { BINARY_NUMBERS, hasLongLength, isLocalText, isText } from './value-representation.ts';
import type { DicomDataset, DicomValue } from './write-part10.ts';

const ITEM = 0xfffee000;
/** Longest decimal string (PS3.5 6.2). */
const DECIMAL_CHARACTERS_MAX = 16;

/** What holds for every level of a data set. */
interface Encoding {
  readonly explicit: boolean;
  readonly text: 'latin1' | 'utf8';
}

/** Writes the elements of a data set in little endian; see `encodeDataSet`. */
export function encodeElements(dataset: DicomDataset, explicit: boolean): Buffer {
  const text = textEncodingOf(dataset);
  const term = text === 'latin1' ? 'ISO_IR 100' : 'ISO_IR 192';
  const isNamed = dataset['SpecificCharacterSet'] !== undefined || !isWithin(dataset, 'ascii');
  return encodeLevel(isNamed ? { ...dataset, SpecificCharacterSet: term } : dataset, { explicit, text });
}

function textEncodingOf(dataset: DicomDataset): 'latin1' | 'utf8' {
  return dataset['SpecificCharacterSet'] === 'ISO_IR 100' && isWithin(dataset, 'latin1') ? 'latin1' : 'utf8';
}

/** Whether every text in it can be written with the letters of a repertoire. */
function isWithin(value: DicomValue, repertoire: 'ascii' | 'latin1'): boolean {
  if (typeof value === 'string') return Buffer.from(value, repertoire).toString(repertoire) === value;
  if (value === null || typeof value === 'number' || value instanceof Uint8Array) return true;
  return Object.values(value as Record<string, DicomValue>).every((inner) => isWithin(inner, repertoire));
}

function encodeLevel(dataset: DicomDataset, encoding: Encoding): Buffer {
  const elements = Object.entries(dataset).map(([keyword, value]) => ({ element: find(keyword), value }));
  elements.sort((a, b) => a.element.tag - b.element.tag);
  return Buffer.concat(
    elements.flatMap(({ element, value }) => {
      const vr = value instanceof Uint8Array ? binaryVr(element, dataset) : element.vr;
      const bytes = encodeValue({ ...element, vr }, value, encoding);
      return [encodeHead(element, vr, bytes.length, encoding.explicit), bytes];
    }),
  );
}

function find(keyword: string): DictionaryElement {
  const element = elementOfKeyword(keyword);
  if (element !== undefined) return element;
  // Leaving it out in silence would write an object without an attribute that the caller meant.
  throw new TriageError('data-set-unreadable', `no DICOM element has the keyword ${keyword}`);
}

/** Pixels of more than eight bits are words (PS3.5 A.2). */
function binaryVr(element: DictionaryElement, dataset: DicomDataset): string {
  const isWide = element.keyword === 'PixelData' && Number(dataset['BitsAllocated'] ?? 8) > 8;
  return isWide ? 'OW' : hasLongLength(element.vr) && element.vr !== 'SQ' ? element.vr : 'OB';
}

function encodeHead(element: DictionaryElement, vr: string, lengthBytes: number, explicit: boolean): Buffer {
  const isShort = explicit && !hasLongLength(vr);
  const head = Buffer.alloc(explicit && !isShort ? 12 : 8);
  head.writeUInt16LE(element.tag >>> 16, 0);
  head.writeUInt16LE(element.tag & 0xffff, 2);
  if (explicit) head.write(vr, 4, 'latin1');
  if (!isShort) head.writeUInt32LE(lengthBytes, head.length - 4);
  else if (lengthBytes <= 0xffff) head.writeUInt16LE(lengthBytes, 6);
  else throw new TriageError('data-set-unreadable', `the value of ${element.keyword} is too long`);
  return head;
}

function encodeValue(element: DictionaryElement, value: DicomValue, encoding: Encoding): Buffer {
  const { vr, keyword } = element;
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return Buffer.alloc(0);
  if (value instanceof Uint8Array) {
    return padded(Buffer.from(value.buffer, value.byteOffset, value.byteLength), 0);
  }
  const values: readonly (string | number | DicomDataset)[] = Array.isArray(value)
    ? (value as readonly (string | number | DicomDataset)[])
    : [value as string | number | DicomDataset];
  if (vr === 'SQ') return Buffer.concat(values.flatMap((item) => encodeItem(keyword, item, encoding)));
  if (isText(vr)) {
    const text = values.map((word) => textOf(element, word)).join('\\');
    return padded(Buffer.from(text, isLocalText(vr) ? encoding.text : 'latin1'), vr === 'UI' ? 0 : 0x20);
  }
  return Buffer.concat(values.map((word) => encodeBinary(element, word)));
}

function encodeItem(keyword: string, item: string | number | DicomDataset, encoding: Encoding): Buffer[] {
  if (typeof item !== 'object') throw wrongKind(keyword);
  const content = encodeLevel(item, encoding);
  const head = Buffer.alloc(8);
  head.writeUInt16LE(ITEM >>> 16, 0);
  head.writeUInt16LE(ITEM & 0xffff, 2);
  head.writeUInt32LE(content.length, 4);
  return [head, content];
}

function textOf({ vr, keyword }: DictionaryElement, word: string | number | DicomDataset): string {
  if (typeof word === 'object') throw wrongKind(keyword);
  return typeof word === 'number' && vr === 'DS' ? decimalText(word) : String(word);
}

function decimalText(number: number): string {
  const text = String(number);
  if (text.length <= DECIMAL_CHARACTERS_MAX) return text;
  for (let digits = 14; digits > 8; digits -= 1) {
    const shorter = String(Number(number.toPrecision(digits)));
    if (shorter.length <= DECIMAL_CHARACTERS_MAX) return shorter;
  }
  return number.toExponential(8);
}

function encodeBinary({ vr, keyword }: DictionaryElement, word: string | number | DicomDataset): Buffer {
  if (vr === 'AT' && typeof word === 'string' && /^[0-9a-f]{8}$/i.test(word)) {
    return Buffer.from(word, 'hex').swap16();
  }
  const number = BINARY_NUMBERS.get(vr);
  if (number === undefined || typeof word !== 'number') throw wrongKind(keyword);
  const bytes = Buffer.alloc(number.bytes);
  try {
    number.write(bytes, word, 0);
  } catch {
    throw wrongKind(keyword);
  }
  return bytes;
}

function padded(bytes: Buffer, padding: number): Buffer {
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([padding])]);
}

function wrongKind(keyword: string): TriageError {
  return new TriageError('data-set-unreadable', `the value of ${keyword} is of the wrong kind`);
}
