/** A record of many referrals of invented people, for the list of referrals. */
import type { Kysely } from 'kysely';
import { fillPersonTerms } from '../../src/database/person-terms.ts';
import type { Database } from '../../src/database/schema.ts';
import { addToTallies } from '../../src/database/tallies.ts';
import { figuresOf } from '../../src/exam/finding-figures.ts';
import { FINDING_KINDS } from '../../src/exam/finding-kind.ts';
import type { ReferralState } from '../../src/exam/referral-life.ts';
import { inventAnalysis } from '../../src/testing/scripted-worklist.ts';

/** The moment of the list. */
export const LISTED_AT_MS = Date.UTC(2026, 10, 22, 8);
/** Who asks for the list; the gate of a server without sign-in calls everybody so. */
export const LISTED_OWNER = 'operator';

const DAY_MS = 86_400_000;
const BATCH_ROWS = 500;
/** A page reads one film of each row; several referrals share one, so that the record fits on a small disk. */
const FILMS = 20_000;
const OWNERS = [LISTED_OWNER, ...Array.from({ length: 11 }, (_, index) => `owner${index}`)];
const SITES = [30, 25, 20, 10, 8, 5, 1.9, 0.1];

/** Years of a region: most have ended. Percent. */
const STATES: readonly (readonly [ReferralState, number])[] = [
  ['flagged', 8],
  ['under-review', 4],
  ['accepted', 2],
  ['dxa-ordered', 4],
  ['dxa-booked', 3],
  ['dxa-done', 2],
  ['treatment-assessment', 2],
  ['closed', 60],
  ['dismissed', 15],
];
const ENDED: readonly ReferralState[] = ['closed', 'dismissed'];

/** Common names come more often than rare ones, as they do. */
const FAMILY = ['Andersson', 'Johansson', 'Karlsson', 'Nilsson', 'Eriksson', 'Larsson', 'Olsson', 'Persson'];
const GIVEN = ['Anna', 'Eva', 'Maria', 'Karin', 'Kristina', 'Lena', 'Ingrid', 'Birgitta', 'Åsa', 'Östen'];

/** The name of a person of this record; one in ten has one that nobody else has. */
export function listedName(index: number): string {
  const random = fractionOf(index, 3);
  const family = random < 0.5 ? FAMILY[Math.floor(random * 2 * FAMILY.length)] : undefined;
  const given = GIVEN[Math.floor(fractionOf(index, 4) * GIVEN.length)] ?? '';
  if (family !== undefined) return `${family}^${given}`;
  return random < 0.9 ? `Släkt${Math.floor(random * 2_000)}^${given}` : `Ensam${index}^${given}`;
}

