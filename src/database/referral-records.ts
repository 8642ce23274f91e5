import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';
import type { Assessment } from '../exam/assessment.ts';
import type { ExamState } from '../exam/exam-state.ts';
import { stateAfter } from '../exam/referral-action.ts';
import { referralConflict } from '../exam/referral-conflict.ts';
import {
  DEFAULT_REFERRAL_DAYS,
  type DismissalReason,
  dueAtMs,
  type ReferralDays,
  type ReferralState,
  UNENDED_STATES,
} from '../exam/referral-life.ts';
import type { Connection } from './exam-records.ts';
import {
  CALLED_OFF_LAST,
  callOffStep,
  insertStep,
  type ProcedureStep,
  type StepOrder,
} from './procedure-records.ts';
import { changeReferral, recordFlagged, type ReferralActor, requireReferral } from './referral-events.ts';
import { asksOf, assessmentsAsked, putFilmOnReferral } from './referral-films.ts';
import { readSummary, refreshReferral } from './referral-summary.ts';
import type { Database } from './schema.ts';
import { addToTallies } from './tallies.ts';
import { transact } from './transact.ts';

/** A film that asks for a referral. */
export interface ReferredFilm {
  readonly personId: string;
  readonly examId: string;
  /** What the film asks for. */
  readonly assessments: readonly Assessment[];
  readonly policyVersion: string;
  readonly nowMs: number;
  readonly days?: ReferralDays | undefined;
}

const TRIAGE = 'triage';

/**
 * Puts a positive film on the person's referral: the one that is not yet ended, else a new one. Returns its
 * identifier. The unique index `referrals_one_open` keeps this true whoever writes.
 */
export async function referPerson(database: Connection, film: ReferredFilm): Promise<string> {
  const { examId, personId, nowMs, days } = film;
  const current = await findUnended(database, personId);
  const referralId = current ?? randomUUID();
  if (current === undefined) await insertReferral(database, referralId, film);
  const isThere = await isOnReferral(database, referralId, examId);
  const asks = asksOf(film.assessments);
  await putFilmOnReferral(database, { referral_id: referralId, exam_id: examId, ...asks });
  const { kind, urgency } = await refreshReferral(database, referralId);
  const by = { actor: TRIAGE, nowMs, days, details: { examId, kind, urgency } };
  if (current === undefined) await recordFlagged(database, { referralId, personId }, by);
  else {
    const action = isThere ? 'film-revised' : 'film-joined';
    await changeReferral(database, { ...by, referralId, action });
  }
  return referralId;
}

/** The referral of a person that is not yet ended. */
async function findUnended(database: Connection, personId: string): Promise<string | undefined> {
  const row = await database
    .selectFrom('referrals')
    .select('referral_id')
    .where('person_id', '=', personId)
    .where('state', 'in', UNENDED_STATES)
    .executeTakeFirst();
  return row?.referral_id;
}

/** Throws state-conflict where a person has another referral that is not yet ended: nobody has two. */
export async function requireNoOther(
  database: Connection,
  { referralId, personId }: { readonly referralId: string; readonly personId: string },
): Promise<void> {
  const other = await findUnended(database, personId);
  if (other === undefined || other === referralId) return;
  throw referralConflict(
    `this person has another referral under way (${other}); go on with that one, it has the newer films`,
    { conflict: 'other-under-way' },
  );
}

/**
 * Makes the summaries of a film's referrals anew after it was assessed anew, and says so in their history where
 * something is different. None is closed by that: a person decides. Returns the newest of them.
 */
export async function reviseFilm(
  database: Connection,
  film: Pick<ReferredFilm, 'examId' | 'nowMs'> & { readonly outcome: ExamState },
): Promise<string | undefined> {
  const { examId, nowMs, outcome } = film;
  const rows = await database
    .selectFrom('referral_exams')
    .innerJoin('referrals', 'referrals.referral_id', 'referral_exams.referral_id')
    .select('referrals.referral_id as referralId')
    .where('referral_exams.exam_id', '=', examId)
    .orderBy('referrals.created_at_ms', 'desc')
    .execute();
  for (const { referralId } of rows) {
    const before = await readSummary(database, referralId);
    const summary = await refreshReferral(database, referralId);
    if (isDeepStrictEqual(before, summary)) continue;
    const { kind, urgency } = summary;
    const details = { examId, outcome, kind, urgency, urgencyBefore: before.urgency };
    await changeReferral(database, { referralId, action: 'film-revised', actor: TRIAGE, nowMs, details });
  }
  return rows[0]?.referralId;
}

async function insertReferral(database: Connection, referralId: string, film: ReferredFilm): Promise<void> {
  const { personId, policyVersion, nowMs, days = DEFAULT_REFERRAL_DAYS } = film;
  await database
    .insertInto('referrals')
    .values({
      referral_id: referralId,
      person_id: personId,
      state: 'flagged',
      policy_version: policyVersion,
      created_at_ms: nowMs,
      updated_at_ms: nowMs,
      version: 1,
      state_since_ms: nowMs,
      due_at_ms: dueAtMs('flagged', nowMs, days),
      arrived_at_ms: nowMs,
    })
    .execute();
  await addToTallies(database, { referral: 1 });
}

