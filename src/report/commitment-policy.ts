/** What becomes of a delivery whose destination is to commit itself to keep it (PS3.4 Annex J). Pure. */
import type { CommitmentChange } from '../database/delivery-commitments.ts';

/** Limits on asking. */
export interface CommitmentLimits {
  /** How long an answer is waited for after the first asking; it doubles with each one. */
  readonly answerMsMin: number;
  readonly answerMsMax: number;
  /** The association is kept open so long for the answer; a later one comes to our own listener. */
  readonly openMsMax: number;
  /** Asked so often in all, answered or not; then a person is told. */
  readonly asksMax: number;
}

/** Ten minutes to a day for an answer, twelve times: about six days, so that a long weekend is outlasted. */
export const DEFAULT_COMMITMENT_LIMITS: CommitmentLimits = {
  answerMsMin: 600_000,
  answerMsMax: 86_400_000,
  openMsMax: 5_000,
  asksMax: 12,
};

/** How long the answer to an asking is waited for; `asks` counts this one. */
export function answerWaitMs(asks: number, { answerMsMin, answerMsMax }: CommitmentLimits): number {
  // The exponent is bounded so that it never ends in Infinity.
  return Math.min(answerMsMin * 2 ** Math.min(Math.max(asks - 1, 0), 30), answerMsMax);
}

/** Whether it was asked for often enough in vain: then the delivery is given up, for a person to look at. */
export function isAskedEnough(asks: number, { asksMax }: CommitmentLimits): boolean {
  return asks >= asksMax;
}

/** The destination keeps it. */
export function committed(nowMs: number): CommitmentChange {
  return { commitment: 'committed', state: 'delivered', dueAtMs: nowMs, note: null };
}

/** The destination does not have it after all: it is sent again, a limited number of times. */
export function refused(
  reason: number | null,
  asks: number,
  nowMs: number,
  limits: CommitmentLimits,
): CommitmentChange {
  const why = reason === null ? '' : ` (0x${reason.toString(16).toUpperCase().padStart(4, '0')})`;
  const note = `commitment refused${why}`;
  if (isAskedEnough(asks, limits)) return { commitment: 'refused', state: 'dead', dueAtMs: nowMs, note };
  // The first time at once; a PACS that loses it again and again is given growing time.
  const waitMs = asks <= 1 ? 0 : answerWaitMs(asks - 1, limits);
  return { commitment: 'refused', state: 'pending', dueAtMs: nowMs + waitMs, note };
}

/** It could not be asked: later, until it was tried often enough. */
export function notAsked(
  code: string,
  asks: number,
  nowMs: number,
  limits: CommitmentLimits,
): CommitmentChange {
  const note = `commitment could not be asked for: ${code}`;
  if (isAskedEnough(asks, limits)) return { commitment: 'refused', state: 'dead', dueAtMs: nowMs, note };
  return { commitment: 'wanted', state: 'delivered', dueAtMs: nowMs + answerWaitMs(asks, limits), note };
}

/** It was asked often enough and no answer came: stored, it seems, but nobody promised to keep it. */
export function unanswered(nowMs: number): CommitmentChange {
  return { commitment: 'refused', state: 'dead', dueAtMs: nowMs, note: 'no answer about commitment came' };
}
