import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/schema.ts';
import type { Staff } from '../exam/staff.ts';
import { correctIdentity, mergePersons } from '../operations/identity.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { openPersonDesk, type PersonDesk } from './person-desk.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 8);
const STAFF: Staff = { userId: 'u1', name: 'Sara Samordnare', roles: ['coordinator'], siteIds: null };
const BY = { actor: 'user u1', nowMs: NOW_MS };

let database: Kysely<Database>;
let desk: PersonDesk;
beforeEach(async () => {
  database = await openTestRecord();
  desk = openPersonDesk(database, { nowMs: () => NOW_MS } as never);
  await database
    .insertInto('users')
    .values({
      ...{ user_id: 'u1', login: 'sara', name: STAFF.name, roles_json: '["coordinator"]' },
      ...{ created_at_ms: 0, updated_at_ms: 0 },
    })
    .execute();
});
afterEach(() => database.destroy());

/** A film of an invented person; returns the person. */
async function film(number: number, patientId: string, patientName = 'Almgren^Ingrid'): Promise<string> {
  await insertTestExam(database, number, { patientId, patientName, patientBirthDate: '19460421' });
  const { person_id } = await database
    .selectFrom('persons')
    .select('person_id')
    .where('patient_id', '=', patientId)
    .executeTakeFirstOrThrow();
  return person_id;
}

const found = async (text: string) =>
  (await desk.search(text, STAFF)).persons.map(({ personId }) => personId);
const trail = () =>
  database
    .selectFrom('audit_trail')
    .select(['actor', 'action', 'subject', 'person_id', 'detail'])
    .where('actor', '=', 'user u1')
    .orderBy('audit_id')
    .execute();

describe('the register of people', () => {
  it('finds people by name and number, and writes down who searched for what', async () => {
    const ingrid = await film(1, '19460421-9008');
    const karin = await film(2, 'TEST-2', 'Almgren^Karin');
    expect((await found('alm')).toSorted()).toEqual([ingrid, karin].toSorted());
    expect(await found('almgren kar')).toEqual([karin]);
    expect(await found('460421-90')).toEqual([ingrid]);
    expect(await found('?')).toEqual([]);
    const { persons, isCut } = await desk.search('19460421', STAFF);
    expect(isCut).toBe(false);
    expect(persons).toMatchObject([
      {
        ...{ personId: ingrid, ageYears: 80 },
        person: { name: 'Almgren, Ingrid', number: { kind: 'personnummer', shown: '19460421-9008' } },
      },
    ]);
    expect((await trail())[0]).toEqual({
      ...{ actor: 'user u1', action: 'person list searched', subject: 'persons', person_id: null },
      detail: '{"search":"alm"}',
    });
  });

  it('tells of the first fifty, and that there are more', async () => {
    for (let number = 0; number < 51; number += 1) await film(number, `TEST-${number}`);
    const { persons, isCut } = await desk.search('almgren ingrid', STAFF);
    expect([persons.length, isCut]).toEqual([50, true]);
  });

  it('shows one person with films, referrals and who has looked, and writes the look down', async () => {
    const personId = await film(1, 'TEST-1');
    await film(2, 'TEST-1');
    await database
      .insertInto('referrals')
      .values({
        ...{ referral_id: 'r1', person_id: personId, state: 'flagged', policy_version: '1' },
        ...{ created_at_ms: 5, updated_at_ms: 5, due_at_ms: 6 },
      })
      .execute();
    const first = await desk.read(personId, STAFF, true);
    expect(first.person).toMatchObject({
      films: [{ state: 'pending' }, { state: 'pending' }],
      referrals: [{ referralId: 'r1', state: 'flagged' }],
      ...{ identities: [], changes: [], accesses: [], hasRiskFactors: false, issuer: 'TEST' },
    });
    const next = await desk.read(personId, STAFF, false);
    expect(next.person.accesses).toMatchObject([{ by: 'Sara Samordnare', action: 'person seen' }]);
    // The page looked again by itself, which is no look of a person.
    expect(await trail()).toMatchObject([{ action: 'person seen', subject: personId, person_id: personId }]);
  });

  it('knows nobody under an identifier that nobody has', async () => {
    await expect(desk.read('nobody', STAFF, true)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('shows whom an identity was merged into, under its old names and numbers too', async () => {
    const wrong = await film(1, 'TEST-1', 'Fel^Felicia');
    const right = await film(2, 'TEST-2', 'Rätt^Rita');
    await mergePersons(database, { personId: wrong }, { personId: right }, BY);
    const { person } = await desk.read(wrong, STAFF, true);
    expect(person).toMatchObject({
      personId: right,
      films: [{}, {}],
      identities: [{ personId: wrong, person: { name: 'Fel, Felicia' }, issuer: 'TEST' }],
      changes: [{ kind: 'merge', by: 'Sara Samordnare', fromPersonId: wrong, toPersonId: right }],
    });
    expect(await found('felicia')).toEqual([right]);
    expect(await found('test-1')).toEqual([right]);
  });

  it('finds a person by the corrected number and by the earlier one', async () => {
    const wrong = await film(1, '19460421-9009');
    const { toPersonId } = await correctIdentity(
      database,
      { personId: wrong },
      { patientId: '19460421-9008', name: 'Almgren^Inga' },
      BY,
    );
    expect(await found('194604219008')).toEqual([toPersonId]);
    expect(await found('194604219009')).toEqual([toPersonId]);
    expect(await found('inga')).toEqual([toPersonId]);
  });

  it('hides a protected identity everywhere, shows it to who asks, and says who that was', async () => {
    const personId = await film(1, '19460421-9008', 'Hemlig^Hanna');
    await database
      .insertInto('referrals')
      .values({
        ...{ referral_id: 'r1', person_id: personId, state: 'flagged', policy_version: '1' },
        ...{ created_at_ms: 5, updated_at_ms: 5, due_at_ms: 6 },
      })
      .execute();
    expect(await desk.protect(personId, true, STAFF)).toEqual(['r1']);
    expect(await found('hemlig')).toEqual([]);
    expect(await found('19460421')).toEqual([personId]);
    const shown = await desk.read(personId, STAFF, true);
    expect(JSON.stringify([shown, await desk.search('1946', STAFF)])).not.toMatch(/Hemlig|9008|19460421/);
    await expect(desk.reveal(personId, 'r9', STAFF)).rejects.toMatchObject({ code: 'not-found' });
    const { person } = await desk.reveal(personId, 'r1', STAFF);
    expect(person).toMatchObject({ name: 'Hemlig, Hanna', number: { shown: '19460421-9008' } });
    expect(await trail()).toMatchObject([
      { action: 'protection changed', person_id: personId, detail: '{"isProtected":true}' },
      ...[{}, {}, {}, {}],
      { action: 'protected identity revealed', subject: 'r1', person_id: personId },
    ]);
    await desk.protect(personId, false, STAFF);
    expect(await found('hemlig')).toEqual([personId]);
  });
});
