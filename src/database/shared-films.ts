/** Films with a result, and the studies that they are of, as other systems read them. */
import { type RawBuilder, type Selectable, sql, type SqlBool } from 'kysely';
import type { ReportKind } from '../exam/exam-state.ts';
import type { Connection } from './exam-records.ts';
import { beginsAt, directionOf, type RecordPage, type TimeRange } from './record-page.ts';
import type { ExamTable } from './schema.ts';
import { isFilmOfSites } from './site-films.ts';

/** Which films are looked for. */
export interface FilmFilter {
  readonly examIds?: readonly string[];
  readonly personIds?: readonly string[];
  readonly changed?: TimeRange;
  readonly studyUids?: readonly string[];
  /** Exams of the same study as one of these. */
  readonly besideExamIds?: readonly string[];
  readonly accessionNumbers?: readonly string[];
  /** Sites beyond whose films nothing is shown; left out: of every site. */
  readonly siteIds?: readonly string[];
}

/** A film that came to its end. */
export interface SharedFilm extends Selectable<ExamTable> {
  readonly endedAtMs: number;
  /** Names its study: the first exam of the same study and person, of those that may be seen. */
  readonly studyExamId: string;
  /** How often a person set points on it. */
  readonly correctionCount: number;
}

/** One object of a study: a film, or a report of ours. */
export interface StudyInstance {
  readonly seriesUid: string;
  readonly sopUid: string;
  readonly sopClassUid: string;
  readonly kind: 'film' | ReportKind;
  readonly exam: Selectable<ExamTable>;
}

/** A study of one person. */
export interface SharedStudy {
  readonly studyExamId: string;
  /** The film that came last; the study stands in the list where it does. */
  readonly lastExam: Selectable<ExamTable>;
  /** Films in the order in which they came, and then the reports of their present revision. */
  readonly instances: readonly StudyInstance[];
}

// What a scanner sent back is no film that is assessed.
const IS_FILM = sql<SqlBool>`NOT EXISTS (SELECT 1 FROM dxa_results d WHERE d.exam_id = e.exam_id)`;
const CORRECTION_COUNT = sql<number>`(SELECT count(*) FROM corrections c WHERE c.exam_id = e.exam_id)`;

/** Films in the order of their end. */
export async function listSharedFilms(
  database: Connection,
  filter: FilmFilter,
  page: RecordPage,
): Promise<readonly SharedFilm[]> {
  const { changed, siteIds } = filter;
  let query = selectExams(database, filter)
    .select([ofStudy('asc', siteIds).as('studyExamId'), CORRECTION_COUNT.as('correctionCount')])
    .where('e.finished_at_ms', 'is not', null)
    .where(IS_FILM)
    .where(beginsAt(page, { at: 'e.finished_at_ms', key: 'e.exam_id' }))
    .orderBy('e.finished_at_ms', directionOf(page))
    .orderBy('e.exam_id', directionOf(page))
    .limit(page.limit);
  if (changed !== undefined) {
    query = query
      .where('e.finished_at_ms', '>=', changed.fromMs)
      .where('e.finished_at_ms', '<=', changed.toMs);
  }
  return (await query.execute()).map((row) => ({ ...row, endedAtMs: row.finished_at_ms ?? 0 }));
}

/** Studies in the order in which their last films came. */
export async function listSharedStudies(
  database: Connection,
  filter: FilmFilter,
  page: RecordPage,
): Promise<readonly SharedStudy[]> {
  const { changed, siteIds } = filter;
  let query = selectExams(database, filter)
    .select(ofStudy('asc', siteIds).as('studyExamId'))
    .where('e.exam_id', '=', ofStudy('desc', siteIds))
    .where(beginsAt(page, { at: 'e.received_at_ms', key: 'e.exam_id' }))
    .orderBy('e.received_at_ms', directionOf(page))
    .orderBy('e.exam_id', directionOf(page))
    .limit(page.limit);
  if (changed !== undefined) {
    query = query
      .where('e.received_at_ms', '>=', changed.fromMs)
      .where('e.received_at_ms', '<=', changed.toMs);
  }
  const rows = await query.execute();
  const instances = await listInstances(database, {
    studyUids: rows.map((row) => row.study_uid),
    ...(siteIds === undefined ? {} : { siteIds }),
  });
  return rows.map(({ studyExamId, ...lastExam }) => ({
    studyExamId,
    lastExam,
    instances: instances.filter(
      ({ exam }) => exam.study_uid === lastExam.study_uid && exam.person_id === lastExam.person_id,
    ),
  }));
}

