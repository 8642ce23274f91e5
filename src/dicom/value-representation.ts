/** How the value representations of PS3.5 section 6.2 are laid out in bytes. */

/** Text in the default repertoire. */
const PLAIN_TEXT = new Set(['AE', 'AS', 'CS', 'DA', 'DT', 'TM', 'UI', 'UR', 'DS', 'IS']);
/** Text in the character set that the data set names. */
const LOCAL_TEXT = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
/** Text in which a backslash is a letter like any other. */
const SINGLE_TEXT = new Set(['LT', 'ST', 'UT', 'UR']);
/** Text that stands for numbers. */
const NUMBER_TEXT = new Set(['DS', 'IS']);
/** Explicit VR with a reserved field and four bytes of length (PS3.5 7.1.2). */
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/** How one number of a binary representation is read and written. */
interface BinaryNumber {
  readonly bytes: number;
  readonly read: (buffer: Buffer, offset: number) => number;
  readonly write: (buffer: Buffer, value: number, offset: number) => void;
}

/** The binary numbers, little endian. */
export const BINARY_NUMBERS: ReadonlyMap<string, BinaryNumber> = new Map<string, BinaryNumber>([
  ['US', { bytes: 2, read: (b, at) => b.readUInt16LE(at), write: (b, n, at) => b.writeUInt16LE(n, at) }],
  ['SS', { bytes: 2, read: (b, at) => b.readInt16LE(at), write: (b, n, at) => b.writeInt16LE(n, at) }],
  ['UL', { bytes: 4, read: (b, at) => b.readUInt32LE(at), write: (b, n, at) => b.writeUInt32LE(n, at) }],
  ['SL', { bytes: 4, read: (b, at) => b.readInt32LE(at), write: (b, n, at) => b.writeInt32LE(n, at) }],
  ['FL', { bytes: 4, read: (b, at) => b.readFloatLE(at), write: (b, n, at) => b.writeFloatLE(n, at) }],
  ['FD', { bytes: 8, read: (b, at) => b.readDoubleLE(at), write: (b, n, at) => b.writeDoubleLE(n, at) }],
]);

/** Whether a value is text, of whatever repertoire. */
export function isText(vr: string): boolean {
  return PLAIN_TEXT.has(vr) || LOCAL_TEXT.has(vr);
}

/** Whether the data set's character set applies (PS3.5 6.1.2.2). */
export function isLocalText(vr: string): boolean {
  return LOCAL_TEXT.has(vr);
}

/** Whether a backslash parts values. */
export function isMultiText(vr: string): boolean {
  return isText(vr) && !SINGLE_TEXT.has(vr);
}

/** Whether the text stands for numbers. */
export function isNumberText(vr: string): boolean {
  return NUMBER_TEXT.has(vr);
}

/** Whether the explicit form has four bytes of length. */
export function hasLongLength(vr: string): boolean {
  return LONG.has(vr);
}
