/** Results that are due as a PDF, and the noting of those that were made. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { ReportKind } from '../exam/exam-state.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { FilmIdentity } from '../exam/standing.ts';
import type { ExamStanding } from './dicomweb-records.ts';
import { standingOf } from './dicomweb-records.ts';
import { pendingDeliveries } from './delivery-records.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

/** An exam that came to its end and whose clinic is to be told by a PDF. */
export interface DueResult {
  readonly standing: ExamStanding;
  readonly siteId: string;
  readonly film: FilmIdentity;
}

/** What ended since then at these sites and has no PDF of its present revision; the earliest first. */
export async function findDueResults(
  database: Kysely<Database>,
  query: { readonly siteIds: readonly string[]; readonly sinceMs: number; readonly limit: number },
): Promise<readonly DueResult[]> {
  if (query.siteIds.length === 0) return [];
  const rows = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .selectAll('exams')
    .select(['persons.name', 'persons.patient_id', 'persons.birth_date', 'persons.sex'])
    .where(isOf(query))
    .where('exams.state', '!=', 'pending')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('reports')
            .select('reports.kind')
            .whereRef('reports.exam_id', '=', 'exams.exam_id')
            .whereRef('reports.revision', '=', 'exams.revision')
            .where('reports.kind', '=', 'PDF'),
        ),
      ),
    )
    // Of somebody who has declined nothing is reported, not even to the clinic.
    .where('exams.reasons_json', 'not like', '%"opted-out"%')
    // What a scanner sent back is no film of a clinic.
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('dxa_results')
            .select('dxa_results.exam_id')
            .whereRef('dxa_results.exam_id', '=', 'exams.exam_id'),
        ),
      ),
    )
    .orderBy('exams.finished_at_ms')
    .limit(query.limit)
    .execute();
  return rows.map((row) => {
    const header = JSON.parse(row.header_json) as ImageHeader;
    return {
      standing: standingOf({ ...row, pdf_key: null }),
      siteId: row.site_id,
      film: {
        patientName: row.name,
        patientId: row.patient_id,
        patientBirthDate: row.birth_date,
        patientSex: row.sex,
        studyDate: header.studyDate,
        accessionNumber: header.accessionNumber,
        studyDescription: header.studyDescription,
        modality: header.modality,
      },
    };
  });
}

/** What ended since then at these sites, and what one of them sent after another site and was not told of yet. */
function isOf({ siteIds, sinceMs }: { readonly siteIds: readonly string[]; readonly sinceMs: number }) {
  return (eb: ExpressionBuilder<Pick<Database, 'exams' | 'exam_senders'>, 'exams'>) =>
    eb.or([
      eb.and([eb('exams.site_id', 'in', [...siteIds]), eb('exams.finished_at_ms', '>=', sinceMs)]),
      eb(
        'exams.exam_id',
        'in',
        eb
          .selectFrom('exam_senders')
          .select('exam_senders.exam_id')
          .where('exam_senders.site_id', 'in', [...siteIds])
          .where('exam_senders.is_told', '=', sql.lit(0)),
      ),
    ]);
}

/**
 * Notes a PDF and its deliveries, all or nothing; false and nothing where the exam was put back or assessed anew
 * in the meantime.
 */
export function recordResultPdf(
  database: Kysely<Database>,
  pdf: {
    readonly standing: ExamStanding;
    readonly objectKey: string;
    readonly objectBytes: number;
    readonly receivers: readonly { readonly name: string; readonly objects: readonly ReportKind[] }[];
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { standing, nowMs } = pdf;
  const key = { exam_id: standing.examId, revision: standing.revision, kind: 'PDF' as const };
  return transact(database, async (transaction) => {
    const exam = await transaction
      .selectFrom('exams')
      .select(['state', 'revision'])
      .where('exam_id', '=', standing.examId)
      .executeTakeFirst();
    if (exam?.state !== standing.state || exam.revision !== standing.revision) return false;
    await transaction
      .insertInto('reports')
      .values({
        ...key,
        sop_class_uid: null,
        series_uid: null,
        sop_uid: null,
        object_key: pdf.objectKey,
        object_bytes: pdf.objectBytes,
        created_at_ms: nowMs,
      })
      .execute();
    const deliveries = pendingDeliveries([key], pdf.receivers, nowMs);
    if (deliveries.length > 0) await transaction.insertInto('deliveries').values(deliveries).execute();
    return true;
  });
}
