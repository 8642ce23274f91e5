import dimse from 'dcmjs-dimse';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { findPerformedStep } from '../database/performed-records.ts';
import type { Database } from '../database/schema.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Acceptor } from '../dimse/acceptor.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import type { Association } from '../dimse/requested-association.ts';
import { silentLog } from '../telemetry.ts';
import { openTestRecord } from '../testing/test-record.ts';
import {
  beginningOf,
  endOf,
  insertAcceptedReferral,
  insertTestReferral,
  referralState,
} from '../testing/scanner-fixtures.ts';
import { startServices } from '../testing/served-services.ts';
import { scannerServices } from './scanner-services.ts';

const MPPS = SOP_CLASSES.performedProcedureStep;
const WORKLIST = SOP_CLASSES.modalityWorklistFind;
const SYNTAX = '1.2.840.10008.1.2.1';

let database: Kysely<Database>;
let node: Acceptor;
let scanner: Association;
let told: string[];

beforeEach(async () => {
  database = await openTestRecord();
  told = [];
  const onReferral = (referralId: string) => void told.push(referralId);
  node = await startServices(scannerServices({ database, clock: systemClock, log: silentLog, onReferral }));
  scanner = await openAssociation({
    host: '127.0.0.1',
    port: node.port,
    callingAeTitle: 'DXA1',
    calledAeTitle: 'OSTEOTRIAGE',
    contexts: [MPPS, WORKLIST].map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [SYNTAX] })),
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: 5_000,
  });
});
afterEach(async () => {
  await scanner.release();
  await node.close(0);
  await database.destroy();
});

const create = (uid: string | null, dataset: DicomDataset) =>
  scanner.create({ sopClassUid: MPPS, sopInstanceUid: uid, dataset });
const set = (uid: string, dataset: DicomDataset) =>
  scanner.set({ sopClassUid: MPPS, sopInstanceUid: uid, dataset });
const audited = async () =>
  (await database.selectFrom('audit_trail').select(['actor', 'action']).execute()).map(
    ({ actor, action }) => `${actor}: ${action}`,
  );

async function waitingIds(): Promise<unknown[]> {
  const ids: unknown[] = [];
  const status = { ScheduledProcedureStepStatus: 'SCHEDULED' };
  for await (const match of scanner.find(WORKLIST, { ScheduledProcedureStepSequence: [status] })) {
    ids.push(match['PatientID']);
  }
  return ids;
}

