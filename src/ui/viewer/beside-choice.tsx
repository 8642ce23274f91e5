import type { CorrectionsAnswer } from '../../worklist/film-views.ts';
import { dateOf } from '../display.ts';
import { useLanguage } from '../language.tsx';
import { ToolButton } from './tool-bar.tsx';
import { useViewerWords } from './viewer-language.ts';

type OtherFilm = CorrectionsAnswer['otherFilms'][number];

/** Chooses the film that is shown beside, one by one or from the list; nothing where there is none. */
export function BesideChoice(properties: {
  /** The newest first. */
  readonly films: readonly OtherFilm[];
  readonly chosen: string | null;
  readonly choose: (examId: string | null) => void;
}) {
  const { said } = useViewerWords();
  const { words } = useLanguage();
  const { films, chosen, choose } = properties;
  if (films.length === 0) return null;
  const at = films.findIndex(({ examId }) => examId === chosen);
  const older = films[at + 1];
  const nameOf = ({ studyDate, view }: OtherFilm): string =>
    [studyDate === null ? said.besideNoDate : dateOf(studyDate), viewName(view, words)].join(' · ');
  return (
    <div className="tool-group">
      <label className="tool-select">
        <span>{said.besideFilm}</span>
        <select
          value={chosen ?? ''}
          onChange={({ target }) => choose(target.value === '' ? null : target.value)}
        >
          <option value="">{said.besideNone}</option>
          {films.map((film) => (
            <option key={film.examId} value={film.examId}>
              {nameOf(film)}
            </option>
          ))}
        </select>
      </label>
      <ToolButton
        label={said.besideNewer}
        text="▲"
        isDisabled={at < 0}
        act={() => choose(films[at - 1]?.examId ?? null)}
      />
      <ToolButton
        label={said.besideOlder}
        text="▼"
        isDisabled={older === undefined}
        act={() => choose(older?.examId ?? null)}
      />
    </div>
  );
}

const VIEWS = [
  'panoramic',
  'spine-lateral',
  'spine-frontal',
  'chest-frontal',
  'chest-lateral',
  'other',
] as const;

function viewName(view: string | null, words: Readonly<Record<(typeof VIEWS)[number], string>>): string {
  const known = VIEWS.find((name) => name === view);
  return known === undefined ? '–' : words[known];
}
