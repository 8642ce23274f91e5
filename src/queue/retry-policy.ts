import type { ErrorClass } from '../errors.ts';

/** Waits of a failed triage, by attempt; longer ones than the last do not occur. */
const WAITS_MS: readonly number[] = [1_000, 5_000, 30_000, 120_000];

/** What becomes of a job whose attempt failed. */
export type RetryDecision = { readonly retry: true; readonly waitMs: number } | { readonly retry: false };

/**
 * Decides by the error's class only. Transient failures are tried for as long as they last, ambiguous ones
 * `attemptsMax` times, permanent ones never again.
 */
export function decideRetry(errorClass: ErrorClass, attempt: number, attemptsMax: number): RetryDecision {
  if (errorClass === 'permanent') return { retry: false };
  if (errorClass === 'ambiguous' && attempt >= attemptsMax) return { retry: false };
  const last = WAITS_MS.length - 1;
  return { retry: true, waitMs: WAITS_MS[Math.min(attempt - 1, last)] ?? 120_000 };
}
