import type { Words } from './words.ts';
import { fillWords } from './words.ts';

const DAY_MS = 86_400_000;

/** How far away a due date is, in whole days of the reader's calendar. */
export function spokenDue(dueIso: string, atIso: string, words: Words): string {
  const days = Math.round((dayOf(dueIso) - dayOf(atIso)) / DAY_MS);
  if (days === 0) return words.dueToday;
  if (days === 1) return words.dueTomorrow;
  if (days === -1) return words.dueYesterday;
  return days > 0 ? fillWords(words.dueInDays, { n: days }) : fillWords(words.dueDaysAgo, { n: -days });
}

/** The calendar day of a moment where the reader is, as YYYY-MM-DD. */
export function localDate(iso: string): string {
  const day = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

function dayOf(iso: string): number {
  return Date.parse(localDate(iso));
}
