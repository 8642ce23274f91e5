import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { fillPersonTerms, renewPersonTerms, searchPrefixes, termsOf } from './person-terms.ts';
import type { Database } from './schema.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const terms = (name: string | null, patient_id: string | null, is_protected: 0 | 1 = 0) =>
  termsOf({ name, patient_id, is_protected }, '20261122');

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

describe('the terms of a person', () => {
  it('are the parts of the name in lower case, and the number with and without its century', () => {
    expect(terms('Påhittad-Berg^Anna Karin', '19121212-1212')).toEqual([
      '19121212-1212',
      '191212121212',
      '1212121212',
      'påhittad-berg',
      'berg',
      'anna',
      'karin',
    ]);
  });

  it('hold the century that a short number leaves out', () => {
    expect(terms(null, '121212+1212')).toEqual(['121212+1212', '1212121212', '191212121212']);
  });

  it('leave out a protected name, but not the number', () => {
    expect(terms('Hemlig^Hanna', 'TEST-7', 1)).toEqual(['test-7']);
  });

  it('of nobody are none', () => {
    expect(terms(null, null)).toEqual([]);
  });
});

describe('a search text', () => {
  it.each([
    ['Almgren  ing', ['almgren', 'ing']],
    ['19121212-12', ['1912121212']],
    ['121212+1212', ['1212121212']],
    ['19121212 1212 ÅSA', ['191212121212', 'åsa']],
    ['TEST-10', ['test-10']],
    ['anna-k', ['anna-k']],
    [' - ', []],
  ])('%j asks for the beginnings %j', (text, prefixes) => {
    expect(searchPrefixes(text)).toEqual(prefixes.map((prefix) => prefix.normalize('NFC')));
  });

  it('finds letters however they are composed', () => {
    expect(searchPrefixes('A\u030asa')).toEqual(['åsa']);
  });
});

describe('the table of terms', () => {
  const termsOfAll = async () =>
    (
      await database.selectFrom('person_terms').select('term').orderBy('person_id').orderBy('term').execute()
    ).map(({ term }) => term);

  it('gets the terms of a new person with the first film, and nothing more with the next', async () => {
    await insertTestExam(database, 1);
    await insertTestExam(database, 2, { patientName: 'Annan^Namn' });
    expect(await termsOfAll()).toEqual(['påhittad', 't-1', 'åsa']);
  });

  it('gets birth date and sex of the person from the number where the header lacks them', async () => {
    const patientId = '194604219008';
    await insertTestExam(database, 1, { patientId, patientBirthDate: null, patientSex: null });
    await insertTestExam(database, 2, { patientId: 'T-2', patientBirthDate: null, patientSex: null });
    const persons = await database.selectFrom('persons').selectAll().orderBy('patient_id').execute();
    expect(persons).toMatchObject([
      { birth_date: '19460421', sex: 'F' },
      { birth_date: null, sex: null },
    ]);
  });

  it('is filled for a record that had none, also with what merged people were called', async () => {
    for (const number of [1, 2]) {
      await insertTestExam(database, number, { patientId: `T-${number}`, patientName: `Namn${number}` });
    }
    const [first, second] = await database.selectFrom('persons').selectAll().orderBy('patient_id').execute();
    await database
      .updateTable('persons')
      .set({ merged_into: second!.person_id })
      .where('person_id', '=', first!.person_id)
      .execute();
    await database.deleteFrom('person_terms').execute();
    await fillPersonTerms(database, NOW_MS);
    const ofSurvivor = () =>
      database
        .selectFrom('person_terms')
        .select('term')
        .where('person_id', '=', second!.person_id)
        .orderBy('term')
        .execute()
        .then((rows) => rows.map(({ term }) => term));
    expect(await ofSurvivor()).toEqual(['namn1', 'namn2', 't-1', 't-2']);
    await database.updateTable('persons').set({ is_protected: 1 }).execute();
    await renewPersonTerms(database, second!.person_id, NOW_MS);
    expect(await ofSurvivor()).toEqual(['t-1', 't-2']);
  });
});
