/** The outbox: what is to be told to other systems, written with what it tells of, and what became of it. */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import type { MessageState, MessageTable } from './exchange-tables.ts';
import type { Database } from './schema.ts';

/** What a message is. */
export type MessageKind = MessageTable['kind'];

/** A change of a referral that nobody was told of. */
export interface UntoldEvent {
  readonly eventId: number;
  readonly referralId: string;
  readonly action: string;
  readonly atMs: number;
}

/** A result that nobody was told of. */
export interface UntoldResult {
  readonly examId: string;
  readonly revision: number;
}

/** What later messages take the place of. */
export interface MessageThread {
  readonly kind: MessageKind;
  readonly receiver: string;
  readonly about: string;
}

/** A message as it is put into the outbox. */
export interface NewMessage extends MessageThread {
  readonly messageId: string;
  readonly subject: string;
  readonly standing: string | null;
  readonly digest: string | null;
  readonly payload: string;
}

/** A message that is to be sent. */
export interface DueMessage {
  readonly messageId: string;
  readonly kind: MessageKind;
  readonly receiver: string;
  readonly subject: string;
  readonly standing: string | null;
  readonly payload: string;
  readonly attempts: number;
  readonly firstTryAtMs: number | null;
}

/** Which dead messages are started again; an empty one means all. */
export interface MessageSelection {
  readonly receiver?: string | undefined;
  readonly messageId?: string | undefined;
}

/** HL7's control identifiers have at most 20 characters (2.5.1 section 2.15.9.10); 100 bits fill them. */
const ID_LETTERS = 20;
/** Of a longer thread the last part says enough. */
const THREAD_MAX = 50;
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The identifier of a message: the same for the same thing told to the same receiver. */
export function messageIdOf(...toldOf: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(toldOf)).digest();
  return Array.from(digest.subarray(0, ID_LETTERS), (byte) => LETTERS[byte % LETTERS.length]).join('');
}

/** The oldest changes of referrals that nobody was told of. */
export function findUntoldEvents(database: Connection, limit: number): Promise<readonly UntoldEvent[]> {
  return database
    .selectFrom('referral_events')
    .select(['event_id as eventId', 'referral_id as referralId', 'action', 'at_ms as atMs'])
    .where('is_told', '=', 0)
    .orderBy('event_id')
    .limit(limit)
    .execute();
}

/** Says of changes that everybody's messages stand in the outbox. */
export async function markEventsTold(database: Connection, eventIds: readonly number[]): Promise<void> {
  if (eventIds.length === 0) return;
  await database
    .updateTable('referral_events')
    .set({ is_told: 1 })
    .where('event_id', 'in', eventIds)
    .execute();
}

/** Results that nobody was told of. */
export function findUntoldResults(database: Connection, limit: number): Promise<readonly UntoldResult[]> {
  return database
    .selectFrom('exams')
    .select(['exam_id as examId', 'revision'])
    .where('is_told', '=', 0)
    .orderBy('exam_id')
    .limit(limit)
    .execute();
}

/** The same for results. */
export async function markResultsTold(database: Connection, examIds: readonly string[]): Promise<void> {
  if (examIds.length === 0) return;
  await database.updateTable('exams').set({ is_told: 1 }).where('exam_id', 'in', examIds).execute();
}

/** What was said about one thing. */
export type ToldMessage = Pick<MessageTable, 'standing' | 'digest' | 'state'>;

/** What stands of a thread in the outbox, the last first; what was superseded stands no more. */
export function readThread(
  database: Connection,
  subject: string,
  { kind, receiver, about }: MessageThread,
): Promise<readonly ToldMessage[]> {
  return database
    .selectFrom('messages')
    .select(['standing', 'digest', 'state'])
    .where('subject', '=', subject)
    .where('receiver', '=', receiver)
    .where('kind', '=', kind)
    .where('about', '=', about)
    .where('state', '!=', 'superseded')
    .orderBy('message_number', 'desc')
    .limit(THREAD_MAX)
    .execute();
}

/** Puts a message into the outbox, once; what was given up before it and it takes the place of is superseded. */
export async function insertMessage(database: Connection, message: NewMessage, nowMs: number): Promise<void> {
  const { messageId, kind, receiver, subject, about, standing, digest, payload } = message;
  if (digest !== null) {
    await database
      .updateTable('messages')
      .set({ state: 'superseded' })
      .where('subject', '=', subject)
      .where('receiver', '=', receiver)
      .where('kind', '=', kind)
      .where('about', '=', about)
      .where('state', '=', 'dead')
      .execute();
  }
  await database
    .insertInto('messages')
    .values({
      ...{ message_id: messageId, kind, receiver, subject, about, standing, digest, payload },
      ...{ state: 'pending', due_at_ms: nowMs, created_at_ms: nowMs },
    })
    .onConflict((conflict) => conflict.column('message_id').doNothing())
    .execute();
}

