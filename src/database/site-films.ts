import { type Kysely, type RawBuilder, sql, type SqlBool } from 'kysely';
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

/** Whether the film that an alias of `exams` stands for came from one of the sites, first or later. */
export function isFilmOfSites(alias: string, siteIds: readonly string[]): RawBuilder<SqlBool> {
  // No site is in no list, and an empty one is no SQL.
  const sites = sql.join(siteIds.length === 0 ? [''] : siteIds);
  return sql<SqlBool>`(${sql.ref(`${alias}.site_id`)} IN (${sites}) OR ${sql.ref(`${alias}.exam_id`)} IN (
    SELECT sender.exam_id FROM exam_senders sender WHERE sender.site_id IN (${sites})))`;
}

/** Whether a film of one of the sites speaks for the referral that this column names. */
export function isReferralOfSites(column: string, siteIds: readonly string[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`EXISTS (
    SELECT 1 FROM referral_exams spoken JOIN exams film ON film.exam_id = spoken.exam_id
    WHERE spoken.referral_id = ${sql.ref(column)} AND ${isFilmOfSites('film', siteIds)})`;
}

/** Whether one of the sites has a film of the person in this column. */
export function isPersonOfSites(column: string, siteIds: readonly string[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`EXISTS (
    SELECT 1 FROM exams film WHERE film.person_id = ${sql.ref(column)} AND ${isFilmOfSites('film', siteIds)})`;
}
