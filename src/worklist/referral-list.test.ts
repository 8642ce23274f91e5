import type { Insertable, Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renewPersonTerms } from '../database/person-terms.ts';
import type { ReferralTable } from '../database/referral-tables.ts';
import type { Database } from '../database/schema.ts';
import { addToTallies } from '../database/tallies.ts';
import type { Staff } from '../exam/staff.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { exportHeading, exportLines } from './referral-export.ts';
import { openReferralList } from './referral-list.ts';
import type { ReferralListQuery, ReferralListRow } from './referral-views.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 8);
const DAY_MS = 86_400_000;
const STAFF: Staff = { userId: 'u1', name: 'Sara Samordnare', roles: ['coordinator'], siteIds: null };
const SITES = { book: () => ({ destinations: [], sites: [{ id: 'clinic-7', name: 'Kliniken' }] }) as never };

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
  await database
    .insertInto('users')
    .values({
      ...{ user_id: 'u1', login: 'sara', name: 'Sara Samordnare', roles_json: '["coordinator"]' },
      ...{ created_at_ms: 0, updated_at_ms: 0 },
    })
    .execute();
});
afterEach(() => database.destroy());

interface Invented extends Partial<Insertable<ReferralTable>> {
  readonly name?: string;
  readonly patientId?: string;
}

/** A referral with one film of an invented person. */
async function invent(number: number, { name, patientId, ...changes }: Invented = {}): Promise<string> {
  const examId = await insertTestExam(database, number, {
    ...{ patientId: patientId ?? `T-${number}`, patientName: name ?? `Namn${number}^Åsa` },
  });
  const { person_id } = await database
    .selectFrom('exams')
    .select('person_id')
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  const referralId = `r${number}`;
  await database
    .insertInto('referrals')
    .values({
      ...{ referral_id: referralId, person_id, state: 'flagged', policy_version: '1' },
      ...{ created_at_ms: NOW_MS, updated_at_ms: NOW_MS, state_since_ms: NOW_MS, arrived_at_ms: NOW_MS },
      ...{ due_at_ms: NOW_MS + 7 * DAY_MS, lead_exam_id: examId, site_id: 'clinic-7', version: 1 },
      ...changes,
    })
    .execute();
  await addToTallies(database, { referral: 1 });
  await database
    .insertInto('referral_exams')
    .values({ referral_id: referralId, exam_id: examId, asks_treatment: 0, asks_frax: 1 })
    .execute();
  return person_id;
}

const list = () => openReferralList({ database, sites: SITES, clock: { nowMs: () => NOW_MS } as never });
const ask = (query: Partial<ReferralListQuery> = {}) =>
  list().list({ tab: 'all', sort: 'urgency', limit: 50, ...query }, STAFF);
const idsOf = async (query: Partial<ReferralListQuery>) =>
  (await ask(query)).rows.map(({ referralId }) => referralId);

