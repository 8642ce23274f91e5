import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Assessment } from '../exam/assessment.ts';
import { readReferralRows } from '../worklist/referral-rows.ts';
import { openWorklist } from '../worklist/worklist.ts';
import { exampleReport } from '../testing/example-report.ts';
import { exampleSpineReport } from '../testing/example-spine.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { insertJobs } from './job-records.ts';
import { dismissReferral, listReferralEntries } from './referral-records.ts';
import { reassessExam } from './revision-records.ts';
import type { Database } from './schema.ts';
import { recordTriage } from './triage-records.ts';

const TREATMENT = ['treatment', 'dxa'] as const;
const FRAX = ['frax', 'dxa'] as const;

let database: Kysely<Database>;
let token = 0;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

/** A new film of the same person, or one that is there, ends as a positive that asks for something. */
async function finish(
  examId: string,
  assessments: readonly Assessment[],
  analysis = exampleReport().analysis,
): Promise<string | null> {
  const leaseToken = `lease ${(token += 1)}`;
  await database
    .updateTable('jobs')
    .set({ state: 'leased', lease_token: leaseToken })
    .where('exam_id', '=', examId)
    .execute();
  const job = { examId, leaseToken, attempt: 1, priority: 'routine' as const, traceParent: null };
  const result = { job, analysis, reports: [], destinations: [], assessments };
  const recorded = await recordTriage(database, { ...result, policyVersion: '1', nowMs: 1000 + token });
  return recorded!.referralId;
}

async function arrive(number: number): Promise<string> {
  const examId = await insertTestExam(database, number, { patientId: 'T-1' });
  await insertJobs(database, [routineJob(examId)], 1);
  return examId;
}

async function again(examId: string): Promise<string> {
  await reassessExam(database, examId, 2000 + token);
  return examId;
}

const entries = () => listReferralEntries(database, { state: null, limit: 10 });

describe('a referral', () => {
  it('asks for what all of its films ask for together, the most pressing first', async () => {
    const referralId = await finish(await arrive(1), FRAX);
    expect(await entries()).toMatchObject([{ referralId, assessments: ['frax', 'dxa'] }]);
    expect(await finish(await arrive(2), TREATMENT)).toBe(referralId);
    expect(await entries()).toMatchObject([{ assessments: ['treatment', 'frax', 'dxa'] }]);
  });

  it('never asks for less when a film is assessed anew', async () => {
    const examId = await arrive(1);
    await finish(examId, TREATMENT);
    await finish(await again(examId), FRAX);
    expect(await entries()).toMatchObject([{ assessments: ['treatment', 'frax', 'dxa'] }]);
  });

  it('that has ended is not asked a second time, but for what the film did not ask for before', async () => {
    const examId = await arrive(1);
    const referralId = await finish(examId, FRAX);
    await dismissReferral(database, {
      referralId: referralId!,
      reason: 'known-and-treated',
      actor: 'test',
      nowMs: 1,
    });
    expect(await finish(await again(examId), FRAX)).toBe(referralId);
    const next = await finish(await again(examId), TREATMENT);
    expect(next).not.toBe(referralId);
    expect(await entries()).toMatchObject([
      { referralId: next, state: 'flagged', assessments: ['treatment', 'dxa'] },
      { referralId, state: 'dismissed', assessments: ['frax', 'dxa'] },
    ]);
    expect(await openWorklist(database).readExam(examId)).toMatchObject({
      referralId: next,
      assessments: ['treatment', 'dxa'],
    });
  });

  const rows = async () => {
    const [referral] = await database.selectFrom('referrals').select('referral_id').execute();
    const ids = referral === undefined ? [] : [referral.referral_id];
    return readReferralRows(database, ids, { nameSite: (siteId) => siteId, nowMs: 1 });
  };

  it('shows the fracture before the thin cortex on the worklist, whatever their scores', async () => {
    const cortex = await arrive(1);
    await finish(cortex, FRAX);
    const spine = await arrive(2);
    const { analysis } = exampleSpineReport({ spine: { fractureScore: 0.01 } });
    await finish(spine, TREATMENT, analysis);
    expect(await rows()).toMatchObject([
      {
        kind: 'fracture',
        assessments: ['treatment', 'frax', 'dxa'],
        vertebra: { level: 'L1', genantGrade: 2, deformity: 'wedge' },
        sortingScore: 0.01,
        meanWidthMm: null,
        examIds: [spine, cortex],
      },
    ]);
    // Assessed anew and no longer a finding, it comes after the one that is.
    await finish(await again(spine), [], { ...analysis, outcome: 'negative' });
    expect(await rows()).toMatchObject([
      { kind: 'thin-cortex', vertebra: null, assessments: ['treatment', 'frax', 'dxa'] },
    ]);
  });

  const summary = async () =>
    database
      .selectFrom('referrals')
      .select(['kind', 'grade', 'sorting_score', 'age_years', 'lead_exam_id', 'urgency', 'version', 'state'])
      .executeTakeFirstOrThrow();
  const events = async () => {
    const all = database.selectFrom('referral_events').selectAll().orderBy('event_id');
    return (await all.execute()).map((event) => [event.action, JSON.parse(event.details_json) as unknown]);
  };

  it('says what its films show and how urgent that is, and keeps both right', async () => {
    const cortex = await arrive(1);
    await finish(cortex, FRAX);
    const first = await summary();
    expect(first).toMatchObject({ kind: 'thin-cortex', grade: null, age_years: 76, lead_exam_id: cortex });
    const spine = await arrive(2);
    const { analysis } = exampleSpineReport({ spine: { fractureScore: 0.4 } });
    await finish(spine, TREATMENT, analysis);
    const joined = await summary();
    expect(joined).toMatchObject({ kind: 'fracture', grade: 2, sorting_score: 0.4, lead_exam_id: spine });
    expect(joined.urgency).toBeGreaterThan(first.urgency);
    expect((await events()).map(([action]) => action)).toEqual(['flagged', 'film-joined']);
    // The same result again is no news.
    await finish(await again(spine), TREATMENT, analysis);
    expect(await summary()).toEqual(joined);
  });

  it('is never closed by a film that is no finding any longer: it says so and is less urgent', async () => {
    const examId = await arrive(1);
    const referralId = await finish(examId, FRAX);
    const before = await summary();
    const { analysis } = exampleReport();
    expect(await finish(await again(examId), [], { ...analysis, outcome: 'negative' })).toBe(referralId);
    expect(await summary()).toMatchObject({ state: 'flagged', kind: null, urgency: 0, version: 2 });
    expect((await events()).at(-1)).toEqual([
      'film-revised',
      { examId, outcome: 'negative', kind: null, urgency: 0, urgencyBefore: before.urgency },
    ]);
  });
});
