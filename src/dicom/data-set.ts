/** The only importer of dicom-parser: the elements of a data set up to its pixel data, as decoded values. */
import { inflateRawSync } from 'node:zlib';
import dicomParser from 'dicom-parser';
import type { DataSet as ParsedDataSet, Element } from 'dicom-parser';
import { TriageError } from '../errors.ts';
import { decodeText } from './character-set.ts';
import { splitPart10 } from './part10.ts';
import { findTransferSyntax } from './uids.ts';
import type { TransferSyntax } from './uids.ts';

const PIXEL_DATA = 'x7fe00010';

/** A deflated data set may not grow beyond this: a few kilobytes could otherwise fill the memory. */
const INFLATED_BYTES_MAX = 512 * 1024 * 1024;

/** Where pixel data lies in the bytes of the data set. */
export interface PixelDataElement {
  readonly offset: number;
  /** null: undefined length, the value is a sequence of fragments. */
  readonly length: number | null;
  readonly vr: string | null;
}

/** A parsed data set. Tags are written as eight hexadecimal digits, `00100020`. */
export interface DataSet {
  readonly transferSyntaxUid: string;
  /** The row of the table; null when the syntax is not known (it is then read as explicit little endian). */
  readonly transferSyntax: TransferSyntax | null;
  /** UIDs from the file meta group, where there was one. */
  readonly metaSopClassUid: string | null;
  readonly metaSopInstanceUid: string | null;
  /** The bytes that offsets count in (inflated where the syntax deflates). */
  readonly bytes: Uint8Array;
  readonly pixelData: PixelDataElement | null;
  readonly values: ElementReader;
}

/** Reads values of one level of a data set; everything absent, empty or malformed is null. */
export interface ElementReader {
  /** The first value as text, trimmed. */
  readonly text: (tag: string) => string | null;
  /** The first value of a decimal or integer string. */
  readonly decimal: (tag: string) => number | null;
  /** All values of a decimal string. */
  readonly decimals: (tag: string) => readonly number[];
  readonly uint16: (tag: string, index?: number) => number | null;
  readonly int16: (tag: string, index?: number) => number | null;
  /** The raw value. */
  readonly raw: (tag: string) => Uint8Array | null;
  readonly items: (tag: string) => readonly ElementReader[];
}

/** How a data set is read: without `transferSyntaxUid` the bytes are a Part 10 file. */
export interface ReadOptions {
  /** Transfer syntax of a data set without file meta information, as it came over an association. */
  readonly transferSyntaxUid?: string;
  /** Believe the data set alone: a UID that only the file meta group names counts as missing. */
  readonly withoutMetaUids?: boolean;
}

/** Parses up to the pixel data; throws not-part-10 or data-set-unreadable. */
export function parseDataSet(bytes: Uint8Array, options: ReadOptions = {}): DataSet {
  const split =
    options.transferSyntaxUid === undefined
      ? splitPart10(bytes)
      : {
          transferSyntaxUid: options.transferSyntaxUid,
          sopClassUid: null,
          sopInstanceUid: null,
          datasetOffset: 0,
        };
  const transferSyntax = findTransferSyntax(split.transferSyntaxUid);
  const isDeflated = transferSyntax?.deflated ?? false;
  const body = isDeflated ? inflate(bytes.subarray(split.datasetOffset)) : bytes;
  const parsed = parseElements(body, isDeflated ? 0 : split.datasetOffset, transferSyntax);
  const pixelElement = parsed.elements[PIXEL_DATA];
  return {
    transferSyntaxUid: split.transferSyntaxUid,
    transferSyntax,
    metaSopClassUid: options.withoutMetaUids === true ? null : split.sopClassUid,
    metaSopInstanceUid: options.withoutMetaUids === true ? null : split.sopInstanceUid,
    bytes: body,
    pixelData: pixelElement === undefined ? null : describePixelData(pixelElement),
    values: readerOf(parsed, textOf(parsed, 'x00080005', null)),
  };
}

function describePixelData(element: Element): PixelDataElement {
  const isUndefined = element.length === 0xffffffff || element.hadUndefinedLength === true;
  return {
    offset: element.dataOffset,
    length: isUndefined ? null : element.length,
    vr: element.vr ?? null,
  };
}

