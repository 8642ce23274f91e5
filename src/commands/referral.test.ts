import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDataFolder, type TestDataFolder } from '../testing/data-folder.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { correctPatient } from './identity.ts';
import { recordIn } from './open-record.ts';
import { acceptOne } from './referral.ts';

const DAY_MS = 86_400_000;

let data: TestDataFolder;
beforeEach(async () => {
  data = await makeDataFolder();
});
afterEach(() => data.remove());

/** The sites file that the administration pages make, with days of its own. */
async function writeDays(days: Readonly<Record<string, number>>): Promise<void> {
  const book = { sites: [{ id: 'clinic-7', name: 'Clinic 7' }], worklist: { days } };
  await writeFile(join(data.folder, 'sites.json'), JSON.stringify(book));
}

async function standing(referralId: string): Promise<{ readonly state: string; readonly days: number }> {
  const { state, due_at_ms, state_since_ms } = await data.database
    .selectFrom('referrals')
    .select(['state', 'due_at_ms', 'state_since_ms'])
    .where('referral_id', '=', referralId)
    .executeTakeFirstOrThrow();
  return { state, days: ((due_at_ms ?? 0) - state_since_ms) / DAY_MS };
}

describe('commands that move a referral', () => {
  it('count its due date by the days of the sites file, and by the usual ones where it says none', async () => {
    const [first, second] = [
      await insertTestReferral(data.database, 1),
      await insertTestReferral(data.database, 2),
    ];
    await acceptOne(recordIn(data.folder), first, {});
    expect(await standing(first)).toEqual({ state: 'dxa-ordered', days: 14 });
    await writeDays({ 'dxa-ordered': 3 });
    await acceptOne(recordIn(data.folder), second, {});
    expect(await standing(second)).toEqual({ state: 'dxa-ordered', days: 3 });
  });

  it('do so too where a corrected identity brings the result of the scanner', async () => {
    const referralId = await insertTestReferral(data.database, 1, { patientId: 'RIGHT' });
    await writeDays({ 'dxa-done': 5 });
    const place = recordIn(data.folder);
    await acceptOne(place, referralId, {});
    const examId = await insertTestExam(data.database, 2, { patientId: 'WRONG', modality: 'BMD' });
    const { person_id } = await data.database
      .selectFrom('exams')
      .select('person_id')
      .where('exam_id', '=', examId)
      .executeTakeFirstOrThrow();
    const result = { exam_id: examId, person_id, referral_id: null, matched_by: null, received_at_ms: 1 };
    await data.database.insertInto('dxa_results').values(result).execute();
    expect(await correctPatient(place, { id: 'WRONG' }, { patientId: 'RIGHT' })).toMatchObject({
      resultsMatched: 1,
    });
    expect(await standing(referralId)).toEqual({ state: 'dxa-done', days: 5 });
  });
});
