import type { Language } from '../decide/reason-texts.ts';
import { CONFLICT_WORDS } from './conflict-words.ts';
import { DELIVERY_WORDS } from './delivery-words.ts';
import { FILM_WORDS } from './film-words.ts';
import { FRAME_WORDS } from './frame-words.ts';
import { REFERRAL_WORDS } from './referral-words.ts';
import { SPINE_WORDS } from './spine-words.ts';
import { WORKLIST_WORDS } from './worklist-words.ts';

// Each part brings its own words; a part is added in both languages.
const english = {
  ...FRAME_WORDS.en,
  ...WORKLIST_WORDS.en,
  ...REFERRAL_WORDS.en,
  ...CONFLICT_WORDS.en,
  ...FILM_WORDS.en,
  ...SPINE_WORDS.en,
  ...DELIVERY_WORDS.en,
};

/** Every word of the pages, by its key. */
export type Words = Readonly<Record<keyof typeof english, string>>;

/** A key of the words. */
export type WordKey = keyof Words;

const swedish: Words = {
  ...FRAME_WORDS.sv,
  ...WORKLIST_WORDS.sv,
  ...REFERRAL_WORDS.sv,
  ...CONFLICT_WORDS.sv,
  ...FILM_WORDS.sv,
  ...SPINE_WORDS.sv,
  ...DELIVERY_WORDS.sv,
};

/** Every word in each language. */
export const WORDS: Readonly<Record<Language, Words>> = { en: english, sv: swedish };

/** Puts values into a text: `{name}` stands for the value of that name. */
export function fillWords(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
