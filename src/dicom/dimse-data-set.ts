/** Data sets of messages, small enough to be held whole, by the keywords of PS3.6. */
import type { DicomDataset } from './write-part10.ts';
import { decodeElements } from './decode-elements.ts';
import { encodeElements } from './encode-elements.ts';
import { TriageError } from '../errors.ts';
import { TRANSFER_SYNTAX_UIDS } from './uids.ts';

/** The transfer syntaxes of messages that are not C-STORE: any peer has one of them. */
export const MESSAGE_TRANSFER_SYNTAX_UIDS: readonly string[] = [
  TRANSFER_SYNTAX_UIDS.explicitLittleEndian,
  TRANSFER_SYNTAX_UIDS.implicitLittleEndian,
];

/**
 * Reads a data set. A sequence is always a list of data sets, an element without a value is null, several values
 * are a list; DS and IS are numbers where they can be read as such; attribute tags are eight hexadecimal digits.
 * Elements that PS3.6 does not have, private ones among them, are left out. Throws data-set-unreadable.
 */
export function decodeDataSet(bytes: Buffer, transferSyntaxUid: string): DicomDataset {
  return decodeElements(bytes, isExplicit(transferSyntaxUid));
}

/**
 * Writes a data set in ascending order. Text goes out in the character set that the data set names where that is
 * ISO_IR 100 and holds every letter; else in UTF-8, and Specific Character Set then says so: no letter is lost.
 * Throws data-set-unreadable on a keyword that PS3.6 does not have, and on a value of the wrong kind.
 */
export function encodeDataSet(dataset: DicomDataset, transferSyntaxUid: string): Buffer {
  return encodeElements(dataset, isExplicit(transferSyntaxUid));
}

function isExplicit(transferSyntaxUid: string): boolean {
  if (!MESSAGE_TRANSFER_SYNTAX_UIDS.includes(transferSyntaxUid)) {
    throw new TriageError('data-set-unreadable', `messages are not exchanged in ${transferSyntaxUid}`);
  }
  return transferSyntaxUid === TRANSFER_SYNTAX_UIDS.explicitLittleEndian;
}
