import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import { type DueDelivery, findDueDeliveries, recordDelivery } from '../database/delivery-records.ts';
import type { Database } from '../database/schema.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import { type Peer, sendFiles } from '../dimse/send-files.ts';
import { asTriageError, type ErrorClass } from '../errors.ts';
import type { Log } from '../telemetry.ts';
import { classifyStoreStatus, DEFAULT_DELIVERY_LIMITS, nextAttempt } from './report-sender.ts';

/** Objects sent over one association before the record is asked again. */
const OBJECTS_EACH_ROUND = 50;
const CONNECT_MS_MAX = 10_000;
const POLL_MS = 5_000;

/** What the runner needs. */
export interface DeliveryRunnerParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly destinations: readonly {
    readonly aeTitle: string;
    readonly host: string;
    readonly port: number;
  }[];
  readonly callingAeTitle: string;
  readonly limits: DimseLimits;
  readonly giveUpAfterMs: number;
}

/**
 * Sends reports to every PACS on its own: one that is down delays no other, and never the triage. Modes: waiting
 * (for a ring or the poll), sending (one association for each PACS), closing.
 */
export class DeliveryRunner {
  readonly #parts: DeliveryRunnerParts;
  readonly #sending = new Map<string, Promise<void>>();
  #cancelPoll: () => void = () => undefined;
  #closed = false;

  constructor(parts: DeliveryRunnerParts) {
    this.#parts = parts;
  }

  /** Says that there may be something to send. */
  ring(): void {
    if (this.#closed || this.#parts.destinations.length === 0) return;
    this.#cancelPoll();
    this.#cancelPoll = this.#parts.clock.schedule(POLL_MS, () => this.ring());
    for (const destination of this.#parts.destinations) {
      if (this.#sending.has(destination.aeTitle)) continue;
      const { aeTitle: calledAeTitle, host, port } = destination;
      const peer: Peer = { host, port, calledAeTitle, callingAeTitle: this.#parts.callingAeTitle };
      const round = this.#sendDue(peer)
        .catch((thrown: unknown) => this.#parts.log.error({ err: thrown }, 'deliveries could not be sent'))
        .finally(() => this.#sending.delete(calledAeTitle));
      this.#sending.set(calledAeTitle, round);
    }
  }

  /** Starts nothing more and waits for what is being sent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPoll();
    await Promise.all(this.#sending.values());
  }

  async #sendDue(peer: Peer): Promise<void> {
    const { database, clock } = this.#parts;
    for (;;) {
      const due = await findDueDeliveries(database, peer.calledAeTitle, clock.nowMs(), OBJECTS_EACH_ROUND);
      if (due.length === 0 || this.#closed) return;
      await this.#sendRound(peer, due);
    }
  }

  /** Every delivery of the round is written down once: with its answer, or with what ended the association. */
  async #sendRound(peer: Peer, due: readonly DueDelivery[]): Promise<void> {
    const { objects, limits, clock } = this.#parts;
    const open = new Map<string, DueDelivery>();
    try {
      for (const delivery of due) open.set(await objects.readablePath(delivery.objectKey), delivery);
      const options = { peer, limits, clock, connectMsMax: CONNECT_MS_MAX };
      for await (const result of sendFiles([...open.keys()], options)) {
        const delivery = open.get(result.path);
        if (delivery === undefined) continue;
        open.delete(result.path);
        if ('error' in result) await this.#noteFailure(delivery, result.error.class, result.error.code);
        else await this.#noteAnswer(delivery, result.answer.status);
      }
    } catch (thrown) {
      const error = asTriageError(thrown);
      for (const delivery of open.values()) await this.#noteFailure(delivery, error.class, error.code);
      if (open.size === 0) throw thrown;
    }
  }

  async #noteAnswer(delivery: DueDelivery, status: number): Promise<void> {
    const { database, clock, log } = this.#parts;
    const { errorClass, note } = classifyStoreStatus(status);
    if (errorClass !== null) {
      await this.#noteFailure(delivery, errorClass, note ?? '');
      return;
    }
    const nowMs = clock.nowMs();
    await recordDelivery(database, delivery, {
      state: 'delivered',
      dueAtMs: nowMs,
      nowMs,
      note,
    });
    log.info(
      { examId: delivery.examId, kind: delivery.kind, destination: delivery.destination },
      'a report was delivered',
    );
  }

  async #noteFailure(delivery: DueDelivery, errorClass: ErrorClass, note: string): Promise<void> {
    const { database, clock, log, giveUpAfterMs } = this.#parts;
    const nowMs = clock.nowMs();
    const next = nextAttempt(
      errorClass,
      { attempt: delivery.attempts + 1, firstAttemptAtMs: delivery.firstTryAtMs ?? nowMs, nowMs },
      { ...DEFAULT_DELIVERY_LIMITS, ageMsMax: giveUpAfterMs },
    );
    const dueAtMs = next.state === 'pending' ? next.dueAtMs : nowMs;
    await recordDelivery(database, delivery, { state: next.state, dueAtMs, nowMs, note });
    const fields = { examId: delivery.examId, destination: delivery.destination, state: next.state, note };
    log.warn(fields, 'a report was not delivered');
  }
}
