import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import {
  type DueMessage,
  findDueMessages,
  recordAttempt,
  retireUnknownReceivers,
} from '../database/message-records.ts';
import { recordReferralEvent } from '../database/referral-events.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import { asTriageError, type ErrorCode } from '../errors.ts';
import type { ExchangeSettings } from '../exchange-settings.ts';
import { type Meter, silentMeter } from '../meter.ts';
import { DestinationRounds } from '../report/destination-rounds.ts';
import { DEFAULT_DELIVERY_LIMITS, nextAttempt } from '../report/report-sender.ts';
import type { Log } from '../telemetry.ts';
import type { MessageLine, OpenLine, SendVerdict } from './message-sender.ts';
import { type BuildWebhook, tellUntold } from './outbox.ts';

/** Messages sent over one connection before the record is asked again. */
const MESSAGES_EACH_ROUND = 50;
const POLL_MS = 5_000;
const RETIRE_MS = 60_000;
/** What a receiver could not process it may process later; after so many attempts a person must look. */
const REFUSALS_MAX = 5;
/** The one place where changes are told; receivers have rounds of their own. */
const DESK = 'outbox';
/** Failures whose message is written by this service, and says what must be mended. */
const TOLD_IN_FULL: readonly ErrorCode[] = ['peer-unreachable', 'peer-aborted', 'configuration-invalid'];

/** What the runner needs. */
export interface ExchangeRunnerParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
  /** Other systems, at this moment. */
  readonly exchange: () => ExchangeSettings;
  readonly openLine: OpenLine;
  readonly buildWebhook: BuildWebhook;
  readonly giveUpAfterMs: number;
  /** Called when a referral's history has grown. */
  readonly onReferral: (referralId: string) => void;
}

/**
 * Tells other systems. Changes become messages in one round, and every receiver is sent what is due in rounds of its
 * own: one that is down or slow delays no other. Work for one process at a time (src/duty.ts).
 */
export class ExchangeRunner {
  readonly #parts: ExchangeRunnerParts;
  readonly #desk: DestinationRounds;
  readonly #rounds: DestinationRounds;
  #retiredAtMs = -Infinity;

