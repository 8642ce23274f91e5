import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyStoreStatus, DEFAULT_DELIVERY_LIMITS, nextAttempt } from './report-sender.ts';

const DAY_MS = 86_400_000;

describe('the status of a C-STORE response', () => {
  it('is a delivery without a remark only at 0x0000', () => {
    expect(classifyStoreStatus(0)).toEqual({ kind: 'delivered', note: null, errorClass: null });
  });

  it.each([0xb000, 0xb006, 0xb007])('%i is a delivery with a remark', (status) => {
    expect(classifyStoreStatus(status)).toMatchObject({
      kind: 'delivered',
      note: expect.stringMatching(/^stored, /) as string,
    });
  });

  it('0x0111 means that the object is there already', () => {
    expect(classifyStoreStatus(0x0111)).toMatchObject({ kind: 'delivered', note: 'already there' });
  });

  it.each([
    [0xa700, 'transient'],
    [0xa7ff, 'transient'],
    [0x0110, 'transient'],
    [0xa900, 'permanent'],
    [0xa9ff, 'permanent'],
    [0xc000, 'permanent'],
    [0xcfff, 'permanent'],
    [0x0122, 'ambiguous'],
    [0x1234, 'ambiguous'],
  ] as const)('%i is a %s failure', (status, errorClass) => {
    expect(classifyStoreStatus(status)).toMatchObject({ kind: 'failed', errorClass });
  });

  it('names the code of a failure for the operator', () => {
    expect(classifyStoreStatus(0xa900).note).toBe('status 0xA900');
  });
});

describe('the next attempt', () => {
  const at = (attempt: number, nowMs = 0, firstAttemptAtMs = 0) => ({ attempt, nowMs, firstAttemptAtMs });

  it('is never made after a permanent failure', () => {
    expect(nextAttempt('permanent', at(1))).toEqual({ state: 'dead' });
  });

  it('waits ten seconds, then twice as long each time, up to an hour', () => {
    const waits = [1, 2, 3, 9, 10, 2000].map((attempt) => {
      const next = nextAttempt('transient', at(attempt));
      return next.state === 'pending' ? next.dueAtMs / 1000 : 'dead';
    });
    expect(waits).toEqual([10, 20, 40, 2560, 3600, 3600]);
  });

  it('is given up after a week of a PACS that is down, not before', () => {
    expect(nextAttempt('transient', at(170, 6.9 * DAY_MS)).state).toBe('pending');
    expect(nextAttempt('transient', at(170, 7 * DAY_MS)).state).toBe('dead');
  });

  it('is limited in number where the failure is ambiguous', () => {
    const last = DEFAULT_DELIVERY_LIMITS.ambiguousAttemptsMax;
    expect(nextAttempt('ambiguous', at(last - 1)).state).toBe('pending');
    expect(nextAttempt('ambiguous', at(last)).state).toBe('dead');
  });

  it('is always in the future and within the longest wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 0, max: 2 ** 41 }),
        (attempt, nowMs) => {
          const next = nextAttempt('transient', at(attempt, nowMs, nowMs));
          return next.state === 'pending' && next.dueAtMs > nowMs && next.dueAtMs <= nowMs + 3_600_000;
        },
      ),
    );
  });
});
