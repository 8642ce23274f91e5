/**
 * When to close a batch. A pure function of the waiting requests and the clock: send n now, or wait m
 * milliseconds. It owns no timer and no queue, so that its promises can be tested as properties.
 */

/** A request as the batcher sees it, the one that is next first in its queue. */
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
 * overtaken; it closes on the first of: full, another model or shape next, one of it has waited long enough.
 */
export function decideBatch(
  waiting: readonly WaitingRequest[],
  nowMs: number,
  limitsOf: (batchKey: string) => BatchLimits,
): BatchDecision {
  const first = waiting[0];
  if (first === undefined) return { waitMs: Number.POSITIVE_INFINITY };
  const { itemsMax, waitMsMax } = limitsOf(first.batchKey);
  const alike = countAlike(waiting, first.batchKey, itemsMax);
  if (alike === itemsMax || alike < waiting.length) return { send: alike };
  // Compared as a due time: nowMs - arrivedMs would round differently and could ask for a wait of nothing.
  const dueMs = waiting.reduce((least, { arrivedMs }) => Math.min(least, arrivedMs), Infinity) + waitMsMax;
  return nowMs >= dueMs ? { send: alike } : { waitMs: dueMs - nowMs };
}

/**
 * Decides for a device that has a batch and takes the next one ahead: a full batch, so that the device never waits for
 * it. What is not full gains by waiting until the device is idle.
 */
export function decideBatchAhead(
  waiting: readonly WaitingRequest[],
  limitsOf: (batchKey: string) => BatchLimits,
): BatchDecision {
  return decideBatch(waiting, 0, (batchKey) => ({ ...limitsOf(batchKey), waitMsMax: Infinity }));
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
