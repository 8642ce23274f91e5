/** A record of invented people with everything that other systems can read: each way that a film or a referral can go. */
import type { Kysely } from 'kysely';
import { insertMeasurement, insertRiskFactors } from '../database/measurement-records.ts';
import { changeReferral } from '../database/referral-events.ts';
import { acceptReferral, dismissReferral, referPerson } from '../database/referral-records.ts';
import type { Database } from '../database/schema.ts';
import { finishExam } from '../database/triage-records.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import { addOptOut } from '../operations/opt-outs.ts';
import { mergePersons } from '../operations/identity.ts';
import { exampleReport, EXAMPLE_PROFILE, TALKATIVE_SIDE } from './example-report.ts';
import { exampleDensityReport, exampleSpineReport } from './example-spine.ts';
import { insertTestExam } from './record-fixtures.ts';

/** When the first film of the record came. */
export const FHIR_RECORD_MS = Date.UTC(2026, 10, 2, 8, 0);

/** Identifiers of what was put there. */
export interface FhirRecord {
  readonly userId: string;
  /** Two films joined in one referral that ran to its end: DXA ordered, done, closed. */
  readonly closed: FilmOnReferral & { readonly stepId: string; readonly secondExamId: string };
  /** A fracture of somebody with a protected identity, flagged. */
  readonly protectedOne: FilmOnReferral;
  /** Points that a person corrected, referral dismissed. */
  readonly corrected: FilmOnReferral;
  readonly densityExamId: string;
  readonly notEligibleExamId: string;
  /** A person that turned out to be the one of `closed`. */
  readonly mergedPersonId: string;
  readonly optedOut: FilmOnReferral;
}

/** A film, whose it is and its referral. */
export interface FilmOnReferral {
  readonly examId: string;
  readonly personId: string;
  readonly referralId: string;
}

const USER_ID = '6f1c2c34-8a55-4a0e-9d3e-0d1f2a3b4c5d';
const KARIN = { actor: `user ${USER_ID}`, actorName: 'Karin Koordinator' };

/** Fills an empty record. */
export async function fillFhirRecord(database: Kysely<Database>): Promise<FhirRecord> {
  await insertUser(database);
  const closed = await insertClosed(database);
  const protectedOne = await insertPositive(
    database,
    20,
    {
      patientId: '19701063-2391',
      patientBirthDate: '19701003',
      patientName: 'Skyddad^Sara',
      modality: 'DX',
    },
    exampleSpineReport().analysis,
  );
  await database
    .updateTable('persons')
    .set({ is_protected: 1 })
    .where('person_id', '=', protectedOne.personId)
    .execute();
  const density = await insertFilm(
    database,
    40,
    { patientId: 'D-1', issuerOfPatientId: '1.2.752.99' },
    exampleDensityReport().analysis,
  );
  const notEligible = await insertFilm(database, 50, { patientId: '99-1' }, null);
  return {
    userId: USER_ID,
    closed,
    protectedOne,
    corrected: await insertCorrected(database),
    densityExamId: density.examId,
    notEligibleExamId: notEligible.examId,
    mergedPersonId: await insertMerged(database, closed.personId),
    optedOut: await insertOptedOut(database),
  };
}

async function insertUser(database: Kysely<Database>): Promise<void> {
  await database
    .insertInto('users')
    .values({
      ...{ user_id: USER_ID, login: 'karin', name: KARIN.actorName, roles_json: '["coordinator"]' },
      ...{ created_at_ms: FHIR_RECORD_MS, updated_at_ms: FHIR_RECORD_MS },
    })
    .execute();
}

/** A film with its result; without one it was not eligible. */
export async function insertFilm(
  database: Kysely<Database>,
  number: number,
  change: Partial<ImageHeader>,
  analysis: AnalysisResult | null,
): Promise<{ readonly examId: string; readonly personId: string }> {
  const examId = await insertTestExam(database, number, {
    studyInstanceUid: `1.2.3.${number}`,
    seriesInstanceUid: `1.2.3.${number}.1`,
    accessionNumber: `F-${number}`,
    ...change,
  });
  const reasons = analysis?.reasons ?? [{ code: 'age-unknown', text: 'The age is not known.' }];
  const outcome = analysis === null || analysis.outcome === 'refused' ? 'not-eligible' : analysis.outcome;
  const { personId } = await finishExam(database, examId, outcome, reasons, timeOf(number), analysis);
  return { examId, personId };
}

async function insertPositive(
  database: Kysely<Database>,
  number: number,
  change: Partial<ImageHeader>,
  analysis: AnalysisResult,
): Promise<FilmOnReferral> {
  const film = await insertFilm(database, number, change, analysis);
  const assessments = analysis.spine === null ? (['frax', 'dxa'] as const) : (['treatment', 'dxa'] as const);
  const referralId = await referPerson(database, {
    ...film,
    ...{ assessments, policyVersion: '1.0.0', nowMs: timeOf(number) },
  });
  return { ...film, referralId };
}

