import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/schema.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { makeDataFolder, type TestDataFolder } from '../testing/data-folder.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import { bookFetched } from '../database/fetched-referrals.ts';
import { findReferralOf, followScanner } from '../database/performed-records.ts';
import { acceptReferral, dismissReferral } from '../database/referral-records.ts';
import { findTriageInput } from '../database/triage-records.ts';
import { correctIdentity, mergePersons } from './identity.ts';
import { findPerson } from './person-lookup.ts';

const BY = { actor: 'operator', nowMs: 1_700_000_009_000 };

let data: TestDataFolder;
let database: Kysely<Database>;
beforeEach(async () => {
  data = await makeDataFolder();
  database = data.database;
});
afterEach(() => data.remove());

/** A film of a person of the issuer TEST; further ones of the same ID belong to the same person. */
async function addFilm(number: number, patientId: string, patientName = 'Påhittad^Åsa') {
  const { examId } = await data.addFilm(number, {}, { patientId, patientName });
  return { examId, personId: await personOf(examId) };
}

async function personOf(examId: string): Promise<string> {
  const row = await database
    .selectFrom('exams')
    .select('person_id')
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  return row.person_id;
}

async function addReferral(
  referralId: string,
  film: { readonly examId: string; readonly personId: string },
  state: ReferralState,
  createdAtMs = 1,
): Promise<void> {
  await database
    .insertInto('referrals')
    .values({
      referral_id: referralId,
      person_id: film.personId,
      state: 'flagged',
      policy_version: 'policy/1',
      created_at_ms: createdAtMs,
      updated_at_ms: createdAtMs,
    })
    .execute();
  await database
    .insertInto('referral_exams')
    .values({ referral_id: referralId, exam_id: film.examId, asks_treatment: 0, asks_frax: 1 })
    .execute();
  if (state === 'flagged') return;
  if (state === 'dismissed') {
    await dismissReferral(database, { referralId, reason: 'other', ...BY });
    return;
  }
  await acceptReferral(database, {
    referralId,
    stationAeTitle: null,
    scheduledDate: '20260101',
    scheduledTime: '080000',
    ...BY,
  });
  if (state === 'dxa-booked') await bookFetched(database, [referralId], BY);
}

async function referrals(): Promise<Readonly<Record<string, { state: ReferralState; person: string }>>> {
  const rows = await database.selectFrom('referrals').selectAll().execute();
  return Object.fromEntries(
    rows.map((row) => [row.referral_id, { state: row.state, person: row.person_id }]),
  );
}

async function filmsOf(referralId: string): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('referral_exams')
    .select('exam_id')
    .where('referral_id', '=', referralId)
    .execute();
  return rows.map((row) => row.exam_id).sort();
}

async function stepStates(): Promise<Readonly<Record<string, string>>> {
  const rows = await database.selectFrom('procedure_steps').select(['referral_id', 'state']).execute();
  return Object.fromEntries(rows.map((row) => [row.referral_id, row.state]));
}

const person = (patientId: string, issuer = 'TEST') => ({ patientId, issuer });

