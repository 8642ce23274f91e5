/** Nobody is forgotten: what is due soon is noted, and what is a week late is escalated, once for each due date. */
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { changeReferral, type ReferralActor } from '../database/referral-events.ts';
import { refreshUnsummarised } from '../database/referral-summary.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import { ESCALATION_AFTER_MS, REMINDER_BEFORE_MS } from '../exam/due-standing.ts';
import type { Log } from '../telemetry.ts';
import type { WorklistEvent } from './worklist-views.ts';

/** What reminders stand on. */
export interface RemindersParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: { publish(event: WorklistEvent): void };
}

const LOOK_MS = 60_000;
/** Referrals of one transaction, so that people who act meanwhile do not wait. */
const BATCH = 100;
/** More than this in one look wait for the next: an upgrade may find years of them. */
const BATCHES_MAX = 50;
const ACTOR = 'reminders';

/** Looks at the due dates every minute until it is closed; one process does it for all. */
export function startReminders(parts: RemindersParts): { close(): Promise<void> } {
  const reminders = new Reminders(parts);
  reminders.start();
  return reminders;
}

/** Modes: looking (a round runs), waiting for the next round, closed. */
class Reminders {
  readonly #parts: RemindersParts;
  #round: Promise<void> = Promise.resolve();
  #cancelRound: () => void = () => undefined;
  #closed = false;

  constructor(parts: RemindersParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#begin(summariseOld);
  }

  #begin(before?: typeof summariseOld): void {
    this.#round = this.#look(before).finally(() => {
      if (!this.#closed) this.#cancelRound = this.#parts.clock.schedule(LOOK_MS, () => this.#begin());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRound();
    await this.#round;
  }

  async #look(before?: typeof summariseOld): Promise<void> {
    const isOver = (): boolean => this.#closed;
    try {
      await before?.(this.#parts, isOver);
      await remindAll(this.#parts, isOver);
    } catch (thrown) {
      this.#parts.log.error({ err: thrown }, 'due dates could not be looked at; they are in a minute');
    }
  }
}

/** Referrals of an earlier version have no summary yet; every later one is made with it. */
async function summariseOld({ database }: RemindersParts, isOver: () => boolean): Promise<void> {
  const summarise = () => transact(database, (transaction) => refreshUnsummarised(transaction, BATCH));
  await inBatches(isOver, summarise, Infinity);
}

/** One round: what is late, then what is due soon. */
export async function remindAll(parts: RemindersParts, isOver = (): boolean => false): Promise<void> {
  const { database, clock, log, events } = parts;
  const nowMs = clock.nowMs();
  for (const kind of ['escalation', 'reminder'] as const) {
    let noted = 0;
    await inBatches(isOver, async () => {
      const referralIds = await noteDue(database, kind, { actor: ACTOR, nowMs });
      for (const referralId of referralIds) events.publish({ type: 'referral', referralId });
      noted += referralIds.length;
      return referralIds.length;
    });
    if (noted > 0) log.info({ kind, noted }, 'due dates of referrals were noted');
  }
}

async function inBatches(
  isOver: () => boolean,
  batch: () => Promise<number>,
  batchesMax = BATCHES_MAX,
): Promise<void> {
  for (let done = 0; done < batchesMax && !isOver(); done += 1) {
    if ((await batch()) < BATCH) return;
  }
}

/** Writes what is due into a batch of referrals. Returns them; none once all were told. */
function noteDue(
  database: Kysely<Database>,
  kind: 'reminder' | 'escalation',
  by: ReferralActor,
): Promise<readonly string[]> {
  const isLate = kind === 'escalation';
  const dueUntilMs = isLate ? by.nowMs - ESCALATION_AFTER_MS : by.nowMs + REMINDER_BEFORE_MS;
  return transact(database, async (transaction) => {
    const rows = await transaction
      .selectFrom('referrals')
      .select(['referral_id', 'due_at_ms'])
      .where('escalation', 'in', isLate ? [0, 1] : [0])
      .where('due_at_ms', '<=', dueUntilMs)
      .orderBy('due_at_ms')
      .limit(BATCH)
      .execute();
    for (const { referral_id: referralId, due_at_ms: dueAtMs } of rows) {
      const details = { dueAt: new Date(dueAtMs ?? 0).toISOString() };
      await changeReferral(transaction, { ...by, referralId, action: kind, details });
      await transaction
        .updateTable('referrals')
        .set({ escalation: isLate ? 2 : 1 })
        .where('referral_id', '=', referralId)
        .execute();
    }
    return rows.map(({ referral_id }) => referral_id);
  });
}
