/**
 * Segments of HL7 v2 as text (2.5.1 chapter 2). The library that reads HL7 for our tests writes separators within a
 * value unescaped and costs a process 20 MB, so what we send is put together here.
 */

/** A value of a component; null and '' leave it empty. */
type Scalar = string | number | null;

/** A component: a value, or its subcomponents. */
type Component = Scalar | readonly Scalar[];

/** A field: a value, or its components. */
export type Field = Scalar | readonly Component[];

/** Fields by their number in the standard; those that are left out are empty. */
export type Fields = Readonly<Record<number, Field>>;

/** Names of character sets in MSH-18 (HL7 table 0211). */
export type CharacterSet = 'UNICODE UTF-8' | '8859/1';

const SEPARATORS: Readonly<Record<string, string>> = {
  '\\': '\\E\\',
  '|': '\\F\\',
  '^': '\\S\\',
  '~': '\\R\\',
  '&': '\\T\\',
};

/** What Latin-1 has no letter for, and how it is written instead. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ '–': '-', '—': '-', '‘': "'", '’': "'", '“': '"', '”': '"', '…': '...', '≥': '>=', '≤': '<=' },
  ...{ Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', '€': 'EUR', Š: 'S', š: 's', Ž: 'Z', ž: 'z' },
};

/** One segment, MSH excepted, whose first field is the separator itself. */
export function segment(name: string, fields: Fields): string {
  const last = Math.max(0, ...Object.keys(fields).map(Number));
  const texts = Array.from({ length: last }, (_, index) => fieldText(fields[index + 1] ?? null));
  return trimEnd([name, ...texts], '|');
}

/** The header of a message (section 2.15.9). */
export function headerSegment(fields: Fields): string {
  // The first field is the separator itself, the second names the others.
  const [name = '', , , ...texts] = segment('MSH', fields).split('|');
  return [name, '^~\\&', ...texts].join('|');
}

/** A message as it is sent: each segment ends with a carriage return. */
export function messageText(segments: readonly string[]): string {
  return segments.map((text) => `${text}\r`).join('');
}

/** A text in which no letter is taken for a separator; line breaks become those of formatted text (section 2.7). */
export function escapeText(text: string): string {
  return (
    text
      .normalize('NFC')
      .replaceAll(/[\\|^~&]/g, (letter) => SEPARATORS[letter] ?? letter)
      .replaceAll(/\r\n|\r|\n/g, '\\.br\\')
      // The characters that frame messages on a connection are among them.
      .replaceAll(/\p{Cc}/gu, ' ')
  );
}

/** The bytes of a message; a letter that the character set lacks loses its mark, or is a question mark. */
export function encodeMessage(text: string, characterSet: CharacterSet): Buffer {
  if (characterSet === 'UNICODE UTF-8') return Buffer.from(text, 'utf8');
  const latin = Array.from(text, (letter) => {
    if (letter <= '\u00ff') return letter;
    const plain = PLAIN[letter] ?? letter.normalize('NFD').charAt(0);
    return plain <= '\u00ff' ? plain : '?';
  });
  return Buffer.from(latin.join(''), 'latin1');
}

/** A time with its zone, to the second (data type TS). */
export function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}+0000`;
}

function fieldText(field: Field): string {
  if (!isList(field)) return scalarText(field);
  return trimEnd(
    field.map((component) =>
      isList(component) ? trimEnd(component.map(scalarText), '&') : scalarText(component),
    ),
    '^',
  );
}

function isList<Item>(value: Scalar | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value);
}

function scalarText(value: Scalar): string {
  return value === null ? '' : escapeText(String(value));
}

/** Empty values at the end are left out (section 2.5.3). */
function trimEnd(texts: readonly string[], separator: string): string {
  const last = texts.findLastIndex((text) => text !== '');
  return texts.slice(0, last + 1).join(separator);
}
