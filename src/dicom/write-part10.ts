/** The only importer of dcmjs: data sets that this service makes, written as DICOM files. */
import { data, log } from 'dcmjs';
import { TriageError } from '../errors.ts';
import { part10Prefix } from './part10.ts';
import { isValidUid, TRANSFER_SYNTAX_UIDS } from './uids.ts';

/** A data set by keyword (PS3.6). `null` and an empty list are elements without a value (type 2). */
export interface DicomDataset {
  readonly [keyword: string]: DicomValue;
}

/** One element's value: text, number, a list of either, bytes, or the items of a sequence. */
type DicomValue =
  | string
  | number
  | null
  | readonly string[]
  | readonly number[]
  | Uint8Array
  | DicomDataset
  | readonly DicomDataset[];

// The library logs values it shortens, and a value can name a patient.
log.setLevel('silent');

/**
 * The file of a data set in Explicit VR Little Endian. Text is written as UTF-8, so the data set must declare
 * ISO_IR 192. Throws data-set-unreadable on a keyword that the dictionary does not know: leaving it out in
 * silence would write an object without an attribute that the caller meant.
 */
export function writePart10(dataset: DicomDataset): Buffer {
  const sopClassUid = uidOf(dataset, 'SOPClassUID');
  const sopInstanceUid = uidOf(dataset, 'SOPInstanceUID');
  if (dataset['SpecificCharacterSet'] !== 'ISO_IR 192') {
    throw new TriageError('data-set-unreadable', 'the data set to write does not declare UTF-8 (ISO_IR 192)');
  }
  const transferSyntaxUid = TRANSFER_SYNTAX_UIDS.explicitLittleEndian;
  const elements = data.DicomMetaDictionary.denaturalizeDataset(namedFor(dataset));
  const stream = new data.WriteBufferStream(startBytes(dataset), true);
  data.DicomMessage.write(elements, stream, transferSyntaxUid, { allowInvalidVRLength: true });
  const prefix = part10Prefix({ sopClassUid, sopInstanceUid, transferSyntaxUid });
  return Buffer.concat([prefix, Buffer.from(stream.getBuffer())]);
}

function uidOf(dataset: DicomDataset, keyword: string): string {
  const value = dataset[keyword];
  if (typeof value === 'string' && isValidUid(value)) return value;
  throw new TriageError('data-set-unreadable', `the data set to write has no valid ${keyword}`);
}

/** The library's own form: bytes as ArrayBuffer with a VR beside them, no value as an empty list. */
function namedFor(dataset: DicomDataset): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  const binaryVrs: Record<string, string> = {};
  for (const [keyword, value] of Object.entries(dataset)) {
    if (data.DicomMetaDictionary.nameMap[keyword] === undefined) {
      throw new TriageError('data-set-unreadable', `no DICOM element has the keyword ${keyword}`);
    }
    if (value instanceof Uint8Array) binaryVrs[keyword] = 'OB';
    named[keyword] = namedValue(value);
  }
  return { ...named, _vrMap: binaryVrs };
}

function namedValue(value: DicomValue): unknown {
  if (value === null || value === '') return [];
  if (value instanceof Uint8Array) return evenBuffer(value);
  if (Array.isArray(value)) return value.map((item: string | number | DicomDataset) => namedItem(item));
  return typeof value === 'object' ? [namedFor(value as DicomDataset)] : value;
}

function namedItem(item: string | number | DicomDataset): unknown {
  return typeof item === 'object' ? namedFor(item) : item;
}

/** Bytes of their own, of even length (PS3.5 section 7.1). */
function evenBuffer(bytes: Uint8Array): ArrayBuffer {
  const even = new Uint8Array(bytes.length + (bytes.length % 2));
  even.set(bytes);
  return even.buffer;
}

/** Room for the pixels from the start, so that the stream does not double itself over them. */
function startBytes(dataset: DicomDataset): number {
  const pixels = dataset['PixelData'];
  return 65_536 + (pixels instanceof Uint8Array ? pixels.length : 0);
}
