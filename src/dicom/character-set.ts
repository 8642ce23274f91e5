/**
 * Text of a data set by its Specific Character Set (0008,0005), PS3.3 C.12.1.1.2 and PS3.5 6.1. Lenient: a
 * name with a wrong letter is better than a film refused, so an unknown set is read as UTF-8 or else Latin-1.
 */

const ENCODING_BY_TERM: Readonly<Record<string, string>> = {
  'ISO_IR 100': 'latin1',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** The single-byte and multi-byte sets that are read, by their defined term (PS3.3 C.12.1.1.2). */
export const CHARACTER_SET_TERMS: readonly string[] = Object.keys(ENCODING_BY_TERM);

/** Final bytes of the escape sequences that designate a G1 set, ESC 02/13 F (PS3.3 table C.12-3). */
const ENCODING_BY_ESCAPE: Readonly<Record<number, string>> = {
  0x41: 'latin1',
  0x42: 'iso-8859-2',
  0x43: 'iso-8859-3',
  0x44: 'iso-8859-4',
  0x46: 'iso-8859-7',
  0x47: 'iso-8859-6',
  0x48: 'iso-8859-8',
  0x4c: 'iso-8859-5',
  0x4d: 'windows-1254',
  0x54: 'windows-874',
  0x62: 'iso-8859-15',
};

const ESCAPE = 0x1b;
/** Tab, line feed, form feed, carriage return, and the characters = \\ ^ that part names and values. */
const DELIMITERS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x3d, 0x5c, 0x5e]);

/** Decodes one value. `characterSet` is the element's whole value, terms parted by backslashes; null for ASCII. */
export function decodeText(bytes: Uint8Array, characterSet: string | null): string {
  const terms = (characterSet ?? '').split('\\').map(normaliseTerm);
  const base = ENCODING_BY_TERM[terms[0] ?? ''] ?? null;
  if (!bytes.includes(ESCAPE)) return decodeBytes(bytes, base);
  let text = '';
  let encoding = base;
  for (const part of splitAtEscapes(bytes)) {
    encoding = part.designates ?? encoding;
    const end = encoding === base ? part.bytes.length : endOfInvocation(part.bytes);
    text += decodeBytes(part.bytes.subarray(0, end), encoding);
    if (end === part.bytes.length) continue;
    encoding = base;
    text += decodeBytes(part.bytes.subarray(end), base);
  }
  return text;
}

/** Where the first set holds again without any escape: at the end of a value, a name's part or a line (PS3.5 6.1.2.5.3). */
function endOfInvocation(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => DELIMITERS.has(byte));
  return at < 0 ? bytes.length : at;
}

/** "ISO 2022 IR 100", "iso-ir 100" and "ISO_IR 100" all name the same letters. */
function normaliseTerm(term: string): string {
  const upper = term.trim().toUpperCase();
  const number = /^ISO(?:[ _-]2022)?[ _-]?IR[ _-]?(\d+)$/.exec(upper)?.[1];
  if (number !== undefined) return `ISO_IR ${number}`;
  return upper === 'UTF-8' || upper === 'UTF8' ? 'ISO_IR 192' : upper;
}

function decodeBytes(bytes: Uint8Array, encoding: string | null): string {
  if (encoding === 'latin1') return Buffer.from(bytes).toString('latin1');
  if (encoding !== null) return new TextDecoder(encoding).decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

interface TextPart {
  readonly bytes: Uint8Array;
  /** The set that holds from here on; null where the escape names none that is decoded here. */
  readonly designates: string | null;
}

function splitAtEscapes(bytes: Uint8Array): TextPart[] {
  const parts: TextPart[] = [];
  let designates: string | null = null;
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== ESCAPE) continue;
    parts.push({ bytes: bytes.subarray(start, at), designates });
    // An escape sequence is ESC, intermediate bytes 02/00 to 02/15, and one final byte (ISO 2022).
    let end = at + 1;
    while (isIntermediate(bytes[end])) end++;
    const isG1OneByte = bytes[at + 1] === 0x2d && end === at + 2;
    designates = (isG1OneByte ? ENCODING_BY_ESCAPE[bytes[end] ?? 0] : undefined) ?? null;
    start = Math.min(end + 1, bytes.length);
    at = end;
  }
  parts.push({ bytes: bytes.subarray(start), designates });
  return parts;
}

function isIntermediate(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x20 && byte <= 0x2f;
}
