import { isReasonCode, reasonText } from '../decide/reason-texts.ts';
import type { Language, ReasonValues } from '../decide/reason-texts.ts';
import type { Reason } from '../exam/analysis.ts';
import type { PersonView, ReferralRow } from '../worklist/worklist-views.ts';
import { fillWords } from './words.ts';
import type { Words } from './words.ts';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', sv: 'sv-SE' };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A text, and the language it turned out to be in, so that a screen reader pronounces it right. */
export interface SpokenText {
  readonly text: string;
  readonly language: Language;
}

/** The name as a person reads it; DICOM writes `Family^Given^Middle` and may add other scripts after `=`. */
export function nameOf(person: PersonView, words: Words): string {
  const written = person.name.split('=').find((group) => group.trim() !== '') ?? '';
  const [family = '', given = '', middle = ''] = written.split('^').map((part) => part.trim());
  const first = [given, middle].filter((part) => part !== '').join(' ');
  const name = [family, first].filter((part) => part !== '').join(', ');
  if (name !== '') return name;
  return person.isProtected === true ? words.protectedName : words.nameUnknown;
}

/** The personnummer as it is written, or the Patient ID; empty where it is protected. */
export function shownNumber(person: PersonView): string {
  return person.number?.shown ?? person.patientId;
}

/** Age and sex in one short line. */
export function ageAndSexOf(person: PersonView, ageYears: number | null, words: Words): string {
  const age = ageYears === null ? words.ageUnknown : fillWords(words.ageYears, { n: ageYears });
  const sexes: Readonly<Record<string, string>> = { F: words.sexF, M: words.sexM, O: words.sexO };
  const sex = sexes[person.sex ?? ''];
  return sex === undefined ? age : `${age}, ${sex}`;
}

/** How long ago, coarse on purpose: two units at most, none finer than a minute. */
export function durationOf(fromIso: string, atIso: string, language: Language): string {
  const elapsedMs = Math.max(0, Date.parse(atIso) - Date.parse(fromIso));
  const swedish = language === 'sv';
  if (elapsedMs < MINUTE_MS) return swedish ? 'mindre än 1 min' : 'less than 1 min';
  const minutes = Math.floor((elapsedMs % HOUR_MS) / MINUTE_MS);
  if (elapsedMs < HOUR_MS) return `${minutes} min`;
  const hours = Math.floor((elapsedMs % DAY_MS) / HOUR_MS);
  const hourWord = swedish ? 'tim' : 'h';
  if (elapsedMs < DAY_MS) return `${hours} ${hourWord} ${minutes} min`;
  const days = Math.floor(elapsedMs / DAY_MS);
  const dayWord = swedish ? (days === 1 ? 'dag' : 'dagar') : days === 1 ? 'day' : 'days';
  return days < 7 && hours > 0 ? `${days} ${dayWord} ${hours} ${hourWord}` : `${days} ${dayWord}`;
}

/** Who did something, where the service itself may have. */
export function actorText(actor: string, words: Words): string {
  return actor === '' || actor === 'service' ? words.systemActor : actor;
}

/** Date and time of day in the reader's own time zone. */
export function momentOf(iso: string, language: Language): string {
  return momentFormat(language).format(Date.parse(iso));
}

/** A DICOM date (YYYYMMDD) or an ISO date as YYYY-MM-DD. */
export function dateOf(written: string): string {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(written);
  return match === null ? written : match.slice(1).join('-');
}

/** A number with fixed decimals in the reader's notation; a dash where there is none. */
export function numberOf(value: number | null, decimals: number, language: Language): string {
  if (value === null) return '–';
  return numberFormat(decimals, language).format(value);
}

// To make a format takes far longer than to use it, and fifty rows use it two hundred times.
const momentFormats = new Map<Language, Intl.DateTimeFormat>();
const numberFormats = new Map<string, Intl.NumberFormat>();

function momentFormat(language: Language): Intl.DateTimeFormat {
  const made =
    momentFormats.get(language) ??
    new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'medium', timeStyle: 'short' });
  momentFormats.set(language, made);
  return made;
}

function numberFormat(decimals: number, language: Language): Intl.NumberFormat {
  const key = `${language} ${decimals}`;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const made = numberFormats.get(key) ?? new Intl.NumberFormat(LOCALES[language], digits);
  numberFormats.set(key, made);
  return made;
}

/**
 * A reason in the reader's language. The English text comes from the service with its numbers. Another language is
 * written from the values that came along; without them the English text stands rather than one with gaps.
 */
export function spokenReason(reason: Reason, language: Language): SpokenText {
  if (language === 'en') return { text: reason.text, language };
  const values = valuesOf(reason);
  const text = reasonText(reason.code, language, values);
  return text.includes('–') && !reason.text.includes('–')
    ? { text: reason.text, language: 'en' }
    : { text, language };
}

/** A bare code in words; one that has none yet is shown as it is, with spaces. */
export function spokenCode(code: string, language: Language): string {
  return isReasonCode(code) ? reasonText(code, language) : code.replaceAll('-', ' ');
}

/** A finding as short as a row of the worklist wants it; its number stands beside it already. */
export function spokenFinding(
  referral: Pick<ReferralRow, 'finding' | 'reasons'>,
  language: Language,
  words: Words,
): SpokenText {
  const [deciding] = referral.reasons;
  if (deciding === undefined) return { text: referral.finding, language: 'en' };
  const limitMm = valuesOf(deciding)['limitMm'];
  if (deciding.code !== 'mcw-below-threshold' || typeof limitMm !== 'number') {
    return spokenReason(deciding, language);
  }
  return { text: fillWords(words.thinCortex, { limit: numberOf(limitMm, 1, language) }), language };
}

/** The mean width as the deciding reason quotes it, so that the row never shows another number than its text. */
export function quotedWidthMm(reasons: readonly Reason[], meanWidthMm: number | null): number | null {
  for (const reason of reasons) {
    const quoted = valuesOf(reason)['meanWidthMm'];
    if (typeof quoted === 'number') return quoted;
  }
  return meanWidthMm;
}

function valuesOf(reason: Reason): ReasonValues {
  if (!('values' in reason) || typeof reason.values !== 'object' || reason.values === null) return {};
  return reason.values as ReasonValues;
}
