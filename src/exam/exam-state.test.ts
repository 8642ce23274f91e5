import { describe, expect, it } from 'vitest';
import { moveDelivery, moveExam, moveReferral } from './exam-state.ts';

describe('the transition tables', () => {
  it('let an exam end once, and only a failed one begin again', () => {
    expect(moveExam('pending', 'positive')).toBe('positive');
    expect(moveExam('failed', 'pending')).toBe('pending');
    for (const end of ['positive', 'negative', 'not-assessable', 'not-eligible'] as const) {
      expect(() => moveExam(end, 'pending')).toThrow(`the exam cannot go from ${end} to pending`);
      expect(() => moveExam(end, 'positive')).toThrow('cannot go');
    }
  });

  it('let a referral be done only after it was accepted', () => {
    expect(moveReferral('open', 'accepted')).toBe('accepted');
    expect(moveReferral('accepted', 'done')).toBe('done');
    expect(() => moveReferral('open', 'done')).toThrow('cannot go from open to done');
    expect(() => moveReferral('dismissed', 'open')).toThrow('cannot go');
  });

  it('let a dead delivery be started again, a delivered one never', () => {
    expect(moveDelivery('dead', 'pending')).toBe('pending');
    expect(() => moveDelivery('delivered', 'pending')).toThrow('cannot go');
  });
});
