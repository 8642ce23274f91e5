import type { Connection } from '../database/exam-records.ts';
import { callOffStep, findStepOfReferral } from '../database/procedure-records.ts';
import { putFilmOnReferral } from '../database/referral-films.ts';
import { changeReferral, type ReferralActor } from '../database/referral-events.ts';
import { refreshReferral } from '../database/referral-summary.ts';
import { TriageError } from '../errors.ts';
import { type ReferralState, UNENDED_STATES } from '../exam/referral-life.ts';

/** A referral that has not ended, further on first. */
const STAGES: readonly ReferralState[] = UNENDED_STATES.toReversed();

interface UnendedReferral {
  readonly referral_id: string;
  readonly state: ReferralState;
}

/**
 * Makes one referral of two persons' referrals that have not ended, before the persons become one: a person has at
 * most one. The one that is further on stays, the older one of equals; it gets the other's films and scanner results,
 * and the other is dismissed as a duplicate. Throws state-conflict while the DXA of that one is under way.
 */
export async function joinReferrals(
  database: Connection,
  personIds: readonly [string, string],
  by: ReferralActor,
): Promise<void> {
  const [kept, closed] = await listUnended(database, personIds);
  if (kept === undefined || closed === undefined) return;
  const step = await findStepOfReferral(database, closed.referral_id);
  if (step?.state === 'in-progress') {
    throw new TriageError(
      'state-conflict',
      `the DXA of referral ${closed.referral_id} is under way, and ${kept.referral_id} is further on; wait until it is done`,
    );
  }
  // Two orders for one person must not both stand on the scanner's worklist.
  await callOffStep(database, closed.referral_id, by.nowMs);
  await moveRows(database, closed.referral_id, kept.referral_id);
  await refreshReferral(database, kept.referral_id);
  await changeReferral(database, {
    ...by,
    referralId: closed.referral_id,
    action: 'joined-with',
    to: 'dismissed',
    set: { dismissal_reason: 'duplicate' },
    details: { keptReferralId: kept.referral_id },
  });
  await changeReferral(database, {
    ...by,
    referralId: kept.referral_id,
    action: 'joined-with',
    details: { dismissedReferralId: closed.referral_id },
  });
}

/** Films, scanner results and T-scores are the other one's from now on; what happened stays where it happened. */
async function moveRows(database: Connection, fromId: string, toId: string): Promise<void> {
  const films = await database
    .selectFrom('referral_exams')
    .select(['exam_id', 'asks_treatment', 'asks_frax'])
    .where('referral_id', '=', fromId)
    .execute();
  for (const film of films) await putFilmOnReferral(database, { ...film, referral_id: toId });
  for (const table of ['dxa_results', 'dxa_measurements'] as const) {
    await database.updateTable(table).set({ referral_id: toId }).where('referral_id', '=', fromId).execute();
  }
}

async function listUnended(
  database: Connection,
  personIds: readonly [string, string],
): Promise<readonly UnendedReferral[]> {
  const rows = await database
    .selectFrom('referrals')
    .select(['referral_id', 'state'])
    .where('person_id', 'in', personIds)
    .where('state', 'in', STAGES)
    .orderBy('created_at_ms')
    .orderBy('referral_id')
    .execute();
  const rank = ({ state }: UnendedReferral): number => STAGES.indexOf(state);
  return rows.toSorted((a, b) => rank(a) - rank(b));
}
