/** The data dictionary of PS3.6: tags and value representations by keyword. */
import { readFileSync } from 'node:fs';

/** One element of the dictionary. */
export interface DictionaryElement {
  readonly keyword: string;
  /** Group and element as one number, 0x00100010. */
  readonly tag: number;
  readonly vr: string;
}

const RETIRED = 'RETIRED_';
const BY_KEYWORD = new Map<string, DictionaryElement>();
const BY_TAG = new Map<number, DictionaryElement>();

// A line is tag, representation and name. It is made from dcmjs by scripts/make-element-dictionary.ts: the library brings
// much more than its dictionary, and the listener's memory is short.
const TEXT = readFileSync(new URL('element-dictionary.txt', import.meta.url), 'latin1');

for (const line of TEXT.trimEnd().split('\n')) {
  const name = line.slice(12);
  const keyword = name.startsWith(RETIRED) ? name.slice(RETIRED.length) : name;
  const element = { keyword, tag: Number.parseInt(line.slice(0, 8), 16), vr: line.slice(9, 11) };
  // A keyword that lives on means the element that is not retired.
  if (name === keyword || !BY_KEYWORD.has(keyword)) BY_KEYWORD.set(keyword, element);
  BY_TAG.set(element.tag, element);
}

/** The element of a keyword, if PS3.6 has it. */
export function elementOfKeyword(keyword: string): DictionaryElement | undefined {
  return BY_KEYWORD.get(keyword);
}

/** The element of a tag, if PS3.6 has it. */
export function elementOfTag(tag: number): DictionaryElement | undefined {
  return BY_TAG.get(tag);
}
