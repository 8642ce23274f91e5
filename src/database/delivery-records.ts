import type { Insertable, Kysely, Selectable } from 'kysely';
import {
  type CommitmentState,
  type DeliveryState,
  moveDelivery,
  type ReportKind,
} from '../exam/exam-state.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import type { Database, DeliveryTable } from './schema.ts';

/** What names a delivery. */
export interface DeliveryKey {
  readonly examId: string;
  readonly revision: number;
  readonly kind: ReportKind;
  readonly destination: string;
}

/** A report object that is to be sent to one destination. */
export interface DueDelivery extends DeliveryKey {
  readonly attempts: number;
  readonly firstTryAtMs: number | null;
  readonly objectKey: string;
  /** The trace of the film's reception; null where it is not traced. */
  readonly traceParent: string | null;
}

/** A delivery as people look at it. */
export interface DeliveryRow extends DeliveryKey {
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly note: string | null;
  readonly commitment: CommitmentState | null;
  readonly dueAtMs: number;
  readonly firstTryAtMs: number | null;
  readonly deliveredAtMs: number | null;
}

/** Which dead deliveries are started again; an empty one means all. */
export interface RestartSelection {
  readonly destination?: string | undefined;
  readonly examId?: string | undefined;
  readonly kind?: ReportKind | undefined;
}

/** The deliveries, not tried yet, of reports of one exam's revision to those who get their kinds. */
export function pendingDeliveries(
  reports: readonly Pick<DeliveryTable, 'exam_id' | 'revision' | 'kind'>[],
  receivers: readonly { readonly name: string; readonly objects: readonly ReportKind[] }[],
  nowMs: number,
): Insertable<DeliveryTable>[] {
  return reports.flatMap(({ exam_id, revision, kind }) =>
    receivers
      .filter(({ objects }) => objects.includes(kind))
      .map(({ name }) => ({
        ...{ exam_id, revision, kind, destination: name, state: 'pending' as const },
        ...{ attempts: 0, due_at_ms: nowMs, first_try_at_ms: null, note: null },
      })),
  );
}

/** Deliveries, each beside the report that it sends. */
export function deliveriesWithReports(database: Connection) {
  return database
    .selectFrom('deliveries')
    .innerJoin('reports', (join) =>
      join
        .onRef('reports.exam_id', '=', 'deliveries.exam_id')
        .onRef('reports.revision', '=', 'deliveries.revision')
        .onRef('reports.kind', '=', 'deliveries.kind'),
    );
}

/** The deliveries to one destination that are due, the longest due first. */
export function findDueDeliveries(
  database: Kysely<Database>,
  destination: string,
  nowMs: number,
  limit: number,
): Promise<readonly DueDelivery[]> {
  return deliveriesWithReports(database)
    .leftJoin('jobs', 'jobs.exam_id', 'deliveries.exam_id')
    .select([
      'deliveries.exam_id as examId',
      'deliveries.revision as revision',
      'deliveries.kind as kind',
      'deliveries.destination as destination',
      'deliveries.attempts as attempts',
      'deliveries.first_try_at_ms as firstTryAtMs',
      'reports.object_key as objectKey',
      'jobs.trace_parent as traceParent',
    ])
    .where('deliveries.state', '=', 'pending')
    .where('deliveries.destination', '=', destination)
    .where('deliveries.due_at_ms', '<=', nowMs)
    .orderBy('deliveries.due_at_ms')
    .limit(limit)
    .execute();
}

