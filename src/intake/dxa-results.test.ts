import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { listScannerEntries } from '../database/dxa-records.ts';
import type { Database } from '../database/schema.ts';
import { encodeDataSet } from '../dicom/dimse-data-set.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { mergePersons } from '../operations/identity.ts';
import { silentLog } from '../telemetry.ts';
import { dxaReport } from '../testing/dxa-report.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { insertAcceptedReferral, insertTestReferral, referralState } from '../testing/scanner-fixtures.ts';
import { InstanceReceiver } from './receive-instance.ts';

const SYNTAX = '1.2.840.10008.1.2.1';

let folder: string;
let objects: ObjectStore;
let database: Kysely<Database>;
let told: string[];
let receiver: InstanceReceiver;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-dxa-'));
  objects = await openDiskObjectStore(folder, OBJECT_KINDS);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  database = await openTestRecord();
  told = [];
  receiver = new InstanceReceiver({
    database,
    objects,
    clock: new ManualClock(),
    log: silentLog,
    onReceived: () => undefined,
    onReferral: (referralId) => told.push(referralId),
  });
});
afterEach(() => database.destroy());

async function receive(change: DicomDataset = {}, instance = '1.2.3.4'): Promise<string> {
  const dataset = dxaReport(instance, change);
  const reception = await receiver.begin({
    sopClassUid: dataset['SOPClassUID'] as string,
    sopInstanceUid: instance,
    transferSyntaxUid: SYNTAX,
    callingAeTitle: 'DXA1',
  });
  await reception.write(encodeDataSet(dataset, SYNTAX));
  const answer = await reception.finish();
  if (answer.kind !== 'stored') throw new Error(`the result was answered ${answer.kind}`);
  return answer.examId;
}

const results = () => listScannerEntries(database, { unmatched: false, limit: 10 });