describe('a scanner that reports its steps', () => {
  it('takes a referral from ordered to booked and to done', async () => {
    const step = await insertAcceptedReferral(database, 1);
    expect(await waitingIds()).toEqual(['T-1']);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(await create('1.2.3.1', beginningOf(step))).toMatchObject({ status: 0 });
    expect(await referralState(database, step.referral_id)).toBe('dxa-booked');
    expect(await waitingIds()).toEqual([]);
    expect(await set('1.2.3.1', { PerformedProcedureStepDescription: 'Höft' })).toMatchObject({ status: 0 });
    expect(await set('1.2.3.1', endOf('COMPLETED'))).toMatchObject({ status: 0 });
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
    // Fetched, begun and finished.
    expect(told).toEqual(Array(3).fill(step.referral_id));
    const performed = await findPerformedStep(database, '1.2.3.1');
    expect(performed).toMatchObject({ step_id: step.step_id, state: 'COMPLETED', calling_ae_title: 'DXA1' });
    expect(JSON.parse(performed!.data_set_json)).toMatchObject({
      PatientName: 'Påhittad^Åsa',
      PerformedProcedureStepDescription: 'Höft',
      PerformedSeriesSequence: [{ SeriesInstanceUID: '1.2.3.99.1' }],
    });
    expect(await audited()).toEqual([
      'triage: referral flagged',
      'test: referral accept',
      'test: referral order-dxa',
      'scanner DXA1: referral fetched-by-scanner',
      'scanner DXA1: referral scanner-started',
      'scanner DXA1: referral scanner-finished',
    ]);
  });

  it('gives a referral back that it stopped, and may begin it again', async () => {
    const step = await insertAcceptedReferral(database, 1);
    await create('1.2.3.1', beginningOf(step));
    expect(await set('1.2.3.1', endOf('DISCONTINUED'))).toMatchObject({ status: 0 });
    expect(await referralState(database, step.referral_id)).toBe('dxa-ordered');
    expect(await waitingIds()).toEqual(['T-1']);
    await create('1.2.3.2', beginningOf(step));
    expect(await referralState(database, step.referral_id)).toBe('dxa-booked');
    await create('1.2.3.3', beginningOf(step));
    await set('1.2.3.2', endOf('DISCONTINUED'));
    expect(await referralState(database, step.referral_id)).toBe('dxa-booked');
    await set('1.2.3.3', endOf('COMPLETED'));
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
  });

  it.each([
    ['the study alone', (step: { study_uid: string }) => beginningOf({ study_uid: step.study_uid })],
    [
      'the accession number alone',
      (step: { accession_number: string }) => beginningOf({ accession_number: step.accession_number }),
    ],
    ['the patient alone', () => beginningOf({})],
  ])('is understood by %s', async (_what, beginning) => {
    const step = await insertAcceptedReferral(database, 1);
    expect(await create('1.2.3.1', beginning(step))).toMatchObject({ status: 0 });
    expect(await referralState(database, step.referral_id)).toBe('dxa-booked');
  });

  it('is told Success for what no referral asked for, which is noted and moves nothing', async () => {
    const open = await insertTestReferral(database, 1);
    expect(await create('1.2.3.1', beginningOf({}, { id: 'T-9' }))).toMatchObject({ status: 0 });
    expect(await create('1.2.3.2', beginningOf({}, { id: 'T-1' }))).toMatchObject({ status: 0 });
    expect(await set('1.2.3.1', endOf('COMPLETED'))).toMatchObject({ status: 0 });
    expect(await referralState(database, open)).toBe('flagged');
    expect(await findPerformedStep(database, '1.2.3.1')).toMatchObject({ step_id: null, state: 'COMPLETED' });
    expect(await audited()).toContain('scanner DXA1: performed step without an order');
    expect(told).toEqual([]);
  });

  it('does not take a patient who comes back for the DXA that was done', async () => {
    const step = await insertAcceptedReferral(database, 1);
    await create('1.2.3.1', beginningOf(step));
    await set('1.2.3.1', endOf('COMPLETED'));
    expect(await create('1.2.3.2', beginningOf({}))).toMatchObject({ status: 0 });
    expect(await findPerformedStep(database, '1.2.3.2')).toMatchObject({ step_id: null });
  });

  it('never moves the referral of another patient, whatever order it names', async () => {
    const step = await insertAcceptedReferral(database, 1);
    expect(await create('1.2.3.1', beginningOf(step, { id: 'T-2' }))).toMatchObject({ status: 0 });
    expect(await referralState(database, step.referral_id)).toBe('dxa-ordered');
    expect(await findPerformedStep(database, '1.2.3.1')).toMatchObject({ step_id: null });
  });

  it('is refused what breaks the rules of the service, by the status of each', async () => {
    const step = await insertAcceptedReferral(database, 1);
    const whole = beginningOf(step);
    const missing = Object.entries(whole).filter(([keyword]) => keyword !== 'Modality');
    expect(await create('1.2.3.1', Object.fromEntries(missing))).toMatchObject({
      status: 0x0120,
      comment: 'Modality',
    });
    expect(await create('1.2.3.1', { ...whole, Modality: null })).toMatchObject({ status: 0x0121 });
    const completed = { ...whole, PerformedProcedureStepStatus: 'COMPLETED' };
    expect(await create('1.2.3.1', completed)).toMatchObject({ status: 0x0106 });
    expect(await set('1.2.3.1', endOf('COMPLETED'))).toMatchObject({ status: 0x0112 });
    expect(await referralState(database, step.referral_id)).toBe('dxa-ordered');
    expect(await create('1.2.3.1', whole)).toMatchObject({ status: 0 });
    expect(await create('1.2.3.1', whole)).toMatchObject({ status: 0x0111 });
    expect(await set('1.2.3.1', { PerformedProcedureStepStatus: 'PAUSED' })).toMatchObject({
      status: 0x0106,
    });
    await set('1.2.3.1', endOf('COMPLETED'));
    expect(await set('1.2.3.1', endOf('DISCONTINUED'))).toMatchObject({
      status: 0x0110,
      comment: 'the step is COMPLETED and may no longer be updated',
    });
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
  });

  it('cannot fill the record by telling more and more of one step', async () => {
    await create('1.2.9', beginningOf(await insertAcceptedReferral(database, 1)));
    const words = 'x'.repeat(1_000_000);
    const more = ['TextValue', 'LabelText', 'LongCodeValue', 'SelectorUTValue', 'SelectorUCValue'];
    const answers: number[] = [];
    for (const keyword of more) answers.push((await set('1.2.9', { [keyword]: words })).status);
    expect(answers).toEqual([0, 0, 0, 0, 0x0213]);
    expect((await set('1.2.9', endOf('DISCONTINUED'))).status).toBe(0);
  });

  it('may leave the name of the step to us', async () => {
    const step = await insertAcceptedReferral(database, 1);
    const { status, sopInstanceUid } = await create(null, beginningOf(step));
    expect(status).toBe(0);
    expect(sopInstanceUid).toMatch(/^2\.25\./);
    expect(await set(sopInstanceUid!, endOf('COMPLETED'))).toMatchObject({ status: 0 });
  });
});

