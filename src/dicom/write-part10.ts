/** Data sets that this service makes, written as DICOM files. */
import { TriageError } from '../errors.ts';
import { encodeElements } from './encode-elements.ts';
import { part10Prefix } from './part10.ts';
import { isValidUid, TRANSFER_SYNTAX_UIDS } from './uids.ts';

/** A data set by keyword (PS3.6). `null` and an empty list are elements without a value (type 2). */
export interface DicomDataset {
  readonly [keyword: string]: DicomValue;
}

/** One element's value: text, number, a list of either, bytes, or the items of a sequence. */
export type DicomValue =
  | string
  | number
  | null
  | readonly string[]
  | readonly number[]
  | Uint8Array
  | DicomDataset
  | readonly DicomDataset[];

/**
 * The file of a data set in Explicit VR Little Endian. Text is written as UTF-8, so the data set must declare
 * ISO_IR 192. Throws data-set-unreadable on a keyword that PS3.6 does not have.
 */
export function writePart10(dataset: DicomDataset): Buffer {
  const sopClassUid = uidOf(dataset, 'SOPClassUID');
  const sopInstanceUid = uidOf(dataset, 'SOPInstanceUID');
  if (dataset['SpecificCharacterSet'] !== 'ISO_IR 192') {
    throw new TriageError('data-set-unreadable', 'the data set to write does not declare UTF-8 (ISO_IR 192)');
  }
  const transferSyntaxUid = TRANSFER_SYNTAX_UIDS.explicitLittleEndian;
  const prefix = part10Prefix({ sopClassUid, sopInstanceUid, transferSyntaxUid });
  return Buffer.concat([prefix, encodeElements(dataset, true)]);
}

function uidOf(dataset: DicomDataset, keyword: string): string {
  const value = dataset[keyword];
  if (typeof value === 'string' && isValidUid(value)) return value;
  throw new TriageError('data-set-unreadable', `the data set to write has no valid ${keyword}`);
}
