import type { Selectable } from 'kysely';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { ProcedureStepState } from '../exam/exam-state.ts';
import type { SystemActionName } from '../exam/referral-action.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import { changeStep, findStepOfReferral, type ProcedureStep } from './procedure-records.ts';
import { changeReferral, type ReferralActor } from './referral-events.ts';
import type { PerformedStepTable } from './referral-tables.ts';

/** A performed procedure step as the record has it. */
export type PerformedStep = Selectable<PerformedStepTable>;

/** Where a performed step stands (0040,0252). */
export type PerformedState = PerformedStep['state'];

/** What an object from a scanner says of the order it belongs to; null where it says nothing. */
export interface OrderReference {
  readonly stepIds: readonly string[];
  readonly studyUids: readonly string[];
  readonly accessionNumbers: readonly string[];
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
}

/** The referral that an object from a scanner belongs to, and by what that was seen. */
export interface MatchedReferral {
  readonly referralId: string;
  readonly state: ReferralState;
  readonly step: ProcedureStep | undefined;
  readonly matchedBy: 'step' | 'study' | 'accession-number' | 'patient-id';
}

/**
 * Finds the referral by what names the order, else by the patient. An order of another patient than the object's
 * own is no match: a wrong entry at the scanner must never end a stranger's referral.
 */
export async function findReferralOf(
  database: Connection,
  reference: OrderReference,
): Promise<MatchedReferral | undefined> {
  const ways = [
    ['step', 'step_id', reference.stepIds],
    ['accession-number', 'accession_number', reference.accessionNumbers],
    ['study', 'study_uid', reference.studyUids],
  ] as const;
  for (const [matchedBy, column, values] of ways) {
    if (values.length === 0) continue;
    const steps = await database
      .selectFrom('procedure_steps')
      .selectAll()
      .where(column, 'in', values)
      .limit(2)
      .execute();
    const [step] = steps;
    if (step === undefined || steps.length > 1) continue;
    const referral = await database
      .selectFrom('referrals')
      .innerJoin('persons', 'persons.person_id', 'referrals.person_id')
      .select(['referrals.state', 'persons.person_id', 'patient_id', 'issuer'])
      .where('referral_id', '=', step.referral_id)
      .executeTakeFirstOrThrow();
    if (!(await isSamePerson(database, referral, reference))) return undefined;
    // The scanner may still have an order that was called off, and another one stands in its place.
    const counted = (await findStepOfReferral(database, step.referral_id)) ?? step;
    const named = { referralId: step.referral_id, state: referral.state, step: counted, matchedBy };
    if (referral.state !== 'dismissed') return named;
    // The scanner may still have the order of a referral that was joined with another one of the same person.
    const { patient_id: patientId, issuer: issuerOfPatientId } = referral;
    const other = await findReferralOfPatient(database, { ...reference, patientId, issuerOfPatientId });
    return other ?? named;
  }
  return findReferralOfPatient(database, reference);
}

interface KnownPerson {
  readonly person_id: string;
  readonly patient_id: string | null;
  readonly issuer: string | null;
}

async function isSamePerson(
  database: Connection,
  person: KnownPerson,
  { patientId, issuerOfPatientId }: OrderReference,
): Promise<boolean> {
  if (patientId === null) return true;
  if (person.patient_id === patientId) return isSameIssuer(person.issuer, issuerOfPatientId);
  // The scanner may know the person by an identity that was merged into this one since.
  const merged = await database
    .selectFrom('persons')
    .select('issuer')
    .where('patient_id', '=', patientId)
    .where('merged_into', '=', person.person_id)
    .execute();
  return merged.some(({ issuer }) => isSameIssuer(issuer, issuerOfPatientId));
}

/** Scanners rarely send an issuer, so one that is missing contradicts none. */
function isSameIssuer(one: string | null, other: string | null): boolean {
  return (one ?? '') === '' || (other ?? '') === '' || one === other;
}

/** What stands nearer to a result is preferred; a dismissed referral waits for none. */
const STATE_ORDER: readonly ReferralState[] = [
  'dxa-booked',
  'dxa-ordered',
  'accepted',
  'under-review',
  'flagged',
  'dxa-done',
  'treatment-assessment',
  'closed',
];
/** More referrals of one Patient ID than this are not looked through. */
const CANDIDATES_MAX = 50;

async function findReferralOfPatient(
  database: Connection,
  { patientId, issuerOfPatientId }: OrderReference,
): Promise<MatchedReferral | undefined> {
  if (patientId === null) return undefined;
  const named = await database
    .selectFrom('persons')
    .select(['person_id', 'merged_into', 'issuer'])
    .where('patient_id', '=', patientId)
    .limit(CANDIDATES_MAX)
    .execute();
  const personIds = named
    .filter(({ issuer }) => isSameIssuer(issuer, issuerOfPatientId))
    .map((person) => person.merged_into ?? person.person_id);
  if (personIds.length === 0) return undefined;
  const referrals = await database
    .selectFrom('referrals')
    .select(['referral_id', 'person_id', 'state'])
    .where('person_id', 'in', personIds)
    .orderBy('created_at_ms', 'desc')
    .limit(CANDIDATES_MAX)
    .execute();
  for (const state of STATE_ORDER) {
    const fitting = referrals.filter((referral) => referral.state === state);
    const [first] = fitting;
    if (first === undefined) continue;
    // Two people of different issuers with one Patient ID: nobody can tell whose it is.
    if (fitting.some(({ person_id }) => person_id !== first.person_id)) return undefined;
    const step = await findStepOfReferral(database, first.referral_id);
    return { referralId: first.referral_id, state: first.state, step, matchedBy: 'patient-id' };
  }
  return undefined;
}

