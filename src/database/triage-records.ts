import type { Kysely } from 'kysely';
import type { AnalysisResult, Reason } from '../exam/analysis.ts';
import { type ExamState, moveExam } from '../exam/exam-state.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import { endJob, type LeasedJob } from './job-records.ts';
import { referPerson } from './referral-records.ts';
import type { Database, ReportTable } from './schema.ts';

/** A report object that is durable in the archive. */
export type ArchivedReport = Omit<ReportTable, 'exam_id' | 'created_at_ms'>;

/** What a triage that came to its end writes. */
export interface TriageResult {
  readonly job: LeasedJob;
  readonly analysis: AnalysisResult;
  readonly reports: readonly ArchivedReport[];
  /** AE titles of the PACS that get the reports. */
  readonly destinations: readonly string[];
  readonly policyVersion: string;
  readonly nowMs: number;
}

/** What was written; undefined where the lease was lost and nothing was. */
export type Recorded = { readonly state: ExamState; readonly referralId: string | null } | undefined;

/** What the triage of an exam starts from. Throws when there is no such exam. */
export function findTriageInput(
  database: Connection,
  examId: string,
): Promise<{ readonly objectKey: string; readonly receivedAtMs: number }> {
  return database
    .selectFrom('exams')
    .select(['object_key as objectKey', 'received_at_ms as receivedAtMs'])
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
}

/**
 * Writes a result, its reports, deliveries and referral, and ends the job, all or nothing. The lease fences it:
 * whoever lost it writes nothing.
 */
export function recordTriage(database: Kysely<Database>, result: TriageResult): Promise<Recorded> {
  return database.transaction().execute(async (transaction) => {
    const { job, analysis, nowMs } = result;
    if (!(await endJob(transaction, job, 'done', null))) return undefined;
    const outcome = analysis.outcome === 'refused' ? 'not-assessable' : analysis.outcome;
    const exam = await finishExam(transaction, job.examId, outcome, analysis.reasons, nowMs, analysis);
    await insertReports(transaction, result);
    const referralId =
      outcome === 'positive'
        ? await referPerson(transaction, {
            personId: exam.personId,
            examId: job.examId,
            policyVersion: result.policyVersion,
            nowMs,
          })
        : null;
    await recordAudit(transaction, {
      atMs: nowMs,
      actor: 'triage',
      action: `exam ${outcome}`,
      subject: job.examId,
    });
    return { state: outcome, referralId };
  });
}

/** Sets an exam aside as failed, with the reason, and its job as dead; the same fence. */
export function recordTriageFailure(
  database: Kysely<Database>,
  failure: { readonly job: LeasedJob; readonly reason: Reason; readonly nowMs: number },
): Promise<Recorded> {
  return database.transaction().execute(async (transaction) => {
    const { job, reason, nowMs } = failure;
    if (!(await endJob(transaction, job, 'dead', reason.code))) return undefined;
    await finishExam(transaction, job.examId, 'failed', [reason], nowMs, null);
    await recordAudit(transaction, {
      atMs: nowMs,
      actor: 'triage',
      action: 'exam failed',
      subject: job.examId,
    });
    return { state: 'failed', referralId: null };
  });
}

async function finishExam(
  database: Connection,
  examId: string,
  to: ExamState,
  reasons: readonly Reason[],
  nowMs: number,
  analysis: AnalysisResult | null,
): Promise<{ readonly personId: string }> {
  const exam = await database
    .selectFrom('exams')
    .select(['state', 'person_id'])
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  await database
    .updateTable('exams')
    .set({
      state: moveExam(exam.state, to),
      reasons_json: JSON.stringify(reasons),
      analysis_json: analysis === null ? null : JSON.stringify(analysis),
      finished_at_ms: nowMs,
      ...(analysis?.view == null ? {} : { view_name: analysis.view.name }),
    })
    .where('exam_id', '=', examId)
    .execute();
  return { personId: exam.person_id };
}

async function insertReports(database: Connection, result: TriageResult): Promise<void> {
  const { job, reports, destinations, nowMs } = result;
  if (reports.length === 0) return;
  await database
    .insertInto('reports')
    .values(reports.map((report) => ({ ...report, exam_id: job.examId, created_at_ms: nowMs })))
    .execute();
  const deliveries = reports.flatMap((report) =>
    destinations.map((destination) => ({
      exam_id: job.examId,
      revision: report.revision,
      kind: report.kind,
      destination,
      state: 'pending' as const,
      attempts: 0,
      due_at_ms: nowMs,
      first_try_at_ms: null,
      note: null,
    })),
  );
  if (deliveries.length > 0) await database.insertInto('deliveries').values(deliveries).execute();
}
