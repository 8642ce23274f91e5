import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import { sentBy } from './sender-records.ts';

/** Whether a film came from one of these sites, first or later. */
export async function isFilmOf(
  database: Kysely<Database>,
  examId: string,
  siteIds: readonly string[],
): Promise<boolean> {
  const found = await database
    .selectFrom('exams')
    .select('exam_id')
    .where('exam_id', '=', examId)
    .where(sentBy(siteIds))
    .executeTakeFirst();
  return found !== undefined;
}