async function listInstances(
  database: Connection,
  filter: Pick<FilmFilter, 'siteIds'> & { readonly studyUids: readonly string[] },
): Promise<readonly StudyInstance[]> {
  const { studyUids } = filter;
  if (studyUids.length === 0) return [];
  const exams = await selectExams(database, filter)
    .orderBy('e.received_at_ms')
    .orderBy('e.exam_id')
    .execute();
  const reports = await database
    .selectFrom('reports as r')
    .innerJoin('exams as e', (join) =>
      join.onRef('e.exam_id', '=', 'r.exam_id').onRef('e.revision', '=', 'r.revision'),
    )
    .select(['r.exam_id', 'r.kind', 'r.series_uid', 'r.sop_uid', 'r.sop_class_uid'])
    .where('e.study_uid', 'in', studyUids)
    .orderBy('r.exam_id')
    .orderBy('r.kind')
    .execute();
  const examById = new Map(exams.map((exam) => [exam.exam_id, exam]));
  const films = exams.map((exam) => ({
    seriesUid: exam.series_uid,
    sopUid: exam.sop_uid,
    sopClassUid: exam.sop_class_uid,
    kind: 'film' as const,
    exam,
  }));
  const ours = reports.flatMap((report) => {
    const exam = examById.get(report.exam_id);
    const { kind, series_uid: seriesUid, sop_uid: sopUid, sop_class_uid: sopClassUid } = report;
    // A PDF is no DICOM object, and a report from before series were recorded cannot be placed.
    if (exam === undefined || seriesUid === null || sopUid === null || sopClassUid === null) return [];
    return [{ seriesUid, sopUid, sopClassUid, kind, exam }];
  });
  return [...films, ...ours];
}

function selectExams(database: Connection, filter: Omit<FilmFilter, 'changed'>) {
  const { examIds, personIds, studyUids, besideExamIds, accessionNumbers, siteIds } = filter;
  let query = database.selectFrom('exams as e').selectAll('e');
  if (examIds !== undefined) query = query.where('e.exam_id', 'in', examIds);
  if (personIds !== undefined) query = query.where('e.person_id', 'in', personIds);
  if (siteIds !== undefined) query = query.where(isFilmOfSites('e', siteIds));
  if (studyUids !== undefined) query = query.where('e.study_uid', 'in', studyUids);
  if (besideExamIds !== undefined) {
    query = query.where('e.study_uid', 'in', (exams) =>
      exams
        .selectFrom('exams as named')
        .select('named.study_uid')
        .where('named.exam_id', 'in', besideExamIds),
    );
  }
  if (accessionNumbers !== undefined) {
    const lowerCase = accessionNumbers.map((number) => number.toLowerCase());
    query = query.where(sql<string>`lower(e.accession_number)`, 'in', lowerCase);
  }
  return query;
}

function ofStudy(direction: 'asc' | 'desc', siteIds: FilmFilter['siteIds']): RawBuilder<string> {
  const order = sql.raw(direction);
  const seen = siteIds === undefined ? sql`` : sql`AND ${isFilmOfSites('f', siteIds)}`;
  return sql<string>`(SELECT f.exam_id FROM exams f WHERE f.study_uid = e.study_uid AND f.person_id = e.person_id ${seen}
    ORDER BY f.received_at_ms ${order}, f.exam_id ${order} LIMIT 1)`;
}
