import { useEffect, useRef, useState } from 'react';
import type { ReferralRow } from '../worklist/worklist-views.ts';
import { nameOf, spokenFinding } from './display.ts';
import { useLanguage } from './language.tsx';
import { fillWords } from './words.ts';

/** Says aloud which rows came while the page was open. */
export function NewcomerAnnouncement(properties: {
  readonly rows: readonly ReferralRow[];
  readonly newcomers: ReadonlySet<string>;
}) {
  const { language, words } = useLanguage();
  const rows = properties.rows.filter((row) => properties.newcomers.has(row.referralId));
  const [first] = rows;
  let text = '';
  if (first !== undefined && rows.length === 1) {
    const finding = spokenFinding(first, language, words).text;
    text = fillWords(words.newReferral, { name: nameOf(first.person, words), finding });
  } else if (rows.length > 1) {
    text = fillWords(words.newReferrals, { n: rows.length });
  }
  return (
    <p className="unseen" role="status" aria-live="polite">
      {text}
    </p>
  );
}

/**
 * The rows that came while one view was open: they were made after its first answer. Rows that merely move into sight,
 * by another page, filter or sorting, are not news.
 */
export function useNewcomers(
  rows: readonly ReferralRow[] | undefined,
  at: string | undefined,
): ReadonlySet<string> {
  const openedAt = useRef<string>(undefined);
  const [newcomers, setNewcomers] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (rows === undefined || at === undefined) return;
    const since = (openedAt.current ??= at);
    const fresh = rows.filter(({ createdAt }) => Date.parse(createdAt) > Date.parse(since));
    if (fresh.length === 0) return;
    setNewcomers((earlier) => {
      const ids = fresh.map(({ referralId }) => referralId).filter((id) => !earlier.has(id));
      return ids.length === 0 ? earlier : new Set([...earlier, ...ids]);
    });
  }, [rows, at]);
  return newcomers;
}
