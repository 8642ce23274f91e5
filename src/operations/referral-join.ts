import { recordAudit } from '../database/audit-trail.ts';
import type { Connection } from '../database/exam-records.ts';
import { changeStep, findStepOfReferral } from '../database/procedure-records.ts';
import { putFilmOnReferral } from '../database/referral-films.ts';
import { changeReferral } from '../database/referral-records.ts';
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
 * and the other is dismissed with a note. Throws state-conflict while both DXAs are under way.
 */
export async function joinReferrals(
  database: Connection,
  personIds: readonly [string, string],
  by: { readonly actor: string; readonly nowMs: number },
): Promise<void> {
  const [kept, closed] = await listUnended(database, personIds);
  if (kept === undefined || closed === undefined) return;
  if (closed.state === 'dxa-booked') {
    throw new TriageError(
      'state-conflict',
      `the DXA of both persons is under way (referrals ${kept.referral_id} and ${closed.referral_id}); wait until one is done`,
    );
  }
  const films = await database
    .selectFrom('referral_exams')
    .select(['exam_id', 'asks_treatment', 'asks_frax'])
    .where('referral_id', '=', closed.referral_id)
    .execute();
  for (const film of films) await putFilmOnReferral(database, { ...film, referral_id: kept.referral_id });
  await database
    .updateTable('dxa_results')
    .set({ referral_id: kept.referral_id })
    .where('referral_id', '=', closed.referral_id)
    .execute();
  await changeReferral(database, {
    ...by,
    referralId: closed.referral_id,
    to: 'dismissed',
    note: `the same person as referral ${kept.referral_id}, which has its films now`,
  });
  const step = await findStepOfReferral(database, closed.referral_id);
  // Two orders for one person must not both stand on the scanner's worklist.
  if (step?.state === 'scheduled') await changeStep(database, step, 'discontinued', by.nowMs);
  await recordAudit(database, {
    atMs: by.nowMs,
    actor: by.actor,
    action: `referral got the films of ${closed.referral_id}`,
    subject: kept.referral_id,
  });
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
