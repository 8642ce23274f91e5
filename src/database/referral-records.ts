import { randomUUID } from 'node:crypto';
import type { Connection } from './exam-records.ts';

/**
 * Puts a positive film on the person's referral: the one that is not yet ended, else a new one. Returns its
 * identifier. The unique index `referrals_one_open` keeps this true whoever writes.
 */
export async function referPerson(
  database: Connection,
  finding: {
    readonly personId: string;
    readonly examId: string;
    readonly policyVersion: string;
    readonly nowMs: number;
  },
): Promise<string> {
  const current = await database
    .selectFrom('referrals')
    .select('referral_id')
    .where('person_id', '=', finding.personId)
    .where('state', 'in', ['open', 'accepted', 'started'])
    .executeTakeFirst();
  const referralId = current?.referral_id ?? randomUUID();
  if (current === undefined) {
    await database
      .insertInto('referrals')
      .values({
        referral_id: referralId,
        person_id: finding.personId,
        state: 'open',
        policy_version: finding.policyVersion,
        created_at_ms: finding.nowMs,
        updated_at_ms: finding.nowMs,
      })
      .execute();
  } else {
    await database
      .updateTable('referrals')
      .set({ updated_at_ms: finding.nowMs })
      .where('referral_id', '=', referralId)
      .execute();
  }
  await database
    .insertInto('referral_exams')
    .values({ referral_id: referralId, exam_id: finding.examId })
    .onConflict((conflict) => conflict.columns(['referral_id', 'exam_id']).doNothing())
    .execute();
  return referralId;
}
