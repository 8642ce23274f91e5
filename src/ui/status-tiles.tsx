import type { ExamState } from '../exam/exam-state.ts';
import type { StatusCounts } from '../worklist/worklist-views.ts';
import { PageLink } from './address.tsx';
import { useLanguage } from './language.tsx';
import { useStatus } from './worklist-queries.ts';

/** The states of an exam in the order of the way through the service, with where their count stands. */
export const STATE_COUNTS: readonly (readonly [ExamState, keyof StatusCounts])[] = [
  ['pending', 'pending'],
  ['positive', 'positive'],
  ['negative', 'negative'],
  ['not-assessable', 'notAssessable'],
  ['not-eligible', 'notEligible'],
  ['failed', 'failed'],
];

/** How many films came and what became of them; each tile leads to those films. */
export function StatusTiles() {
  const { words } = useLanguage();
  const { data } = useStatus();
  const counts = data?.counts ?? null;
  if (counts === null) return null;
  return (
    <section aria-label={words.countsTitle}>
      <h2 className="minor">{words.countsTitle}</h2>
      <ul className="tiles">
        <Tile to="/films" text={words.received} count={counts.received} />
        {STATE_COUNTS.map(([state, key]) => (
          <Tile key={state} to={`/films?state=${state}`} text={words[state]} count={counts[key]} />
        ))}
        <Tile to="/films#refused" text={words.refusedCount} count={counts.refused} />
      </ul>
    </section>
  );
}

function Tile(properties: { readonly to: string; readonly text: string; readonly count: number }) {
  return (
    <li>
      <PageLink to={properties.to} className="tile">
        <span className="tile-number">{properties.count}</span>
        <span>{properties.text}</span>
      </PageLink>
    </li>
  );
}
