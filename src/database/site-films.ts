import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** The sites that a film came from, the first and later ones; none where there is no such film. */
export async function listSitesOfFilm(
  database: Kysely<Database>,
  examId: string,
): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('exams')
    .select('site_id')
    .where('exam_id', '=', examId)
    .union(database.selectFrom('exam_senders').select('site_id').where('exam_id', '=', examId))
    .execute();
  return rows.map(({ site_id }) => site_id);
}