async function isOnReferral(database: Connection, referralId: string, examId: string): Promise<boolean> {
  const row = await database
    .selectFrom('referral_exams')
    .select('exam_id')
    .where('referral_id', '=', referralId)
    .where('exam_id', '=', examId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Accepts a referral and orders its DXA, in one transaction; throws as `orderDxa` does. */
export function acceptReferral(
  database: Kysely<Database>,
  order: StepOrder & ReferralActor,
): Promise<ProcedureStep> {
  return transact(database, async (transaction) => {
    const { state } = await requireReferral(transaction, order.referralId);
    await changeReferral(transaction, { ...order, action: 'accept', to: stateAfter('accept', state) });
    return orderDxa(transaction, order);
  });
}

/**
 * Orders the DXA of a referral: a step of its own, which the scanner finds at once. Throws not-found, state-conflict, or
 * request-invalid for a person that a scanner could not be told of (PS3.4 Table K.6-1: name and ID are type 1).
 */
export async function orderDxa(
  database: Connection,
  order: StepOrder & ReferralActor,
): Promise<ProcedureStep> {
  const { referralId } = order;
  const referral = await requireReferral(database, referralId);
  const to = stateAfter('order-dxa', referral.state);
  const person = await database
    .selectFrom('persons')
    .select(['name', 'patient_id'])
    .where('person_id', '=', referral.person_id)
    .executeTakeFirstOrThrow();
  if ((person.patient_id ?? '') === '' || (person.name ?? '') === '') {
    throw referralConflict(
      'the person of this referral has no Patient ID or no name; correct the identity, then order the DXA',
      { conflict: 'person-unnamed' },
      'request-invalid',
    );
  }
  const step = await insertStep(database, order);
  const { step_id: stepId, scheduled_date: date, scheduled_time: time } = step;
  const details = { stepId, date, time, stationAeTitle: step.station_ae_title };
  await changeReferral(database, { ...order, action: 'order-dxa', to, details });
  return step;
}

/** Dismisses a referral that is not ended, with the reason, and takes its step off the scanner's worklist. */
export function dismissReferral(
  database: Kysely<Database>,
  dismissal: ReferralActor & {
    readonly referralId: string;
    readonly reason: DismissalReason;
    readonly note?: string | undefined;
  },
): Promise<void> {
  return transact(database, (transaction) => dismissWithin(transaction, dismissal));
}

/** The same within a transaction. It can be undone where no order was called off by it. */
export async function dismissWithin(
  database: Connection,
  dismissal: Parameters<typeof dismissReferral>[1],
): Promise<void> {
  const { referralId, nowMs, reason, note } = dismissal;
  const { state } = await requireReferral(database, referralId);
  const to = stateAfter('dismiss', state);
  const hadStep = await callOffStep(database, referralId, nowMs);
  await changeReferral(database, {
    ...dismissal,
    ...(hadStep ? {} : { undo: {} }),
    action: 'dismiss',
    to,
    set: { dismissal_reason: reason },
    details: { reason, ...(note === undefined ? {} : { note }) },
  });
}

/** A referral with its person and, once it was accepted, its step. */
export interface ReferralEntry {
  readonly referralId: string;
  readonly state: ReferralState;
  /** What its films ask for, the most pressing first. */
  readonly assessments: readonly Assessment[];
  readonly patientId: string | null;
  readonly patientName: string | null;
  readonly birthDate: string | null;
  readonly createdAtMs: number;
  readonly stepId: string | null;
  readonly accessionNumber: string | null;
  readonly studyUid: string | null;
  readonly stationAeTitle: string | null;
  readonly scheduledDate: string | null;
  readonly scheduledTime: string | null;
}

/** Referrals, the newest first: of one state or of all, or the one that is named. */
export async function listReferralEntries(
  database: Connection,
  query: { readonly state: ReferralState | null; readonly referralId?: string; readonly limit: number },
): Promise<readonly ReferralEntry[]> {
  const { state, referralId } = query;
  const rows = await database
    .selectFrom('referrals as r')
    .innerJoin('persons as p', 'p.person_id', 'r.person_id')
    .leftJoin('procedure_steps as s', (join) =>
      join.on('s.step_id', '=', (from) =>
        from
          .selectFrom('procedure_steps as q')
          .select('q.step_id')
          .whereRef('q.referral_id', '=', 'r.referral_id')
          .orderBy(CALLED_OFF_LAST)
          .orderBy('q.created_at_ms', 'desc')
          .limit(1),
      ),
    )
    .select([
      'r.referral_id as referralId',
      'r.state',
      'p.patient_id as patientId',
      'p.name as patientName',
      'p.birth_date as birthDate',
      'r.created_at_ms as createdAtMs',
      's.step_id as stepId',
      's.accession_number as accessionNumber',
      's.study_uid as studyUid',
      's.station_ae_title as stationAeTitle',
      's.scheduled_date as scheduledDate',
      's.scheduled_time as scheduledTime',
    ])
    .select((entry) =>
      (['asks_treatment', 'asks_frax'] as const).map((asks) =>
        entry
          .selectFrom('referral_exams as f')
          .select((film) => film.fn.max(`f.${asks}`).as(asks))
          .whereRef('f.referral_id', '=', 'r.referral_id')
          .as(asks),
      ),
    )
    .$if(state !== null, (select) => select.where('r.state', '=', state ?? 'flagged'))
    .$if(referralId !== undefined, (select) => select.where('r.referral_id', '=', referralId ?? ''))
    .orderBy('r.created_at_ms', 'desc')
    .limit(query.limit)
    .execute();
  return rows.map(({ asks_treatment, asks_frax, ...entry }) => ({
    ...entry,
    assessments: assessmentsAsked([{ asks_treatment: asks_treatment ?? 0, asks_frax: asks_frax ?? 0 }]),
  }));
}
