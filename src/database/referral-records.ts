import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { TriageError } from '../errors.ts';
import type { Assessment } from '../exam/assessment.ts';
import { moveReferral, type ReferralState, UNENDED_STATES } from '../exam/referral-life.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import {
  changeStep,
  findStepOfReferral,
  insertStep,
  type ProcedureStep,
  type StepOrder,
} from './procedure-records.ts';
import { asksOf, assessmentsAsked, putFilmOnReferral } from './referral-films.ts';
import type { Database } from './schema.ts';
import { addToTallies } from './tallies.ts';
import { transact } from './transact.ts';

/**
 * Puts a positive film on the person's referral: the one that is not yet ended, else a new one. Returns its
 * identifier. The unique index `referrals_one_open` keeps this true whoever writes.
 */
export async function referPerson(
  database: Connection,
  finding: {
    readonly personId: string;
    readonly examId: string;
    /** What the film asks for. */
    readonly assessments: readonly Assessment[];
    readonly policyVersion: string;
    readonly nowMs: number;
  },
): Promise<string> {
  const current = await database
    .selectFrom('referrals')
    .select('referral_id')
    .where('person_id', '=', finding.personId)
    .where('state', 'in', UNENDED_STATES)
    .executeTakeFirst();
  const referralId = current?.referral_id ?? randomUUID();
  if (current === undefined) {
    await database
      .insertInto('referrals')
      .values({
        referral_id: referralId,
        person_id: finding.personId,
        state: 'flagged',
        policy_version: finding.policyVersion,
        created_at_ms: finding.nowMs,
        updated_at_ms: finding.nowMs,
        state_since_ms: finding.nowMs,
        arrived_at_ms: finding.nowMs,
      })
      .execute();
    await addToTallies(database, { referral: 1 });
  } else {
    await database
      .updateTable('referrals')
      .set({ updated_at_ms: finding.nowMs })
      .where('referral_id', '=', referralId)
      .execute();
  }
  const { examId, assessments } = finding;
  await putFilmOnReferral(database, {
    referral_id: referralId,
    exam_id: examId,
    ...asksOf(assessments),
  });
  return referralId;
}

/**
 * Accepts an open referral and orders its DXA, in one transaction. Throws not-found, state-conflict, or
 * request-invalid for a person that a scanner could not be told of (PS3.4 Table K.6-1: name and ID are type 1).
 */
export function acceptReferral(
  database: Kysely<Database>,
  order: StepOrder & { readonly actor: string },
): Promise<ProcedureStep> {
  return transact(database, async (transaction) => {
    await changeReferral(transaction, { ...order, to: 'accepted' });
    await changeReferral(transaction, { ...order, to: 'dxa-ordered' });
    const person = await transaction
      .selectFrom('referrals')
      .innerJoin('persons', 'persons.person_id', 'referrals.person_id')
      .select(['persons.name', 'persons.patient_id'])
      .where('referral_id', '=', order.referralId)
      .executeTakeFirstOrThrow();
    if ((person.patient_id ?? '') === '' || (person.name ?? '') === '') {
      throw new TriageError(
        'request-invalid',
        'the person of this referral has no Patient ID or no name; correct the identity, then accept',
      );
    }
    return insertStep(transaction, order);
  });
}

/** Dismisses a referral that is not ended, with the reason, and takes its step off the scanner's worklist. */
export function dismissReferral(
  database: Kysely<Database>,
  dismissal: {
    readonly referralId: string;
    readonly reason: string;
    readonly actor: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { referralId, nowMs, reason } = dismissal;
  return transact(database, async (transaction) => {
    await changeReferral(transaction, { ...dismissal, to: 'dismissed', note: reason });
    const step = await findStepOfReferral(transaction, referralId);
    if (step !== undefined) await changeStep(transaction, step, 'discontinued', nowMs);
  });
}

/** Moves a referral by the table of transitions and writes down who did it. Throws not-found or state-conflict. */
export async function changeReferral(
  database: Connection,
  change: {
    readonly referralId: string;
    readonly to: ReferralState;
    readonly actor: string;
    readonly note?: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { referralId, to, actor, note, nowMs } = change;
  const referral = await database
    .selectFrom('referrals')
    .select('state')
    .where('referral_id', '=', referralId)
    .executeTakeFirst();
  if (referral === undefined) throw new TriageError('not-found', 'there is no such referral');
  await database
    .updateTable('referrals')
    .set({ state: moveReferral(referral.state, to), updated_at_ms: nowMs })
    .where('referral_id', '=', referralId)
    .execute();
  const action = note === undefined ? `referral ${to}` : `referral ${to}: ${note}`;
  await recordAudit(database, { atMs: nowMs, actor, action, subject: referralId });
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
    .leftJoin('procedure_steps as s', 's.referral_id', 'r.referral_id')
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
