import { TriageError } from '../errors.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import type { Connection } from './exam-records.ts';
import { isFilmOfSites } from './site-films.ts';

/** A film that is held, as a viewer needs it. */
export interface HeldFilm {
  readonly examId: string;
  readonly personId: string;
  readonly objectKey: string;
  readonly revision: number;
  readonly analysis: AnalysisResult | null;
}

/**
 * A film of one of these sites; null: of any. Throws not-found where there is none, where it is another site's, and
 * where retention removed it.
 */
export async function requireFilm(
  database: Connection,
  examId: string,
  siteIds: readonly string[] | null,
): Promise<HeldFilm> {
  const row = await database
    .selectFrom('exams')
    .select(['exam_id', 'person_id', 'object_key', 'revision', 'analysis_json', 'object_removed_at_ms'])
    .where('exam_id', '=', examId)
    .$if(siteIds !== null && siteIds.length > 0, (query) =>
      query.where(isFilmOfSites('exams', siteIds ?? [])),
    )
    .executeTakeFirst();
  if (row === undefined || siteIds?.length === 0) throw new TriageError('not-found', 'no such exam');
  if (row.object_removed_at_ms !== null)
    throw new TriageError('not-found', 'the film was removed by retention');
  return {
    examId: row.exam_id,
    personId: row.person_id,
    objectKey: row.object_key,
    revision: row.revision,
    analysis: row.analysis_json === null ? null : parseStoredAnalysis(row.analysis_json),
  };
}

/** Another film of the same person. */
export interface OtherFilm {
  readonly examId: string;
  /** YYYYMMDD; null where the film does not say it. */
  readonly studyDate: string | null;
  readonly view: string | null;
}

const OTHER_FILMS_MAX = 20;

/** Other films of a film's person that are held, the newest first; of these sites, null: of any. */
export async function listOtherFilms(
  database: Connection,
  { examId, personId }: Pick<HeldFilm, 'examId' | 'personId'>,
  siteIds: readonly string[] | null,
): Promise<readonly OtherFilm[]> {
  return await database
    .selectFrom('exams')
    .select(['exam_id as examId', 'study_date as studyDate', 'view_name as view'])
    .where('person_id', '=', personId)
    .where('exam_id', '!=', examId)
    .where('object_removed_at_ms', 'is', null)
    .$if(siteIds !== null && siteIds.length > 0, (query) =>
      query.where(isFilmOfSites('exams', siteIds ?? [])),
    )
    .orderBy('received_at_ms', 'desc')
    .limit(OTHER_FILMS_MAX)
    .execute();
}
