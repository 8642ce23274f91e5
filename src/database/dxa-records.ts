import type { Reason } from '../exam/analysis.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { ReferralDays } from '../exam/referral-life.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import { finishExam } from './triage-records.ts';
import {
  findReferralOf,
  followScanner,
  type MatchedReferral,
  type PerformedState,
} from './performed-records.ts';
import { changeReferral, type ReferralActor } from './referral-events.ts';

/** A result that came back from a scanner, as it was received. */
export interface ReceivedDxaResult {
  readonly examId: string;
  readonly header: ImageHeader;
  readonly callingAeTitle: string;
  /** Why the exam is not assessed. */
  readonly reasons: readonly Reason[];
  readonly nowMs: number;
  /** How long a referral may stay in a state; left out: as long as by default. */
  readonly days?: ReferralDays | undefined;
}

/**
 * Writes down that an exam is a result of a DXA, matches it to its referral and ends that where it was accepted;
 * all within the transaction that made the exam. Returns the referral; null where none fits, which is listed.
 */
export async function recordDxaResult(
  database: Connection,
  result: ReceivedDxaResult,
): Promise<string | null> {
  const { examId, header, callingAeTitle, nowMs, days } = result;
  const exam = await finishExam(database, examId, 'not-eligible', result.reasons, nowMs, null);
  const referral = (await isOwnReport(database, header.sopInstanceUid))
    ? undefined
    : await findReferralOf(database, {
        stepIds: [],
        accessionNumbers: valuesOf(header.accessionNumber),
        studyUids: [header.studyInstanceUid],
        patientId: header.patientId,
        issuerOfPatientId: header.issuerOfPatientId,
      });
  const referralId = referral?.referralId ?? null;
  await database
    .insertInto('dxa_results')
    .values({
      exam_id: examId,
      person_id: exam.personId,
      referral_id: referralId,
      matched_by: referral?.matchedBy ?? null,
      received_at_ms: nowMs,
    })
    .execute();
  const actor = `scanner ${callingAeTitle}`;
  const action = `DXA result ${referralId === null ? 'without a referral' : `of referral ${referralId}`}`;
  await recordAudit(database, { atMs: nowMs, actor, action, subject: examId });
  if (referral !== undefined) await takeDxaResult(database, referral, { actor, nowMs, days, examId });
  return referralId;
}

/** A result moves a referral that waits for it, and is told of in the history of any other. */
export async function takeDxaResult(
  database: Connection,
  referral: Pick<MatchedReferral, 'referralId' | 'state' | 'step'>,
  { examId, ...by }: ReferralActor & { readonly examId: string },
): Promise<void> {
  const act = { ...by, action: 'dxa-result', details: { examId } } as const;
  if (await followScanner(database, referral, 'completed', act)) return;
  await changeReferral(database, { ...act, referralId: referral.referralId });
}

/** What came back from scanners: results, and performed steps that no referral asked for. */
export interface ScannerEntry {
  readonly kind: 'dxa-result' | 'performed-step';
  readonly id: string;
  readonly referralId: string | null;
  readonly matchedBy: string | null;
  readonly state: PerformedState | null;
  readonly patientId: string | null;
  readonly patientName: string | null;
  readonly atMs: number;
}

/** The newest results, and performed steps without an order; `unmatched` leaves out those that have a referral. */
export async function listScannerEntries(
  database: Connection,
  query: { readonly unmatched: boolean; readonly limit: number },
): Promise<readonly ScannerEntry[]> {
  const results = await database
    .selectFrom('dxa_results as d')
    .innerJoin('persons as p', 'p.person_id', 'd.person_id')
    .select(['d.exam_id', 'd.referral_id', 'd.matched_by', 'd.received_at_ms', 'p.patient_id', 'p.name'])
    .$if(query.unmatched, (select) => select.where('d.referral_id', 'is', null))
    .orderBy('d.received_at_ms', 'desc')
    .limit(query.limit)
    .execute();
  const performed = await database
    .selectFrom('performed_steps')
    .select(['mpps_uid', 'state', 'data_set_json', 'created_at_ms'])
    .where('step_id', 'is', null)
    .orderBy('created_at_ms', 'desc')
    .limit(query.limit)
    .execute();
  return [
    ...results.map((row): ScannerEntry => ({
      kind: 'dxa-result',
      id: row.exam_id,
      referralId: row.referral_id,
      matchedBy: row.matched_by,
      state: null,
      patientId: row.patient_id,
      patientName: row.name,
      atMs: row.received_at_ms,
    })),
    ...performed.map((row): ScannerEntry => {
      const { PatientID, PatientName } = JSON.parse(row.data_set_json) as Record<string, unknown>;
      return {
        kind: 'performed-step',
        id: row.mpps_uid,
        referralId: null,
        matchedBy: null,
        state: row.state,
        patientId: typeof PatientID === 'string' ? PatientID : null,
        patientName: typeof PatientName === 'string' ? PatientName : null,
        atMs: row.created_at_ms,
      };
    }),
  ]
    .toSorted((one, other) => other.atMs - one.atMs)
    .slice(0, query.limit);
}

/** A PACS may route our own report back to us, and that must not end the referral that it asks for. */
async function isOwnReport(database: Connection, sopInstanceUid: string): Promise<boolean> {
  const report = await database
    .selectFrom('reports')
    .select('sop_uid')
    .where('sop_uid', '=', sopInstanceUid)
    .executeTakeFirst();
  return report !== undefined;
}

function valuesOf(text: string | null): readonly string[] {
  return text === null ? [] : [text];
}
