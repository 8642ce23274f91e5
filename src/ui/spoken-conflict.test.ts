import { describe, expect, it } from 'vitest';
import type { ReferralConflict } from '../exam/referral-conflict.ts';
import { momentOf } from './display.ts';
import { RequestFailed } from './requests.ts';
import { spokenConflict } from './spoken-conflict.ts';
import { WORDS } from './words.ts';

const AT = '2026-11-22T13:05:00.000Z';

function say(details: ReferralConflict, language: 'en' | 'sv'): string | undefined {
  return spokenConflict(new RequestFailed('state-conflict', '', '', details), language, WORDS[language]);
}

describe('why a referral was not changed', () => {
  it.each<[ReferralConflict, string, string]>([
    [
      { conflict: 'changed', event: 'claim', actor: 'Per Lind', at: AT },
      `Taken over by Per Lind, ${momentOf(AT, 'en')}. It was read anew; look again before you go on.`,
      `Övertagen av Per Lind, ${momentOf(AT, 'sv')}. Uppgifterna har lästs om; titta igen innan du fortsätter.`,
    ],
    [
      { conflict: 'not-undoable', event: 'fetched-by-scanner', actor: 'service' },
      'What was done last cannot be undone: The scanner fetched the order (the service).',
      'Det som gjordes senast kan inte ångras: Utrustningen hämtade beställningen (tjänsten).',
    ],
    [
      { conflict: 'not-in-state', action: 'close', state: 'flagged' },
      'This is not possible in the referral’s present state: New.',
      'Det går inte i remissens nuvarande läge: Ny.',
    ],
  ])('is said with name, time and state: $conflict', (details, english, swedish) => {
    expect(say(details, 'en')).toBe(english);
    expect(say(details, 'sv')).toBe(swedish);
  });

  it('is said of each kind without a place that stays empty', () => {
    const kinds: readonly ReferralConflict[] = [
      { conflict: 'led-by', owner: 'Per Lind' },
      ...(
        [
          ...(['led-by-you', 'led-by-nobody', 'other-under-way', 'dxa-begun', 'nothing-done'] as const),
          ...(['person-unnamed', 'day-to-come', 'day-beyond', 'film-being-read', 'film-read-anew'] as const),
        ] as const
      ).map((conflict) => ({ conflict })),
    ];
    for (const details of kinds)
      for (const language of ['en', 'sv'] as const) expect(say(details, language)).toMatch(/^[^{}]{15,}\.$/);
  });

  it('is left to the general sentence where the service says no more', () => {
    for (const details of [undefined, { conflict: 'of another version' }]) {
      const failure = new RequestFailed('state-conflict', 'changed', '', details);
      expect(spokenConflict(failure, 'sv', WORDS.sv)).toBeUndefined();
    }
  });
});
