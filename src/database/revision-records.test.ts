import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleReport } from '../testing/example-report.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { insertJobs, type LeasedJob } from './job-records.ts';
import { findExamIds, reassessExam } from './revision-records.ts';
import type { Database } from './schema.ts';
import { type ArchivedReport, findTriageInput, recordTriage } from './triage-records.ts';

const { analysis } = exampleReport();
const DESTINATIONS = [{ name: 'pacs', objects: ['SR', 'SC', 'GSPS'] as const }];

let database: Kysely<Database>;
let examId: string;

beforeEach(async () => {
  database = await openTestRecord();
  examId = await insertTestExam(database, 1);
  await insertJobs(database, [routineJob(examId)], 1);
});
afterEach(() => database.destroy());

async function lease(): Promise<LeasedJob> {
  const leaseToken = `lease ${Math.random()}`;
  await database.updateTable('jobs').set({ state: 'leased', lease_token: leaseToken }).execute();
  return { examId, leaseToken, attempt: 1, priority: 'routine', traceParent: null };
}

function reportsOf(revision: number): readonly ArchivedReport[] {
  return (['SR', 'SC', 'GSPS'] as const).map((kind, index) => ({
    ...{ kind, revision, object_key: `reports/${revision}/${kind}`, object_bytes: 10 },
    sop_class_uid: '1.2.840.10008.5.1.4.1.1.88.34',
    series_uid: `2.25.${revision}${index}1`,
    sop_uid: `2.25.${revision}${index}2`,
  }));
}

async function finish(job: LeasedJob, revision: number, nowMs = 1000 + revision) {
  const result = { job, analysis, reports: reportsOf(revision), destinations: DESTINATIONS };
  return recordTriage(database, { ...result, assessments: ['frax', 'dxa'], policyVersion: '1', nowMs });
}

const deliveries = () =>
  database
    .selectFrom('deliveries')
    .select(['revision', 'kind', 'state', 'note'])
    .orderBy('revision')
    .execute();

describe('an exam that is assessed anew', () => {
  it('is pending with a job, and its next report names the last one', async () => {
    await finish(await lease(), 0);
    expect(await reassessExam(database, examId, 5000)).toBe(1);
    expect(await database.selectFrom('exams').select(['state', 'revision']).execute()).toEqual([
      { state: 'pending', revision: 1 },
    ]);
    expect(await database.selectFrom('jobs').select(['state', 'attempts']).execute()).toEqual([
      { state: 'waiting', attempts: 0 },
    ]);
    expect(await findTriageInput(database, examId)).toMatchObject({
      revision: 1,
      reportedAtMs: 5000,
      predecessor: { sopInstanceUid: '2.25.002', seriesInstanceUid: '2.25.001', studyInstanceUid: '1.2.3' },
    });
    await finish(await lease(), 1);
    expect(await reassessExam(database, examId, 9000)).toBe(2);
    expect(await findTriageInput(database, examId)).toMatchObject({
      reportedAtMs: 9000,
      predecessor: { sopInstanceUid: '2.25.102' },
    });
  });

  it('sends nothing any more of what was not yet delivered, and leaves what was', async () => {
    await finish(await lease(), 0);
    await database.updateTable('deliveries').set({ state: 'delivered' }).where('kind', '=', 'SR').execute();
    await database.updateTable('deliveries').set({ state: 'dead' }).where('kind', '=', 'SC').execute();
    await reassessExam(database, examId, 5000);
    expect((await deliveries()).map(({ kind, state }) => `${kind} ${state}`).sort()).toEqual([
      'GSPS superseded',
      'SC superseded',
      'SR delivered',
    ]);
    await finish(await lease(), 1);
    expect((await deliveries()).filter(({ revision }) => revision === 1)).toEqual(
      Array(3).fill(expect.objectContaining({ state: 'pending' })),
    );
  });

  it('has one set of reports of each revision whatever is tried twice', async () => {
    const late = await lease();
    await finish(late, 0);
    expect(await finish(late, 0)).toBeUndefined();
    await reassessExam(database, examId, 5000);
    expect(await finish(late, 1)).toBeUndefined();
    const job = await lease();
    // Even whoever holds the lease cannot write a revision that is there.
    await expect(finish(job, 0)).rejects.toThrow();
    await finish(job, 1);
    const reports = await database.selectFrom('reports').select(['revision', 'kind']).execute();
    expect(reports).toHaveLength(6);
  });

  it('is not referred a second time, not even when its referral has ended', async () => {
    const first = await finish(await lease(), 0);
    await database.updateTable('referrals').set({ state: 'closed' }).execute();
    await reassessExam(database, examId, 5000);
    expect(await finish(await lease(), 1)).toEqual(first);
    expect(await database.selectFrom('referrals').selectAll().execute()).toHaveLength(1);
  });

  it('begins again without a new revision while it is on its way, and whoever works at it writes nothing', async () => {
    const job = await lease();
    expect(await reassessExam(database, examId, 5000)).toBe(0);
    expect(await finish(job, 0)).toBeUndefined();
    expect(await finish(await lease(), 0)).toMatchObject({ state: 'positive' });
  });

  it('is about the person that it was corrected to, and only then', async () => {
    expect((await findTriageInput(database, examId)).patient).toBeUndefined();
    const person = await database.selectFrom('persons').selectAll().executeTakeFirstOrThrow();
    await database.updateTable('persons').set({ patient_id: 'T-2', birth_date: null }).execute();
    await database
      .insertInto('identity_changes')
      .values({
        ...{ at_ms: 1, actor: 'operator', kind: 'correction', before_json: '{}' },
        from_person_id: person.person_id,
        to_person_id: person.person_id,
      })
      .execute();
    expect((await findTriageInput(database, examId)).patient).toEqual({
      patientId: 'T-2',
      issuerOfPatientId: 'TEST',
      patientName: 'Påhittad^Åsa',
      patientSex: 'F',
    });
  });

  it('is found by our identifier and by its SOP Instance UID', async () => {
    expect(await findExamIds(database, examId)).toEqual([examId]);
    expect(await findExamIds(database, '1.2.3.1.1')).toEqual([examId]);
    expect(await findExamIds(database, '1.2.3.1.9')).toEqual([]);
  });

  it('is refused where there is no film any more', async () => {
    await finish(await lease(), 0);
    await expect(reassessExam(database, 'nobody', 1)).rejects.toMatchObject({ code: 'not-found' });
    await database.updateTable('exams').set({ object_removed_at_ms: 7 }).execute();
    await expect(reassessExam(database, examId, 1)).rejects.toThrow('removed by retention');
  });
});
