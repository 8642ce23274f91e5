/** What DICOMweb shows of the record: a site's own instances, and the reports of its exams, under their study. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Reason } from '../exam/analysis.ts';
import type { ImageHeader, InstanceKey } from '../exam/exam.ts';
import type { ReportKind } from '../exam/exam-state.ts';
import type { Standing } from '../exam/standing.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import type { Database, ExamTable, PersonTable, ReportTable } from './schema.ts';
import { isFilmOfSites } from './site-films.ts';

/** Values of the header that older rows may lack. */
interface HeaderExtras {
  readonly seriesNumber?: number | null;
  readonly instanceNumber?: number | null;
  readonly studyId?: string | null;
  readonly referringPhysicianName?: string | null;
  readonly bitsAllocated?: number | null;
  readonly numberOfFrames?: number;
}

/** One object that can be retrieved: a film as it came, or a report of ours. */
export interface HeldInstance extends InstanceKey {
  readonly examId: string;
  readonly kind: 'film' | ReportKind;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly objectKey: string;
  readonly objectBytes: number;
  /** The header of the film, also for its reports: person and study are the same. */
  readonly header: ImageHeader & HeaderExtras;
  readonly person: Pick<Selectable<PersonTable>, 'name' | 'patient_id' | 'issuer' | 'birth_date' | 'sex'>;
}

/** How one exam stands, with the place of its PDF. */
export interface ExamStanding extends Standing {
  readonly examId: string;
  readonly pdfKey: string | null;
}

/** What our reports are written in. */
const REPORT_TRANSFER_SYNTAX_UID = '1.2.840.10008.1.2.1';

/** Every object of these studies that the site may see, films first. Objects that retention removed are left out. */
export async function listInstances(
  database: Kysely<Database>,
  siteId: string,
  key: { readonly studyUids: readonly string[]; readonly seriesUid?: string; readonly sopUid?: string },
): Promise<readonly HeldInstance[]> {
  if (key.studyUids.length === 0) return [];
  const exams = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .selectAll('exams')
    .select(['persons.name', 'persons.patient_id', 'persons.issuer', 'persons.birth_date', 'persons.sex'])
    .where(isFilmOfSites('exams', [siteId]))
    .where('exams.study_uid', 'in', [...key.studyUids])
    .orderBy('exams.received_at_ms')
    .execute();
  const reports = await database
    .selectFrom('reports')
    .innerJoin('exams', 'exams.exam_id', 'reports.exam_id')
    .selectAll('reports')
    .where(isFilmOfSites('exams', [siteId]))
    .where('exams.study_uid', 'in', [...key.studyUids])
    .orderBy('reports.created_at_ms')
    .orderBy('reports.revision')
    .execute();
  const films = exams.filter((exam) => exam.object_removed_at_ms === null).map((exam) => filmOf(exam));
  const byExam = new Map(exams.map((exam) => [exam.exam_id, filmOf(exam)]));
  const ours = reports.flatMap((report) => reportOf(report, byExam.get(report.exam_id)));
  return [...films, ...ours].filter(
    (held) =>
      (key.seriesUid === undefined || held.seriesInstanceUid === key.seriesUid) &&
      (key.sopUid === undefined || held.sopInstanceUid === key.sopUid),
  );
}

/** The study and series of an exam that was just taken in. */
export function findExamKey(database: Kysely<Database>, examId: string): Promise<InstanceKey> {
  return database
    .selectFrom('exams')
    .select(['study_uid as studyInstanceUid', 'series_uid as seriesInstanceUid', 'sop_uid as sopInstanceUid'])
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
}

/** An exam that ended, and from when on its site could know. */
export interface FinishedStanding extends ExamStanding {
  readonly knownAtMs: number;
}

/**
 * The exams of a site whose end it could know since then, the earliest first: `limit` of them, and those of the same
 * moment as the last.
 */
export async function listFinished(
  database: Kysely<Database>,
  siteId: string,
  sinceMs: number,
  limit: number,
): Promise<readonly FinishedStanding[]> {
  const found = await listKnown(database, siteId, [sinceMs, Number.MAX_SAFE_INTEGER], limit);
  const lastMs = found.at(limit - 1)?.knownAtMs;
  if (lastMs === undefined || limit === 0) return found;
  return [
    ...found.filter(({ knownAtMs }) => knownAtMs < lastMs),
    ...(await listKnown(database, siteId, [lastMs, lastMs], null)),
  ];
}

