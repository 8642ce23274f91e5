/** The only importer of dcmjs: the data dictionary of PS3.6, tags and value representations by keyword. */
import { data } from 'dcmjs';

/** One element of the dictionary. */
export interface DictionaryElement {
  readonly keyword: string;
  /** Group and element as one number, 0x00100010. */
  readonly tag: number;
  readonly vr: string;
}

/** What the library calls an element whose representation depends on others, and the one that is written. */
const VR_OF_CHOICE: Readonly<Record<string, string>> = { ox: 'OB', lt: 'OW', xs: 'US', up: 'UL' };

const BY_KEYWORD = new Map<string, DictionaryElement>();
const BY_TAG = new Map<number, DictionaryElement>();

for (const [name, entry] of Object.entries(data.DicomMetaDictionary.nameMap)) {
  const digits = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/i.exec(entry?.tag ?? '');
  // Repeating groups (50xx) and the delimiters of sequences are not addressed by a keyword.
  if (entry === undefined || digits === null || entry.vr === 'na') continue;
  const keyword = name.replace(/^RETIRED_/, '');
  const tag = Number.parseInt(`${digits[1]}${digits[2]}`, 16);
  const element = { keyword, tag, vr: VR_OF_CHOICE[entry.vr] ?? entry.vr };
  if (name === keyword || !BY_KEYWORD.has(keyword)) BY_KEYWORD.set(keyword, element);
  BY_TAG.set(tag, element);
}

/** The element of a keyword, if PS3.6 has it. */
export function elementOfKeyword(keyword: string): DictionaryElement | undefined {
  return BY_KEYWORD.get(keyword);
}

/** The element of a tag, if PS3.6 has it. */
export function elementOfTag(tag: number): DictionaryElement | undefined {
  return BY_TAG.get(tag);
}
