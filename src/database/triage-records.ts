import type { Kysely } from 'kysely';
import { type AnalysisResult, namedAfterInstance, type Reason } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import type { PatientIdentity } from '../exam/exam.ts';
import { type ExamState, moveExam, type ReportKind } from '../exam/exam-state.ts';
import type { ReferralDays } from '../exam/referral-life.ts';
import type { OrderedCorrection } from '../exam/correction.ts';
import { recordAudit } from './audit-trail.ts';
import { findCorrection } from './correction-records.ts';
import type { Connection } from './exam-records.ts';
import { endJob, type LeasedJob } from './job-records.ts';
import { asksOf } from './referral-films.ts';
import { referPerson, reviseFilm } from './referral-records.ts';
import { findReassessedAtMs } from './revision-records.ts';
import { pendingDeliveries } from './delivery-records.ts';
import type { Database, Door, ReportTable } from './schema.ts';
import { addToTallies } from './tallies.ts';
import { transactInGroup } from './transact.ts';

/** A report object that is durable in the archive. */
export type ArchivedReport = Omit<ReportTable, 'exam_id' | 'created_at_ms'>;

/** What a triage that came to its end writes. */
export interface TriageResult {
  readonly job: LeasedJob;
  readonly analysis: AnalysisResult;
  readonly reports: readonly ArchivedReport[];
  /** What gets the reports, and which kinds of them. */
  readonly destinations: readonly { readonly name: string; readonly objects: readonly ReportKind[] }[];
  /** What a positive film asks for. */
  readonly assessments: readonly Assessment[];
  readonly policyVersion: string;
  readonly nowMs: number;
  /** How long a new referral may wait; left out: as long as by default. */
  readonly days?: ReferralDays | undefined;
}

/** What was written, and the referral that changed; undefined where the lease was lost and nothing was. */
export type Recorded = { readonly state: ExamState; readonly referralId: string | null } | undefined;

/** What the triage of an exam starts from. */
export interface TriageInput {
  readonly objectKey: string;
  readonly siteId: string;
  readonly door: Door;
  readonly revision: number;
  /** The same at every attempt, so that a retry writes the same report to the byte. */
  readonly reportedAtMs: number;
  /** Whose the film is, where a person corrected what its header says. */
  readonly patient: Partial<PatientIdentity> | undefined;
  /** The structured report that this revision takes the place of. */
  readonly predecessor: PredecessorReport | null;
  /** How often the film ended the worker that had it alone. */
  readonly deaths: number;
  /** Points that a person set; undefined where they are the measured ones. */
  readonly correction: OrderedCorrection | undefined;
}

/** A structured report in the archive. */
export interface PredecessorReport {
  readonly studyInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** null in rows from before there were revisions: the object says it. */
  readonly seriesInstanceUid: string | null;
  readonly objectKey: string;
}

