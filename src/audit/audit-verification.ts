import type { Kysely } from 'kysely';
import { nextTurn } from '../clock.ts';
import {
  type ChainLink,
  findUnsealed,
  listSealed,
  type SealedRow,
  type Unsealed,
} from '../database/audit-chain-records.ts';
import type { Database } from '../database/schema.ts';
import { hashRow } from './audit-chain.ts';

const BATCH_ROWS = 1_000;

/**
 * How a place of the chain is wrong. changed: row, place or hash do not fit the chain before; missing: there is no row;
 * foreign: a row stands where none can; cut: the chain ends before a place that was written down elsewhere; rewritten:
 * the chain fits itself, but not what was written down elsewhere.
 */
export type ChainFault = 'changed' | 'missing' | 'foreign' | 'cut' | 'rewritten';

/** What came of looking at the whole chain. */
export interface ChainVerdict {
  readonly isWhole: boolean;
  /** Rows that were found right. */
  readonly rows: number;
  /** The last place that is right; null where there is none. */
  readonly head: ChainLink | null;
  /** The first place that is not right. */
  readonly firstBad: { readonly number: number; readonly fault: ChainFault } | null;
  /** Rows that wait for a place: nothing can be said of them yet. */
  readonly unsealed: Unsealed;
}

/** What a verification may be told. */
export interface VerificationOptions {
  /** Places as they were written down elsewhere, in their order. */
  readonly known?: Iterable<ChainLink> | AsyncIterable<ChainLink>;
  /** Told after each batch how many rows were right. */
  readonly onProgress?: (rows: number) => void;
}

/** Looks at every sealed row in the order of the chain, a batch at a time. */
export async function verifyChain(
  database: Kysely<Database>,
  options: VerificationOptions = {},
): Promise<ChainVerdict> {
  const known = new KnownLinks(options.known ?? []);
  let head: ChainLink | null = null;
  let firstBad: ChainVerdict['firstBad'] = null;
  for (;;) {
    const rows: readonly SealedRow[] = await listSealed(database, head?.number ?? null, BATCH_ROWS);
    for (const row of rows) {
      const fault = faultOf(row, head) ?? (await known.faultOf(row));
      if (fault !== null) {
        // Where a row is missing it is its own place that is bad, and not that of the next one.
        firstBad = { number: fault === 'foreign' ? row.number : (head?.number ?? 0) + 1, fault };
        break;
      }
      head = { number: row.number, hash: row.hash };
    }
    options.onProgress?.(head?.number ?? 0);
    if (firstBad !== null || rows.length < BATCH_ROWS) break;
    await nextTurn();
  }
  if (firstBad === null && (await known.hasMore())) {
    firstBad = { number: (head?.number ?? 0) + 1, fault: 'cut' };
  }
  const unsealed = await findUnsealed(database);
  return { isWhole: firstBad === null, rows: head?.number ?? 0, head, firstBad, unsealed };
}

/** How a row fails to follow what stands before it; null where it follows. */
export function faultOf(row: SealedRow, before: ChainLink | null): ChainFault | null {
  const place = (before?.number ?? 0) + 1;
  if (row.number < place) return 'foreign';
  if (row.number > place) return 'missing';
  return row.hash === hashRow(row, place, before?.hash ?? null) ? null : 'changed';
}

/** Places that were written down elsewhere, gone through beside the chain. */
class KnownLinks {
  readonly #links: AsyncIterator<ChainLink> | Iterator<ChainLink>;
  #next: ChainLink | undefined;
  #isBegun = false;

  constructor(links: Iterable<ChainLink> | AsyncIterable<ChainLink>) {
    this.#links = Symbol.asyncIterator in links ? links[Symbol.asyncIterator]() : links[Symbol.iterator]();
  }

  async faultOf({ number, hash }: ChainLink): Promise<ChainFault | null> {
    if (!this.#isBegun) await this.#step();
    let fault: ChainFault | null = null;
    while (this.#next !== undefined && this.#next.number <= number) {
      if (this.#next.number === number && this.#next.hash !== hash) fault = 'rewritten';
      await this.#step();
    }
    return fault;
  }

  async hasMore(): Promise<boolean> {
    if (!this.#isBegun) await this.#step();
    return this.#next !== undefined;
  }

  async #step(): Promise<void> {
    this.#isBegun = true;
    const step = await this.#links.next();
    this.#next = step.done === true ? undefined : step.value;
  }
}
