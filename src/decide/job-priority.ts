import type { JobPriority } from '../exam/priority.ts';

/** What a sender says of the urgency of a C-STORE (PS3.7 9.3.1.1, Priority). */
export type StorePriority = 'medium' | 'high' | 'low';

const BY_VALUE: Readonly<Record<number, StorePriority>> = { 0: 'medium', 1: 'high', 2: 'low' };

const DAY_MS = 86_400_000;

/** Reads (0000,0700); a value that the standard does not know is medium. */
export function storePriorityOf(value: number | undefined): StorePriority {
  return BY_VALUE[value ?? 0] ?? 'medium';
}

/** What is known of a film's urgency when it comes in. */
export interface Urgency {
  readonly storePriority: StorePriority;
  /** The sites file's word for all films of the site; undefined where it has none. */
  readonly sitePriority: JobPriority | undefined;
  /** Study Date as the header has it, YYYYMMDD. */
  readonly studyDate: string | null;
  readonly receivedAtMs: number;
  readonly backfillDaysMin: number;
}

/**
 * How urgent a film is. Urgent wins, whoever says it: a film that a person waits for may be an old one, and a site that
 * sends its archive may have a patient in the chair.
 */
export function decidePriority(urgency: Urgency): JobPriority {
  const { storePriority, sitePriority } = urgency;
  if (storePriority === 'high' || sitePriority === 'urgent') return 'urgent';
  if (storePriority === 'low' || sitePriority === 'backfill' || isOld(urgency)) return 'backfill';
  return 'routine';
}

/** A date that is no date says nothing. */
function isOld({ studyDate, receivedAtMs, backfillDaysMin }: Urgency): boolean {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(studyDate?.trim() ?? '');
  if (parts === null) return false;
  const [year = 0, month = 0, day = 0] = parts.slice(1).map(Number);
  return receivedAtMs - Date.UTC(year, month - 1, day) > backfillDaysMin * DAY_MS;
}