describe('a corrected Patient ID', () => {
  it('carries films, referrals and the name along, and a film that still comes with the old ID', async () => {
    const film = await addFilm(1, 'WRONG');
    await addReferral('r', film, 'dxa-ordered');
    const report = await correctIdentity(
      database,
      person('WRONG'),
      { patientId: 'RIGHT', name: 'Rätt^Åsa' },
      BY,
    );
    expect(report).toMatchObject({ kind: 'correction', fromPersonId: film.personId, examsMoved: 1 });
    const right = await findPerson(database, person('RIGHT'));
    expect(right).toMatchObject({
      person_id: report.toPersonId,
      name: 'Rätt^Åsa',
      birth_date: '19500101',
      merged_into: null,
    });
    expect(await personOf(film.examId)).toBe(report.toPersonId);
    expect(await referrals()).toEqual({ r: { state: 'dxa-ordered', person: report.toPersonId } });
    const late = await addFilm(2, 'WRONG');
    expect(late.personId).toBe(report.toPersonId);
    expect((await findTriageInput(database, late.examId)).patient).toMatchObject({
      patientId: 'RIGHT',
      patientName: 'Rätt^Åsa',
    });
  });

  it('has every reported exam reported anew, and what is still being triaged begin again', async () => {
    const reported = await addFilm(1, 'WRONG');
    await data.addReport(reported.examId, { pacs: 'delivered', other: 'pending' });
    const unreported = await addFilm(2, 'WRONG');
    const pending = await insertTestExam(database, 3, { patientId: 'WRONG' });
    const removed = await addFilm(4, 'WRONG');
    await data.addReport(removed.examId, { pacs: 'delivered' });
    await database
      .updateTable('exams')
      .set({ object_removed_at_ms: 5 })
      .where('exam_id', '=', removed.examId)
      .execute();
    const stranger = await addFilm(5, 'STRANGER');
    await data.addReport(stranger.examId, { pacs: 'delivered' });
    const report = await correctIdentity(database, person('WRONG'), { patientId: 'RIGHT' }, BY);
    expect(report).toMatchObject({ examsMoved: 4, examsRevised: 2, examsNotRevised: [removed.examId] });
    const exams = await database.selectFrom('exams').select(['exam_id', 'state', 'revision']).execute();
    const of = (examId: string) => exams.find((exam) => exam.exam_id === examId);
    expect(of(reported.examId)).toMatchObject({ state: 'pending', revision: 1 });
    expect(of(pending)).toMatchObject({ state: 'pending', revision: 0 });
    expect(of(unreported.examId)).toMatchObject({ state: 'negative', revision: 0 });
    expect(of(removed.examId)).toMatchObject({ state: 'negative', revision: 0 });
    expect(of(stranger.examId)).toMatchObject({ state: 'negative', revision: 0 });
    const jobs = await database.selectFrom('jobs').select(['exam_id', 'state']).execute();
    expect(jobs.map((job) => job.exam_id).sort()).toEqual([pending, reported.examId].sort());
    // The report that names the wrong patient and has not gone out no longer goes.
    const deliveries = await database
      .selectFrom('deliveries')
      .select(['destination', 'state'])
      .where('exam_id', '=', reported.examId)
      .execute();
    expect(deliveries).toContainEqual({ destination: 'other', state: 'superseded' });
    expect((await findTriageInput(database, reported.examId)).patient).toMatchObject({ patientId: 'RIGHT' });
  });

  it('of somebody who is known makes them one person, and can be taken back', async () => {
    const wrong = await addFilm(1, 'WRONG');
    const right = await addFilm(2, 'RIGHT');
    expect(await correctIdentity(database, person('WRONG'), { patientId: 'RIGHT' }, BY)).toMatchObject({
      toPersonId: right.personId,
    });
    expect(await personOf(wrong.examId)).toBe(right.personId);
    await correctIdentity(database, person('RIGHT'), { patientId: 'WRONG' }, BY);
    expect(await findPerson(database, person('WRONG'))).toMatchObject({ merged_into: null });
    expect(await findPerson(database, person('RIGHT'))).toMatchObject({ merged_into: wrong.personId });
    expect((await addFilm(3, 'RIGHT')).personId).toBe(wrong.personId);
  });

  it('gives an ID to a person who came without one, named by the referral', async () => {
    const { examId } = await data.addFilm(1, {}, { patientId: null });
    const film = { examId, personId: await personOf(examId) };
    await addReferral('r', film, 'flagged');
    const report = await correctIdentity(
      database,
      { referralId: 'r' },
      { patientId: 'FOUND', issuer: 'TEST' },
      BY,
    );
    expect(await findPerson(database, person('FOUND'))).toMatchObject({ person_id: report.toPersonId });
    expect(await referrals()).toEqual({ r: { state: 'flagged', person: report.toPersonId } });
  });

  it('lets a scanner result that fitted no referral find it, and ends the referral', async () => {
    const film = await addFilm(1, 'RIGHT');
    await addReferral('r', film, 'dxa-ordered');
    const result = await data.addFilm(
      2,
      { state: 'not-eligible' },
      { patientId: 'TYPED-WRONG', modality: 'BMD' },
    );
    await database
      .insertInto('dxa_results')
      .values({
        exam_id: result.examId,
        person_id: await personOf(result.examId),
        referral_id: null,
        matched_by: null,
        received_at_ms: 1,
      })
      .execute();
    const report = await correctIdentity(database, person('TYPED-WRONG'), { patientId: 'RIGHT' }, BY);
    expect(report).toMatchObject({ toPersonId: film.personId, resultsMatched: 1, examsRevised: 0 });
    expect(await database.selectFrom('dxa_results').selectAll().execute()).toMatchObject([
      { referral_id: 'r', matched_by: 'patient-id', person_id: film.personId },
    ]);
    expect((await referrals())['r']).toMatchObject({ state: 'dxa-done' });
    expect(await stepStates()).toEqual({ r: 'completed' });
  });

  it('corrects a name alone', async () => {
    const film = await addFilm(1, 'T-1', 'Fel^Åsa');
    await data.addReport(film.examId, { pacs: 'delivered' });
    const report = await correctIdentity(database, { patientId: 'T-1' }, { name: 'Rätt^Åsa' }, BY);
    expect(report).toMatchObject({ examsMoved: 0, examsRevised: 1, toPersonId: film.personId });
    expect(await findPerson(database, person('T-1'))).toMatchObject({ name: 'Rätt^Åsa', merged_into: null });
  });

  it('is refused where nobody or too many are named, where nothing changes, and says no ID', async () => {
    await addFilm(1, 'T-1');
    await data.addFilm(2, {}, { patientId: 'T-1', issuerOfPatientId: 'OTHER', sopInstanceUid: '1.2.3.1.2' });
    const refused = async (wrong: Parameters<typeof findPerson>[1], right: { patientId?: string }) =>
      correctIdentity(database, wrong, right, BY).catch((thrown: unknown) => thrown);
    expect(await refused({ patientId: 'T-1' }, { patientId: 'X-9' })).toMatchObject({
      code: 'request-invalid',
    });
    expect(await refused(person('T-404'), { patientId: 'X-9' })).toMatchObject({ code: 'not-found' });
    expect(await refused(person('T-1'), { patientId: 'T-1' })).toMatchObject({ code: 'request-invalid' });
    for (const thrown of [await refused({ patientId: 'T-1' }, {}), await refused(person('T-404'), {})]) {
      expect(String(thrown)).not.toMatch(/T-1|T-404/);
    }
    expect(await database.selectFrom('identity_changes').selectAll().execute()).toEqual([]);
  });
});

