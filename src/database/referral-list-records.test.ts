import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReferralState } from '../exam/referral-life.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { fillPersonTerms } from './person-terms.ts';
import { findReferralPlaces, type ReferralFilter, type ReferralPlace } from './referral-list-records.ts';
import type { Database } from './schema.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 8);
const PEOPLE = 5_000;
const STATES: readonly ReferralState[] = ['flagged', 'accepted', 'closed'];

/** Half are called Andersson, and the others Eva; a few are both. */
const people = Array.from({ length: PEOPLE }, (_, number) => ({
  family: number % 2 === 0 ? 'Andersson' : number % 100 === 1 ? 'Gunnarsson' : 'Karlsson',
  given: number % 2 === 1 || number % 1_000 === 0 ? 'Eva' : 'Rut',
  referralId: `r${String((number * 7_919) % 100_003).padStart(6, '0')}`,
  urgency: (number * 31) % 97,
  state: STATES[number % 3] ?? 'flagged',
  siteId: number % 7 === 0 ? 'clinic-1' : 'clinic-2',
}));

let database: Kysely<Database>;
beforeAll(async () => {
  database = await openTestRecord();
  for (let from = 0; from < PEOPLE; from += 500) {
    const some = people.slice(from, from + 500);
    await database
      .insertInto('persons')
      .values(
        some.map(({ family, given }, at) => ({
          ...{ person_id: `p${from + at}`, identity_key: `k${from + at}`, issuer: 'TEST' },
          ...{ patient_id: `T-${from + at}`, name: `${family}^${given}`, birth_date: null, sex: null },
        })),
      )
      .execute();
    await database
      .insertInto('referrals')
      .values(
        some.map(({ referralId, urgency, state, siteId }, at) => ({
          ...{ referral_id: referralId, person_id: `p${from + at}`, state, policy_version: '1', urgency },
          ...{ created_at_ms: 0, updated_at_ms: 0, arrived_at_ms: 0, site_id: siteId },
          due_at_ms: state === 'closed' ? null : NOW_MS,
        })),
      )
      .execute();
  }
  await fillPersonTerms(database, NOW_MS);
}, 60_000);
afterAll(() => database.destroy());

const ALL: ReferralFilter = {
  ...{ states: STATES, ownerId: null, dueUntilMs: null, siteId: null, kind: null },
  ...{ gradeMin: null, ageMin: null, ageMax: null, prefixes: [] },
};

describe('a search among many', () => {
  // The first is walked past, of the next one the few are looked up, the third is walked and the last is looked up
  // because a sample has none that are both.
  it.each([
    [['anders'], 2_500],
    [['gunn'], 50],
    [['eva', 'karls'], 2_450],
    [['anders', 'eva'], 5],
  ])('for %j finds each that has the terms, in order and page by page', async (prefixes, count) => {
    for (const siteId of [null, 'clinic-1']) {
      const expected = people
        .filter((person) => siteId === null || person.siteId === siteId)
        .filter(({ family, given }) =>
          prefixes.every((prefix) => [family, given].some((term) => term.toLowerCase().startsWith(prefix))),
        )
        .toSorted(
          (a, b) =>
            b.urgency - a.urgency ||
            Number(a.state === 'closed') - Number(b.state === 'closed') ||
            (a.referralId < b.referralId ? -1 : 1),
        )
        .map(({ referralId }) => referralId);
      if (siteId === null) expect(expected).toHaveLength(count);
      const found: ReferralPlace[] = [];
      for (;;) {
        const page = { sort: 'urgency', after: found.at(-1) ?? null, limit: 400 } as const;
        const places = await findReferralPlaces(database, { ...ALL, siteId, prefixes }, page);
        found.push(...places);
        if (places.length < page.limit) break;
      }
      expect(found.map(({ referralId }) => referralId)).toEqual(expected);
    }
  });
});