// A site that sent a film later than another can know its end when it had sent it, and not before.
async function listKnown(
  database: Kysely<Database>,
  siteId: string,
  [fromMs, toMs]: readonly [number, number],
  limit: number | null,
): Promise<readonly FinishedStanding[]> {
  const knownAtMs = sql<number>`CASE WHEN exams.finished_at_ms > exam_senders.noted_at_ms
    THEN exams.finished_at_ms ELSE exam_senders.noted_at_ms END`;
  let own = standings(database)
    .select('exams.finished_at_ms as known_at_ms')
    .where('exams.site_id', '=', siteId)
    .where('exams.finished_at_ms', '>=', fromMs)
    .where('exams.finished_at_ms', '<=', toMs)
    .orderBy('exams.finished_at_ms')
    .orderBy('exams.exam_id');
  let later = standings(database)
    .innerJoin('exam_senders', 'exam_senders.exam_id', 'exams.exam_id')
    .select(knownAtMs.as('known_at_ms'))
    .where('exam_senders.site_id', '=', siteId)
    .where('exams.finished_at_ms', 'is not', null)
    .where(knownAtMs, '>=', fromMs)
    .where(knownAtMs, '<=', toMs)
    .orderBy(knownAtMs)
    .orderBy('exams.exam_id');
  if (limit !== null) [own, later] = [own.limit(limit), later.limit(limit)];
  const rows = [...(await own.execute()), ...(await later.execute())];
  return rows
    .map((row) => ({ ...standingOf(row), knownAtMs: row.known_at_ms ?? 0 }))
    .toSorted((a, b) => a.knownAtMs - b.knownAtMs)
    .slice(0, limit ?? rows.length);
}

/** The exams of a site with that SOP Instance UID; more than one where it was used in two series. */
export async function findStandings(
  database: Kysely<Database>,
  siteId: string,
  sopInstanceUid: string,
): Promise<readonly ExamStanding[]> {
  const rows = await standings(database)
    .where(isFilmOfSites('exams', [siteId]))
    .where('exams.sop_uid', '=', sopInstanceUid)
    .execute();
  return rows.map((row) => standingOf(row));
}

/** How one exam stands; undefined where there is none. */
export async function findStanding(
  database: Kysely<Database>,
  examId: string,
): Promise<ExamStanding | undefined> {
  const row = await standings(database).where('exams.exam_id', '=', examId).executeTakeFirst();
  return row === undefined ? undefined : standingOf(row);
}

function standings(database: Kysely<Database>) {
  return database
    .selectFrom('exams')
    .selectAll('exams')
    .select((exam) =>
      exam
        .selectFrom('reports')
        .select('reports.object_key')
        .whereRef('reports.exam_id', '=', 'exams.exam_id')
        .whereRef('reports.revision', '=', 'exams.revision')
        .where('reports.kind', '=', 'PDF')
        .as('pdf_key'),
    );
}

/** A row of the record as a standing. */
export function standingOf(row: Selectable<ExamTable> & { readonly pdf_key: string | null }): ExamStanding {
  return {
    ...keyOf(row),
    examId: row.exam_id,
    state: row.state,
    revision: row.revision,
    receivedAtMs: row.received_at_ms,
    finishedAtMs: row.finished_at_ms,
    reasons: JSON.parse(row.reasons_json) as Reason[],
    analysis: row.analysis_json === null ? null : parseStoredAnalysis(row.analysis_json),
    pdfKey: row.pdf_key,
  };
}

function keyOf(row: Selectable<ExamTable>): InstanceKey {
  return { studyInstanceUid: row.study_uid, seriesInstanceUid: row.series_uid, sopInstanceUid: row.sop_uid };
}

function filmOf(row: Selectable<ExamTable> & HeldInstance['person']): HeldInstance {
  return {
    ...keyOf(row),
    examId: row.exam_id,
    kind: 'film',
    sopClassUid: row.sop_class_uid,
    transferSyntaxUid: row.transfer_syntax_uid,
    objectKey: row.object_key,
    objectBytes: row.object_bytes,
    header: JSON.parse(row.header_json) as HeldInstance['header'],
    person: {
      name: row.name,
      patient_id: row.patient_id,
      issuer: row.issuer,
      birth_date: row.birth_date,
      sex: row.sex,
    },
  };
}

/** A PDF is no DICOM object, and a report from before series were recorded cannot be placed. */
function reportOf(report: Selectable<ReportTable>, film: HeldInstance | undefined): HeldInstance[] {
  const { sop_uid: sopInstanceUid, series_uid: seriesInstanceUid, sop_class_uid: sopClassUid } = report;
  if (film === undefined || sopInstanceUid === null || seriesInstanceUid === null || sopClassUid === null)
    return [];
  return [
    {
      ...film,
      sopInstanceUid,
      seriesInstanceUid,
      sopClassUid,
      kind: report.kind,
      transferSyntaxUid: REPORT_TRANSFER_SYNTAX_UID,
      objectKey: report.object_key,
      objectBytes: report.object_bytes,
    },
  ];
}
