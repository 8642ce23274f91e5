/**
 * Turns what happened into messages. What is said of orders and results is the difference between what a receiver was
 * told last and what is true now, so nothing is said twice, nothing is left out, and whatever undid, joined or corrected
 * something needs no rule of its own.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Connection } from '../database/exam-records.ts';
import {
  findUntoldEvents,
  findUntoldResults,
  insertMessage,
  markEventsTold,
  markResultsTold,
  messageIdOf,
  readThread,
  type ToldMessage,
  type UntoldEvent,
  type UntoldResult,
} from '../database/message-records.ts';
import type { ProcedureStep } from '../database/procedure-records.ts';
import { type ReferralFacts, readReferralFacts } from '../database/referral-facts.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import type { ExchangeSettings, Hl7Receiver, WebhookReceiver } from '../exchange-settings.ts';
import { isUnended, type ReferralState } from '../exam/referral-life.ts';
import { type OrderControl, orderMessage } from './hl7/order-message.ts';
import { type ResultStatus, resultMessage } from './hl7/result-message.ts';

/** Changes told in one transaction. */
const EVENTS_EACH_TIME = 50;
const RESULTS_EACH_TIME = 200;

/** What is told besides orders and results, and how: by its event, and with what it says. */
export interface WebhookSubject {
  readonly event: 'referral' | 'result';
  /** The referral or exam. */
  readonly subject: string;
  readonly messageId: string;
  readonly atMs: number;
}

/** Writes what a webhook is told; null where there is nothing to tell. */
export type BuildWebhook = (database: Connection, about: WebhookSubject) => Promise<string | null>;

/** What telling needs. */
export interface OutboxParts {
  readonly database: Kysely<Database>;
  readonly exchange: ExchangeSettings;
  readonly buildWebhook: BuildWebhook;
  readonly nowMs: number;
}

/** Puts messages about the oldest changes into the outbox. Returns how many changes were told: 0 when all were. */
export function tellUntold(parts: OutboxParts): Promise<number> {
  return transact(parts.database, async (transaction) => {
    const events = await findUntoldEvents(transaction, EVENTS_EACH_TIME);
    const results = await findUntoldResults(transaction, RESULTS_EACH_TIME);
    await tellReferrals(transaction, parts, events);
    await tellWebhooks(transaction, parts, events, results);
    await markEventsTold(
      transaction,
      events.map(({ eventId }) => eventId),
    );
    await markResultsTold(
      transaction,
      results.map(({ examId }) => examId),
    );
    return events.length + results.length;
  });
}

/** Of several changes of one referral the last one counts: what is true now is told once. */
async function tellReferrals(
  database: Connection,
  { exchange, nowMs }: OutboxParts,
  events: readonly UntoldEvent[],
): Promise<void> {
  if (exchange.hl7.length === 0) return;
  const changes = events.filter(({ action }) => !REMARKS.includes(action));
  const lastEvents = new Map(changes.map((event) => [event.referralId, event]));
  for (const { referralId, eventId } of lastEvents.values()) {
    const facts = await readReferralFacts(database, referralId);
    if (facts === undefined) continue;
    for (const receiver of exchange.hl7) {
      const telling: Telling = { database, receiver, facts, eventId, nowMs };
      if (receiver.messages.includes('order')) await tellOrders(telling);
      if (receiver.messages.includes('result')) await tellResult(telling);
    }
  }
}

interface Telling {
  readonly database: Connection;
  readonly receiver: Hl7Receiver;
  readonly facts: ReferralFacts;
  /** The change that is told, so that the message is the same whoever writes it. */
  readonly eventId: number;
  readonly nowMs: number;
}

/** States that a referral reaches before its DXA is ordered, or when it is called off. */
const UNORDERED_STATES: readonly ReferralState[] = ['flagged', 'under-review', 'accepted', 'dismissed'];

/** Of several orders all but one were called off. */
async function tellOrders(telling: Telling): Promise<void> {
  const { facts } = telling;
  for (const step of facts.steps) {
    const isCalledOff = step.state === 'discontinued' || UNORDERED_STATES.includes(facts.state);
    await tellOrder(telling, step, isCalledOff);
  }
}

async function tellOrder(telling: Telling, step: ProcedureStep, isCalledOff: boolean): Promise<void> {
  const { database, receiver, facts, eventId, nowMs } = telling;
  const { referralId } = facts;
  const thread = { kind: 'hl7-order', receiver: receiver.name, about: step.step_id } as const;
  const told = await readThread(database, referralId, thread);
  const digest = digestOf(orderMessage({ facts, step, control: 'NW' }, receiver, NO_STAMP));
  const control = orderControl(told, step.state, isCalledOff);
  if (control === null || isSaid(told, digest, control)) return;
  const messageId = messageIdOf(step.step_id, eventId, receiver.name, 'hl7-order');
  const payload = orderMessage({ facts, step, control }, receiver, { messageId, atMs: nowMs });
  const message = { ...thread, messageId, subject: referralId, standing: control, digest, payload };
  await insertMessage(database, message, nowMs);
}

