/** The envelope of a DICOM file: preamble, prefix and file meta information (PS3.10 section 7.1). */
import { TriageError } from '../errors.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, TRANSFER_SYNTAX_UIDS } from './uids.ts';

const PREAMBLE_BYTES = 128;
const META_START = PREAMBLE_BYTES + 4;

/** What a file meta group says of the data set behind it. */
export interface Part10Fields {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** AE title that sent the object, if it came by an association. */
  readonly sourceAeTitle?: string;
}

/** Everything that stands before the data set in a file; the data set follows it unchanged. */
export function part10Prefix(fields: Part10Fields): Buffer {
  const body = Buffer.concat([
    metaElement(0x0001, 'OB', Buffer.from([0, 1])),
    metaElement(0x0002, 'UI', uidBytes(fields.sopClassUid)),
    metaElement(0x0003, 'UI', uidBytes(fields.sopInstanceUid)),
    metaElement(0x0010, 'UI', uidBytes(fields.transferSyntaxUid)),
    metaElement(0x0012, 'UI', uidBytes(IMPLEMENTATION_CLASS_UID)),
    metaElement(0x0013, 'SH', evenBytes(IMPLEMENTATION_VERSION_NAME, 0x20)),
    ...(fields.sourceAeTitle === undefined
      ? []
      : [metaElement(0x0016, 'AE', evenBytes(fields.sourceAeTitle, 0x20))]),
  ]);
  const groupLength = Buffer.alloc(4);
  groupLength.writeUInt32LE(body.length);
  const preamble = Buffer.alloc(META_START);
  preamble.write('DICM', PREAMBLE_BYTES, 'latin1');
  return Buffer.concat([preamble, metaElement(0x0000, 'UL', groupLength), body]);
}

/** What splitPart10 finds; UIDs that the meta group lacks are null, the data set may still name them. */
export interface Part10Split {
  readonly transferSyntaxUid: string;
  readonly sopClassUid: string | null;
  readonly sopInstanceUid: string | null;
  /** Offset of the first byte of the data set. */
  readonly datasetOffset: number;
}

/** True when the bytes begin as a DICOM file does. */
export function isPart10(bytes: Uint8Array): boolean {
  return (
    bytes.length >= META_START &&
    Buffer.from(bytes.buffer, bytes.byteOffset + PREAMBLE_BYTES, 4).toString('latin1') === 'DICM'
  );
}

/**
 * Finds the data set of a file. The group length is not believed: the meta group ends where group 0002 ends.
 * A file without a transfer syntax is guessed by its first element, as every viewer does.
 */
export function splitPart10(bytes: Uint8Array): Part10Split {
  if (!isPart10(bytes)) throw new TriageError('not-part-10', 'there is no DICM prefix at byte 128');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const uids = new Map<number, string>();
  let at = META_START;
  while (at + 8 <= buffer.length && buffer.readUInt16LE(at) === 0x0002) {
    const element = buffer.readUInt16LE(at + 2);
    const isLong = /^(?:OB|OW|UN|SQ|UT|OF)$/.test(buffer.toString('latin1', at + 4, at + 6));
    if (isLong && at + 12 > buffer.length) break;
    const valueStart = at + (isLong ? 12 : 8);
    const length = isLong ? buffer.readUInt32LE(at + 8) : buffer.readUInt16LE(at + 6);
    if (valueStart + length > buffer.length) {
      throw new TriageError('data-set-unreadable', 'the file ends within its meta information');
    }
    uids.set(element, trimUid(buffer.toString('latin1', valueStart, valueStart + length)));
    at = valueStart + length;
  }
  const transferSyntaxUid = uids.get(0x0010) ?? '';
  return {
    transferSyntaxUid: transferSyntaxUid === '' ? guessSyntax(buffer, at) : transferSyntaxUid,
    sopClassUid: uids.get(0x0002) ?? null,
    sopInstanceUid: uids.get(0x0003) ?? null,
    datasetOffset: at,
  };
}

function guessSyntax(buffer: Buffer, at: number): string {
  const looksExplicit = /^[A-Z]{2}$/.test(buffer.toString('latin1', at + 4, at + 6));
  return looksExplicit
    ? TRANSFER_SYNTAX_UIDS.explicitLittleEndian
    : TRANSFER_SYNTAX_UIDS.implicitLittleEndian;
}

function trimUid(text: string): string {
  return text.replace(/[\0 ]+$/, '').trim();
}

function uidBytes(uid: string): Buffer {
  return evenBytes(uid, 0x00);
}

function evenBytes(text: string, padding: number): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([padding])]);
}

function metaElement(element: number, vr: string, value: Buffer): Buffer {
  const isLong = vr === 'OB';
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(0x0002, 0);
  head.writeUInt16LE(element, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}