async function insertClosed(database: Kysely<Database>): Promise<FhirRecord['closed']> {
  const person = { patientId: '191212121212', issuerOfPatientId: 'SKATTEVERKET', patientSex: 'F' };
  const spacing = { mmPerPx: 0.0959, source: 'detector' } as const;
  const talkative = exampleReport({
    ...{ spacing, magnification: 1.25, deviceProfile: EXAMPLE_PROFILE, rightSide: TALKATIVE_SIDE },
  });
  const first = await insertPositive(database, 10, person, talkative.analysis);
  const second = await insertPositive(
    database,
    11,
    person,
    exampleReport({ spacing: { mmPerPx: null, source: 'none' } }).analysis,
  );
  const { referralId } = first;
  const by = { ...KARIN, nowMs: timeOf(12) };
  const order = { stationAeTitle: 'DXA1', scheduledDate: '20261110', scheduledTime: '101500' };
  const step = await acceptReferral(database, { referralId, ...order, ...by });
  const move = async (to: ReferralState, action: 'book-dxa' | 'record-dxa' | 'close', nowMs: number) => {
    await changeReferral(database, {
      ...{ referralId, to, action, ...KARIN, nowMs },
      set: { owner_id: USER_ID, ...(to === 'closed' ? { outcome: 'treatment-started' } : {}) },
    });
  };
  await move('dxa-booked', 'book-dxa', timeOf(13));
  await database.updateTable('procedure_steps').set({ state: 'completed' }).execute();
  const scores = (lumbarSpine: number) => ({
    measuredOn: '2026-11-10',
    tScores: { lumbarSpine, femoralNeck: -2.1, totalHip: null },
  });
  await insertMeasurement(database, referralId, scores(-2.7), { ...KARIN, nowMs: timeOf(14) });
  await insertMeasurement(database, referralId, scores(-2.8), { ...KARIN, nowMs: timeOf(15) });
  await move('dxa-done', 'record-dxa', timeOf(15));
  await insertRiskFactors(
    database,
    first.personId,
    {
      ...{ weightKg: 58.5, heightCm: 161, hasPriorFracture: true, hasParentHipFracture: null, smokes: false },
      ...{ usesGlucocorticoids: false, hasRheumatoidArthritis: null, drinksThreeUnitsDaily: false },
      usesOestrogen: false,
      frax: { majorPercent: 23.4, hipPercent: 9.1, withBmd: true, version: '4.3', country: 'SE' },
    },
    { ...KARIN, nowMs: timeOf(16) },
  );
  await move('closed', 'close', timeOf(17));
  return { ...first, stepId: step.step_id, secondExamId: second.examId };
}

async function insertCorrected(database: Kysely<Database>): Promise<FilmOnReferral> {
  const { analysis } = exampleReport();
  const atMs = timeOf(31);
  const film = await insertPositive(
    database,
    30,
    { patientId: 'C-1' },
    {
      ...analysis,
      correction: {
        by: { userId: USER_ID, name: KARIN.actorName, role: 'coordinator' },
        ...{ atMs, sides: ['R'], levels: [] },
        measured: {
          ...{ outcome: 'positive', spine: null },
          panoramic: analysis.panoramic && {
            sides: analysis.panoramic.sides,
            meanWidthMm: analysis.panoramic.meanWidthMm,
          },
        },
      },
    },
  );
  await database
    .insertInto('corrections')
    .values({
      ...{ correction_id: '0e9d8c7b-1111-4222-8333-444455556666', exam_id: film.examId, revision: 0 },
      ...{
        actor: KARIN.actor,
        actor_name: KARIN.actorName,
        at_ms: atMs,
        note: 'Foramen set',
        points_json: '{}',
      },
      before_json: '{}',
    })
    .execute();
  await dismissReferral(database, {
    ...{ referralId: film.referralId, reason: 'known-and-treated', ...KARIN, nowMs: timeOf(32) },
  });
  return film;
}

async function insertMerged(database: Kysely<Database>, intoPersonId: string): Promise<string> {
  const film = await insertFilm(
    database,
    60,
    { patientId: 'M-1', issuerOfPatientId: 'KLINIK A' },
    exampleReport({ widthPx: { R: 45, L: 44 }, pmi: 0.35 }).analysis,
  );
  await mergePersons(
    database,
    { personId: film.personId },
    { personId: intoPersonId },
    { actor: KARIN.actor, nowMs: timeOf(61) },
  );
  return film.personId;
}

async function insertOptedOut(database: Kysely<Database>): Promise<FilmOnReferral> {
  const person = { patientId: 'O-1', issuerOfPatientId: 'TEST' };
  const film = await insertPositive(database, 70, person, exampleReport().analysis);
  await addOptOut(database, { patientId: 'O-1' }, { actor: KARIN.actor, nowMs: timeOf(71) });
  return film;
}

function timeOf(number: number): number {
  return FHIR_RECORD_MS + number * 60_000;
}