describe('a merge', () => {
  it.each([
    // from, into, which stays: the one further on, or the older one
    ['flagged', 'flagged', 'into'],
    ['dxa-ordered', 'flagged', 'from'],
    ['flagged', 'dxa-ordered', 'into'],
    ['dxa-booked', 'dxa-ordered', 'from'],
    ['dxa-ordered', 'dxa-booked', 'into'],
  ] as const)('of referrals that are %s and %s keeps that of %s', async (a, b, kept) => {
    const from = await addFilm(1, 'FROM');
    const into = await addFilm(2, 'INTO');
    await addReferral('from', from, a, 20);
    await addReferral('into', into, b, 10);
    await mergePersons(database, person('FROM'), person('INTO'), BY);
    const closed = kept === 'from' ? 'into' : 'from';
    const after = await referrals();
    expect(after[kept]).toEqual({ state: kept === 'from' ? a : b, person: into.personId });
    expect(after[closed]).toEqual({ state: 'dismissed', person: into.personId });
    expect(await filmsOf(kept)).toEqual([from.examId, into.examId].sort());
    const steps = await stepStates();
    if (closed in steps) expect(steps[closed]).toBe('discontinued');
    const events = await database.selectFrom('referral_events').selectAll().execute();
    const joined = events.filter(({ action }) => action === 'joined-with');
    expect(
      joined.map((event) => [event.referral_id, event.to_state, JSON.parse(event.details_json) as unknown]),
    ).toEqual([
      [closed, 'dismissed', { keptReferralId: kept }],
      [kept, kept === 'from' ? a : b, { dismissedReferralId: closed }],
    ]);
    const row = database.selectFrom('referrals').select('dismissal_reason').where('referral_id', '=', closed);
    expect(await row.executeTakeFirst()).toEqual({ dismissal_reason: 'duplicate' });
    // One film more still finds the one referral.
    expect((await addFilm(3, 'FROM')).personId).toBe(into.personId);
  });

  it('carries ended referrals, scanner results and all films along, and writes down what was before', async () => {
    const from = await addFilm(1, 'FROM');
    const into = await addFilm(2, 'INTO');
    await addReferral('old', from, 'dismissed');
    await addReferral('new', from, 'flagged');
    await database
      .insertInto('dxa_results')
      .values({
        exam_id: from.examId,
        person_id: from.personId,
        referral_id: 'new',
        matched_by: 'patient-id',
        received_at_ms: 1,
      })
      .execute();
    const report = await mergePersons(database, { personId: from.personId }, person('INTO'), BY);
    expect(report).toMatchObject({ kind: 'merge', examsMoved: 1, toPersonId: into.personId });
    expect(Object.values(await referrals()).map((referral) => referral.person)).toEqual([
      into.personId,
      into.personId,
    ]);
    const [result] = await database.selectFrom('dxa_results').select('person_id').execute();
    expect(result?.person_id).toBe(into.personId);
    const [change] = await database.selectFrom('identity_changes').selectAll().execute();
    expect(change).toMatchObject({
      kind: 'merge',
      from_person_id: from.personId,
      to_person_id: into.personId,
    });
    expect(JSON.parse(change!.before_json)).toMatchObject({
      from: { patient_id: 'FROM' },
      to: { patient_id: 'INTO' },
      examIds: [from.examId],
      referrals: expect.arrayContaining([
        { referral_id: 'new', person_id: from.personId, state: 'flagged' },
      ]) as unknown,
    });
    const audit = await database.selectFrom('audit_trail').selectAll().execute();
    expect(JSON.stringify(audit)).not.toMatch(/FROM|INTO|Påhittad/);
  });

  it('never makes a circle, however merges follow one another', async () => {
    const films = [await addFilm(1, 'A'), await addFilm(2, 'B'), await addFilm(3, 'C')];
    await mergePersons(database, person('A'), person('B'), BY);
    await expect(mergePersons(database, person('B'), person('A'), BY)).rejects.toMatchObject({
      code: 'state-conflict',
    });
    await expect(mergePersons(database, person('A'), person('A'), BY)).rejects.toThrow('one person already');
    await mergePersons(database, person('A'), person('C'), BY);
    for (const patientId of ['A', 'B']) {
      expect(await findPerson(database, person(patientId))).toMatchObject({
        merged_into: films[2]!.personId,
      });
    }
    expect(await findPerson(database, person('C'))).toMatchObject({ merged_into: null });
    for (const { examId } of films) expect(await personOf(examId)).toBe(films[2]!.personId);
  });

  it('is refused as a whole while the DXA of both is under way', async () => {
    const from = await addFilm(1, 'FROM');
    const into = await addFilm(2, 'INTO');
    for (const [referralId, film] of [
      ['from', from],
      ['into', into],
    ] as const) {
      await addReferral(referralId, film, 'dxa-booked');
      const [step] = await database
        .selectFrom('procedure_steps')
        .selectAll()
        .where('referral_id', '=', referralId)
        .execute();
      const named = {
        stepIds: [step!.step_id],
        studyUids: [],
        accessionNumbers: [],
        patientId: null,
        issuerOfPatientId: null,
      };
      const referral = await findReferralOf(database, named);
      expect(await followScanner(database, referral!, 'in-progress', BY)).toBe(true);
    }
    await expect(mergePersons(database, person('FROM'), person('INTO'), BY)).rejects.toMatchObject({
      code: 'state-conflict',
    });
    expect(await personOf(from.examId)).toBe(from.personId);
    expect(await database.selectFrom('identity_changes').selectAll().execute()).toEqual([]);
  });
});
