import { describe, expect, it } from 'vitest';
import { moveCommitment, moveDelivery, moveExam, moveStep } from './exam-state.ts';

describe('the transition tables', () => {
  it('let an exam end once, and be assessed anew only from the start', () => {
    expect(moveExam('pending', 'positive')).toBe('positive');
    for (const end of ['positive', 'negative', 'not-assessable', 'not-eligible', 'failed'] as const) {
      expect(moveExam(end, 'pending')).toBe('pending');
      expect(() => moveExam(end, 'positive')).toThrow(`the exam cannot go from ${end} to positive`);
    }
  });

  it('let a scanner give a step back, and end it once', () => {
    expect(moveStep('in-progress', 'scheduled')).toBe('scheduled');
    expect(() => moveStep('completed', 'in-progress')).toThrow('cannot go');
    expect(() => moveStep('discontinued', 'in-progress')).toThrow('cannot go');
  });

  it('let a dead delivery be started again, and a superseded one never', () => {
    expect(moveDelivery('dead', 'pending')).toBe('pending');
    expect(() => moveDelivery('superseded', 'pending')).toThrow('cannot go');
  });

  it('let a commitment be asked for again, and never be taken back', () => {
    expect(moveCommitment('asked', 'asked')).toBe('asked');
    expect(moveCommitment('refused', 'wanted')).toBe('wanted');
    expect(() => moveCommitment('wanted', 'committed')).toThrow('cannot go');
    expect(() => moveCommitment('committed', 'refused')).toThrow('cannot go');
  });
});
