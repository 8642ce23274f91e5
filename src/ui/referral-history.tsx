import type { ReferralEventView } from '../worklist/referral-views.ts';
import { actorText, dateOf, momentOf, numberOf } from './display.ts';
import { useLanguage } from './language.tsx';
import type { WordKey, Words } from './words.ts';
import { fillWords } from './words.ts';

/** What happened to a referral, the latest first. */
export function ReferralHistory({ events }: { readonly events: readonly ReferralEventView[] }) {
  const { language, words } = useLanguage();
  const latestFirst = events.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.eventId - a.eventId);
  return (
    <section className="part" aria-labelledby="history">
      <h2 id="history">{words.historyTitle}</h2>
      <ol className="history">
        {latestFirst.map((event) => (
          <li key={event.eventId} className={event.isUndone ? 'undone' : undefined}>
            <span className="strong">{words[`event-${event.action}`]}</span>
            {event.isUndone && <span className="badge">{words.undoneMark}</span>}
            <DetailText event={event} />
            <span className="faint block">
              <time dateTime={event.at}>{momentOf(event.at, language)}</time>{' '}
              {fillWords(words.by, { name: actorText(event.actor, words) })}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What an action carried, in words; what is not known here is left out rather than shown as a code. */
function DetailText({ event }: { readonly event: ReferralEventView }) {
  const { language, words } = useLanguage();
  const { details } = event;
  const text = (name: string): string | undefined => {
    const value = details[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const named = (prefix: string, name: string): string | undefined => {
    const key = `${prefix}${text(name) ?? ''}`;
    return key in words ? words[key as WordKey] : undefined;
  };
  const scores = scoresText(details['tScores'], language, words);
  const parts = [
    named('reason-', 'reason'),
    named('outcome-', 'outcome'),
    text('name'),
    // An appointment stands there as the scanner's list has it: YYYYMMDD and HHMMSS.
    [
      dateOf(text('date') ?? text('measuredOn') ?? text('dueOn') ?? ''),
      text('time')?.replace(/^(\d{2})(\d{2})\d{2}$/, '$1:$2'),
      text('stationAeTitle'),
    ]
      .filter((part) => part !== undefined && part !== '')
      .join(' '),
    scores,
    text('note') ?? text('text'),
  ].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? null : <span className="block">{parts.join('; ')}</span>;
}

function scoresText(scores: unknown, language: 'en' | 'sv', words: Words): string | undefined {
  if (typeof scores !== 'object' || scores === null) return undefined;
  const known = scores as Readonly<Record<string, unknown>>;
  const parts = (['lumbarSpine', 'femoralNeck', 'totalHip'] as const).flatMap((region) => {
    const score = known[region];
    return typeof score === 'number' ? [`${words[region]} ${numberOf(score, 1, language)}`] : [];
  });
  return parts.length === 0 ? undefined : parts.join(', ');
}