/** Reads what the triage of an exam starts from. Throws when there is no such exam. */
export async function findTriageInput(database: Connection, examId: string): Promise<TriageInput> {
  const exam = await database
    .selectFrom('exams')
    .leftJoin('jobs', 'jobs.exam_id', 'exams.exam_id')
    .select([
      'object_key',
      'site_id',
      'door',
      'revision',
      'received_at_ms',
      'study_uid',
      'person_id',
      'deaths',
    ])
    .where('exams.exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  const { revision, person_id: personId } = exam;
  const askedAtMs = revision === 0 ? undefined : await findReassessedAtMs(database, examId);
  return {
    objectKey: exam.object_key,
    siteId: exam.site_id,
    door: exam.door,
    revision,
    reportedAtMs: askedAtMs ?? exam.received_at_ms,
    patient: await findCorrectedPatient(database, personId),
    predecessor: revision === 0 ? null : await findPredecessor(database, examId, exam.study_uid),
    deaths: exam.deaths ?? 0,
    correction: revision === 0 ? undefined : await findCorrection(database, examId),
  };
}

/**
 * The patient as corrected by a person; undefined where nobody corrected anything: then the header stands, which
 * may rightly differ from an older film's, as after a marriage.
 */
async function findCorrectedPatient(
  database: Connection,
  personId: string,
): Promise<Partial<PatientIdentity> | undefined> {
  const change = await database
    .selectFrom('identity_changes')
    .select('to_person_id')
    .where((where) =>
      where.or([where('to_person_id', '=', personId), where('from_person_id', '=', personId)]),
    )
    .orderBy('change_id', 'desc')
    .executeTakeFirst();
  if (change === undefined) return undefined;
  const person = await database
    .selectFrom('persons')
    .select([
      'patient_id as patientId',
      'issuer as issuerOfPatientId',
      'name as patientName',
      'birth_date as patientBirthDate',
      'sex as patientSex',
    ])
    .where('person_id', '=', change.to_person_id)
    .executeTakeFirst();
  // What is not known of the person takes nothing away from the header.
  return Object.fromEntries(Object.entries(person ?? {}).filter(([, value]) => value !== null));
}

async function findPredecessor(
  database: Connection,
  examId: string,
  studyInstanceUid: string,
): Promise<PredecessorReport | null> {
  const row = await database
    .selectFrom('reports')
    .select(['sop_class_uid', 'sop_uid', 'series_uid', 'object_key'])
    .where('exam_id', '=', examId)
    .where('kind', '=', 'SR')
    .orderBy('revision', 'desc')
    .executeTakeFirst();
  if (row === undefined || row.sop_class_uid === null || row.sop_uid === null) return null;
  return {
    studyInstanceUid,
    sopClassUid: row.sop_class_uid,
    sopInstanceUid: row.sop_uid,
    seriesInstanceUid: row.series_uid,
    objectKey: row.object_key,
  };
}

/**
 * Writes a result, its reports, deliveries and referral, and ends the job, all or nothing. The lease fences it:
 * whoever lost it writes nothing.
 */
export function recordTriage(database: Kysely<Database>, result: TriageResult): Promise<Recorded> {
  return transactInGroup(database, async (transaction) => {
    const { job, analysis, nowMs } = result;
    if (!(await endJob(transaction, job, 'done', null))) return undefined;
    const outcome = analysis.outcome === 'refused' ? 'not-assessable' : analysis.outcome;
    const exam = await finishExam(transaction, job.examId, outcome, analysis.reasons, nowMs, analysis);
    await insertReports(transaction, result);
    const { assessments, policyVersion } = result;
    const film = { personId: exam.personId, examId: job.examId, assessments, policyVersion, nowMs };
    const asksMore = outcome === 'positive' && !(await isReferred(transaction, film));
    const referralId = asksMore
      ? await referPerson(transaction, { ...film, days: result.days })
      : await reviseFilm(transaction, { ...film, outcome });
    await recordAudit(transaction, {
      atMs: nowMs,
      actor: 'triage',
      action: `exam ${outcome}`,
      subject: job.examId,
    });
    return { state: outcome, referralId: referralId ?? null };
  });
}

/** Sets an exam aside as failed, with the reason, and its job as dead; the same fence. */
export function recordTriageFailure(
  database: Kysely<Database>,
  failure: { readonly job: LeasedJob; readonly reason: Reason; readonly nowMs: number },
): Promise<Recorded> {
  return transactInGroup(database, async (transaction) => {
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

/**
 * Whether a film already speaks for a referral, ended or not: assessed anew it does not ask a second time, but for
 * what it did not ask for before.
 */
async function isReferred(
  database: Connection,
  finding: {
    readonly personId: string;
    readonly examId: string;
    readonly assessments: readonly Assessment[];
  },
): Promise<boolean> {
  const asks = asksOf(finding.assessments);
  const row = await database
    .selectFrom('referral_exams')
    .innerJoin('referrals', 'referrals.referral_id', 'referral_exams.referral_id')
    .select('referrals.referral_id as referralId')
    .where('referral_exams.exam_id', '=', finding.examId)
    .where('referrals.person_id', '=', finding.personId)
    .where('referral_exams.asks_treatment', '>=', asks.asks_treatment)
    .where('referral_exams.asks_frax', '>=', asks.asks_frax)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends an exam with what became of it; returns whose it is. */
export async function finishExam(
  database: Connection,
  examId: string,
  to: ExamState,
  reasons: readonly Reason[],
  nowMs: number,
  analysis: AnalysisResult | null,
): Promise<{ readonly personId: string }> {
  const exam = await database
    .selectFrom('exams')
    .select(['state', 'person_id', 'sop_uid'])
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  await database
    .updateTable('exams')
    .set({
      state: moveExam(exam.state, to),
      reasons_json: JSON.stringify(reasons),
      analysis_json: analysis === null ? null : JSON.stringify(namedAfterInstance(analysis, exam.sop_uid)),
      finished_at_ms: nowMs,
      is_told: 0,
      ...(analysis?.view == null ? {} : { view_name: analysis.view.name }),
    })
    .where('exam_id', '=', examId)
    .execute();
  await addToTallies(database, { [`exam ${exam.state}`]: -1, [`exam ${to}`]: 1 });
  return { personId: exam.person_id };
}

async function insertReports(database: Connection, result: TriageResult): Promise<void> {
  const { job, reports, destinations, nowMs } = result;
  if (reports.length === 0) return;
  const rows = reports.map((report) => ({ ...report, exam_id: job.examId, created_at_ms: nowMs }));
  if (rows.some(({ kind }) => kind === 'SR') && !(await isReported(database, job.examId))) {
    await addToTallies(database, { report: 1 });
  }
  await database.insertInto('reports').values(rows).execute();
  const deliveries = pendingDeliveries(rows, destinations, nowMs);
  if (deliveries.length > 0) await database.insertInto('deliveries').values(deliveries).execute();
}

/** A report that was revised is one report. */
async function isReported(database: Connection, examId: string): Promise<boolean> {
  const report = await database
    .selectFrom('reports')
    .select('kind')
    .where('exam_id', '=', examId)
    .where('kind', '=', 'SR')
    .executeTakeFirst();
  return report !== undefined;
}
