import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import {
  type DueDelivery,
  findDueDeliveries,
  recordDelivery,
  retireUnknownDestinations,
} from '../database/delivery-records.ts';
import { findStanding } from '../database/dicomweb-records.ts';
import type { Database } from '../database/schema.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { DestinationRounds } from './destination-rounds.ts';
import { resultFileName, writeToOutTray } from './out-tray.ts';
import { outTraysOf } from './report-receivers.ts';
import { DEFAULT_DELIVERY_LIMITS, nextAttempt } from './report-sender.ts';
import { resultJson } from './result-json.ts';

const POLL_MS = 5_000;
const RESULTS_EACH_ROUND = 50;

/** What the runner needs. */
export interface OutTrayRunnerParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly sites: SiteDirectory;
  readonly clock: Clock;
  readonly log: Log;
  readonly giveUpAfterMs: number;
}

/** Puts results into the out-trays, each on its own: a share that is gone delays no other, and never the triage. */
export class OutTrayRunner {
  readonly #parts: OutTrayRunnerParts;
  readonly #rounds: DestinationRounds;

  constructor(parts: OutTrayRunnerParts) {
    this.#parts = parts;
    const { clock, log, sites } = parts;
    this.#rounds = new DestinationRounds({
      ...{ clock, log, pollMs: POLL_MS },
      names: () => outTraysOf(sites).map(({ name }) => name),
      work: (name, closing) => this.#deliverDue(name, closing),
    });
  }

  /** Says that there may be something to deliver. */
  ring(): void {
    this.#rounds.ring();
  }

  /** Starts nothing more and waits for what is being written. */
  close(): Promise<void> {
    return this.#rounds.close();
  }

  /** What waits for a tray that was taken out of the sites file would wait unseen for ever. */
  async retireUnknown(): Promise<void> {
    const { database, sites, clock } = this.#parts;
    const known = outTraysOf(sites).map(({ name }) => name);
    await retireUnknownDestinations(database, known, clock.nowMs(), true);
  }

  async #deliverDue(name: string, closing: AbortSignal): Promise<void> {
    const { database, sites, clock } = this.#parts;
    while (!closing.aborted) {
      const folder = outTraysOf(sites).find((tray) => tray.name === name)?.folder;
      if (folder === undefined) return;
      const due = await findDueDeliveries(database, name, clock.nowMs(), RESULTS_EACH_ROUND);
      if (due.length === 0) return;
      for (const delivery of due) await this.#deliver(folder, delivery);
    }
  }

  async #deliver(folder: string, delivery: DueDelivery): Promise<void> {
    const { database, objects, clock, log, giveUpAfterMs } = this.#parts;
    const { examId, revision, destination } = delivery;
    try {
      const standing = await findStanding(database, examId);
      if (standing?.revision !== revision) {
        throw new TriageError('state-conflict', 'the film was assessed anew in the meantime');
      }
      const { sopInstanceUid } = standing;
      const pdfName = `${resultFileName(sopInstanceUid, revision)}.pdf`;
      const analysisJson = `${JSON.stringify(resultJson(standing, pdfName), null, 2)}\n`;
      const pdf = await objects.read(delivery.objectKey);
      await writeToOutTray(folder, { sopInstanceUid, revision, pdf, analysisJson });
      const nowMs = clock.nowMs();
      const attempt = { state: 'delivered' as const, dueAtMs: nowMs, nowMs, note: null, commitment: false };
      await recordDelivery(database, delivery, attempt);
      log.info({ examId, destination }, 'a result was put into an out-tray');
    } catch (thrown) {
      const error = asTriageError(thrown);
      const nowMs = clock.nowMs();
      const next = nextAttempt(
        error.class,
        { attempt: delivery.attempts + 1, firstAttemptAtMs: delivery.firstTryAtMs ?? nowMs, nowMs },
        { ...DEFAULT_DELIVERY_LIMITS, ageMsMax: giveUpAfterMs },
      );
      const dueAtMs = next.state === 'pending' ? next.dueAtMs : nowMs;
      const attempt = { state: next.state, dueAtMs, nowMs, note: error.code, commitment: false };
      await recordDelivery(database, delivery, attempt);
      log.warn({ examId, destination, state: next.state, note: error.code }, 'a result was not delivered');
    }
  }
}
