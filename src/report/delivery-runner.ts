import type { Kysely } from 'kysely';
import { type ObjectStore, withScratch } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import {
  type DueDelivery,
  findDueDeliveries,
  recordDelivery,
  retireUnknownDestinations,
} from '../database/delivery-records.ts';
import type { Database } from '../database/schema.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import { sendFiles } from '../dimse/send-files.ts';
import { asTriageError, type ErrorClass } from '../errors.ts';
import { type Meter, silentMeter } from '../meter.ts';
import type { Destination } from '../sites.ts';
import type { Log } from '../telemetry.ts';
import { startSpan } from '../traces.ts';
import { DestinationRounds } from './destination-rounds.ts';
import { peerOf, type PeerIdentity } from './destination-peer.ts';
import { classifyStoreStatus, DEFAULT_DELIVERY_LIMITS, nextAttempt } from './report-sender.ts';

/** Objects sent over one association before the record is asked again. */
const OBJECTS_EACH_ROUND = 50;
const CONNECT_MS_MAX = 10_000;
const POLL_MS = 5_000;
const RETIRE_MS = 60_000;

/** What the runner needs. */
export interface DeliveryRunnerParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
  /** Every PACS that reports can be sent to, at this moment. */
  readonly destinations: () => readonly Destination[];
  readonly identity: PeerIdentity;
  readonly limits: DimseLimits;
  readonly giveUpAfterMs: number;
  /** Called when a destination has got something that it is to commit itself to. */
  readonly onDelivered: () => void;
}

/**
 * Sends reports to every PACS on its own: one that is down delays no other, and never the triage. A PACS gets what
 * is due over one association after the other until nothing is.
 */
export class DeliveryRunner {
  readonly #parts: DeliveryRunnerParts;
  readonly #rounds: DestinationRounds;
  #retiredAtMs = -Infinity;

  constructor(parts: DeliveryRunnerParts) {
    this.#parts = parts;
    this.#rounds = new DestinationRounds({
      clock: parts.clock,
      log: parts.log,
      pollMs: POLL_MS,
      names: () => {
        const names = parts.destinations().map(({ name }) => name);
        void this.#retireUnknown(names);
        return names;
      },
      work: (name, closing) => this.#sendDue(name, closing),
    });
  }

  /** Says that there may be something to send. */
  ring(): void {
    this.#rounds.ring();
  }

  /** Starts nothing more and waits for what is being sent. */
  close(): Promise<void> {
    return this.#rounds.close();
  }

  // What waits for a destination that was taken out of the sites file would wait unseen for ever.
  async #retireUnknown(known: readonly string[]): Promise<void> {
    const { database, clock, log } = this.#parts;
    if (clock.monotonicMs() - this.#retiredAtMs < RETIRE_MS) return;
    this.#retiredAtMs = clock.monotonicMs();
    try {
      const count = await retireUnknownDestinations(database, known, clock.nowMs());
      if (count > 0) log.warn({ count }, 'deliveries to destinations that are not configured were set aside');
    } catch (thrown) {
      log.error({ err: thrown }, 'deliveries to unknown destinations could not be looked for');
    }
  }

  async #sendDue(name: string, closing: AbortSignal): Promise<void> {
    const { database, clock } = this.#parts;
    while (!closing.aborted) {
      const destination = this.#parts.destinations().find((each) => each.name === name);
      if (destination === undefined) return;
      const due = await findDueDeliveries(database, name, clock.nowMs(), OBJECTS_EACH_ROUND);
      if (due.length === 0) return;
      // Where the association itself failed, the rest waits for the next look.
      const isOver = await withScratch(this.#parts.objects, (scratch) =>
        this.#sendRound(destination, due, scratch),
      );
      if (!isOver) return;
    }
  }

  /**
   * Every delivery that was tried is written down once, with its answer or with what ended the association. What
   * stood behind one that ended it was not tried and keeps its turn: an object that a PACS cannot bear holds up
   * no other.
   */
  async #sendRound(
    destination: Destination,
    due: readonly DueDelivery[],
    scratchFolder: string,
  ): Promise<boolean> {
    const { limits, clock, identity } = this.#parts;
    const open = await this.#findObjects(due, scratchFolder);
    let wasTried = false;
    let beganAtMs = clock.nowMs();
    try {
      const peer = peerOf(destination, identity);
      for await (const result of sendFiles([...open.keys()], {
        ...{ peer, limits, clock, connectMsMax: CONNECT_MS_MAX },
      })) {
        const delivery = open.get(result.path);
        if (delivery === undefined) continue;
        wasTried = true;
        const { examId, kind } = delivery;
        const span = startSpan('deliver report', delivery.traceParent, { examId, kind }, beganAtMs);
        span.set('error' in result ? {} : { status: result.answer.status });
        span.end('error' in result ? result.error : undefined);
        beganAtMs = clock.nowMs();
        if ('error' in result) await this.#noteFailure(delivery, result.error.class, result.error.code);
        else await this.#noteAnswer(delivery, destination, result.answer.status);
        open.delete(result.path);
      }
      return true;
    } catch (thrown) {
      const error = asTriageError(thrown);
      if (!wasTried) {
        // Whatever kept us from the PACS says nothing of the objects, so none of them is given up for it at once.
        const errorClass = error.class === 'permanent' ? 'transient' : error.class;
        for (const delivery of open.values()) await this.#noteFailure(delivery, errorClass, error.code);
      }
      // With every answer written down it failed at the farewell, which costs nothing.
      return open.size === 0;
    }
  }

  /** The deliveries by the path of their object; one that the archive does not give now is tried again later. */
  async #findObjects(due: readonly DueDelivery[], scratchFolder: string): Promise<Map<string, DueDelivery>> {
    const found = new Map<string, DueDelivery>();
    for (const delivery of due) {
      const { objects } = this.#parts;
      const path = await objects.readablePath(delivery.objectKey, scratchFolder).catch(() => null);
      if (path === null) await this.#noteFailure(delivery, 'transient', 'storage-failed');
      else found.set(path, delivery);
    }
    return found;
  }

  async #noteAnswer(delivery: DueDelivery, { commitment }: Destination, status: number): Promise<void> {
    const { database, clock, log, onDelivered } = this.#parts;
    const { errorClass, note } = classifyStoreStatus(status);
    if (errorClass !== null) {
      await this.#noteFailure(delivery, errorClass, note ?? '');
      return;
    }
    const nowMs = clock.nowMs();
    const attempt = { state: 'delivered' as const, dueAtMs: nowMs, nowMs, note, commitment };
    await recordDelivery(database, delivery, attempt);
    const { examId, kind, destination } = delivery;
    this.#count('delivered');
    log.info({ examId, kind, destination }, 'a report was delivered');
    if (commitment) onDelivered();
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
    const attempt = { state: next.state, dueAtMs, nowMs, note, commitment: false };
    await recordDelivery(database, delivery, attempt);
    this.#count(next.state === 'pending' ? 'to be tried again' : next.state);
    const fields = { examId: delivery.examId, destination: delivery.destination, state: next.state, note };
    log.warn(fields, 'a report was not delivered');
  }

  #count(result: string): void {
    (this.#parts.meter ?? silentMeter).count('osteotriage_deliveries_total', { result });
  }
}
