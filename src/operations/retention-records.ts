import { UNENDED_STATES } from '../exam/referral-life.ts';
import { type ExpressionBuilder, type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { recordAudit } from '../database/audit-trail.ts';
import type { Connection } from '../database/exam-records.ts';
import type { Database } from '../database/schema.ts';
import { type HeldFilm, holdOf, type Removal } from './retention-policy.ts';
import { transact } from '../database/transact.ts';

/** Where a page of films begins: after this one. */
export interface PageStart {
  readonly receivedAtMs: number;
  readonly examId: string;
}

/** A film whose row says that it is gone. */
export interface RemovedFilm {
  readonly examId: string;
  readonly objectKey: string;
}

/** The films that are held, the oldest first. */
export async function listHeldFilms(
  database: Connection,
  after: PageStart | null,
  limit: number,
): Promise<readonly HeldFilm[]> {
  let query = selectFilms(database).orderBy('received_at_ms').orderBy('exam_id').limit(limit);
  if (after !== null) {
    query = query.where(sql<boolean>`(received_at_ms, exam_id) > (${after.receivedAtMs}, ${after.examId})`);
  }
  return toFilms(database, await query.execute());
}

/** How many bytes the films take that are held. */
export async function sumFilmBytes(database: Connection): Promise<number> {
  const row = await database
    .selectFrom('exams')
    .select((select) => select.fn.sum<number | null>('object_bytes').as('bytes'))
    .where('object_removed_at_ms', 'is', null)
    .executeTakeFirst();
  return row?.bytes ?? 0;
}

/**
 * Notes films as removed, before any of them is: a row never points to an object that is not there. What has come to
 * be needed since the plan was made stays. All films of one call carry the same time, later than every earlier one.
 */
export function markRemoved(
  database: Kysely<Database>,
  removals: readonly Removal[],
  nowMs: number,
): Promise<readonly RemovedFilm[]> {
  return transact(database, async (transaction) => {
    const rules = new Map(removals.map(({ examId, rule }) => [examId, rule]));
    const rows = await selectFilms(transaction)
      .where('exam_id', 'in', [...rules.keys()])
      .execute();
    const films = await toFilms(transaction, rows);
    const ids = films.filter((film) => holdOf(film) === null).map(({ examId }) => examId);
    if (ids.length === 0) return [];
    const atMs = Math.max(nowMs, ((await lastRemovalMs(transaction)) ?? 0) + 1);
    const removed = await transaction
      .updateTable('exams')
      .set({ object_removed_at_ms: atMs })
      .where('exam_id', 'in', ids)
      .returning(['exam_id as examId', 'object_key as objectKey'])
      .execute();
    for (const examId of ids) {
      const action = `film removed by ${rules.get(examId) ?? 'age'}`;
      await recordAudit(transaction, { atMs: nowMs, actor: 'retention', action, subject: examId });
    }
    return removed;
  });
}

/**
 * The films of the last call of markRemoved: the only ones whose objects can still be there after a crash, since
 * the objects of one call are gone before the next call.
 */
export async function listLastRemoved(database: Connection): Promise<readonly RemovedFilm[]> {
  const atMs = await lastRemovalMs(database);
  if (atMs === null) return [];
  return database
    .selectFrom('exams')
    .select(['exam_id as examId', 'object_key as objectKey'])
    .where('object_removed_at_ms', '=', atMs)
    .execute();
}

async function lastRemovalMs(database: Connection): Promise<number | null> {
  const row = await database
    .selectFrom('exams')
    .select((select) => select.fn.max('object_removed_at_ms').as('atMs'))
    .executeTakeFirst();
  return row?.atMs ?? null;
}

interface FilmRow extends Omit<
  HeldFilm,
  'hasUndelivered' | 'hasUncommitted' | 'hasOpenReferral' | 'isCommitmentAsked'
> {
  readonly sopUid: string;
  readonly undelivered: number | bigint;
  readonly uncommitted: number | bigint;
  readonly referred: number | bigint;
  readonly answering: number | bigint;
}

function selectFilms(database: Connection): SelectQueryBuilder<Database, 'exams', FilmRow> {
  return database
    .selectFrom('exams')
    .where('object_removed_at_ms', 'is', null)
    .select([
      'exams.exam_id as examId',
      'exams.received_at_ms as receivedAtMs',
      'exams.object_bytes as bytes',
      'exams.state as state',
      'exams.sop_uid as sopUid',
    ])
    .select((exam) => [
      countDeliveries(exam).where('state', 'not in', ['delivered', 'superseded']).as('undelivered'),
      countDeliveries(exam)
        .where('commitment', 'is not', null)
        .where('commitment', '!=', 'committed')
        .where('state', '!=', 'superseded')
        .as('uncommitted'),
      exam
        .selectFrom('referral_exams')
        .innerJoin('referrals', 'referrals.referral_id', 'referral_exams.referral_id')
        .select((of) => of.fn.countAll<number>().as('count'))
        .whereRef('referral_exams.exam_id', '=', 'exams.exam_id')
        .where('referrals.state', 'in', UNENDED_STATES)
        .$asScalar()
        .as('referred'),
      // A scanner's result that no referral has been found for is still to be matched.
      exam
        .selectFrom('dxa_results')
        .leftJoin('referrals', 'referrals.referral_id', 'dxa_results.referral_id')
        .select((of) => of.fn.countAll<number>().as('count'))
        .whereRef('dxa_results.exam_id', '=', 'exams.exam_id')
        .where((where) =>
          where.or([
            where('referrals.referral_id', 'is', null),
            where('referrals.state', 'in', UNENDED_STATES),
          ]),
        )
        .$asScalar()
        .as('answering'),
    ]) as unknown as SelectQueryBuilder<Database, 'exams', FilmRow>;
}

function countDeliveries(exam: ExpressionBuilder<Database, 'exams'>) {
  return exam
    .selectFrom('deliveries')
    .select((of) => of.fn.countAll<number>().as('count'))
    .whereRef('deliveries.exam_id', '=', 'exams.exam_id');
}

async function toFilms(database: Connection, rows: readonly FilmRow[]): Promise<readonly HeldFilm[]> {
  const asked = await listAskedSopUids(database);
  return rows.map(({ sopUid, undelivered, uncommitted, referred, answering, ...film }) => ({
    ...film,
    hasUndelivered: Number(undelivered) > 0,
    hasUncommitted: Number(uncommitted) > 0,
    hasOpenReferral: Number(referred) + Number(answering) > 0,
    isCommitmentAsked: asked.has(sopUid),
  }));
}

async function listAskedSopUids(database: Connection): Promise<ReadonlySet<string>> {
  const requests = await database
    .selectFrom('commitment_requests')
    .select('references_json')
    .where('state', '=', 'pending')
    .execute();
  const references = requests.flatMap(
    ({ references_json: json }) => JSON.parse(json) as readonly (readonly [string, string])[],
  );
  return new Set(references.map(([, sopInstanceUid]) => sopInstanceUid));
}
