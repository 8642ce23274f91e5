import { describe, expect, it } from 'vitest';
import { actionsIn, stateAfter } from './referral-action.ts';
import { isUnended, moveReferral, REFERRAL_STATES } from './referral-life.ts';

describe('the table of actions', () => {
  it('never leaves the table of states', () => {
    for (const state of REFERRAL_STATES) {
      for (const action of actionsIn(state)) {
        const to = stateAfter(action, state);
        expect(to === state ? to : moveReferral(state, to)).toBe(to);
      }
    }
  });

  it('always lets a note be written, and what is under way be led by somebody', () => {
    for (const state of REFERRAL_STATES) {
      expect(actionsIn(state)).toContain('note');
      if (isUnended(state))
        expect(actionsIn(state)).toEqual(expect.arrayContaining(['claim', 'assign', 'set-due']));
      else expect(actionsIn(state)[0]).toBe('reopen');
    }
  });

  it('names the next step first', () => {
    const next = REFERRAL_STATES.map((state) => [state, actionsIn(state)[0]]);
    expect(Object.fromEntries(next)).toEqual({
      flagged: 'claim',
      'under-review': 'accept',
      accepted: 'order-dxa',
      'dxa-ordered': 'book-dxa',
      'dxa-booked': 'record-dxa',
      'dxa-done': 'record-dxa',
      'treatment-assessment': 'close',
      closed: 'reopen',
      dismissed: 'reopen',
    });
  });

  it('refuses what a state does not allow, and says what it does', () => {
    expect(() => stateAfter('close', 'flagged')).toThrow(
      'close is not possible while the referral is flagged; possible are: claim, accept, dismiss',
    );
  });
});