/**
 * The messages to one receiver that are due, the longest due first: of those about one subject the earliest alone, so
 * that a receiver gets them in the order in which things happened.
 */
export function findDueMessages(
  database: Kysely<Database>,
  receiver: string,
  nowMs: number,
  limit: number,
): Promise<readonly DueMessage[]> {
  return database
    .selectFrom('messages as m')
    .select([
      'm.message_id as messageId',
      'm.kind',
      'm.receiver',
      'm.subject',
      'm.standing',
      'm.payload',
      'm.attempts',
      'm.first_try_at_ms as firstTryAtMs',
    ])
    .where('m.state', '=', 'pending')
    .where('m.receiver', '=', receiver)
    .where('m.due_at_ms', '<=', nowMs)
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('messages as before')
            .select('before.message_id')
            .whereRef('before.subject', '=', 'm.subject')
            .whereRef('before.receiver', '=', 'm.receiver')
            .whereRef('before.message_number', '<', 'm.message_number')
            .where('before.state', '=', 'pending'),
        ),
      ),
    )
    .orderBy('m.due_at_ms')
    .orderBy('m.message_number')
    .limit(limit)
    .execute();
}

/** Writes what came of an attempt; false where the message changed since it was read, and nothing was written. */
export async function recordAttempt(
  database: Connection,
  message: DueMessage,
  attempt: {
    readonly state: 'pending' | 'delivered' | 'dead';
    readonly dueAtMs: number;
    readonly nowMs: number;
    readonly note: string | null;
  },
): Promise<boolean> {
  const { state, dueAtMs, nowMs, note } = attempt;
  const { numUpdatedRows } = await database
    .updateTable('messages')
    .set({
      ...{ state, due_at_ms: dueAtMs, note },
      attempts: message.attempts + 1,
      first_try_at_ms: message.firstTryAtMs ?? nowMs,
      ...(state === 'delivered' ? { delivered_at_ms: nowMs } : {}),
    })
    .where('message_id', '=', message.messageId)
    .where('state', '=', 'pending')
    .where('attempts', '=', message.attempts)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** A message as people look at it: never what it says. */
export interface MessageRow {
  readonly messageId: string;
  readonly kind: MessageKind;
  readonly receiver: string;
  readonly subject: string;
  readonly standing: string | null;
  readonly state: MessageState;
  readonly attempts: number;
  readonly note: string | null;
  readonly createdAtMs: number;
  readonly dueAtMs: number;
  readonly firstTryAtMs: number | null;
  readonly deliveredAtMs: number | null;
}

/** Messages in a state, the latest due first. */
export function listMessages(
  database: Connection,
  state: MessageState,
  limit: number,
): Promise<readonly MessageRow[]> {
  return database
    .selectFrom('messages')
    .select([
      'message_id as messageId',
      'kind',
      'receiver',
      'subject',
      'standing',
      'state',
      'attempts',
      'note',
      'created_at_ms as createdAtMs',
      'due_at_ms as dueAtMs',
      'first_try_at_ms as firstTryAtMs',
      'delivered_at_ms as deliveredAtMs',
    ])
    .where('state', '=', state)
    .orderBy('due_at_ms', 'desc')
    .orderBy('message_number', 'desc')
    .limit(limit)
    .execute();
}

/** Makes dead messages due at once, with all their attempts before them. Returns how many. */
export async function restartMessages(
  database: Connection,
  { receiver, messageId }: MessageSelection,
  by: { readonly nowMs: number; readonly actor: string },
): Promise<number> {
  const { nowMs, actor } = by;
  const { numUpdatedRows } = await database
    .updateTable('messages')
    .set({ state: 'pending', attempts: 0, first_try_at_ms: null, due_at_ms: nowMs, note: null })
    .where('state', '=', 'dead')
    .$if(receiver !== undefined, (update) => update.where('receiver', '=', receiver ?? ''))
    .$if(messageId !== undefined, (update) => update.where('message_id', '=', messageId ?? ''))
    .executeTakeFirst();
  const restarted = Number(numUpdatedRows);
  const subject = [receiver, messageId].filter((part) => part !== undefined).join(' ') || 'all';
  const action = `${restarted} dead messages restarted`;
  if (restarted > 0) await recordAudit(database, { atMs: nowMs, actor, action, subject });
  return restarted;
}

/** Sets aside what waits for receivers that are no longer configured. Returns how many. */
export async function retireUnknownReceivers(
  database: Connection,
  known: readonly string[],
  nowMs: number,
): Promise<number> {
  const { numUpdatedRows } = await database
    .updateTable('messages')
    .set({ state: 'dead', due_at_ms: nowMs, note: 'no such receiver is configured' })
    .where('state', '=', 'pending')
    .$if(known.length > 0, (update) => update.where('receiver', 'not in', known))
    .executeTakeFirst();
  return Number(numUpdatedRows);
}