/** Writes what came of an attempt. What has changed since the delivery was read, by whomever, stays as it is. */
export async function recordDelivery(
  database: Kysely<Database>,
  delivery: DueDelivery,
  attempt: {
    readonly state: DeliveryState;
    readonly dueAtMs: number;
    readonly nowMs: number;
    readonly note: string | null;
    /** Whether the destination is to be asked for its commitment. */
    readonly commitment: boolean;
  },
): Promise<void> {
  const { state, nowMs } = attempt;
  const delivered: Partial<Selectable<DeliveryTable>> = {
    delivered_at_ms: nowMs,
    commitment: attempt.commitment ? 'wanted' : null,
    commitment_due_at_ms: attempt.commitment ? nowMs : null,
    transaction_uid: null,
  };
  await database
    .updateTable('deliveries')
    .set({
      state: moveDelivery('pending', state),
      attempts: delivery.attempts + 1,
      first_try_at_ms: delivery.firstTryAtMs ?? nowMs,
      due_at_ms: attempt.dueAtMs,
      note: attempt.note,
      ...(state === 'delivered' ? delivered : {}),
    })
    .where((where) => where.and(deliveryColumns(delivery)))
    .where('state', '=', 'pending')
    .where('attempts', '=', delivery.attempts)
    .execute();
}

/** Deliveries in a state, the latest due first. */
export async function listDeliveries(
  database: Kysely<Database>,
  state: DeliveryState,
  limit: number,
): Promise<readonly DeliveryRow[]> {
  return database
    .selectFrom('deliveries')
    .select([
      'exam_id as examId',
      'revision',
      'kind',
      'destination',
      'state',
      'attempts',
      'note',
      'commitment',
      'due_at_ms as dueAtMs',
      'first_try_at_ms as firstTryAtMs',
      'delivered_at_ms as deliveredAtMs',
    ])
    .where('state', '=', state)
    .orderBy('due_at_ms', 'desc')
    .limit(limit)
    .execute();
}

/**
 * Makes dead deliveries due at once, with all their attempts before them. Returns how many. The running service
 * finds them by itself.
 */
export async function restartDeliveries(
  database: Connection,
  selection: RestartSelection,
  by: { readonly nowMs: number; readonly actor: string },
): Promise<number> {
  const { destination, examId, kind } = selection;
  const { nowMs, actor } = by;
  const result = await database
    .updateTable('deliveries')
    .set({
      state: moveDelivery('dead', 'pending'),
      attempts: 0,
      first_try_at_ms: null,
      due_at_ms: nowMs,
      note: null,
      commitment: null,
      commitment_attempts: 0,
      transaction_uid: null,
    })
    .where('state', '=', 'dead')
    .$if(destination !== undefined, (update) => update.where('destination', '=', destination ?? ''))
    .$if(examId !== undefined, (update) => update.where('exam_id', '=', examId ?? ''))
    .$if(kind !== undefined, (update) => update.where('kind', '=', kind ?? 'SR'))
    .executeTakeFirst();
  const restarted = Number(result.numUpdatedRows);
  const subject = [destination, examId, kind].filter((part) => part !== undefined).join(' ') || 'all';
  const action = `${restarted} dead deliveries restarted`;
  if (restarted > 0) await recordAudit(database, { atMs: nowMs, actor, action, subject });
  return restarted;
}

/** What the name of an out-tray among the destinations begins with. */
export const OUT_TRAY_PREFIX = 'folder:';

/** Sets aside what waits for PACS, or for out-trays, that are no longer configured. Returns how many. */
export async function retireUnknownDestinations(
  database: Connection,
  known: readonly string[],
  nowMs: number,
  outTrays = false,
): Promise<number> {
  const result = await database
    .updateTable('deliveries')
    .set({
      state: moveDelivery('pending', 'dead'),
      due_at_ms: nowMs,
      note: 'no such destination is configured',
    })
    .where('state', '=', 'pending')
    .where('destination', outTrays ? 'like' : 'not like', `${OUT_TRAY_PREFIX}%`)
    .$if(known.length > 0, (update) => update.where('destination', 'not in', known))
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** The columns that name a delivery. */
export function deliveryColumns(
  key: DeliveryKey,
): Pick<Selectable<DeliveryTable>, 'exam_id' | 'revision' | 'kind' | 'destination'> {
  return {
    exam_id: key.examId,
    revision: key.revision,
    kind: key.kind,
    destination: key.destination,
  };
}