/** The number of a person of this record, with its check digit. */
export function listedNumber(index: number): string {
  const day = new Date(Date.UTC(1926, 0, 1) + Math.floor(fractionOf(index, 5) * 50 * 365) * DAY_MS);
  const date = day.toISOString().slice(0, 10).replaceAll('-', '');
  const digits = `${date.slice(2)}${String(index % 1_000).padStart(3, '0')}`;
  const sum = Array.from(digits).reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${date}-${digits.slice(6)}${(10 - (sum % 10)) % 10}`;
}

/** Fills an empty record with so many people who have a referral each. */
export async function fillListedRecord(database: Kysely<Database>, referrals: number): Promise<void> {
  await insertUsers(database);
  for (let from = 0; from < referrals; from += BATCH_ROWS) {
    const indexes = Array.from({ length: Math.min(BATCH_ROWS, referrals - from) }, (_, at) => from + at);
    await database.transaction().execute(async (transaction) => {
      await transaction.insertInto('persons').values(indexes.map(personRow)).execute();
      const films = indexes.filter((index) => index < FILMS);
      if (films.length > 0) await transaction.insertInto('exams').values(films.map(filmRow)).execute();
      await transaction.insertInto('referrals').values(indexes.map(referralRow)).execute();
      const links = indexes.map((index) => ({
        ...{ referral_id: referralId(index), exam_id: filmId(index) },
        ...{ asks_treatment: 0 as const, asks_frax: 1 as const },
      }));
      await transaction.insertInto('referral_exams').values(links).execute();
    });
  }
  await addToTallies(database, { referral: referrals });
  await fillPersonTerms(database, LISTED_AT_MS);
}

async function insertUsers(database: Kysely<Database>): Promise<void> {
  const users = OWNERS.map((userId) => ({
    ...{ user_id: userId, login: userId, name: `Namn ${userId}`, roles_json: '["coordinator"]' },
    ...{ created_at_ms: LISTED_AT_MS, updated_at_ms: LISTED_AT_MS },
  }));
  await database.insertInto('users').values(users).execute();
}

function personRow(index: number) {
  return {
    ...{ person_id: `p${index}`, identity_key: `k${index}`, issuer: 'TEST', patient_id: listedNumber(index) },
    ...{ name: listedName(index), birth_date: listedNumber(index).slice(0, 8), sex: 'F' },
  };
}

function referralRow(index: number) {
  const state = chosenOf(STATES, fractionOf(index, 1) * 100);
  const isEnded = ENDED.includes(state);
  const kind = chosenOf(
    [['thin-cortex', 60] as const, ['fracture', 39.5] as const, ['low-density', 0.5] as const],
    fractionOf(index, 6) * 100,
  );
  const arrivedAtMs = LISTED_AT_MS - Math.floor(fractionOf(index, 7) * 1_500 * DAY_MS);
  const rank = FINDING_KINDS.length - FINDING_KINDS.indexOf(kind);
  return {
    ...{ referral_id: referralId(index), person_id: `p${index}`, state, policy_version: '1' },
    ...{ created_at_ms: arrivedAtMs, updated_at_ms: arrivedAtMs, state_since_ms: arrivedAtMs },
    owner_id: state === 'flagged' ? null : (OWNERS[index % OWNERS.length] ?? null),
    due_at_ms: isEnded ? null : LISTED_AT_MS + Math.floor((fractionOf(index, 8) * 40 - 10) * DAY_MS),
    urgency: Math.floor(rank * 250 + fractionOf(index, 9) * 250),
    kind,
    grade: kind === 'fracture' ? 1 + Math.floor(fractionOf(index, 10) ** 3 * 3) : null,
    age_years: 50 + Math.floor(fractionOf(index, 11) ** 2 * 50),
    site_id: chosenOf(
      SITES.map((share, at) => [`site${at}`, share] as const),
      fractionOf(index, 12) * 100,
    ),
    lead_exam_id: filmId(index),
    figures_json: FIGURES,
    arrived_at_ms: arrivedAtMs,
  };
}

function filmRow(index: number) {
  const uid = `1.2.840.99.${index}`;
  return {
    ...{
      exam_id: filmId(index),
      person_id: `p${index}`,
      study_uid: uid,
      series_uid: `${uid}.1`,
      sop_uid: `${uid}.1.1`,
    },
    ...{ sop_class_uid: '1.2.840.10008.5.1.4.1.1.1.1', transfer_syntax_uid: '1.2.840.10008.1.2.4.70' },
    ...{ data_set_sha256: 'a'.repeat(64), object_key: `objects/${index}`, object_bytes: 5_000_000 },
    ...{
      calling_ae_title: 'CLINIC',
      header_json: '{}',
      modality: 'PX',
      view_name: 'panoramic',
      age_years: 71,
    },
    ...{ state: 'positive' as const, reasons_json: REASONS, analysis_json: ANALYSIS },
    ...{ received_at_ms: LISTED_AT_MS, finished_at_ms: LISTED_AT_MS },
  };
}

const FIGURES = JSON.stringify(figuresOf(inventAnalysis()));
const REASONS = JSON.stringify(inventAnalysis().reasons);
/** As long as that of a film that was measured: most of it is the border of the jaw. */
const ANALYSIS = JSON.stringify({
  ...inventAnalysis(),
  panoramic: {
    ...inventAnalysis().panoramic,
    inferiorBorderPx: Array.from({ length: 900 }, (_, index) => [index, ((index * 7_919) % 10_007) / 10]),
  },
});

function referralId(index: number): string {
  // As mixed as real ones are, which are random.
  return `r${Math.floor(fractionOf(index, 13) * 1e9).toString(36)}-${index}`;
}

function filmId(index: number): string {
  return `e${index % FILMS}`;
}

function chosenOf<Value>(shares: readonly (readonly [Value, number])[], percent: number): Value {
  let sum = 0;
  const found = shares.find(([, share]) => (sum += share) > percent) ?? shares[0];
  if (found === undefined) throw new Error('nothing to choose from');
  return found[0];
}

/** A number from 0 to 1 that is the same in each run; the salt makes several of one index. */
function fractionOf(index: number, salt: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}