/**
 * What is to be said of an order. Whoever was never told of it, or refused it, hears of it as new. It is called off also
 * where it was given up, for the receiver may have heard of it all the same. One that was performed is left alone.
 */
function orderControl(
  told: readonly ToldMessage[],
  step: ProcedureStep['state'],
  isCalledOff: boolean,
): OrderControl | null {
  if (step === 'completed') return null;
  const isOrder = (message: ToldMessage | undefined) => message !== undefined && message.standing !== 'CA';
  if (isCalledOff) return isOrder(told[0]) ? 'CA' : null;
  return isOrder(lastHeard(told)) ? 'XO' : 'NW';
}

async function tellResult({ database, receiver, facts, eventId, nowMs }: Telling): Promise<void> {
  const { referralId, state } = facts;
  const thread = { kind: 'hl7-result', receiver: receiver.name, about: referralId } as const;
  const told = await readThread(database, referralId, thread);
  const last = lastHeard(told);
  const isReviewed = state !== 'flagged' && state !== 'under-review';
  // Nobody is told of a finding that no person has looked at.
  if (!isReviewed && last === undefined) return;
  const digest = digestOf(resultMessage({ facts, status: 'P' }, receiver, NO_STAMP));
  const status = resultStatus(isUnended(state), last?.standing ?? null);
  if (isSaid(told, digest, status)) return;
  const messageId = messageIdOf(referralId, eventId, receiver.name, 'hl7-result');
  const payload = resultMessage({ facts, status }, receiver, { messageId, atMs: nowMs });
  const message = { ...thread, messageId, subject: referralId, standing: status, digest, payload };
  await insertMessage(database, message, nowMs);
}

/** What was final once is corrected, whatever becomes of the referral. */
function resultStatus(isUnderWay: boolean, last: string | null): ResultStatus {
  if (last === 'F' || last === 'C') return 'C';
  return isUnderWay ? 'P' : 'F';
}

/** What a receiver was told last, or will be: what was given up it may never have heard. */
function lastHeard(told: readonly ToldMessage[]): ToldMessage | undefined {
  return told.find(({ state }) => state !== 'dead');
}

/**
 * Whether the last message said the same. What was given up is not said again by itself either: a person looks at it, and
 * starts it again or changes something.
 */
function isSaid([latest]: readonly ToldMessage[], digest: string, standing: string): boolean {
  if (latest?.digest !== digest) return false;
  return latest.standing === standing || FOLLOWERS[standing] === latest.standing;
}

/** What says no more than what it follows: a change after the order itself, a correction after the final result. */
const FOLLOWERS: Readonly<Record<string, string>> = { XO: 'NW', C: 'F' };

/** What is remarked around a referral and changes nothing of it. */
const REMARKS: readonly string[] = ['order-sent', 'order-refused', 'reminder', 'fetched-by-scanner'];

async function tellWebhooks(
  database: Connection,
  { exchange, buildWebhook, nowMs }: OutboxParts,
  events: readonly UntoldEvent[],
  results: readonly UntoldResult[],
): Promise<void> {
  for (const receiver of exchange.webhooks) {
    const tell = (about: WebhookSubject): Promise<void> =>
      tellWebhook(database, receiver, about, buildWebhook, nowMs);
    if (receiver.events.includes('referral')) {
      for (const { eventId, referralId, action, atMs } of events) {
        if (REMARKS.includes(action)) continue;
        const messageId = messageIdOf(referralId, eventId, receiver.name, 'webhook');
        await tell({ event: 'referral', subject: referralId, messageId, atMs });
      }
    }
    if (receiver.events.includes('result')) {
      for (const { examId, revision } of results) {
        const messageId = messageIdOf(examId, revision, receiver.name, 'webhook');
        await tell({ event: 'result', subject: examId, messageId, atMs: nowMs });
      }
    }
  }
}

async function tellWebhook(
  database: Connection,
  receiver: WebhookReceiver,
  about: WebhookSubject,
  buildWebhook: BuildWebhook,
  nowMs: number,
): Promise<void> {
  const payload = await buildWebhook(database, about);
  if (payload === null) return;
  const { messageId, subject } = about;
  const thread = { kind: 'webhook', receiver: receiver.name, about: subject } as const;
  await insertMessage(
    database,
    { ...thread, messageId, subject, standing: null, digest: null, payload },
    nowMs,
  );
}

/** Two messages that differ in nothing but their stamp say the same. */
const NO_STAMP = { messageId: '', atMs: 0 };

function digestOf(message: string): string {
  return createHash('sha256').update(message).digest('hex');
}
