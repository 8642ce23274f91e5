/** Attribute matching of C-FIND, one key against one stored value (PS3.4 section C.2.2.2). Pure. */
import type { DicomDataset } from '../dicom/write-part10.ts';

/** The value representations that worklist keys have (PS3.5 section 6.2). */
export type KeyVr = 'AE' | 'CS' | 'LO' | 'SH' | 'LT' | 'ST' | 'PN' | 'UI' | 'DA' | 'TM' | 'DS' | 'US';

/** A span of dates (YYYYMMDD) or of times (HHMMSS.FFFFFF), both ends inclusive; null is open. */
export interface KeyRange {
  readonly from: string | null;
  readonly to: string | null;
  /** Written as a range; a single value is a span too, of one day or of the time's own precision. */
  readonly isRange: boolean;
}

const WILDCARD_VRS: ReadonlySet<KeyVr> = new Set(['AE', 'CS', 'LO', 'SH', 'LT', 'ST', 'PN']);
const DAY_START = '000000.000000';
const DAY_END = '235959.999999';

/** The values of a key as text; an empty list is universal matching, as is a lone asterisk. */
export function keyValues(dataset: DicomDataset, keyword: string): readonly string[] {
  const value = dataset[keyword] ?? null;
  const values = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const texts = values.flatMap((one) =>
    typeof one === 'string' || typeof one === 'number' ? [String(one).trim()] : [],
  );
  return texts.some((text) => isUniversal(text)) ? [] : texts.filter((text) => text !== '');
}

/** Whether a key has a wildcard that counts in its value representation. */
export function hasWildcard(vr: KeyVr, key: string): boolean {
  return WILDCARD_VRS.has(vr) && /[*?]/.test(key);
}

/**
 * Whether a stored value is what one of the keys asks for; no key is universal matching, and a value that is not
 * known matches none. Case counts except in names, as PS3.4 C.2.2.2.1 allows; UIDs match as a list.
 */
export function matchesKeys(vr: KeyVr, keys: readonly string[], stored: string | null): boolean {
  if (keys.length === 0) return true;
  if (stored === null || stored === '') return false;
  if (vr === 'PN') return keys.some((key) => matchesName(key, stored));
  const text = stored.trim();
  return keys.some((key) => (hasWildcard(vr, key) ? matchesPattern(key, text) : key === text));
}

/**
 * Whether a text has the form of a pattern: `*` stands for any run of characters, `?` for any one. The work grows
 * with the product of both lengths at most, whatever the pattern is.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const wanted = Array.from(pattern);
  const given = Array.from(text);
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  let index = 0;
  while (index < given.length) {
    if (wanted[at] === '*') {
      star = at;
      resumeAt = index;
      at += 1;
    } else if (wanted[at] === '?' || wanted[at] === given[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      // The last asterisk takes one character more; an earlier one need never be tried again.
      at = star + 1;
      resumeAt += 1;
      index = resumeAt;
    } else {
      return false;
    }
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}

/** A date key as a span; undefined where it is no date and no range of dates. */
export function parseDateKey(key: string): KeyRange | undefined {
  return parseRange(key, (text) => {
    const [, year = '', month = '', day = ''] = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text) ?? [];
    const date = year + month + day;
    return date === '' ? undefined : { first: date, last: date };
  });
}

/** A time key as a span; hours and minutes alone stand for all of them. */
export function parseTimeKey(key: string): KeyRange | undefined {
  return parseRange(key, (text) => {
    const match = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?$/.exec(text);
    const [, hour, minute, second, fraction = ''] = match ?? [];
    if (hour === undefined || Number(hour) > 23 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 60) {
      return undefined;
    }
    return {
      first: `${hour}${minute ?? '00'}${second ?? '00'}.${fraction.padEnd(6, '0')}`,
      last: `${hour}${minute ?? '59'}${second ?? '59'}.${fraction.padEnd(6, '9')}`,
    };
  });
}

/**
 * Whether a step starts when the keys say. Where both are ranges they are the two ends of one span of time, from
 * the first date's first time to the last date's last time (PS3.4 Table K.6-1); else each matches by itself.
 */
export function matchesStart(
  date: KeyRange | null,
  time: KeyRange | null,
  start: { readonly date: string; readonly time: string },
): boolean {
  const storedTime = parseTimeKey(start.time)?.from ?? DAY_START;
  if (date?.isRange === true && time?.isRange === true) {
    const from = date.from === null ? null : date.from + (time.from ?? DAY_START);
    const to = date.to === null ? null : date.to + (time.to ?? DAY_END);
    return isWithin({ from, to }, start.date + storedTime);
  }
  return (date === null || isWithin(date, start.date)) && (time === null || isWithin(time, storedTime));
}

function isWithin({ from, to }: Pick<KeyRange, 'from' | 'to'>, value: string): boolean {
  return (from === null || value >= from) && (to === null || value <= to);
}

interface Precision {
  readonly first: string;
  readonly last: string;
}

function parseRange(key: string, parse: (text: string) => Precision | undefined): KeyRange | undefined {
  const ends = key.split('-').map((text) => text.trim());
  const [first = '', last = first] = ends;
  if (ends.length > 2 || (first === '' && last === '')) return undefined;
  const from = first === '' ? null : parse(first);
  const to = last === '' ? null : parse(last);
  if (from === undefined || to === undefined) return undefined;
  return { from: from?.first ?? null, to: to?.last ?? null, isRange: ends.length === 2 };
}

// A person name has up to three groups of components, one script each (PS3.5 6.2.1.2): any of them may match.
function matchesName(key: string, stored: string): boolean {
  const wanted = nameGroups(key);
  const known = nameGroups(stored);
  const fits = (pattern: string, text: string | undefined): boolean =>
    text !== undefined && matchesPattern(pattern, text);
  const [only, ...others] = wanted;
  if (only !== undefined && others.length === 0) return known.some((text) => fits(only, text));
  return wanted.every((pattern, index) => pattern === '' || fits(pattern, known[index]));
}

// One form of a letter, whichever way its accent was written; components without trailing delimiters or padding.
function nameGroups(name: string): readonly string[] {
  return name
    .normalize('NFC')
    .toLowerCase()
    .split('=')
    .map((group) =>
      group
        .replace(/ *\^ */g, '^')
        .replace(/[\^ ]+$/, '')
        .trim(),
    );
}

function isUniversal(text: string): boolean {
  return /^\*+$/.test(text);
}