function parseElements(bytes: Uint8Array, offset: number, syntax: TransferSyntax | null): ParsedDataSet {
  const byteParser =
    syntax?.bigEndian === true
      ? dicomParser.bigEndianByteArrayParser
      : dicomParser.littleEndianByteArrayParser;
  // dicom-parser's declarations call DataSet an interface, though it is the class that has to be built.
  const { DataSet: DataSetClass } = dicomParser as unknown as {
    DataSet: new (byteParser: unknown, bytes: Uint8Array, elements: object) => ParsedDataSet;
  };
  const parsed = new DataSetClass(byteParser, bytes, {});
  try {
    const stream = new dicomParser.ByteStream(byteParser, bytes, offset);
    const until = { untilTag: PIXEL_DATA };
    if (syntax?.explicitVr === false || !looksExplicit(bytes, offset)) {
      dicomParser.parseDicomDataSetImplicit(parsed, stream, bytes.length, until);
    } else {
      dicomParser.parseDicomDataSetExplicit(parsed, stream, bytes.length, until);
    }
  } catch {
    // The parser's own message is left out: it can quote values.
    throw new TriageError('data-set-unreadable', 'the elements of the data set cannot be parsed');
  }
  if (Object.keys(parsed.elements).length === 0) {
    throw new TriageError('data-set-unreadable', 'the data set is empty');
  }
  return parsed;
}

/** Some writers name an explicit syntax in the meta group and then write implicit VR: the VR's letters decide. */
function looksExplicit(bytes: Uint8Array, offset: number): boolean {
  return [bytes[offset + 4], bytes[offset + 5]].every(
    (byte) => byte !== undefined && byte >= 65 && byte <= 90,
  );
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX });
  } catch {
    throw new TriageError('data-set-unreadable', 'the deflated data set cannot be inflated');
  }
}

function readerOf(dataSet: ParsedDataSet, inheritedCharacterSet: string | null): ElementReader {
  const characterSet = textOf(dataSet, 'x00080005', null) ?? inheritedCharacterSet;
  const decimals = (tag: string): readonly number[] => {
    const bytes = rawOf(dataSet, `x${tag}`);
    if (bytes === null) return [];
    const words = Buffer.from(bytes).toString('latin1').replace(/\0/g, '').trim();
    return words === '' ? [] : words.split('\\').map((word) => parseDecimal(word));
  };
  return {
    text: (tag) => textOf(dataSet, `x${tag}`, characterSet)?.split('\\')[0]?.trim() ?? null,
    decimal: (tag) => {
      const first = decimals(tag)[0];
      return first === undefined || Number.isNaN(first) ? null : first;
    },
    decimals,
    uint16: (tag, index = 0) => numberOf(dataSet, `x${tag}`, index, false),
    int16: (tag, index = 0) => numberOf(dataSet, `x${tag}`, index, true),
    raw: (tag) => rawOf(dataSet, `x${tag}`),
    items: (tag) =>
      (dataSet.elements[`x${tag}`]?.items ?? []).flatMap((item) =>
        item.dataSet === undefined ? [] : [readerOf(item.dataSet, characterSet)],
      ),
  };
}

function parseDecimal(word: string): number {
  const trimmed = word.trim();
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

function rawOf(dataSet: ParsedDataSet, tag: string): Uint8Array | null {
  const element = dataSet.elements[tag];
  if (element === undefined || element.length === 0) return null;
  const end = element.dataOffset + element.length;
  if (end > dataSet.byteArray.length) return null;
  return dataSet.byteArray.subarray(element.dataOffset, end);
}

function textOf(dataSet: ParsedDataSet, tag: string, characterSet: string | null): string | null {
  const bytes = rawOf(dataSet, tag);
  // No text that is read here is long; a megabyte in such an element is rubbish.
  if (bytes === null || bytes.length > 65536) return null;
  const text = decodeText(bytes, characterSet).replace(/\0/g, '').trim();
  return text === '' ? null : text;
}

function numberOf(dataSet: ParsedDataSet, tag: string, index: number, signed: boolean): number | null {
  const bytes = rawOf(dataSet, tag);
  if (bytes === null || bytes.length < 2 * (index + 1)) return null;
  const parser = dataSet.byteArrayParser;
  return signed ? parser.readInt16(bytes, 2 * index) : parser.readUint16(bytes, 2 * index);
}
