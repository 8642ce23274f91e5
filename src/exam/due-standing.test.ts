import { describe, expect, it } from 'vitest';
import { dueStanding } from './due-standing.ts';

const DAY_MS = 86_400_000;
const DUE_MS = 1_800_000_000_000;

describe('the standing of a due date', () => {
  it.each([
    ['in-time', -2 * DAY_MS - 1],
    ['due-soon', -2 * DAY_MS],
    ['due-soon', -1],
    ['overdue', 0],
    ['overdue', 7 * DAY_MS - 1],
    ['escalated', 7 * DAY_MS],
  ] as const)('is %s %d ms from it', (standing, fromDueMs) => {
    expect(dueStanding(DUE_MS, DUE_MS + fromDueMs)).toBe(standing);
  });

  it('is none where nothing is due', () => {
    expect(dueStanding(null, DUE_MS)).toBeNull();
  });
});