/** Who moved a referral from the scanner's side, and by what. */
export interface ScannerAct extends ReferralActor {
  /** Left out: what became of the step says it. */
  readonly action?: SystemActionName;
  readonly details?: Readonly<Record<string, unknown>>;
}

type ScannedState = Exclude<ProcedureStepState, 'discontinued'>;

const SCANNED: Readonly<
  Record<ScannedState, { readonly to: ReferralState; readonly action: SystemActionName }>
> = {
  // What a scanner stopped needs an appointment again.
  scheduled: { to: 'dxa-ordered', action: 'scanner-stopped' },
  'in-progress': { to: 'dxa-booked', action: 'scanner-started' },
  completed: { to: 'dxa-done', action: 'scanner-finished' },
};

/**
 * Moves a referral and its step to where a scanner brought them. Nothing moves that stands there already, that has
 * ended, or that nobody has ordered: a scanner must not take a decision for the coordinator. True when it moved.
 */
export async function followScanner(
  database: Connection,
  { referralId, state, step }: Pick<MatchedReferral, 'referralId' | 'state' | 'step'>,
  reached: ScannedState,
  act: ScannerAct,
): Promise<boolean> {
  if (state !== 'dxa-ordered' && state !== 'dxa-booked') return false;
  if (step === undefined || step.state === reached || step.state === 'discontinued') return false;
  await changeStep(database, step, reached, act.nowMs);
  const { to, action } = SCANNED[reached];
  const details = { ...act.details, stepId: step.step_id };
  await changeReferral(database, { ...act, action: act.action ?? action, referralId, to, details });
  return true;
}

/** The performed step of a SOP Instance UID. */
export function findPerformedStep(database: Connection, mppsUid: string): Promise<PerformedStep | undefined> {
  return database
    .selectFrom('performed_steps')
    .selectAll()
    .where('mpps_uid', '=', mppsUid)
    .executeTakeFirst();
}

/** Whether another performed step of the same scheduled one is still under way. */
export async function isPerformedElsewhere(
  database: Connection,
  { mpps_uid, step_id }: Pick<PerformedStep, 'mpps_uid' | 'step_id'>,
): Promise<boolean> {
  if (step_id === null) return false;
  const other = await database
    .selectFrom('performed_steps')
    .select('mpps_uid')
    .where('step_id', '=', step_id)
    .where('state', '=', 'IN PROGRESS')
    .where('mpps_uid', '!=', mpps_uid)
    .executeTakeFirst();
  return other !== undefined;
}

/** Writes down a performed step that a scanner began; one without a scheduled step is noted in the audit trail. */
export async function insertPerformedStep(
  database: Connection,
  performed: {
    readonly mppsUid: string;
    readonly stepId: string | null;
    readonly dataset: DicomDataset;
    readonly callingAeTitle: string;
    readonly actor: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { mppsUid, stepId, dataset, callingAeTitle, actor, nowMs } = performed;
  await database
    .insertInto('performed_steps')
    .values({
      mpps_uid: mppsUid,
      step_id: stepId,
      state: 'IN PROGRESS',
      data_set_json: dataSetJson(dataset),
      calling_ae_title: callingAeTitle,
      created_at_ms: nowMs,
      updated_at_ms: nowMs,
    })
    .execute();
  if (stepId !== null) return;
  await recordAudit(database, {
    atMs: nowMs,
    actor,
    action: 'performed step without an order',
    subject: mppsUid,
  });
}

/** What a scanner has told of one step, all its messages together; as text of the record. */
const TOLD_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Adds what a scanner reports of a performed step, and moves it. False: it has told too much; nothing is written. */
export async function updatePerformedStep(
  database: Connection,
  performed: PerformedStep,
  change: { readonly state: PerformedState; readonly dataset: DicomDataset; readonly nowMs: number },
): Promise<boolean> {
  const before = JSON.parse(performed.data_set_json) as DicomDataset;
  const told = dataSetJson({ ...before, ...change.dataset });
  if (told.length > TOLD_CHARACTERS_MAX) return false;
  await database
    .updateTable('performed_steps')
    .set({
      state: change.state,
      data_set_json: told,
      updated_at_ms: change.nowMs,
    })
    .where('mpps_uid', '=', performed.mpps_uid)
    .execute();
  return true;
}

/** Text is decoded, so its character set says nothing any more; bytes have no place in a performed step. */
function dataSetJson(dataset: DicomDataset): string {
  return JSON.stringify(dataset, (key, value: unknown) =>
    value instanceof Uint8Array || key === 'SpecificCharacterSet' ? undefined : value,
  );
}
