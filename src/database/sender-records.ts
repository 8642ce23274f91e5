/** Sites that sent a film which another site had sent first: they see it and learn of its result as well. */
import { type Kysely, sql } from 'kysely';
import type { ReportKind } from '../exam/exam-state.ts';
import { pendingDeliveries } from './delivery-records.ts';
import type { Connection } from './exam-records.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

const ROWS_EACH_LOOK = 200;

/** A site that is to learn of the result of a film that another site had sent first. */
export interface UntoldSender {
  readonly examId: string;
  readonly siteId: string;
  readonly revision: number;
}

/** Notes that this site sent the film too; a site that sends it again is noted once. */
export async function noteSender(
  database: Connection,
  sender: { readonly examId: string; readonly siteId: string; readonly nowMs: number },
): Promise<void> {
  await database
    .insertInto('exam_senders')
    .values({ exam_id: sender.examId, site_id: sender.siteId, noted_at_ms: sender.nowMs, is_told: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Later senders of films that have ended since, and that were not told yet. */
export async function findUntoldSenders(database: Kysely<Database>): Promise<readonly UntoldSender[]> {
  return await database
    .selectFrom('exam_senders')
    .innerJoin('exams', 'exams.exam_id', 'exam_senders.exam_id')
    .select(['exams.exam_id as examId', 'exam_senders.site_id as siteId', 'exams.revision as revision'])
    .where('exam_senders.is_told', '=', sql.lit(0))
    .where('exams.state', '!=', 'pending')
    .orderBy('exam_senders.noted_at_ms')
    .limit(ROWS_EACH_LOOK)
    .execute();
}

/**
 * Puts the reports of a film on their way to what gets the reports of a later sender, all or nothing. What goes there
 * already does not go twice. False and nothing where the film was assessed anew in the meantime.
 */
export function tellSender(
  database: Kysely<Database>,
  { examId, siteId, revision }: UntoldSender,
  receivers: readonly { readonly name: string; readonly objects: readonly ReportKind[] }[],
  nowMs: number,
): Promise<boolean> {
  return transact(database, async (transaction) => {
    const exam = await transaction
      .selectFrom('exams')
      .select(['state', 'revision'])
      .where('exam_id', '=', examId)
      .executeTakeFirst();
    if (exam === undefined || exam.state === 'pending' || exam.revision !== revision) return false;
    const reports = await transaction
      .selectFrom('reports')
      .select(['exam_id', 'revision', 'kind'])
      .where('exam_id', '=', examId)
      .where('revision', '=', revision)
      .execute();
    const deliveries = pendingDeliveries(reports, receivers, nowMs);
    if (deliveries.length > 0) {
      await transaction
        .insertInto('deliveries')
        .values(deliveries)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    await transaction
      .updateTable('exam_senders')
      .set({ is_told: 1 })
      .where('exam_id', '=', examId)
      .where('site_id', '=', siteId)
      .execute();
    return true;
  });
}
