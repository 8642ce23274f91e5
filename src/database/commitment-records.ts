import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { TriageError } from '../errors.ts';
import type { Connection } from './exam-records.ts';
import type { CommitmentRequestTable } from './schema.ts';

/** What a commitment is asked for: SOP class UID and SOP instance UID. */
export type SopReference = readonly [sopClassUid: string, sopInstanceUid: string];

/** Requests of one caller whose answer is due; each may name ten thousand instances. */
const PENDING_MAX = 1_000;
/** A request that was answered, or given up, is remembered for so long. */
const REMEMBERED_MS = 30 * 86_400_000;

/** A commitment that a peer asks of us. */
export interface CommitmentRequest {
  readonly transactionUid: string;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly siteId: string;
  readonly references: readonly SopReference[];
}

/** A request whose answer is due. */
export interface DueCommitment extends CommitmentRequest {
  readonly requestId: string;
  readonly attempts: number;
  readonly askedAtMs: number;
  readonly dueAtMs: number;
}

/** An instance that was answered Success, as far as a commitment looks at it. */
export interface HeldInstance {
  readonly sopClassUid: string;
  readonly dataSetSha256: string;
  readonly objectKey: string;
  readonly objectBytes: number;
  readonly isRemoved: boolean;
}

/** Whoever has the association that a request came by has so long to answer on it before it is for anyone. */
const OWN_ASSOCIATION_MS = 15_000;

/**
 * Writes a request down. The same one again, from a peer that missed our answer, is due anew; the Transaction UID
 * with other instances gives undefined and changes nothing. Throws server-busy where the caller has too many pending.
 */
export async function recordCommitmentRequest(
  database: Connection,
  request: CommitmentRequest,
  nowMs: number,
): Promise<string | undefined> {
  const references = JSON.stringify(request.references);
  const known = await database
    .selectFrom('commitment_requests')
    .select(['request_id', 'references_json'])
    .where('calling_ae_title', '=', request.callingAeTitle)
    .where('transaction_uid', '=', request.transactionUid)
    .executeTakeFirst();
  if (known !== undefined && known.references_json !== references) return undefined;
  if (known === undefined) await makeRoom(database, request.callingAeTitle, nowMs);
  const requestId = known?.request_id ?? randomUUID();
  const asked = {
    ...{ attempts: 0, asked_at_ms: nowMs, state: 'pending' as const, note: null },
    due_at_ms: nowMs + OWN_ASSOCIATION_MS,
  };
  await database
    .insertInto('commitment_requests')
    .values({
      request_id: requestId,
      transaction_uid: request.transactionUid,
      calling_ae_title: request.callingAeTitle,
      called_ae_title: request.calledAeTitle,
      site_id: request.siteId,
      references_json: references,
      ...asked,
    })
    .onConflict((conflict) => conflict.column('request_id').doUpdateSet(asked))
    .execute();
  return requestId;
}

async function makeRoom(database: Connection, callingAeTitle: string, nowMs: number): Promise<void> {
  await database
    .deleteFrom('commitment_requests')
    .where('state', 'in', ['reported', 'dead'])
    .where('due_at_ms', '<', nowMs - REMEMBERED_MS)
    .execute();
  const { pending } = await database
    .selectFrom('commitment_requests')
    .select(({ fn }) => fn.countAll<number>().as('pending'))
    .where('state', '=', 'pending')
    .where('calling_ae_title', '=', callingAeTitle)
    .executeTakeFirstOrThrow();
  if (pending < PENDING_MAX) return;
  throw new TriageError(
    'server-busy',
    `${pending} requests for commitment of this caller are not answered yet`,
  );
}

/** Requests whose answer is due, the longest due first. */
export async function findDueCommitments(
  database: Connection,
  nowMs: number,
  itemsMax: number,
): Promise<readonly DueCommitment[]> {
  const rows = await pendingRequests(database)
    .where('due_at_ms', '<=', nowMs)
    .orderBy('due_at_ms')
    .limit(itemsMax)
    .execute();
  return rows.map(dueCommitment);
}

/** Requests that still want an answer, by their identifiers, whenever they are due. */
export async function findOpenCommitments(
  database: Connection,
  requestIds: readonly string[],
): Promise<readonly DueCommitment[]> {
  if (requestIds.length === 0) return [];
  const rows = await pendingRequests(database).where('request_id', 'in', requestIds).execute();
  return rows.map(dueCommitment);
}

/**
 * Takes a request for oneself until then, as it was read; false where another process has taken it meanwhile. Whoever
 * took it and is gone leaves it to be taken again afterwards.
 */
export async function claimCommitment(
  database: Connection,
  { requestId, dueAtMs }: DueCommitment,
  untilMs: number,
): Promise<boolean> {
  const result = await database
    .updateTable('commitment_requests')
    .set({ due_at_ms: untilMs })
    .where('request_id', '=', requestId)
    .where('state', '=', 'pending')
    .where('due_at_ms', '=', dueAtMs)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

function pendingRequests(database: Connection) {
  return database.selectFrom('commitment_requests').selectAll().where('state', '=', 'pending');
}

function dueCommitment(row: Selectable<CommitmentRequestTable>): DueCommitment {
  return {
    requestId: row.request_id,
    transactionUid: row.transaction_uid,
    callingAeTitle: row.calling_ae_title,
    calledAeTitle: row.called_ae_title,
    siteId: row.site_id,
    references: JSON.parse(row.references_json) as SopReference[],
    attempts: row.attempts,
    askedAtMs: row.asked_at_ms,
    dueAtMs: row.due_at_ms,
  };
}

/** Writes what became of an attempt to answer; one that another process has answered meanwhile stays so. */
export async function recordCommitmentAttempt(
  database: Connection,
  requestId: string,
  attempt: {
    readonly state: 'pending' | 'reported' | 'dead';
    readonly attempts: number;
    readonly dueAtMs: number;
    readonly note: string | null;
  },
): Promise<void> {
  await database
    .updateTable('commitment_requests')
    .set({
      state: attempt.state,
      attempts: attempt.attempts,
      due_at_ms: attempt.dueAtMs,
      note: attempt.note,
    })
    .where('request_id', '=', requestId)
    .where('state', '=', 'pending')
    .execute();
}

/** Every instance of that name; the same name in two series is two of them. */
export async function findHeldInstances(
  database: Connection,
  sopInstanceUid: string,
): Promise<readonly HeldInstance[]> {
  const rows = await database
    .selectFrom('exams')
    .select(['sop_class_uid', 'data_set_sha256', 'object_key', 'object_bytes', 'object_removed_at_ms'])
    .where('sop_uid', '=', sopInstanceUid)
    .execute();
  return rows.map((row) => ({
    sopClassUid: row.sop_class_uid,
    dataSetSha256: row.data_set_sha256,
    objectKey: row.object_key,
    objectBytes: row.object_bytes,
    isRemoved: row.object_removed_at_ms !== null,
  }));
}
