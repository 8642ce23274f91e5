/** The life of a referral: where it can stand, what a person can do there, and how long it may stay. Pure. */
import { TriageError } from '../errors.ts';

/**
 * Where a referral stands. `dxa-ordered` waits for an appointment, `dxa-booked` for the scanner, `dxa-done` for its
 * T-scores to be read and what follows from them; `treatment-assessment` is with the physician.
 */
export const REFERRAL_STATES = [
  'flagged',
  'under-review',
  'accepted',
  'dxa-ordered',
  'dxa-booked',
  'dxa-done',
  'treatment-assessment',
  'closed',
  'dismissed',
] as const;

/** One of the states. */
export type ReferralState = (typeof REFERRAL_STATES)[number];

/** A referral in one of these is the person's one open referral, which later films join. */
export const UNENDED_STATES = [
  'flagged',
  'under-review',
  'accepted',
  'dxa-ordered',
  'dxa-booked',
  'dxa-done',
  'treatment-assessment',
] as const satisfies readonly ReferralState[];

/** Why a referral is dismissed. */
export const DISMISSAL_REASONS = [
  'known-and-treated',
  'too-frail',
  'artefact',
  'declined',
  'duplicate',
  'other',
] as const;

/** One of the reasons. */
export type DismissalReason = (typeof DISMISSAL_REASONS)[number];

/** What came of a referral that was closed. */
export const CLOSING_OUTCOMES = [
  'treatment-started',
  'treatment-not-indicated',
  'normal-bone-density',
  'lifestyle-advice',
  'referred-to-specialist',
  'patient-declined',
  'died-or-moved',
  'other',
] as const;

/** One of the outcomes. */
export type ClosingOutcome = (typeof CLOSING_OUTCOMES)[number];

/** Every step of the table; an action is what a person or a scanner does, and leads along one of them. */
const REFERRAL_TRANSITIONS: Readonly<Record<ReferralState, readonly ReferralState[]>> = {
  flagged: ['under-review', 'accepted', 'dismissed'],
  // Closed again where it was reopened by mistake.
  'under-review': ['flagged', 'accepted', 'dismissed', 'closed'],
  // A vertebral fracture may go to treatment whatever the bone density is (clinical-rules, Sweden).
  accepted: ['flagged', 'under-review', 'dxa-ordered', 'treatment-assessment', 'dismissed'],
  // A scanner that reports late may skip the booking; one that is called off gives the referral back.
  'dxa-ordered': ['accepted', 'dxa-booked', 'dxa-done', 'dismissed'],
  'dxa-booked': ['accepted', 'dxa-ordered', 'dxa-done', 'dismissed'],
  // T-scores that were entered for the wrong referral are taken back.
  'dxa-done': ['dxa-ordered', 'dxa-booked', 'treatment-assessment', 'closed', 'dismissed'],
  // However far it came: dismissed where the person turns out to have another referral, which gets what it has.
  'treatment-assessment': ['accepted', 'dxa-done', 'dxa-ordered', 'closed', 'dismissed'],
  // Both are taken up again where the person has no other open referral.
  closed: ['under-review', 'dxa-done', 'treatment-assessment'],
  dismissed: ['flagged', 'under-review', 'accepted', 'dxa-ordered', 'dxa-booked'],
};

/** Returns the next state of a referral; throws state-conflict where the table does not allow the step. */
export function moveReferral(from: ReferralState, to: ReferralState): ReferralState {
  if (!REFERRAL_TRANSITIONS[from].includes(to)) {
    throw new TriageError('state-conflict', `the referral cannot go from ${from} to ${to}`);
  }
  return to;
}

/** Whether the person's referral is still under way. */
export function isUnended(state: ReferralState): boolean {
  return (UNENDED_STATES as readonly ReferralState[]).includes(state);
}

/** How many days a referral may stay in a state before it is overdue; ended ones are never due. */
export type ReferralDays = Readonly<Record<(typeof UNENDED_STATES)[number], number>>;

/** Days where the sites file says nothing else. */
export const DEFAULT_REFERRAL_DAYS: ReferralDays = {
  flagged: 7,
  'under-review': 7,
  accepted: 7,
  'dxa-ordered': 14,
  'dxa-booked': 28,
  'dxa-done': 14,
  'treatment-assessment': 28,
};

const DAY_MS = 86_400_000;

/** When a referral that came into a state should have left it; null once it ended. */
export function dueAtMs(state: ReferralState, sinceMs: number, days: ReferralDays): number | null {
  return isUnended(state) ? sinceMs + days[state as keyof ReferralDays] * DAY_MS : null;
}
