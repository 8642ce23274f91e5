/** Every change of a referral goes through here: it is written with what stood there before, and nothing disappears. */
import type { Selectable } from 'kysely';
import { TriageError } from '../errors.ts';
import type { ProcedureStepState } from '../exam/exam-state.ts';
import type { ReferralEventName } from '../exam/referral-action.ts';
import {
  DEFAULT_REFERRAL_DAYS,
  dueAtMs,
  moveReferral,
  type ReferralDays,
  type ReferralState,
} from '../exam/referral-life.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import type { ReferralTable } from './referral-tables.ts';

/** Who changes a referral, and when. */
export interface ReferralActor {
  /** As the audit trail names them: `user …`, `scanner …`, a part of this service. */
  readonly actor: string;
  /** The name that people see; left out: as the audit trail names them. */
  readonly actorName?: string | undefined;
  readonly nowMs: number;
  /** How long a referral may stay in a state; left out: as long as by default. */
  readonly days?: ReferralDays | undefined;
}

const UNDONE_COLUMNS = [
  'state',
  'state_since_ms',
  'owner_id',
  'due_at_ms',
  'escalation',
  'dismissal_reason',
  'outcome',
] as const;

/** What undo puts back. */
type UndoneColumns = Pick<Selectable<ReferralTable>, (typeof UNDONE_COLUMNS)[number]>;

/** A referral as it is before a change. */
export type PresentReferral = UndoneColumns &
  Pick<Selectable<ReferralTable>, 'referral_id' | 'person_id' | 'version' | 'age_years'>;

/** What stood there before an action that can be undone. */
export interface UndoneBefore {
  readonly columns: UndoneColumns;
  /** The procedure step that T-scores completed, and where it stood. */
  readonly step?: { readonly stepId: string; readonly state: ProcedureStepState };
  /** The T-scores that were entered, and those that they took the place of. */
  readonly measurement?: { readonly dxaId: string; readonly insteadOf: string | null };
}

/** One change: where it leads and what it sets beside. */
export interface ReferralChange extends ReferralActor {
  readonly referralId: string;
  readonly action: ReferralEventName;
  /** Left out: it stays where it is. */
  readonly to?: ReferralState;
  readonly set?: Partial<Omit<UndoneColumns, 'state' | 'state_since_ms' | 'escalation'>>;
  readonly details?: Readonly<Record<string, unknown>>;
  /** That it can be undone, and what must be put back besides the referral itself. */
  readonly undo?: Omit<UndoneBefore, 'columns'>;
}

/** Reads a referral for a change. Throws not-found. */
export async function requireReferral(database: Connection, referralId: string): Promise<PresentReferral> {
  const referral = await database
    .selectFrom('referrals')
    .select(['referral_id', 'person_id', 'version', 'age_years', ...UNDONE_COLUMNS])
    .where('referral_id', '=', referralId)
    .executeTakeFirst();
  if (referral === undefined) throw new TriageError('not-found', 'there is no such referral');
  return referral;
}

/**
 * Changes a referral by the table of transitions, appends the event and writes the audit trail. A new state has a new
 * due date, and reminders begin anew. Returns the event. Throws not-found or state-conflict.
 */
export async function changeReferral(database: Connection, change: ReferralChange): Promise<number> {
  const { referralId, action, nowMs, days = DEFAULT_REFERRAL_DAYS, set = {} } = change;
  const before = await requireReferral(database, referralId);
  const to = change.to ?? before.state;
  const hasMoved = to !== before.state;
  await database
    .updateTable('referrals')
    .set({
      version: before.version + 1,
      updated_at_ms: nowMs,
      ...(hasMoved
        ? {
            state: moveReferral(before.state, to),
            state_since_ms: nowMs,
            due_at_ms: dueAtMs(to, nowMs, days),
            escalation: 0 as const,
          }
        : {}),
      ...(set.due_at_ms === undefined ? {} : { escalation: 0 as const }),
      ...set,
    })
    .where('referral_id', '=', referralId)
    .execute();
  return appendEvent(database, before, { ...change, action, to });
}

/** Writes the first event of a referral that was made just now. */
export function recordFlagged(
  database: Connection,
  referral: { readonly referralId: string; readonly personId: string },
  by: ReferralActor & { readonly details: Readonly<Record<string, unknown>> },
): Promise<number> {
  const { referralId, personId } = referral;
  const change = { ...by, referralId, action: 'flagged', to: 'flagged' } as const;
  return appendEvent(database, { person_id: personId, state: null }, change);
}

/**
 * Writes down what happened around a referral and changes nothing of it: nobody's sight of it grows old by that. Returns
 * the event. Throws not-found.
 */
export async function recordReferralEvent(
  database: Connection,
  event: ReferralActor & Pick<ReferralChange, 'referralId' | 'action' | 'details'>,
): Promise<number> {
  const before = await requireReferral(database, event.referralId);
  return appendEvent(database, before, { ...event, to: before.state });
}

async function appendEvent(
  database: Connection,
  before: Pick<PresentReferral, 'person_id'> & { readonly state: ReferralState | null },
  change: ReferralChange & { readonly to: ReferralState },
): Promise<number> {
  const { referralId, action, actor, actorName = actor, details = {}, undo, nowMs, to } = change;
  const columns = Object.fromEntries(
    UNDONE_COLUMNS.map((column) => [column, (before as Partial<PresentReferral>)[column]]),
  );
  const { event_id: eventId } = await database
    .insertInto('referral_events')
    .values({
      referral_id: referralId,
      at_ms: nowMs,
      actor,
      actor_name: actorName,
      action,
      from_state: before.state,
      to_state: to,
      details_json: JSON.stringify(details),
      before_json: undo === undefined ? null : JSON.stringify({ columns, ...undo }),
      undone_by: null,
    })
    .returning('event_id')
    .executeTakeFirstOrThrow();
  await recordAudit(database, {
    atMs: nowMs,
    actor,
    action: `referral ${action}`,
    subject: referralId,
    personId: before.person_id,
    // What a person wrote or decided stands in the event.
    detail: { event: eventId, from: before.state, to },
  });
  return eventId;
}
