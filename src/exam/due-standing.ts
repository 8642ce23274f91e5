/** How pressing the due date of a referral is. Pure. */

/** `due-soon` from two days before the due date, `overdue` after it, `escalated` from a week after it. */
export type DueStanding = 'in-time' | 'due-soon' | 'overdue' | 'escalated';

const DAY_MS = 86_400_000;

/** So long before the due date a reminder is noted. */
export const REMINDER_BEFORE_MS = 2 * DAY_MS;

/** So long after the due date it is escalated. */
export const ESCALATION_AFTER_MS = 7 * DAY_MS;

/** Where a due date stands at a moment; null where nothing is due. */
export function dueStanding(dueAtMs: number | null, nowMs: number): DueStanding | null {
  if (dueAtMs === null) return null;
  if (nowMs >= dueAtMs + ESCALATION_AFTER_MS) return 'escalated';
  if (nowMs >= dueAtMs) return 'overdue';
  return nowMs >= dueAtMs - REMINDER_BEFORE_MS ? 'due-soon' : 'in-time';
}
