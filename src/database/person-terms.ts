/**
 * How a person is found by the beginning of a name or of a number: the terms of each person stand in a table of their
 * own, along whose key every beginning is one range.
 */
import type { Kysely } from 'kysely';
import { describeNumber, numberDigits } from '../exam/personal-number.ts';
import type { Connection } from './exam-records.ts';
import type { Database } from './schema.ts';

/** What names a person. */
interface NamedPerson {
  readonly name: string | null;
  readonly patient_id: string | null;
  readonly is_protected: 0 | 1;
}

const TERM_CHARACTERS_MAX = 64;
const TERMS_MAX = 24;
const WORDS_MAX = 6;
/** Persons whose terms are written at once when a record is upgraded. */
const BATCH_PERSONS = 500;

/** A number as people type it; what stands between its digits does not count. */
const NUMBER_WORD = /^[\d+-]*\d[\d+-]*$/;
/** A date and a number behind it are one word, also with a space between them. */
const SPACED_NUMBER = /\b(\d{6}|\d{8})\s+(\d{1,4})(?!\d)/g;

/** The terms of a person. A protected name is none: it must not be found out by trying. */
export function termsOf({ name, patient_id, is_protected }: NamedPerson, onDate: string): readonly string[] {
  const id = normalised(patient_id?.trim() ?? '');
  const { kind, shown } = describeNumber(id, onDate);
  const digits = kind === 'other' || kind === 'reservnummer' ? [id] : [id, shown];
  const numbers = id === '' ? [] : [id, strippedNumber(id), ...digits.flatMap(numberDigits)];
  const names = is_protected === 1 ? [] : normalised(name ?? '').split(/[\s^=,]+/);
  const parts = names.flatMap((part) => [part, ...part.split('-').slice(1)]);
  const terms = [...numbers, ...parts].map((term) => term.slice(0, TERM_CHARACTERS_MAX));
  return [...new Set(terms)].filter((term) => term !== '').slice(0, TERMS_MAX);
}

/** The beginnings that a search text asks for; a person must have one term for each of them. */
export function searchPrefixes(search: string): readonly string[] {
  const words = normalised(search.replaceAll(SPACED_NUMBER, '$1$2')).split(/[\s^=,]+/);
  const prefixes = words.map((word) => strippedNumber(word).slice(0, TERM_CHARACTERS_MAX));
  return [...new Set(prefixes)].filter((prefix) => /[\p{L}\p{N}]/u.test(prefix)).slice(0, WORDS_MAX);
}

/** Where the terms that begin with a prefix end: no character comes after this one. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}

/** Writes the terms of a person who is new; rows of others are not touched, so it never waits for anyone. */
export async function insertPersonTerms(
  database: Connection,
  persons: readonly (NamedPerson & { readonly person_id: string })[],
  onDate: string,
): Promise<void> {
  const rows = persons.flatMap((person) =>
    termsOf(person, onDate).map((term) => ({ term, person_id: person.person_id })),
  );
  if (rows.length === 0) return;
  await database
    .insertInto('person_terms')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Writes the terms of a person anew, with those of the identities that were merged into it. */
export async function renewPersonTerms(database: Connection, personId: string, nowMs: number): Promise<void> {
  const identities = await database
    .selectFrom('persons')
    .select(['person_id', 'name', 'patient_id', 'is_protected'])
    .where((where) => where.or([where('person_id', '=', personId), where('merged_into', '=', personId)]))
    .execute();
  const isProtected = identities.find(({ person_id }) => person_id === personId)?.is_protected ?? 0;
  await database.deleteFrom('person_terms').where('person_id', '=', personId).execute();
  const named = identities.map((identity) => ({
    ...identity,
    person_id: personId,
    is_protected: isProtected,
  }));
  await insertPersonTerms(database, named, dateOf(nowMs));
}

/** Writes the terms of everyone in a record that had none yet. */
export async function fillPersonTerms(database: Kysely<Database>, nowMs: number): Promise<void> {
  let after = '';
  for (;;) {
    const persons = await database
      .selectFrom('persons')
      .select(['person_id', 'merged_into', 'name', 'patient_id', 'is_protected'])
      .where('person_id', '>', after)
      .orderBy('person_id')
      .limit(BATCH_PERSONS)
      .execute();
    // Who was merged is found by the earlier name and number, too.
    const ofSurvivors = persons.flatMap(({ merged_into, ...person }) =>
      merged_into === null ? [] : [{ ...person, person_id: merged_into }],
    );
    await insertPersonTerms(database, [...persons, ...ofSurvivors], dateOf(nowMs));
    const last = persons.at(-1);
    if (last === undefined || persons.length < BATCH_PERSONS) return;
    after = last.person_id;
  }
}

/** YYYYMMDD in UTC. */
export function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '');
}

function normalised(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function strippedNumber(word: string): string {
  return NUMBER_WORD.test(word) ? word.replaceAll(/[+-]/g, '') : word;
}
