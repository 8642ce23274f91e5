/** One referral with everything that its page shows. Reads only. */
import type { Connection } from '../database/exam-records.ts';
import { findMeasurement, findRiskFactors } from '../database/measurement-records.ts';
import { findStepOfReferral } from '../database/procedure-records.ts';
import { requireReferral } from '../database/referral-events.ts';
import { findLastDeed } from '../database/referral-undo.ts';
import { densityClassOf } from '../decide/dxa-class.ts';
import { ageYearsOn } from '../decide/eligibility.ts';
import { riskIndicesOf } from '../decide/risk-indices.ts';
import { TriageError } from '../errors.ts';
import type { ReferralEventName } from '../exam/referral-action.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { Staff } from '../exam/staff.ts';
import type { TScores } from '../exam/t-scores.ts';
import { localDay } from './appointment.ts';
import { EXAM_COLUMNS, examRow } from './exam-rows.ts';
import { offeredActions } from './offered-actions.ts';
import { PERSON_COLUMNS } from './person-view.ts';
import { type NameSite, readReferralRows } from './referral-rows.ts';
import type { ReferralEventView, ReferralView } from './referral-views.ts';

const EVENTS_MAX = 500;
const FILMS_MAX = 100;
const OTHERS_MAX = 20;

/** Risk factors of somebody of whom nobody has entered any. */
const NOTHING_KNOWN: RiskFactors = {
  weightKg: null,
  heightCm: null,
  hasPriorFracture: null,
  hasParentHipFracture: null,
  smokes: null,
  usesGlucocorticoids: null,
  hasRheumatoidArthritis: null,
  drinksThreeUnitsDaily: null,
  usesOestrogen: null,
  frax: null,
};

/** Reads a referral as a person of the staff sees it. Throws not-found. */
export async function readReferral(
  database: Connection,
  referralId: string,
  { staff, nameSite, nowMs }: { readonly staff: Staff; readonly nameSite: NameSite; readonly nowMs: number },
): Promise<ReferralView> {
  const [row] = await readReferralRows(database, [referralId], { nameSite, nowMs });
  if (row === undefined) throw new TriageError('not-found', 'there is no such referral');
  const { dismissal_reason: dismissalReason, outcome } = await requireReferral(database, referralId);
  const person = await findPerson(database, row.personId);
  const step = await findStepOfReferral(database, referralId);
  const ageOn = (day: string): number | null => ageYearsOn(person.birth_date, day) ?? row.ageYears;
  const dxa = await readDxa(database, referralId, ageOn);
  const riskFactors = await findRiskFactors(database, row.personId);
  const today = { ageYears: ageOn(localDay(nowMs)), sex: person.sex };
  return {
    ...row,
    films: await readFilms(database, row.personId, row.examIds),
    events: await readEvents(database, referralId),
    actions: offeredActions({
      ...{ state: row.state, roles: staff.roles, hasOwner: row.owner !== null },
      isStepWaiting: step?.state === 'scheduled',
      densityClass: dxa === null ? undefined : dxa.densityClass,
      asksTreatment: row.assessments.includes('treatment'),
      canUndo: ((await findLastDeed(database, referralId))?.before ?? null) !== null,
    }),
    step: step === undefined ? null : stepView(step),
    ...{ dxa, riskFactors, dismissalReason, outcome },
    riskIndices: riskIndicesOf(riskFactors ?? NOTHING_KNOWN, today),
    otherReferrals: await readOthers(database, row.personId, referralId),
    asks: row.assessments,
  };
}

function findPerson(database: Connection, personId: string) {
  return database
    .selectFrom('persons')
    .select(['birth_date', 'sex'])
    .where('person_id', '=', personId)
    .executeTakeFirstOrThrow();
}

async function readFilms(
  database: Connection,
  personId: string,
  examIds: readonly string[],
): Promise<ReferralView['films']> {
  const rows = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .select([...EXAM_COLUMNS, ...PERSON_COLUMNS])
    .where('exams.person_id', '=', personId)
    // What came back from the scanner is no film to look at.
    .where('exams.exam_id', 'not in', (from) =>
      from.selectFrom('dxa_results').select('dxa_results.exam_id').where('person_id', '=', personId),
    )
    .orderBy('exams.received_at_ms', 'desc')
    .limit(FILMS_MAX)
    .execute();
  return rows.map((row) => ({ ...examRow(row), isOnReferral: examIds.includes(row.exam_id) }));
}

async function readEvents(database: Connection, referralId: string): Promise<readonly ReferralEventView[]> {
  const rows = await database
    .selectFrom('referral_events')
    .selectAll()
    .where('referral_id', '=', referralId)
    .orderBy('event_id', 'desc')
    .limit(EVENTS_MAX)
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    at: new Date(row.at_ms).toISOString(),
    actor: row.actor_name,
    action: row.action as ReferralEventName,
    ...{ fromState: row.from_state, toState: row.to_state },
    details: JSON.parse(row.details_json) as Readonly<Record<string, unknown>>,
    isUndone: row.undone_by !== null,
  }));
}

async function readDxa(
  database: Connection,
  referralId: string,
  ageOn: (day: string) => number | null,
): Promise<ReferralView['dxa']> {
  const row = await findMeasurement(database, referralId);
  if (row === undefined) return null;
  const tScores: TScores = {
    lumbarSpine: row.lumbar_spine_t,
    femoralNeck: row.femoral_neck_t,
    totalHip: row.total_hip_t,
  };
  const { measured_on: measuredOn, actor_name: enteredBy } = row;
  const densityClass = densityClassOf(tScores, ageOn(measuredOn.replaceAll('-', '')));
  return { measuredOn, tScores, densityClass, enteredBy };
}

function stepView(step: NonNullable<Awaited<ReturnType<typeof findStepOfReferral>>>): ReferralView['step'] {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(step.scheduled_date) ?? [];
  const [, hours, minutes] = /^(\d{2})(\d{2})/.exec(step.scheduled_time) ?? [];
  return {
    ...{ stepId: step.step_id, accessionNumber: step.accession_number, state: step.state },
    stationAeTitle: step.station_ae_title,
    date: `${year ?? ''}-${month ?? ''}-${day ?? ''}`,
    time: `${hours ?? ''}:${minutes ?? ''}`,
  };
}

async function readOthers(
  database: Connection,
  personId: string,
  referralId: string,
): Promise<ReferralView['otherReferrals']> {
  const rows = await database
    .selectFrom('referrals')
    .select(['referral_id', 'state', 'created_at_ms'])
    .where('person_id', '=', personId)
    .where('referral_id', '!=', referralId)
    .orderBy('created_at_ms', 'desc')
    .limit(OTHERS_MAX)
    .execute();
  return rows.map(({ referral_id, state, created_at_ms }) => ({
    ...{ referralId: referral_id, state, createdAt: new Date(created_at_ms).toISOString() },
  }));
}
