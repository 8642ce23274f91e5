import { describe, expect, it } from 'vitest';
import {
  isUnended,
  moveReferral,
  REFERRAL_STATES,
  type ReferralState,
  UNENDED_STATES,
} from './referral-life.ts';

/** Where the table leads from a state in one step. */
function nextStates(from: ReferralState): readonly ReferralState[] {
  return REFERRAL_STATES.filter((to) => {
    try {
      return moveReferral(from, to) === to;
    } catch {
      return false;
    }
  });
}

/** Every state that can be reached, itself included. */
function reachableFrom(start: ReferralState): ReadonlySet<ReferralState> {
  const reached = new Set([start]);
  for (const state of reached) for (const next of nextStates(state)) reached.add(next);
  return reached;
}

describe('the life of a referral', () => {
  it('leads from flagged to every state', () => {
    expect([...reachableFrom('flagged')].sort()).toEqual([...REFERRAL_STATES].sort());
  });

  it('leads from every state to an end, and from an end back into care', () => {
    for (const state of UNENDED_STATES) {
      const reached = [...reachableFrom(state)];
      expect(reached.some((end) => !isUnended(end))).toBe(true);
    }
    for (const end of ['closed', 'dismissed'] as const) expect(nextStates(end)).toContain('under-review');
  });

  it('has no step that stays where it is, and none past the decision of a person', () => {
    for (const state of REFERRAL_STATES) expect(nextStates(state)).not.toContain(state);
    for (const early of ['flagged', 'under-review'] as const) {
      expect(nextStates(early).filter((to) => to.startsWith('dxa') || to === 'treatment-assessment')).toEqual(
        [],
      );
    }
    expect(() => moveReferral('flagged', 'closed')).toThrow('the referral cannot go from flagged to closed');
  });

  it('takes a referral along the ordinary way', () => {
    const way: readonly ReferralState[] = [
      'flagged',
      'under-review',
      'accepted',
      'dxa-ordered',
      'dxa-booked',
      'dxa-done',
      'treatment-assessment',
      'closed',
    ];
    for (const [index, from] of way.slice(0, -1).entries()) {
      const to = way[index + 1]!;
      expect(moveReferral(from, to)).toBe(to);
    }
  });
});
