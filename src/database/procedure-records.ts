import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { newUid } from '../dicom/uids.ts';
import { moveStep, type ProcedureStepState } from '../exam/exam-state.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { Connection } from './exam-records.ts';
import type { ProcedureStepTable } from './referral-tables.ts';

/** What is asked for when a DXA is ordered. */
export interface StepOrder {
  readonly referralId: string;
  /** null leaves it to any scanner. */
  readonly stationAeTitle: string | null;
  /** YYYYMMDD */
  readonly scheduledDate: string;
  /** HHMMSS */
  readonly scheduledTime: string;
  readonly nowMs: number;
}

/** A procedure step as the record has it. */
export type ProcedureStep = Selectable<ProcedureStepTable>;

/** A step that waits for a scanner or is being performed, with whom it is for. */
export interface ScheduledStep {
  readonly referralId: string;
  readonly referralState: ReferralState;
  readonly stepId: string;
  readonly requestedProcedureId: string;
  readonly accessionNumber: string;
  readonly studyUid: string;
  readonly stationAeTitle: string | null;
  readonly scheduledDate: string;
  readonly scheduledTime: string;
  readonly state: ProcedureStepState;
  readonly patientName: string | null;
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
  readonly birthDate: string | null;
  readonly sex: string | null;
}

/** What the database can narrow a search by; null does not narrow. Dates are inclusive. */
export interface StepFilter {
  readonly state: ProcedureStepState;
  readonly dateFrom: string | null;
  readonly dateTo: string | null;
  readonly patientIds: readonly string[] | null;
  readonly stepIds: readonly string[] | null;
  readonly studyUids: readonly string[] | null;
  readonly accessionNumbers: readonly string[] | null;
  /** Steps that any scanner may perform pass besides. */
  readonly stationAeTitles: readonly string[] | null;
}

/** Letters and digits that nobody confuses when reading them aloud (Crockford's base 32). */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 60 bits: SH allows 16 characters, one of which says what is named. */
const NAME_LETTERS = 12;

/** Orders the DXA of an accepted referral: a step of its own with a fresh study. */
export async function insertStep(database: Connection, order: StepOrder): Promise<ProcedureStep> {
  const name = drawName();
  const step: ProcedureStep = {
    step_id: `S${name}`,
    referral_id: order.referralId,
    study_uid: newUid(),
    requested_procedure_id: `R${name}`,
    accession_number: `A${name}`,
    station_ae_title: order.stationAeTitle,
    scheduled_date: order.scheduledDate,
    scheduled_time: order.scheduledTime,
    state: 'scheduled',
    created_at_ms: order.nowMs,
    updated_at_ms: order.nowMs,
  };
  await database.insertInto('procedure_steps').values(step).execute();
  return step;
}