describe('the list of referrals', () => {
  it('has a tab for each thing that a coordinator asks for, and counts them all', async () => {
    const ended = { due_at_ms: null };
    await invent(1);
    await invent(2, { state: 'under-review', owner_id: 'u1', due_at_ms: NOW_MS - DAY_MS });
    await invent(3, { state: 'dxa-ordered', owner_id: 'u2' });
    await invent(4, { state: 'dxa-booked' });
    await invent(5, { state: 'dxa-done' });
    await invent(6, { state: 'treatment-assessment' });
    await invent(7, { state: 'closed', owner_id: 'u1', ...ended });
    await invent(8, { state: 'dismissed', ...ended });
    expect(await idsOf({ tab: 'new' })).toEqual(['r1']);
    expect(await idsOf({ tab: 'mine' })).toEqual(['r2']);
    expect(await idsOf({ tab: 'awaiting-dxa' })).toEqual(['r3', 'r4']);
    expect(await idsOf({ tab: 'awaiting-answer' })).toEqual(['r5', 'r6']);
    expect(await idsOf({ tab: 'overdue' })).toEqual(['r2']);
    expect(await idsOf({ tab: 'closed' })).toEqual(['r7', 'r8']);
    const { rows, counts, matching, nextCursor } = await ask();
    expect(rows).toHaveLength(8);
    expect([matching, nextCursor]).toEqual([8, null]);
    expect(counts).toEqual({
      ...{ new: 1, mine: 1, 'awaiting-dxa': 2, 'awaiting-answer': 2, overdue: 1, closed: 2, all: 8 },
    });
  });

  it('shows owner, site, due date and the film that speaks most clearly', async () => {
    await invent(1, { owner_id: 'u1', due_at_ms: NOW_MS - DAY_MS, urgency: 480 });
    const { rows, sites } = await ask();
    expect(rows).toMatchObject([
      {
        ...{ referralId: 'r1', version: 1, urgency: 480, ageYears: 76, assessments: ['frax', 'dxa'] },
        owner: { userId: 'u1', name: 'Sara Samordnare' },
        site: { siteId: 'clinic-7', name: 'Kliniken' },
        dueAt: '2026-11-21T08:00:00.000Z',
        dueStanding: 'overdue',
        person: { name: 'Namn1, Åsa', number: { kind: 'other', shown: 'T-1' }, isProtected: false },
      },
    ]);
    expect(sites).toEqual([{ siteId: 'clinic-7', name: 'Kliniken' }]);
  });

  it('is sorted by urgency and then by what is due first, by due date, or by arrival', async () => {
    await invent(1, { urgency: 500, due_at_ms: NOW_MS + DAY_MS, arrived_at_ms: 1 });
    await invent(2, { urgency: 900, due_at_ms: NOW_MS + 9 * DAY_MS, arrived_at_ms: 3, state: 'accepted' });
    await invent(3, { urgency: 500, due_at_ms: NOW_MS, arrived_at_ms: 2 });
    await invent(4, { urgency: 950, due_at_ms: null, arrived_at_ms: 4, state: 'closed' });
    expect(await idsOf({ sort: 'urgency' })).toEqual(['r4', 'r2', 'r3', 'r1']);
    expect(await idsOf({ sort: 'due' })).toEqual(['r3', 'r1', 'r2', 'r4']);
    expect(await idsOf({ sort: 'newest' })).toEqual(['r4', 'r2', 'r3', 'r1']);
    // The same where a search finds them first.
    expect(await idsOf({ sort: 'urgency', search: 'åsa' })).toEqual(['r4', 'r2', 'r3', 'r1']);
    expect(await idsOf({ sort: 'due', search: 'åsa' })).toEqual(['r3', 'r1', 'r2', 'r4']);
  });

  it('is filtered by site, finding, grade, age and state, all of them at once', async () => {
    const grade = { kind: 'fracture', grade: 2, age_years: 81, site_id: 'a' } as const;
    await invent(1, grade);
    await invent(2, { ...grade, grade: 3, state: 'accepted' });
    await invent(3, { kind: 'thin-cortex', age_years: 60, site_id: 'b' });
    expect(await idsOf({ siteId: 'a' })).toEqual(['r1', 'r2']);
    expect(await idsOf({ kind: 'thin-cortex' })).toEqual(['r3']);
    expect(await idsOf({ gradeMin: 3 })).toEqual(['r2']);
    expect(await idsOf({ ageMin: 60, ageMax: 80 })).toEqual(['r3']);
    expect(await idsOf({ state: 'accepted' })).toEqual(['r2']);
    expect(await idsOf({ tab: 'new', state: 'accepted' })).toEqual([]);
    expect(await idsOf({ tab: 'overdue', state: 'flagged' })).toEqual([]);
    expect(await idsOf({ siteId: 'a', kind: 'fracture', gradeMin: 2, ageMin: 81, state: 'flagged' })).toEqual(
      ['r1'],
    );
  });

  it('finds a person by the beginning of each name and by the number in every spelling', async () => {
    await invent(1, { name: 'Almgren^Ingrid', patientId: '194604219008' });
    await invent(2, { name: 'Almgren^Karin', patientId: '19461111-1111' });
    for (const search of [
      'almgren ing',
      'ING',
      '19460421-9008',
      '460421-9008',
      '194604219008',
      '19460421 90',
    ]) {
      expect(await idsOf({ search }), search).toEqual(['r1']);
    }
    expect(await idsOf({ search: 'alm' })).toEqual(['r1', 'r2']);
    expect(await idsOf({ search: '1946', tab: 'new' })).toEqual(['r1', 'r2']);
    for (const search of ['lmgren', 'almgren xx', '-', '9008'])
      expect(await idsOf({ search }), search).toEqual([]);
  });

  it('hides who has a protected identity, whom only the number finds', async () => {
    const personId = await invent(1, { name: 'Hemlig^Hanna', patientId: '194604219008' });
    await database.updateTable('persons').set({ is_protected: 1 }).execute();
    await renewPersonTerms(database, personId, NOW_MS);
    expect(await idsOf({ search: 'hemlig' })).toEqual([]);
    const answer = await ask({ search: '19460421' });
    expect(answer.rows).toMatchObject([{ referralId: 'r1', person: { isProtected: true, name: '' } }]);
    expect(JSON.stringify(answer)).not.toMatch(/Hemlig|9008|1950/);
  });

  it.each(['urgency', 'due', 'newest'] as const)(
    'by %s goes on where the page before ended, without a gap or a repetition',
    async (sort) => {
      const states = ['flagged', 'closed', 'accepted'] as const;
      for (let number = 10; number < 31; number += 1) {
        const state = states[number % 3]!;
        const due_at_ms = state === 'closed' ? null : NOW_MS + (number % 4) * DAY_MS;
        await invent(number, { state, due_at_ms, urgency: number % 2, arrived_at_ms: number % 5 });
      }
      const whole = await idsOf({ sort });
      const walked: string[] = [];
      let cursor: string | null = null;
      do {
        const answer = await ask({ sort, limit: 4, ...(cursor === null ? {} : { cursor }) });
        walked.push(...answer.rows.map(({ referralId }) => referralId));
        expect(answer.matching).toBe(21);
        cursor = answer.nextCursor;
      } while (cursor !== null);
      expect(whole).toHaveLength(21);
      expect(walked).toEqual(whole);
      const searched = await idsOf({ sort, search: 'åsa' });
      expect(searched).toEqual(whole);
    },
  );

  it.each([
    'x',
    Buffer.from('["due","r1",1,1,1,1]').toString('base64url'),
    Buffer.from('{}').toString('base64'),
  ])('refuses the cursor %s, which no page of it gave', async (cursor) => {
    await expect(ask({ cursor })).rejects.toMatchObject({ code: 'request-invalid' });
  });

  it('is handed on as a whole for export', async () => {
    for (const number of [1, 2, 3]) await invent(number);
    const rows: ReferralListRow[] = [];
    const query = { tab: 'all', sort: 'urgency', limit: 50 } as const;
    for await (const page of list().pages(query, STAFF)) rows.push(...page);
    expect(rows.map(({ referralId }) => referralId)).toEqual(['r1', 'r2', 'r3']);
  });

  it('as a table is read by Swedish Excel and holds no formula', async () => {
    await invent(1, { name: '@SUM(1;2)"^Åsa', patientId: '194604219008', owner_id: 'u1' });
    const table = exportHeading('sv') + exportLines((await ask()).rows, 'sv');
    expect(table.startsWith('\ufeffPersonnummer;Namn;Ålder')).toBe(true);
    const [, row] = table.split('\r\n');
    expect(row).toContain(`19460421-9008;"'@SUM(1;2)"", Åsa";76;kvinna`);
    expect(row).toContain(';Ny;Sara Samordnare;2026-11-29;i tid;Kliniken;2026-11-22;r1');
  });
});
