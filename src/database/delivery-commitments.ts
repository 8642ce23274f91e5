import type { Kysely } from 'kysely';
import {
  type CommitmentState,
  type DeliveryState,
  moveCommitment,
  moveDelivery,
} from '../exam/exam-state.ts';
import { type DeliveryKey, deliveriesWithReports, deliveryColumns } from './delivery-records.ts';
import type { Connection } from './exam-records.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

/** A delivered object whose destination is to commit itself to it. */
export interface WantedCommitment extends DeliveryKey {
  readonly commitment: CommitmentState;
  /** How often it was asked for. */
  readonly asks: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** What a delivery becomes; see exam-state for the steps that are allowed. */
export interface CommitmentChange {
  readonly commitment: CommitmentState;
  readonly state: DeliveryState;
  /** When it is looked at again: the asking, or the sending where it is to be sent again. */
  readonly dueAtMs: number;
  readonly note: string | null;
}

/** What a destination is to be asked for: not yet asked, or asked in vain; the longest due first. */
export async function findWantedCommitments(
  database: Kysely<Database>,
  destination: string,
  nowMs: number,
  limit: number,
): Promise<readonly WantedCommitment[]> {
  const rows = await commitments(database)
    .where('deliveries.commitment', 'in', ['wanted', 'asked'])
    .where('deliveries.state', '=', 'delivered')
    .where('deliveries.destination', '=', destination)
    .where('deliveries.commitment_due_at_ms', '<=', nowMs)
    .orderBy('deliveries.commitment_due_at_ms')
    .limit(limit)
    .execute();
  return rows.flatMap((row) => wanted(row));
}

/** What was asked for under a Transaction UID, and how it stands now; empty where it was never ours. */
export async function findAskedCommitments(
  database: Connection,
  transactionUid: string,
): Promise<readonly WantedCommitment[]> {
  const rows = await commitments(database).where('deliveries.transaction_uid', '=', transactionUid).execute();
  return rows.flatMap((row) => wanted(row));
}

/** Writes down that objects are asked for under a new Transaction UID, before the asking: the answer may be quick. */
export async function recordAsked(
  database: Kysely<Database>,
  asked: readonly WantedCommitment[],
  transactionUid: string,
  dueAtMs: number,
): Promise<void> {
  await transact(database, async (transaction) => {
    for (const each of asked) {
      await transaction
        .updateTable('deliveries')
        .set({
          commitment: moveCommitment(each.commitment, 'asked'),
          transaction_uid: transactionUid,
          commitment_due_at_ms: dueAtMs,
          commitment_attempts: each.asks + 1,
        })
        .where((where) => where.and(deliveryColumns(each)))
        .where('state', '=', 'delivered')
        .execute();
    }
  });
}

/**
 * Writes what became of a commitment; one that was asked for anew meanwhile keeps its newer question. What is not
 * kept is not sent again once it has a successor: an old report must not go out after the new one.
 */
export async function changeCommitment(
  database: Connection,
  { commitment: from, ...key }: WantedCommitment,
  transactionUid: string | null,
  change: CommitmentChange,
): Promise<void> {
  const commitment = moveCommitment(from, change.commitment);
  const stays = change.state === 'delivered';
  const to = !stays && (await hasSuccessor(database, key)) ? 'superseded' : change.state;
  await database
    .updateTable('deliveries')
    .set({
      commitment,
      state: stays ? 'delivered' : moveDelivery('delivered', to),
      ...(stays ? { commitment_due_at_ms: change.dueAtMs } : { due_at_ms: change.dueAtMs }),
      ...(change.state === 'pending' ? { attempts: 0, first_try_at_ms: null } : {}),
      ...(change.note === null ? {} : { note: change.note }),
    })
    .where((where) => where.and(deliveryColumns(key)))
    .where('state', '=', 'delivered')
    .where('commitment', '=', from)
    .$if(transactionUid !== null, (update) => update.where('transaction_uid', '=', transactionUid))
    .execute();
}

async function hasSuccessor(database: Connection, { examId, revision }: DeliveryKey): Promise<boolean> {
  const exam = await database
    .selectFrom('exams')
    .select('revision')
    .where('exam_id', '=', examId)
    .executeTakeFirst();
  return exam !== undefined && exam.revision > revision;
}

function commitments(database: Connection) {
  return deliveriesWithReports(database).select([
    'deliveries.exam_id as examId',
    'deliveries.revision as revision',
    'deliveries.kind as kind',
    'deliveries.destination as destination',
    'deliveries.commitment as commitment',
    'deliveries.commitment_attempts as asks',
    'reports.sop_class_uid as sopClassUid',
    'reports.sop_uid as sopInstanceUid',
  ]);
}

function wanted(
  row: Omit<WantedCommitment, 'commitment' | 'sopClassUid' | 'sopInstanceUid'> & {
    readonly commitment: CommitmentState | null;
    readonly sopClassUid: string | null;
    readonly sopInstanceUid: string | null;
  },
): readonly WantedCommitment[] {
  const { commitment, sopClassUid, sopInstanceUid } = row;
  // A PDF has no UIDs and goes to no PACS.
  if (commitment === null || sopClassUid === null || sopInstanceUid === null) return [];
  return [{ ...row, commitment, sopClassUid, sopInstanceUid }];
}
