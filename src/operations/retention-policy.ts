import type { ExamState } from '../exam/exam-state.ts';

const DAY_MS = 86_400_000;

/** A film that is held, with what speaks against removing it. */
export interface HeldFilm {
  readonly examId: string;
  readonly receivedAtMs: number;
  readonly bytes: number;
  readonly state: ExamState;
  /** Whether a report of it is still on its way, or was given up. */
  readonly hasUndelivered: boolean;
  /** Whether a PACS has yet to commit itself to a report of it. */
  readonly hasUncommitted: boolean;
  /** Whether it speaks for, or answers, a referral that has not ended. */
  readonly hasOpenReferral: boolean;
  /** Whether its sender waits for our own commitment. */
  readonly isCommitmentAsked: boolean;
}

/** Why a film stays although its time is up. */
export type Hold =
  'not-finished' | 'failed' | 'not-delivered' | 'not-committed' | 'referral-open' | 'commitment-asked';

/** Settings of retention; 0 turns a rule off. */
export interface RetentionRules {
  readonly keepDays: number;
  /** Share of the disk that films may take. */
  readonly diskPercentMax: number;
}

/** A film that goes, and the rule that says so. */
export interface Removal {
  readonly examId: string;
  readonly receivedAtMs: number;
  readonly bytes: number;
  readonly rule: 'age' | 'disk';
}

/** What becomes of some films. */
export interface RetentionPlan {
  readonly removals: readonly Removal[];
  /** Films whose time is up and that stay, by reason. */
  readonly held: Readonly<Partial<Record<Hold, number>>>;
  /** Bytes above the share of the disk that are left after the removals; 0 when there are none. */
  readonly excessBytes: number;
}

/** Why a film must stay whatever its age; null where nothing speaks for it. */
export function holdOf(film: Omit<HeldFilm, 'examId' | 'receivedAtMs' | 'bytes'>): Hold | null {
  if (film.state === 'pending') return 'not-finished';
  // A person has still to look at it, and may start it again.
  if (film.state === 'failed') return 'failed';
  if (film.hasUndelivered) return 'not-delivered';
  if (film.hasUncommitted) return 'not-committed';
  if (film.hasOpenReferral) return 'referral-open';
  if (film.isCommitmentAsked) return 'commitment-asked';
  return null;
}

/**
 * How many bytes films take above their share of the disk. The films themselves are counted, not what is free: on a
 * disk that something else fills, or where a backup holds hard links to removed films, removing more would not help.
 */
export function excessBytesOf(
  rules: RetentionRules,
  disk: { readonly totalBytes: number; readonly filmBytes: number },
): number {
  if (rules.diskPercentMax === 0) return 0;
  return Math.max(0, Math.ceil(disk.filmBytes - (disk.totalBytes * rules.diskPercentMax) / 100));
}

/** Decides on films in the order of their receipt: those above the age, then the oldest while there is an excess. */
export function planRetention(
  films: readonly HeldFilm[],
  rules: RetentionRules,
  excessBytes: number,
  nowMs: number,
): RetentionPlan {
  const removals: Removal[] = [];
  const held: Partial<Record<Hold, number>> = {};
  let excess = excessBytes;
  for (const film of films) {
    const isOld = isTooOld(film.receivedAtMs, rules, nowMs);
    if (!isOld && excess <= 0) continue;
    const hold = holdOf(film);
    if (hold !== null) {
      held[hold] = (held[hold] ?? 0) + 1;
      continue;
    }
    const { examId, receivedAtMs, bytes } = film;
    removals.push({ examId, receivedAtMs, bytes, rule: isOld ? 'age' : 'disk' });
    excess = Math.max(0, excess - bytes);
  }
  return { removals, held, excessBytes: excess };
}

/** Whether the rule of age says that a film of this receipt should go. */
export function isTooOld(receivedAtMs: number, rules: RetentionRules, nowMs: number): boolean {
  return rules.keepDays > 0 && nowMs - receivedAtMs >= rules.keepDays * DAY_MS;
}
