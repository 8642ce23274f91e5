/**
 * When to close a batch. A pure function of the waiting requests and the clock: send n now, or wait m
 * milliseconds. It owns no timer and no queue, so that its promises can be tested as properties.
 */

/** A request as the batcher sees it, oldest first in its queue. */
export interface WaitingRequest {
  /** Requests share a batch only when model and tensor shape are the same; this names both. */
  readonly batchKey: string;
  /** When it joined the queue, on a clock that never jumps. */
  readonly arrivedMs: number;
}

/** The limits of one model on one device. */
export interface BatchLimits {
  /** The measured best number of films a run; on a CPU that is 1 (runtime-facts, Inference). */
  readonly itemsMax: number;
  /** How long the oldest request may wait for company. */
  readonly waitMsMax: number;
}

/** Send the first n waiting requests now, or look again after the wait (Infinity: when something arrives). */
export type BatchDecision = { readonly send: number } | { readonly waitMs: number };

/**
 * Decides for an idle device. The batch is always the front of the queue, in order, so that nothing is
 * overtaken; it closes on the first of: full, another model or shape next, the oldest has waited long enough.
 */
export function decideBatch(
  waiting: readonly WaitingRequest[],
  nowMs: number,
  limits: BatchLimits,
): BatchDecision {
  const oldest = waiting[0];
  if (oldest === undefined) return { waitMs: Number.POSITIVE_INFINITY };
  const alike = countAlike(waiting, oldest.batchKey, limits.itemsMax);
  if (alike === limits.itemsMax || alike < waiting.length) return { send: alike };
  // Compared as a due time: nowMs - arrivedMs would round differently and could ask for a wait of nothing.
  const dueMs = oldest.arrivedMs + limits.waitMsMax;
  return nowMs >= dueMs ? { send: alike } : { waitMs: dueMs - nowMs };
}

/** How many more requests may be claimed; 0 means the caller takes no more work from the database. */
export function roomLeft(outstanding: number, outstandingMax: number): number {
  return Math.max(0, outstandingMax - outstanding);
}

function countAlike(waiting: readonly WaitingRequest[], batchKey: string, itemsMax: number): number {
  let count = 0;
  while (count < itemsMax && waiting[count]?.batchKey === batchKey) count++;
  return count;
}