/** The step of a referral, if its DXA was ordered: of several the one that was not called off, else the last. */
export function findStepOfReferral(
  database: Connection,
  referralId: string,
): Promise<ProcedureStep | undefined> {
  return database
    .selectFrom('procedure_steps')
    .selectAll()
    .where('referral_id', '=', referralId)
    .orderBy(CALLED_OFF_LAST)
    .orderBy('created_at_ms', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Order in which the step that counts of a referral comes first. */
export const CALLED_OFF_LAST = sql<number>`CASE state WHEN 'discontinued' THEN 1 ELSE 0 END`;

/** Takes the step of a referral that waits or is under way off the scanner's worklist. False: there is none. */
export async function callOffStep(database: Connection, referralId: string, nowMs: number): Promise<boolean> {
  const step = await findStepOfReferral(database, referralId);
  if (step?.state !== 'scheduled' && step?.state !== 'in-progress') return false;
  await changeStep(database, step, 'discontinued', nowMs);
  return true;
}

/** Moves a step by the table of transitions; throws state-conflict where the table has no such step. */
export async function changeStep(
  database: Connection,
  step: Pick<ProcedureStep, 'step_id' | 'state'>,
  to: ProcedureStepState,
  nowMs: number,
): Promise<void> {
  await database
    .updateTable('procedure_steps')
    .set({ state: moveStep(step.state, to), updated_at_ms: nowMs })
    .where('step_id', '=', step.step_id)
    .execute();
}

/** Gives a step that waits another time and, where one is named, another scanner. */
export async function bookStep(
  database: Connection,
  { step_id: stepId }: Pick<ProcedureStep, 'step_id'>,
  order: StepOrder,
): Promise<void> {
  const { scheduledDate, scheduledTime, stationAeTitle, nowMs } = order;
  await database
    .updateTable('procedure_steps')
    .set({
      ...{ scheduled_date: scheduledDate, scheduled_time: scheduledTime, updated_at_ms: nowMs },
      ...(stationAeTitle === null ? {} : { station_ae_title: stationAeTitle }),
    })
    .where('step_id', '=', stepId)
    .execute();
}

/**
 * The next steps of one state in the order of their date, time and identifier, after the one that is named. Reads
 * along an index whatever the filter is, so that a hundred thousand waiting steps cost no more than those it returns.
 */
export function selectSteps(
  database: Connection,
  filter: StepFilter,
  after: Pick<ScheduledStep, 'scheduledDate' | 'scheduledTime' | 'stepId'> | null,
  limit: number,
) {
  const { dateFrom, dateTo, patientIds, stepIds, studyUids, accessionNumbers, stationAeTitles } = filter;
  const narrow = [patientIds, stepIds, studyUids, accessionNumbers].some((keys) => keys !== null);
  // An expression keeps the planner from the index of dates where a key names few steps.
  const state = narrow ? sql<ProcedureStepState>`coalesce(s.state, '')` : sql<ProcedureStepState>`s.state`;
  let query = database
    .selectFrom('procedure_steps as s')
    .innerJoin('referrals as r', 'r.referral_id', 's.referral_id')
    .innerJoin('persons as p', 'p.person_id', 'r.person_id')
    .select([
      'r.referral_id as referralId',
      'r.state as referralState',
      's.step_id as stepId',
      's.requested_procedure_id as requestedProcedureId',
      's.accession_number as accessionNumber',
      's.study_uid as studyUid',
      's.station_ae_title as stationAeTitle',
      's.scheduled_date as scheduledDate',
      's.scheduled_time as scheduledTime',
      's.state',
      'p.name as patientName',
      'p.patient_id as patientId',
      'p.issuer as issuerOfPatientId',
      'p.birth_date as birthDate',
      'p.sex',
    ])
    .where(state, '=', filter.state)
    .orderBy('s.scheduled_date')
    .orderBy('s.scheduled_time')
    .orderBy('s.step_id')
    .limit(limit);
  if (stepIds !== null) query = query.where('s.step_id', 'in', stepIds);
  if (studyUids !== null) query = query.where('s.study_uid', 'in', studyUids);
  if (accessionNumbers !== null) query = query.where('s.accession_number', 'in', accessionNumbers);
  if (patientIds !== null) {
    query = query.where('s.referral_id', 'in', (from) =>
      from
        .selectFrom('persons as named')
        .innerJoin('referrals as of', 'of.person_id', 'named.person_id')
        .select('of.referral_id')
        .where('named.patient_id', 'in', patientIds),
    );
  }
  if (stationAeTitles !== null) {
    query = query.where((or) =>
      or.or([or('s.station_ae_title', 'is', null), or('s.station_ae_title', 'in', stationAeTitles)]),
    );
  }
  if (after === null) {
    if (dateFrom !== null) query = query.where('s.scheduled_date', '>=', dateFrom);
    if (dateTo !== null) query = query.where('s.scheduled_date', '<=', dateTo);
    return query;
  }
  // The index goes on where the page before ended; an expression keeps the planner from beginning at the first day again.
  const { scheduledDate, scheduledTime, stepId } = after;
  query = query.where(
    sql<boolean>`(s.scheduled_date, s.scheduled_time, s.step_id) > (${scheduledDate}, ${scheduledTime}, ${stepId})`,
  );
  if (dateTo !== null) query = query.where(sql<string>`coalesce(s.scheduled_date, '')`, '<=', dateTo);
  return query;
}

function drawName(): string {
  return Array.from(randomBytes(NAME_LETTERS), (byte) => LETTERS[byte % LETTERS.length]).join('');
}