describe('a result that comes back from a DXA scanner', () => {
  it('ends the referral that its accession number names, and is not assessed', async () => {
    const step = await insertAcceptedReferral(database, 1);
    const examId = await receive({ AccessionNumber: step.accession_number });
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
    expect(told).toEqual([step.referral_id]);
    expect(await results()).toMatchObject([
      { kind: 'dxa-result', id: examId, referralId: step.referral_id, matchedBy: 'accession-number' },
    ]);
    const exam = await database
      .selectFrom('exams')
      .select(['state', 'reasons_json', 'finished_at_ms'])
      .where('exam_id', '=', examId)
      .executeTakeFirstOrThrow();
    expect(exam.state).toBe('not-eligible');
    expect(JSON.parse(exam.reasons_json)).toMatchObject([{ code: 'dxa-result' }]);
    expect(exam.finished_at_ms).not.toBeNull();
    expect(await database.selectFrom('jobs').selectAll().where('exam_id', '=', examId).execute()).toEqual([]);
  });

  it('is matched by the study of the order, and by the patient where it names neither', async () => {
    const first = await insertAcceptedReferral(database, 1);
    const second = await insertAcceptedReferral(database, 2);
    await receive({ StudyInstanceUID: first.study_uid }, '1.2.3.4');
    await receive({ PatientID: 'T-2' }, '1.2.3.5');
    expect((await results()).map(({ referralId, matchedBy }) => [referralId, matchedBy]).sort()).toEqual(
      [
        [first.referral_id, 'study'],
        [second.referral_id, 'patient-id'],
      ].sort(),
    );
    expect(await referralState(database, second.referral_id)).toBe('dxa-done');
  });

  it('may be an image of bone densitometry', async () => {
    const step = await insertAcceptedReferral(database, 1);
    await receive({ SOPClassUID: SOP_CLASSES.secondaryCapture, Modality: 'BMD' });
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
  });

  it('belongs to the referral that a performed step ended before, which stays done', async () => {
    const step = await insertAcceptedReferral(database, 1);
    await receive({}, '1.2.3.4');
    await receive({}, '1.2.3.5');
    expect((await results()).map(({ referralId }) => referralId)).toEqual([
      step.referral_id,
      step.referral_id,
    ]);
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
  });

  it('does not decide for the coordinator: an open referral stays open', async () => {
    const referralId = await insertTestReferral(database, 1);
    await receive();
    expect(await results()).toMatchObject([{ referralId, matchedBy: 'patient-id' }]);
    expect(await referralState(database, referralId)).toBe('flagged');
  });

  it.each<[string, (accession: string) => DicomDataset]>([
    ['a patient nobody referred', () => ({ PatientID: 'T-9' })],
    ['no patient', () => ({ PatientID: null })],
    [
      'another patient than that of the order it names',
      (accession) => ({ AccessionNumber: accession, PatientID: 'T-2' }),
    ],
    ['a patient of another issuer', () => ({ PatientID: 'T-1', IssuerOfPatientID: 'ELSEWHERE' })],
  ])('is listed as unmatched where it is of %s', async (_what, change) => {
    const step = await insertAcceptedReferral(database, 1);
    const examId = await receive(change(step.accession_number));
    expect(await listScannerEntries(database, { unmatched: true, limit: 10 })).toMatchObject([
      { id: examId, referralId: null, matchedBy: null },
    ]);
    expect(await referralState(database, step.referral_id)).toBe('dxa-ordered');
  });

  it('is not matched where two people of different issuers have one Patient ID', async () => {
    const one = await insertAcceptedReferral(database, 1, { patientId: 'T-1', issuerOfPatientId: 'A' });
    const other = await insertAcceptedReferral(database, 2, { patientId: 'T-1', issuerOfPatientId: 'B' });
    await receive();
    expect(await results()).toMatchObject([{ referralId: null }]);
    await receive({ IssuerOfPatientID: 'B' }, '1.2.3.5');
    expect(await referralState(database, one.referral_id)).toBe('dxa-ordered');
    expect(await referralState(database, other.referral_id)).toBe('dxa-done');
  });

  it('finds a person under an identity that was merged since', async () => {
    const step = await insertAcceptedReferral(database, 1);
    await insertTestReferral(database, 2, { patientId: 'T-NEW' });
    const by = { actor: 'test', nowMs: 1_700_000_000_500 };
    const name = (patientId: string) => ({ issuer: 'TEST', patientId });
    await mergePersons(database, name('T-1'), name('T-NEW'), by);
    await receive({ AccessionNumber: step.accession_number });
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
  });

  it('ends the referral that took over the films of the one whose order it names', async () => {
    const kept = await insertAcceptedReferral(database, 1);
    const closed = await insertAcceptedReferral(database, 2, { patientId: 'T-2' });
    const by = { actor: 'test', nowMs: 1_700_000_000_500 };
    const name = (patientId: string) => ({ issuer: 'TEST', patientId });
    await mergePersons(database, name('T-2'), name('T-1'), by);
    expect(await referralState(database, closed.referral_id)).toBe('dismissed');
    await receive({ PatientID: 'T-2', AccessionNumber: closed.accession_number });
    expect(await referralState(database, kept.referral_id)).toBe('dxa-done');
  });

  it('is not our own report that a PACS routed back', async () => {
    const step = await insertAcceptedReferral(database, 1);
    const { exam_id } = await database.selectFrom('exams').select('exam_id').executeTakeFirstOrThrow();
    await database
      .insertInto('reports')
      .values({
        ...{ exam_id, revision: 0, kind: 'SR', sop_class_uid: null, series_uid: null, sop_uid: '1.2.3.4' },
        ...{ object_key: 'x', object_bytes: 1, created_at_ms: 1 },
      })
      .execute();
    await receive();
    expect(await referralState(database, step.referral_id)).toBe('dxa-ordered');
    expect(await results()).toMatchObject([{ referralId: null }]);
  });
});