  constructor(parts: ExchangeRunnerParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#desk = new DestinationRounds({
      ...{ clock, log, pollMs: POLL_MS },
      names: () => [DESK],
      work: (_name, closing) => this.#tell(closing),
    });
    this.#rounds = new DestinationRounds({
      ...{ clock, log, pollMs: POLL_MS },
      names: () => this.#receivers(),
      work: (name, closing) => this.#sendDue(name, closing),
    });
  }

  /** Begins, and goes on by itself. */
  start(): void {
    this.#desk.ring();
    this.#rounds.ring();
  }

  /** Says that there may be something to tell or to send. Where nobody is told, the poll suffices. */
  ring(): void {
    if (this.#receivers().length === 0) return;
    this.#desk.ring();
    this.#rounds.ring();
  }

  /** Starts nothing more and waits for what is being sent. */
  async close(): Promise<void> {
    await Promise.all([this.#desk.close(), this.#rounds.close()]);
  }

  #receivers(): readonly string[] {
    const { hl7, webhooks } = this.#parts.exchange();
    return [...hl7, ...webhooks].map(({ name }) => name);
  }

  async #tell(closing: AbortSignal): Promise<void> {
    const { database, clock, exchange, buildWebhook } = this.#parts;
    await this.#retireUnknown();
    let told = 0;
    while (!closing.aborted) {
      const count = await tellUntold({ database, exchange: exchange(), buildWebhook, nowMs: clock.nowMs() });
      if (count === 0) break;
      told += count;
    }
    if (told > 0) this.#rounds.ring();
  }

  // What waits for a receiver that was taken out of the sites file would wait unseen for ever.
  async #retireUnknown(): Promise<void> {
    const { database, clock, log } = this.#parts;
    if (clock.monotonicMs() - this.#retiredAtMs < RETIRE_MS) return;
    this.#retiredAtMs = clock.monotonicMs();
    const count = await retireUnknownReceivers(database, this.#receivers(), clock.nowMs());
    if (count > 0) log.warn({ count }, 'messages to receivers that are not configured were set aside');
  }

  async #sendDue(receiver: string, closing: AbortSignal): Promise<void> {
    const { database, clock } = this.#parts;
    while (!closing.aborted) {
      const due = await findDueMessages(database, receiver, clock.nowMs(), MESSAGES_EACH_ROUND);
      // Where the receiver itself could not be talked to, the rest waits for the next look.
      if (due.length === 0 || !(await this.#sendRound(receiver, due, closing))) return;
    }
  }

  /** Sends messages one after the other; false where the receiver could not be talked to. */
  async #sendRound(receiver: string, due: readonly DueMessage[], closing: AbortSignal): Promise<boolean> {
    let line: MessageLine | undefined;
    try {
      line = await this.#parts.openLine(receiver);
    } catch (thrown) {
      // Whatever kept us from the receiver says nothing of the messages, so none of them is given up for it at once.
      const note = reasonOf(thrown);
      for (const message of due) await this.#noteFailure(message, unheard(note));
      return false;
    }
    try {
      for (const message of due) {
        if (closing.aborted) return false;
        const verdict = await line.send(message).catch((thrown: unknown) => unheard(reasonOf(thrown)));
        if (verdict.isDelivered) await this.#noteDelivered(message, verdict.note);
        else await this.#noteFailure(message, verdict);
        // After a failure without an answer the line is of no more use; the others keep their turn.
        if (!verdict.isDelivered && !verdict.isRefused) return false;
      }
      return true;
    } finally {
      line.close();
    }
  }

  async #noteDelivered(message: DueMessage, note: string | null): Promise<void> {
    const { log, clock } = this.#parts;
    const nowMs = clock.nowMs();
    await this.#write(message, { state: 'delivered', dueAtMs: nowMs, nowMs, note });
    const { messageId, receiver, kind } = message;
    log.info({ messageId, receiver, kind }, 'a message was delivered');
  }

  async #noteFailure(message: DueMessage, verdict: SendVerdict & { isDelivered: false }): Promise<void> {
    const { clock, log, giveUpAfterMs } = this.#parts;
    const nowMs = clock.nowMs();
    const next = nextAttempt(
      verdict.errorClass,
      { attempt: message.attempts + 1, firstAttemptAtMs: message.firstTryAtMs ?? nowMs, nowMs },
      { ...DEFAULT_DELIVERY_LIMITS, ageMsMax: giveUpAfterMs, ambiguousAttemptsMax: REFUSALS_MAX },
    );
    const dueAtMs =
      next.state === 'pending' ? Math.max(next.dueAtMs, nowMs + (verdict.retryAfterMs ?? 0)) : nowMs;
    const { note } = verdict;
    await this.#write(message, { state: next.state, dueAtMs, nowMs, note });
    const { messageId, receiver, kind } = message;
    log.warn({ messageId, receiver, kind, state: next.state, note }, 'a message was not delivered');
  }

  /** What became of an order stands in the referral's history, in the same transaction. */
  async #write(message: DueMessage, attempt: Parameters<typeof recordAttempt>[2]): Promise<void> {
    const { database, meter = silentMeter, onReferral } = this.#parts;
    const { state, note, nowMs } = attempt;
    const { subject: referralId, receiver, standing, kind } = message;
    const isTold = await transact(database, async (transaction) => {
      const isWritten = await recordAttempt(transaction, message, attempt);
      if (!isWritten || kind !== 'hl7-order' || state === 'pending') return false;
      await recordReferralEvent(transaction, {
        ...{ referralId, nowMs, actor: `system ${receiver}`, actorName: receiver },
        action: state === 'delivered' ? 'order-sent' : 'order-refused',
        details: { receiver, control: standing, ...(note === null ? {} : { reason: note }) },
      });
      return true;
    });
    meter.count('osteotriage_messages_total', { result: state === 'pending' ? 'to be tried again' : state });
    if (isTold) onReferral(referralId);
  }
}

/** The receiver said nothing of the message: it goes out again, the same, for as long as messages are kept trying. */
function unheard(note: string): SendVerdict & { isDelivered: false } {
  return { isDelivered: false, errorClass: 'transient', isRefused: false, note };
}

/** What our own errors say of an address, a connection or a file names no patient; the texts of others might. */
function reasonOf(thrown: unknown): string {
  const { code, message } = asTriageError(thrown);
  return TOLD_IN_FULL.includes(code) ? message : code;
}
