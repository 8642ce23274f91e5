import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  excessBytesOf,
  type HeldFilm,
  holdOf,
  planRetention,
  type RetentionRules,
} from './retention-policy.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_700_000_000_000;
const OFF: RetentionRules = { keepDays: 0, diskPercentMax: 0 };
const YEAR: RetentionRules = { ...OFF, keepDays: 365 };

function film(change: Partial<HeldFilm> = {}): HeldFilm {
  return {
    examId: 'e',
    receivedAtMs: NOW_MS,
    bytes: 100,
    state: 'negative',
    hasUndelivered: false,
    hasUncommitted: false,
    hasOpenReferral: false,
    isCommitmentAsked: false,
    ...change,
  };
}

const daysOld = (days: number): number => NOW_MS - days * DAY_MS;

describe('a film stays', () => {
  it.each([
    ['not-finished', { state: 'pending' }],
    ['failed', { state: 'failed' }],
    ['not-delivered', { hasUndelivered: true }],
    ['not-committed', { hasUncommitted: true }],
    ['referral-open', { hasOpenReferral: true, state: 'positive' }],
    ['commitment-asked', { isCommitmentAsked: true }],
  ] as const)('as %s', (hold, change) => {
    expect(holdOf(film(change))).toBe(hold);
    const old = film({ ...change, receivedAtMs: daysOld(10_000) });
    const everything = { keepDays: 1, diskPercentMax: 1 };
    expect(planRetention([old], everything, 1_000_000, NOW_MS)).toEqual({
      removals: [],
      held: { [hold]: 1 },
      excessBytes: 1_000_000,
    });
  });

  it('for ever where no rule is set', () => {
    expect(excessBytesOf(OFF, { totalBytes: 1, filmBytes: 1_000 })).toBe(0);
    expect(planRetention([film({ receivedAtMs: 0 })], OFF, 0, NOW_MS).removals).toEqual([]);
  });
});

describe('a film goes', () => {
  it('on the day it reaches the age, not a millisecond before', () => {
    const films = [
      film({ examId: 'old', receivedAtMs: daysOld(365) }),
      film({ examId: 'young', receivedAtMs: daysOld(365) + 1 }),
    ];
    expect(planRetention(films, YEAR, 0, NOW_MS).removals).toMatchObject([{ examId: 'old', rule: 'age' }]);
  });

  it('as the oldest that may go, while films take more than their share of the disk', () => {
    const rules = { keepDays: 0, diskPercentMax: 10 };
    const films = [
      film({ examId: 'a', receivedAtMs: daysOld(9), hasUndelivered: true }),
      film({ examId: 'b', receivedAtMs: daysOld(8) }),
      film({ examId: 'c', receivedAtMs: daysOld(7) }),
      film({ examId: 'd', receivedAtMs: daysOld(6) }),
    ];
    const excess = excessBytesOf(rules, { totalBytes: 2_500, filmBytes: 400 });
    expect(excess).toBe(150);
    const plan = planRetention(films, rules, excess, NOW_MS);
    expect(plan.removals.map(({ examId, rule }) => [examId, rule])).toEqual([
      ['b', 'disk'],
      ['c', 'disk'],
    ]);
    expect(plan).toMatchObject({ held: { 'not-delivered': 1 }, excessBytes: 0 });
  });

  it('never while anything holds it, and never more than the rules ask, whatever the films', () => {
    const anyFilm = fc.record({
      examId: fc.uuid(),
      receivedAtMs: fc.integer({ min: daysOld(1_000), max: NOW_MS }),
      bytes: fc.integer({ min: 1, max: 1_000 }),
      state: fc.constantFrom('pending', 'positive', 'negative', 'failed', 'not-eligible', 'not-assessable'),
      hasUndelivered: fc.boolean(),
      hasUncommitted: fc.boolean(),
      hasOpenReferral: fc.boolean(),
      isCommitmentAsked: fc.boolean(),
    } as const);
    fc.assert(
      fc.property(fc.array(anyFilm), fc.integer({ min: 0, max: 20_000 }), (films, excess) => {
        const ordered = films.toSorted((a, b) => a.receivedAtMs - b.receivedAtMs);
        const { removals, excessBytes } = planRetention(ordered, YEAR, excess, NOW_MS);
        const gone = new Map(removals.map((removal) => [removal.examId, removal]));
        for (const one of ordered) if (holdOf(one) !== null) expect(gone.has(one.examId)).toBe(false);
        const byDisk = removals.filter(({ rule }) => rule === 'disk');
        // Without the last one there was still an excess.
        const freed = removals.reduce((sum, { bytes }) => sum + bytes, 0);
        if (byDisk.length > 0) expect(freed - byDisk.at(-1)!.bytes).toBeLessThan(excess);
        expect(excessBytes).toBe(Math.max(0, excess - freed));
      }),
    );
  });
});
