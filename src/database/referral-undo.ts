/** Taking back what was done last with a referral, where nothing outside has happened since. */
import type { ProcedureStepState } from '../exam/exam-state.ts';
import { EVENT_WORDS, type ReferralEventName } from '../exam/referral-action.ts';
import { referralConflict } from '../exam/referral-conflict.ts';
import { isUnended } from '../exam/referral-life.ts';
import type { Connection } from './exam-records.ts';
import { withdrawMeasurement } from './measurement-records.ts';
import { changeStep } from './procedure-records.ts';
import { changeReferral, type ReferralActor, requireReferral, type UndoneBefore } from './referral-events.ts';
import { requireNoOther } from './referral-records.ts';

/** What stands in the history without changing what an undo would put back. */
const PASSED_OVER: readonly ReferralEventName[] = [
  'undo',
  'note',
  'reminder',
  'escalation',
  'film-joined',
  'film-revised',
  'order-sent',
  'order-refused',
];

/** The event that undo would take back. */
export interface LastDeed {
  readonly eventId: number;
  readonly action: ReferralEventName;
  readonly actorName: string;
  /** null: it cannot be undone. */
  readonly before: UndoneBefore | null;
}

/** The last thing that was done with a referral and stands. */
export async function findLastDeed(database: Connection, referralId: string): Promise<LastDeed | undefined> {
  const row = await database
    .selectFrom('referral_events')
    .select(['event_id', 'action', 'actor_name', 'before_json'])
    .where('referral_id', '=', referralId)
    .where('undone_by', 'is', null)
    .where('action', 'not in', PASSED_OVER)
    .orderBy('event_id', 'desc')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    eventId: row.event_id,
    action: row.action as ReferralEventName,
    actorName: row.actor_name,
    before: row.before_json === null ? null : (JSON.parse(row.before_json) as UndoneBefore),
  };
}

/** Puts back what stood there before the last deed; what was undone stays in the history. Throws state-conflict. */
export async function undoLastDeed(
  database: Connection,
  referralId: string,
  by: ReferralActor,
): Promise<void> {
  const deed = await findLastDeed(database, referralId);
  if (deed === undefined) {
    throw referralConflict('there is nothing that can be undone: nothing was done yet', {
      conflict: 'nothing-done',
    });
  }
  if (deed.before === null) {
    const { action: event, actorName: actor } = deed;
    throw referralConflict(`there is nothing that can be undone: ${actor} ${EVENT_WORDS[event]}`, {
      ...{ conflict: 'not-undoable', event, actor },
    });
  }
  const { columns, step, measurement } = deed.before;
  const { state, state_since_ms: stateSinceMs, escalation, ...set } = columns;
  const { person_id: personId } = await requireReferral(database, referralId);
  if (isUnended(state)) await requireNoOther(database, { referralId, personId });
  if (measurement !== undefined) await withdrawMeasurement(database, measurement);
  if (step !== undefined) await putStepBack(database, step, by.nowMs);
  const eventId = await changeReferral(database, {
    ...by,
    ...{
      referralId,
      action: 'undo',
      to: state,
      set,
      details: { eventId: deed.eventId, action: deed.action },
    },
  });
  // The time in the state goes on as if nothing had been.
  await database
    .updateTable('referrals')
    .set({ state_since_ms: stateSinceMs, escalation })
    .where('referral_id', '=', referralId)
    .execute();
  await database
    .updateTable('referral_events')
    .set({ undone_by: eventId })
    .where('event_id', '=', deed.eventId)
    .execute();
}

async function putStepBack(
  database: Connection,
  before: { readonly stepId: string; readonly state: ProcedureStepState },
  nowMs: number,
): Promise<void> {
  const step = await database
    .selectFrom('procedure_steps')
    .select(['step_id', 'state'])
    .where('step_id', '=', before.stepId)
    .executeTakeFirstOrThrow();
  if (step.state !== before.state) await changeStep(database, step, before.state, nowMs);
}
