import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { findHead, hasUnsealed, sealRows } from '../database/audit-chain-records.ts';
import type { Database } from '../database/schema.ts';
import { syncRecord } from '../database/transact.ts';
import type { Log } from '../telemetry.ts';
import { chainRows, headText } from './audit-chain.ts';

const BATCH_ROWS = 500;
const LOOK_MS = 1_000;
const ANCHOR_MS = 86_400_000;

/** Seals every row that waits, in batches, so that others come between; returns how many. */
export async function sealTrail(database: Kysely<Database>): Promise<number> {
  let sealed = 0;
  // An idle node writes nothing.
  while (await hasUnsealed(database)) sealed += await sealRows(database, BATCH_ROWS, chainRows);
  return sealed;
}

/** What sealing stands on. */
export interface SealerParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/**
 * Gives the rows of the audit trail their places about once a second, and writes the chain's head into the log when it
 * begins and once a day: an anchor outside the database, which a chain that was made anew as a whole does not fit.
 */
export class AuditSealer {
  readonly #parts: SealerParts;
  #anchoredAtMs: number | null = null;
  #cancelLook: () => void = () => undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SealerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#turn = this.#seal()
      .catch((thrown: unknown) => {
        this.#parts.log.warn({ err: thrown }, 'the audit trail could not be sealed; it is tried again');
      })
      .finally(() => {
        if (!this.#closed) this.#cancelLook = this.#parts.clock.schedule(LOOK_MS, () => this.start());
      });
  }

  /** Seals what waits a last time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#turn;
    await sealTrail(this.#parts.database).catch(() => undefined);
  }

  async #seal(): Promise<void> {
    const { database, clock, log } = this.#parts;
    await sealTrail(database);
    const nowMs = clock.monotonicMs();
    if (this.#anchoredAtMs !== null && nowMs - this.#anchoredAtMs < ANCHOR_MS) return;
    const head = await findHead(database);
    if (head === null) return;
    await syncRecord(database);
    this.#anchoredAtMs = nowMs;
    log.info({ auditHead: headText(head) }, 'head of the audit chain, for "osteotriage audit verify --head"');
  }
}
