import { TriageError } from '../errors.ts';
import { decodeText } from './character-set.ts';
import { elementOfTag } from './element-dictionary.ts';
import {
  BINARY_NUMBERS,
  hasLongLength,
  isLocalText,
  isMultiText,
  isNumberText,
  isText,
} from './value-representation.ts';
import type { DicomDataset, DicomValue } from './write-part10.ts';

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const SPECIFIC_CHARACTER_SET = 0x00080005;
/** Deeper sequences than this are not data but an attack on the stack. */
const DEPTH_MAX = 16;

interface ElementHead {
  readonly tag: number;
  readonly vr: string;
  readonly lengthBytes: number;
}

/** Where one level of a data set is read: its own end, or up to the delimiter where the length is undefined. */
interface Level {
  readonly end: number;
  readonly explicit: boolean;
  readonly depth: number;
  readonly characterSet: string | null;
}

/** Reads the elements of a data set in little endian; see `decodeDataSet`. */
export function decodeElements(bytes: Buffer, explicit: boolean): DicomDataset {
  return new ElementDecoder(bytes).readLevel({ end: bytes.length, explicit, depth: 0, characterSet: null });
}

class ElementDecoder {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  readLevel(level: Level): DicomDataset {
    if (level.depth > DEPTH_MAX) throw unreadable(`sequences are nested more than ${DEPTH_MAX} deep`);
    const dataset: Record<string, DicomValue> = {};
    let { characterSet } = level;
    while (this.#at < level.end) {
      const head = this.#readHead(level);
      if (head.tag === ITEM_END) break;
      const value = this.#readValue(head, { ...level, characterSet });
      if (head.tag === SPECIFIC_CHARACTER_SET) {
        characterSet = Array.isArray(value) ? value.join('\\') : typeof value === 'string' ? value : null;
      }
      const keyword = elementOfTag(head.tag)?.keyword;
      if (keyword !== undefined && (head.tag & 0xffff) !== 0) dataset[keyword] = value;
    }
    return dataset;
  }

  #readHead(level: Level): ElementHead {
    const tag = this.#take(2, level.end).readUInt16LE() * 0x10000 + this.#take(2, level.end).readUInt16LE();
    const known = elementOfTag(tag)?.vr ?? 'UN';
    if (!level.explicit || tag >= ITEM) {
      return { tag, vr: known, lengthBytes: this.#take(4, level.end).readUInt32LE() };
    }
    const vr = this.#take(2, level.end).toString('latin1');
    if (!/^[A-Z]{2}$/.test(vr)) throw unreadable('an element has no value representation');
    if (!hasLongLength(vr)) return { tag, vr, lengthBytes: this.#take(2, level.end).readUInt16LE() };
    this.#take(2, level.end);
    return { tag, vr, lengthBytes: this.#take(4, level.end).readUInt32LE() };
  }

  #readValue(head: ElementHead, level: Level): DicomValue {
    const { vr, lengthBytes } = head;
    if (vr === 'SQ') return this.#readSequence(lengthBytes, level);
    // A sequence of unknown representation is in implicit VR (PS3.5 6.2.2 note 2).
    if (lengthBytes === UNDEFINED_LENGTH) {
      if (vr !== 'UN') throw unreadable('an element that is no sequence has an undefined length');
      return this.#readSequence(lengthBytes, { ...level, explicit: false });
    }
    const value = this.#take(lengthBytes, level.end);
    const vrKnown = vr === 'UN' ? (elementOfTag(head.tag)?.vr ?? vr) : vr;
    return vrKnown === 'SQ' ? new Uint8Array(value) : decodeValue(value, vrKnown, level.characterSet);
  }

  #readSequence(lengthBytes: number, level: Level): DicomDataset[] {
    const end = this.#endOf(lengthBytes, level.end);
    const items: DicomDataset[] = [];
    while (this.#at < end) {
      const { tag, lengthBytes: itemBytes } = this.#readHead({ ...level, end, explicit: false });
      if (tag === SEQUENCE_END) return items;
      if (tag !== ITEM) throw unreadable('a sequence holds something that is no item');
      items.push(this.readLevel({ ...level, end: this.#endOf(itemBytes, end), depth: level.depth + 1 }));
    }
    return items;
  }

  #endOf(lengthBytes: number, outerEnd: number): number {
    if (lengthBytes === UNDEFINED_LENGTH) return outerEnd;
    if (this.#at + lengthBytes > outerEnd) throw unreadable('a sequence is longer than what holds it');
    return this.#at + lengthBytes;
  }

  #take(lengthBytes: number, end: number): Buffer {
    const start = this.#at;
    if (start + lengthBytes > end) throw unreadable('an element is longer than what holds it');
    this.#at = start + lengthBytes;
    return this.#bytes.subarray(start, this.#at);
  }
}

function decodeValue(value: Buffer, vr: string, characterSet: string | null): DicomValue {
  if (value.length === 0) return null;
  if (isText(vr)) return decodeTextValue(value, vr, characterSet);
  if (vr === 'AT')
    return single(parts(value, 4).map((part) => hex(part.readUInt16LE(0)) + hex(part.readUInt16LE(2))));
  const number = BINARY_NUMBERS.get(vr);
  if (number === undefined) return new Uint8Array(value);
  return single(parts(value, number.bytes).map((part) => number.read(part, 0)));
}

function decodeTextValue(value: Buffer, vr: string, characterSet: string | null): DicomValue {
  const text = isLocalText(vr) ? decodeText(value, characterSet) : value.toString('latin1');
  if (!isMultiText(vr)) return text.replace(/[\0 ]+$/, '') || null;
  const words = text.split('\\').map((word) => word.replace(/\0/g, '').trim());
  if (words.length === 1 && words[0] === '') return null;
  if (!isNumberText(vr)) return single(words);
  const numbers = words.map((word) => (word === '' ? Number.NaN : Number(word)));
  return numbers.every((number) => Number.isFinite(number)) ? single(numbers) : single(words);
}

function parts(value: Buffer, bytes: number): Buffer[] {
  if (value.length % bytes !== 0) throw unreadable('a value is no whole number of its units');
  return Array.from({ length: value.length / bytes }, (_, index) =>
    value.subarray(index * bytes, (index + 1) * bytes),
  );
}

function single<Value extends string | number>(values: readonly Value[]): Value | readonly Value[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values;
}

function hex(number: number): string {
  return number.toString(16).padStart(4, '0');
}

function unreadable(message: string): TriageError {
  return new TriageError('data-set-unreadable', message);
}
