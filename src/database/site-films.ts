import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** Condition on `exams`: the film came from one of these sites, from the first or from one that sent it again. */
export function isOfSites(siteIds: readonly string[]) {
  // A list that is empty is no SQL; no site has no name.
  const names = siteIds.length === 0 ? [''] : [...siteIds];
  return (eb: ExpressionBuilder<Database, 'exams'>) =>
    eb.or([
      eb('exams.site_id', 'in', names),
      eb.exists(
        eb
          .selectFrom('exam_senders')
          .select('exam_senders.exam_id')
          .whereRef('exam_senders.exam_id', '=', 'exams.exam_id')
          .where('exam_senders.site_id', 'in', names),
      ),
    ]);
}

/** Whether a film came from one of these sites. */
export async function isFilmOf(
  database: Kysely<Database>,
  examId: string,
  siteIds: readonly string[],
): Promise<boolean> {
  const found = await database
    .selectFrom('exams')
    .select('exam_id')
    .where('exam_id', '=', examId)
    .where(isOfSites(siteIds))
    .executeTakeFirst();
  return found !== undefined;
}
