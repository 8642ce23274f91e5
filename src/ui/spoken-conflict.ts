import type { Language } from '../decide/reason-texts.ts';
import type { ReferralConflict } from '../exam/referral-conflict.ts';
import { actorText, momentOf } from './display.ts';
import type { RequestFailed } from './requests.ts';
import { fillWords, type Words } from './words.ts';

/** Why a referral was not changed, in the reader's language; undefined where the service said no more than that. */
export function spokenConflict(
  { details }: RequestFailed,
  language: Language,
  words: Words,
): string | undefined {
  if (details === undefined || !(`conflict-${details['conflict'] ?? ''}` in words)) return undefined;
  // The answer's shape is typed by the service, which is built from the same commit.
  const known = details as ReferralConflict;
  return fillWords(words[`conflict-${known.conflict}`], valuesOf(known, language, words));
}

function valuesOf(known: ReferralConflict, language: Language, words: Words): Record<string, string> {
  switch (known.conflict) {
    case 'changed':
      return { ...deedValues(known, words), when: momentOf(known.at, language) };
    case 'not-undoable':
      return deedValues(known, words);
    case 'led-by':
      return { name: known.owner };
    case 'not-in-state':
      return { state: words[`referral-${known.state}`] };
    default:
      return {};
  }
}

function deedValues(
  { event, actor }: Extract<ReferralConflict, { readonly event: unknown }>,
  words: Words,
): Record<string, string> {
  return { event: words[`event-${event}`], name: actorText(actor, words) };
}
