/** Why a referral does not allow what a person asked for. Pages say it in the reader's language. Pure. */
import { TriageError } from '../errors.ts';
import type { ReferralActionName, ReferralEventName } from './referral-action.ts';
import type { ReferralState } from './referral-life.ts';

/** What stands in the way, with what a sentence about it needs; `at` is ISO. */
export type ReferralConflict =
  | {
      readonly conflict: 'changed';
      readonly event: ReferralEventName;
      readonly actor: string;
      readonly at: string;
    }
  | { readonly conflict: 'led-by'; readonly owner: string }
  | {
      readonly conflict:
        | 'led-by-you'
        | 'led-by-nobody'
        | 'other-under-way'
        | 'dxa-begun'
        | 'nothing-done'
        | 'person-unnamed'
        | 'day-to-come'
        | 'day-beyond'
        | 'film-being-read'
        | 'film-read-anew';
    }
  | { readonly conflict: 'not-undoable'; readonly event: ReferralEventName; readonly actor: string }
  | {
      readonly conflict: 'not-in-state';
      readonly action: ReferralActionName;
      readonly state: ReferralState;
    };

/**
 * The failure that tells both: the message in English for programs, the details for pages. What is asked for does not
 * fit the state of the referral, or does not hold whatever its state.
 */
export function referralConflict(
  message: string,
  details: ReferralConflict,
  code: 'state-conflict' | 'request-invalid' = 'state-conflict',
): TriageError {
  return new TriageError(code, message, { details });
}
