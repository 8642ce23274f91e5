import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestRecord } from '../testing/test-record.ts';
import { insertAcceptedReferral, insertTestReferral, referralState } from '../testing/scanner-fixtures.ts';
import { acceptReferral, dismissReferral, listReferralEntries } from './referral-records.ts';
import type { Database } from './schema.ts';

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

const ORDER = {
  stationAeTitle: 'DXA1',
  scheduledDate: '20260706',
  scheduledTime: '090000',
  actor: 'operator',
  nowMs: 1_700_000_100_000,
};

describe('accepting a referral', () => {
  it('orders its DXA: names of at most 16 characters and a study of its own', async () => {
    const referralId = await insertTestReferral(database, 1);
    const step = await acceptReferral(database, { ...ORDER, referralId });
    for (const name of [step.step_id, step.requested_procedure_id, step.accession_number]) {
      expect(name).toMatch(/^[0-9A-Z]{13}$/);
    }
    const exam = await database.selectFrom('exams').select('study_uid').executeTakeFirstOrThrow();
    expect(step.study_uid).toMatch(/^2\.25\.\d{1,39}$/);
    expect(step.study_uid).not.toBe(exam.study_uid);
    expect(step).toMatchObject({ station_ae_title: 'DXA1', scheduled_date: '20260706', state: 'scheduled' });
    expect(await referralState(database, referralId)).toBe('dxa-ordered');
    const audit = await database
      .selectFrom('audit_trail')
      .selectAll()
      .where('actor', '=', 'operator')
      .execute();
    expect(audit).toMatchObject([
      { action: 'referral accept', subject: referralId, at_ms: ORDER.nowMs },
      { action: 'referral order-dxa', subject: referralId, at_ms: ORDER.nowMs },
    ]);
  });

  it('is refused a second time, and nothing is ordered twice', async () => {
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    await expect(acceptReferral(database, { ...ORDER, referralId })).rejects.toMatchObject({
      code: 'state-conflict',
    });
    expect(await database.selectFrom('procedure_steps').select('step_id').execute()).toHaveLength(1);
  });

  it('is refused for a person whom no scanner could name, and the referral stays open', async () => {
    const referralId = await insertTestReferral(database, 1, { patientId: null });
    await expect(acceptReferral(database, { ...ORDER, referralId })).rejects.toMatchObject({
      code: 'request-invalid',
    });
    expect(await referralState(database, referralId)).toBe('flagged');
  });

  it('says when there is no such referral', async () => {
    await expect(acceptReferral(database, { ...ORDER, referralId: 'no' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('dismissing a referral', () => {
  it('takes its step from the worklist and keeps the reason', async () => {
    const { referral_id: referralId, step_id } = await insertAcceptedReferral(database, 1);
    await dismissReferral(database, { referralId, reason: 'known-and-treated', actor: 'operator', nowMs: 1 });
    expect(await referralState(database, referralId)).toBe('dismissed');
    expect(
      await database.selectFrom('procedure_steps').select(['step_id', 'state']).executeTakeFirst(),
    ).toEqual({ step_id, state: 'discontinued' });
    expect(await database.selectFrom('referrals').selectAll().executeTakeFirst()).toMatchObject({
      ...{ dismissal_reason: 'known-and-treated', due_at_ms: null, version: 4 },
    });
  });

  it('leaves room for the next referral of the same person', async () => {
    const referralId = await insertTestReferral(database, 1, { patientId: 'T-1' });
    await dismissReferral(database, { referralId, reason: 'other', actor: 'operator', nowMs: 1 });
    const next = await insertTestReferral(database, 2, { patientId: 'T-1' });
    expect(next).not.toBe(referralId);
    expect(await insertTestReferral(database, 3, { patientId: 'T-1' })).toBe(next);
  });
});

describe('the list of referrals', () => {
  it('names person and step, of one state or of all', async () => {
    await insertTestReferral(database, 1);
    const step = await insertAcceptedReferral(database, 2);
    const all = await listReferralEntries(database, { state: null, limit: 10 });
    expect(all.map(({ state }) => state)).toEqual(['dxa-ordered', 'flagged']);
    expect(await listReferralEntries(database, { state: 'dxa-ordered', limit: 10 })).toMatchObject([
      { referralId: step.referral_id, stepId: step.step_id, patientId: 'T-2', patientName: 'Påhittad^Åsa' },
    ]);
  });
});
