import type { Kysely } from 'kysely';
import { type DeliveryState, moveDelivery, type ReportKind } from '../exam/exam-state.ts';
import type { Database } from './schema.ts';

/** A report object that is to be sent to a PACS. */
export interface DueDelivery {
  readonly examId: string;
  readonly revision: number;
  readonly kind: ReportKind;
  readonly destination: string;
  readonly attempts: number;
  readonly firstTryAtMs: number | null;
  readonly objectKey: string;
}

/** The deliveries to one PACS that are due, the longest due first. */
export function findDueDeliveries(
  database: Kysely<Database>,
  destination: string,
  nowMs: number,
  limit: number,
): Promise<readonly DueDelivery[]> {
  return database
    .selectFrom('deliveries')
    .innerJoin('reports', (join) =>
      join
        .onRef('reports.exam_id', '=', 'deliveries.exam_id')
        .onRef('reports.revision', '=', 'deliveries.revision')
        .onRef('reports.kind', '=', 'deliveries.kind'),
    )
    .select([
      'deliveries.exam_id as examId',
      'deliveries.revision as revision',
      'deliveries.kind as kind',
      'deliveries.destination as destination',
      'deliveries.attempts as attempts',
      'deliveries.first_try_at_ms as firstTryAtMs',
      'reports.object_key as objectKey',
    ])
    .where('deliveries.state', '=', 'pending')
    .where('deliveries.destination', '=', destination)
    .where('deliveries.due_at_ms', '<=', nowMs)
    .orderBy('deliveries.due_at_ms')
    .limit(limit)
    .execute();
}

/** Writes what came of an attempt. */
export async function recordDelivery(
  database: Kysely<Database>,
  delivery: DueDelivery,
  attempt: {
    readonly state: DeliveryState;
    readonly dueAtMs: number;
    readonly nowMs: number;
    readonly note: string | null;
  },
): Promise<void> {
  await database
    .updateTable('deliveries')
    .set({
      state: moveDelivery('pending', attempt.state),
      attempts: delivery.attempts + 1,
      first_try_at_ms: delivery.firstTryAtMs ?? attempt.nowMs,
      due_at_ms: attempt.dueAtMs,
      note: attempt.note,
      ...(attempt.state === 'delivered' ? { delivered_at_ms: attempt.nowMs } : {}),
    })
    .where('exam_id', '=', delivery.examId)
    .where('revision', '=', delivery.revision)
    .where('kind', '=', delivery.kind)
    .where('destination', '=', delivery.destination)
    .where('state', '=', 'pending')
    .execute();
}