describe('a scanner of another make (dcmjs-dimse)', () => {
  const { Client, Dataset, constants, log, requests } = dimse;
  log.setLevel('silent');

  type Request = Parameters<InstanceType<typeof Client>['addRequest']>[0];

  function send(request: Request): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const client = new Client();
    request.on('response', (response: unknown) => {
      const status = (response as { getStatus(): number }).getStatus();
      // The library writes an empty Pregnancy Status as 0, a key that is not matched: so it may be told FF01.
      if (status < constants.Status.Pending) resolve(status);
    });
    client.addRequest(request);
    client.on('networkError', reject);
    client.send('127.0.0.1', node.port, 'DXA2', 'OSTEOTRIAGE');
    return promise;
  }

  it('finds the step, begins it and ends it', async () => {
    const step = await insertAcceptedReferral(database, 1);
    const found: Record<string, unknown>[] = [];
    const query = requests.CFindRequest.createWorklistFindRequest({
      PatientName: '*',
      PatientID: '',
      ScheduledProcedureStepSequence: [{ Modality: 'BMD', ScheduledProcedureStepStartDate: '20260706' }],
    });
    query.on('response', (response) => {
      const dataset = (
        response as { getDataset(): { getElements(): Record<string, unknown> } | undefined }
      ).getDataset();
      if (dataset !== undefined) found.push(dataset.getElements());
    });
    expect(await send(query)).toBe(0);
    expect(found).toMatchObject([{ PatientID: 'T-1', AccessionNumber: step.accession_number }]);
    const begin = new requests.NCreateRequest(MPPS, '1.2.3.7');
    begin.setDataset(new Dataset({ ...beginningOf(step) }));
    expect(await send(begin)).toBe(0);
    expect(await referralState(database, step.referral_id)).toBe('dxa-booked');
    const end = new requests.NSetRequest(MPPS, '1.2.3.7');
    end.setDataset(new Dataset({ ...endOf('COMPLETED') }));
    expect(await send(end)).toBe(0);
    expect(await referralState(database, step.referral_id)).toBe('dxa-done');
  });
});
