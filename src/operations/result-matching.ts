import { recordAudit } from '../database/audit-trail.ts';
import type { Connection } from '../database/exam-records.ts';
import { takeDxaResult } from '../database/dxa-records.ts';
import { findReferralOf } from '../database/performed-records.ts';
import type { ChangeMaker } from './identity.ts';
import type { Person } from './person-lookup.ts';

/**
 * Looks again for the referral of scanner results that fitted none: a wrong identity is the usual reason. Returns how
 * many found theirs; a referral that waited for its DXA has it then.
 */
export async function matchResults(
  database: Connection,
  { person_id: personId, patient_id: patientId, issuer }: Person,
  by: ChangeMaker,
): Promise<number> {
  const unmatched = await database
    .selectFrom('dxa_results')
    .select('exam_id')
    .where('person_id', '=', personId)
    .where('referral_id', 'is', null)
    .orderBy('received_at_ms')
    .execute();
  let matched = 0;
  for (const { exam_id: examId } of unmatched) {
    const referral = await findReferralOf(database, {
      stepIds: [],
      studyUids: [],
      accessionNumbers: [],
      patientId,
      issuerOfPatientId: issuer,
    });
    if (referral === undefined) break;
    const { referralId, matchedBy } = referral;
    await database
      .updateTable('dxa_results')
      .set({ referral_id: referralId, matched_by: matchedBy })
      .where('exam_id', '=', examId)
      .execute();
    const action = `DXA result of referral ${referralId}`;
    await recordAudit(database, { atMs: by.nowMs, actor: by.actor, action, subject: examId });
    await takeDxaResult(database, referral, { ...by, examId });
    matched += 1;
  }
  return matched;
}
