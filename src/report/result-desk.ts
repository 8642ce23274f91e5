import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { pictureObjectKey, reportObjectKey } from '../archive/archive.ts';
import { type ObjectStore, withScratch } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import { type DueResult, findDueResults, recordResultPdf } from '../database/result-records.ts';
import type { Database } from '../database/schema.ts';
import { findUntoldSenders, tellSender } from '../database/sender-records.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { LOOPBACK_SITE_ID } from '../sites.ts';
import type { Log } from '../telemetry.ts';
import { receiversOf } from './report-receivers.ts';

const POLL_MS = 2_000;
const RESULTS_EACH_LOOK = 20;
/** A clinic that gets an out-tray or a key today is not flooded with the results of years. */
const BACK_MS_MAX = 30 * 86_400_000;
/** What ended longer ago than this was looked at before; a look over all the days is made once an hour. */
const BACK_MS = 10 * 60_000;
const FULL_LOOK_MS = 3_600_000;
/** A result whose PDF could not be made is tried again after this, and holds up no other. */
const AGAIN_MS = 10 * 60_000;

/** What the desk needs. */
export interface ResultDeskParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly sites: SiteDirectory;
  readonly clock: Clock;
  readonly log: Log;
  readonly softwareVersion: string;
  /** Whether a caller on loopback can poll while no site is configured. */
  readonly servesLoopback: boolean;
  /** Called when new deliveries stand in the record. */
  readonly onDeliveries: () => void;
}

/**
 * Makes the PDF of every result that a clinic without a PACS is to learn of. It looks at the record and not at the
 * triage, so that a result is told however it came about, also after a crash in between. Modes: waiting (for the
 * poll), making (one at a time), closing.
 */
export class ResultDesk {
  readonly #parts: ResultDeskParts;
  /** Results whose PDF could not be made, and when they are tried again. */
  readonly #setAside = new Map<string, number>();
  #fullLookAtMs = -Infinity;
  #cancelPoll: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ResultDeskParts) {
    this.#parts = parts;
  }

  /** Looks again and again till the end. */
  start(): void {
    this.#looking = this.look()
      .catch((thrown: unknown) => this.#parts.log.error({ err: thrown }, 'results could not be looked for'))
      .finally(() => {
        if (!this.#closed) this.#cancelPoll = this.#parts.clock.schedule(POLL_MS, () => this.start());
      });
  }

  /** Makes what is due now. */
  async look(): Promise<void> {
    const { database, clock, onDeliveries } = this.#parts;
    const sinceMs = clock.nowMs() - this.#backMs();
    for (const [name, againAtMs] of this.#setAside) {
      if (againAtMs <= clock.monotonicMs()) this.#setAside.delete(name);
    }
    // Asked before the PDFs are made, so that whoever is told gets the PDF too.
    const untold = await findUntoldSenders(database);
    let due: readonly DueResult[];
    let made = 0;
    do {
      const limit = RESULTS_EACH_LOOK + this.#setAside.size;
      const found = await findDueResults(database, { siteIds: this.#siteIds(), sinceMs, limit });
      due = found.filter((result) => !this.#setAside.has(nameOf(result.standing)));
      for (const result of due) {
        if (this.#closed) return;
        if (await this.#make(result)) made += 1;
      }
    } while (due.length >= RESULTS_EACH_LOOK);
    for (const sender of untold) {
      // The PDF is tried again, and the sender is told with it.
      if (this.#closed || this.#setAside.has(nameOf(sender))) continue;
      const receivers = receiversOf(this.#parts.sites, sender.siteId);
      if (await tellSender(database, sender, receivers, clock.nowMs())) made += 1;
    }
    if (made > 0) onDeliveries();
  }

  /** Makes no more and waits for the one under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPoll();
    await this.#looking;
  }

  /** How far back a look goes: over all the days at the start, once an hour, and while something is set aside. */
  #backMs(): number {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#fullLookAtMs < FULL_LOOK_MS && this.#setAside.size === 0) return BACK_MS;
    this.#fullLookAtMs = nowMs;
    return BACK_MS_MAX;
  }

  #siteIds(): readonly string[] {
    const { sites, servesLoopback } = this.#parts;
    const book = sites.book();
    if (book === null) return servesLoopback ? [LOOPBACK_SITE_ID] : [];
    return book.sites
      .filter((site) => site.apiKeySha256.length > 0 || site.watchedFolder?.outTray !== undefined)
      .map(({ id }) => id);
  }

  async #make(result: DueResult): Promise<boolean> {
    const { database, sites, clock, log } = this.#parts;
    const { standing, siteId } = result;
    const { examId, revision } = standing;
    try {
      const objectKey = reportObjectKey(examId, revision, 'PDF');
      const objectBytes = await this.#archive(await this.#draw(result), objectKey);
      const receivers = receiversOf(sites, siteId);
      const nowMs = clock.nowMs();
      const isNoted = await recordResultPdf(database, { standing, objectKey, objectBytes, receivers, nowMs });
      if (isNoted) log.info({ examId, siteId }, 'a result was made for its clinic');
      return isNoted;
    } catch (thrown) {
      this.#setAside.set(nameOf(result.standing), clock.monotonicMs() + AGAIN_MS);
      log.error({ examId, err: thrown }, 'the PDF of a result could not be made');
      return false;
    }
  }

  async #draw({ standing, film, siteId }: DueResult): Promise<Buffer> {
    const { objects, sites, softwareVersion } = this.#parts;
    const key = pictureObjectKey(standing.examId, 'overlay');
    // Without a finding of this revision the picture is an earlier one's.
    const overlayPng =
      standing.analysis !== null && (await objects.has(key)) ? await objects.read(key) : null;
    const siteName = sites.book()?.sites.find(({ id }) => id === siteId)?.name ?? siteId;
    // Loaded when first needed: a node that serves PACS alone never makes one.
    const { makeResultPdf } = await import('./result-pdf.ts');
    return makeResultPdf({ standing, film, siteName, softwareVersion, overlayPng });
  }

  async #archive(pdf: Buffer, key: string): Promise<number> {
    const { objects } = this.#parts;
    return withScratch(objects, async (scratchFolder) => {
      const path = join(scratchFolder, 'result.pdf');
      await writeFile(path, pdf);
      return objects.putFile(path, key);
    });
  }
}

function nameOf({ examId, revision }: { readonly examId: string; readonly revision: number }): string {
  return `${examId} ${revision}`;
}
