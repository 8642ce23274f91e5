/**
 * What becomes of the delivery of one report to one PACS. Pure: the sending itself is done elsewhere, and a PACS
 * that is down never touches the triage of the exam.
 */
import type { ErrorClass } from '../errors.ts';

/** How a C-STORE response is to be read. */
export interface StoreVerdict {
  readonly kind: 'delivered' | 'failed';
  /** What is kept beside the delivery for people to see; null when there is nothing to say. */
  readonly note: string | null;
  /** How a failure is treated; null when delivered. */
  readonly errorClass: ErrorClass | null;
}

/** Limits on trying again. */
export interface DeliveryLimits {
  /** Wait after the first failure; it doubles with each one. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** After this long since the first attempt a delivery is given up, to be started again by a person. */
  readonly ageMsMax: number;
  /** An ambiguous failure is tried this often in all. */
  readonly ambiguousAttemptsMax: number;
}

/** Ten seconds to one hour between attempts, for a week. */
export const DEFAULT_DELIVERY_LIMITS: DeliveryLimits = {
  delayMsMin: 10_000,
  delayMsMax: 3_600_000,
  ageMsMax: 7 * 86_400_000,
  ambiguousAttemptsMax: 20,
};

/** What was tried so far. */
export interface DeliveryAttempt {
  /** Attempts made, the one that just failed included: 1 or more. */
  readonly attempt: number;
  readonly firstAttemptAtMs: number;
  readonly nowMs: number;
}

/** The delivery's next state. */
export type NextAttempt =
  { readonly state: 'pending'; readonly dueAtMs: number } | { readonly state: 'dead' };

/** Warnings of storage: stored, with a remark (PS3.4 section B.2.3). */
const WARNINGS: Readonly<Record<number, string>> = {
  0xb000: 'stored, some values coerced',
  0xb006: 'stored, some elements discarded',
  0xb007: 'stored, although the data set does not match its SOP class',
};

/** Status codes that pass by themselves, beside A7xx (PS3.7 Annex C): processing failure, resource limitation. */
const TRANSIENT_STATUSES: readonly number[] = [0x0110, 0x0213];

/** Reads the status of a C-STORE response (PS3.4 table B.2-1, PS3.7 Annex C). */
export function classifyStoreStatus(status: number): StoreVerdict {
  if (status === 0x0000) return { kind: 'delivered', note: null, errorClass: null };
  const warning = WARNINGS[status];
  if (warning !== undefined) return { kind: 'delivered', note: warning, errorClass: null };
  // Duplicate SOP instance: our UIDs are the same on every retry, so the PACS has this very object.
  if (status === 0x0111) return { kind: 'delivered', note: 'already there', errorClass: null };
  return { kind: 'failed', note: `status ${hex(status)}`, errorClass: classOf(status) };
}

/**
 * When a failed delivery is tried again: permanent never, ambiguous a limited number of times, transient until
 * it is too old; each wait is double the last up to a limit.
 */
export function nextAttempt(
  errorClass: ErrorClass,
  { attempt, firstAttemptAtMs, nowMs }: DeliveryAttempt,
  limits: DeliveryLimits = DEFAULT_DELIVERY_LIMITS,
): NextAttempt {
  if (errorClass === 'permanent') return { state: 'dead' };
  if (errorClass === 'ambiguous' && attempt >= limits.ambiguousAttemptsMax) return { state: 'dead' };
  // The exponent is bounded so that a long row of failures does not end in Infinity.
  const doubled = limits.delayMsMin * 2 ** Math.min(Math.max(attempt - 1, 0), 30);
  const dueAtMs = nowMs + Math.min(doubled, limits.delayMsMax);
  return dueAtMs - firstAttemptAtMs > limits.ageMsMax ? { state: 'dead' } : { state: 'pending', dueAtMs };
}

function classOf(status: number): ErrorClass {
  const family = status >> 8;
  if (family === 0xa7 || TRANSIENT_STATUSES.includes(status)) return 'transient';
  // A9xx: the data set does not match; Cxxx: it cannot be understood. The same bytes will fail again.
  if (family === 0xa9 || status >> 12 === 0xc) return 'permanent';
  return 'ambiguous';
}

function hex(status: number): string {
  return `0x${status.toString(16).toUpperCase().padStart(4, '0')}`;
}
