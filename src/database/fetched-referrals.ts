import { type Kysely, sql } from 'kysely';
import type { ReferralEventName } from '../exam/referral-action.ts';
import { DEFAULT_REFERRAL_DAYS, dueAtMs, moveReferral, type ReferralState } from '../exam/referral-life.ts';
import type { ReferralActor } from './referral-events.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

/**
 * Books the referrals whose order a scanner fetched, of those that still wait for it; all at once, since a scanner that
 * asks for everything may fetch thousands. Returns those that moved.
 */
export function bookFetched(
  database: Kysely<Database>,
  referralIds: readonly string[],
  { actor, actorName = actor, nowMs, days = DEFAULT_REFERRAL_DAYS }: ReferralActor,
): Promise<readonly string[]> {
  const from: ReferralState = 'dxa-ordered';
  const to = moveReferral(from, 'dxa-booked');
  const action: ReferralEventName = 'fetched-by-scanner';
  return transact(database, async (transaction) => {
    const booked = await transaction
      .updateTable('referrals')
      .set({
        state: to,
        version: sql<number>`version + 1`,
        state_since_ms: nowMs,
        due_at_ms: dueAtMs(to, nowMs, days),
        escalation: 0,
        updated_at_ms: nowMs,
      })
      .where('referral_id', 'in', referralIds)
      .where('state', '=', from)
      .returning(['referral_id', 'person_id'])
      .execute();
    if (booked.length === 0) return [];
    const events = booked.map(({ referral_id }) => ({
      ...{ referral_id, at_ms: nowMs, actor, actor_name: actorName, action, from_state: from, to_state: to },
      ...{ details_json: '{}', before_json: null, undone_by: null },
    }));
    await transaction.insertInto('referral_events').values(events).execute();
    const detail = JSON.stringify({ from, to });
    const audits = booked.map(({ referral_id: subject, person_id }) => ({
      ...{ at_ms: nowMs, actor, action: `referral ${action}`, subject, person_id, detail },
    }));
    await transaction.insertInto('audit_trail').values(audits).execute();
    return booked.map(({ referral_id }) => referral_id);
  });
}
