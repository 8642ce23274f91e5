import { useState } from 'react';
import type { ReferralView } from '../worklist/referral-views.ts';
import { PageLink } from './address.tsx';
import { CorrectionNotes } from './correction-notes.tsx';
import { dateOf } from './display.ts';
import { localDate } from './due-words.ts';
import { FilmViewer } from './film-viewer.tsx';
import { useLanguage } from './language.tsx';

import { AwaitedNotice, ExamBadge, ReasonText } from './page-parts.tsx';
import { ThresholdChart } from './threshold-chart.tsx';
import { fillWords } from './words.ts';
import { useExam } from './worklist-queries.ts';

type Film = ReferralView['films'][number];

/** The film that speaks, and the choice among all films of the person; the viewer lays another one beside it. */
export function ReferralFilms({ films }: Pick<ReferralView, 'films'>) {
  const { words } = useLanguage();
  const [chosenId, setChosenId] = useState<string>();
  const first = films.find(({ isOnReferral }) => isOnReferral) ?? films[0];
  const shown = films.find(({ examId }) => examId === chosenId) ?? first;
  if (shown === undefined) return <p className="faint">{words.noFilms}</p>;
  return (
    <>
      {films.length > 1 && (
        <ul className="film-choice" aria-label={words.filmsTitleOne}>
          {films.map((film) => (
            <li key={film.examId}>
              <button
                type="button"
                className="film-name"
                aria-pressed={film.examId === shown.examId}
                onClick={() => setChosenId(film.examId)}
              >
                <FilmName film={film} />
              </button>
              <ExamBadge state={film.state} />
            </li>
          ))}
        </ul>
      )}
      <FilmOfReferral key={shown.examId} film={shown} />
    </>
  );
}

/** One film with its numbers. */
function FilmOfReferral({ film }: { readonly film: Film }) {
  const { words } = useLanguage();
  const { data, error } = useExam(film.examId);
  if (data === undefined) return <AwaitedNotice error={error} />;
  const { exam } = data;
  return (
    <div className="film-of-referral">
      <h2 className="unseen">
        <FilmName film={film} />
      </h2>
      <FilmViewer
        key={exam.finishedAt}
        examId={exam.examId}
        columns={exam.analysis?.image?.columns ?? null}
      />
      <section className="part" aria-labelledby={`measured-${exam.examId}`}>
        <h2 id={`measured-${exam.examId}`}>{words.measurementTitle}</h2>
        {exam.analysis === null ? (
          <p className="faint">{words.noNumbers}</p>
        ) : (
          <ThresholdChart analysis={exam.analysis} />
        )}
        <ul className="reasons">
          {exam.reasons.map((reason) => (
            <li key={reason.code + reason.text}>
              <ReasonText reason={reason} />
            </li>
          ))}
        </ul>
        <CorrectionNotes exam={exam} />
        <p className="film-page-link">
          <PageLink to={`/exams/${exam.examId}`}>{words.openFilmPage}</PageLink>
        </p>
      </section>
      {exam.analysis !== null && <ModelLimits analysis={exam.analysis} />}
    </div>
  );
}

function FilmName({ film }: { readonly film: Film }) {
  const { words } = useLanguage();
  const view = film.view === null ? words.unknown : words[film.view];
  return (
    <>
      {view}, {dateOf(localDate(film.receivedAt))}{' '}
      <span className="faint">({film.isOnReferral ? words.filmOnReferral : words.filmEarlier})</span>
    </>
  );
}

/** What made the numbers, and what it is not. */
function ModelLimits({
  analysis,
}: {
  analysis: NonNullable<ReturnType<typeof useExam>['data']>['exam']['analysis'];
}) {
  const { words } = useLanguage();
  if (analysis === null) return null;
  const { spine, panoramic, models } = analysis;
  const limits = spine !== null ? words.modelSpine : panoramic !== null ? words.modelCortex : words.modelSite;
  return (
    <details className="part disclosure">
      <summary>{words.modelTitle}</summary>
      <p className="strong">{words.modelNot}</p>
      <p>{limits}</p>
      <p>
        {words.modelUsed}:{' '}
        {models.length === 0
          ? words.none
          : models.map(({ name, version }) => fillWords('{name} {version}', { name, version })).join(', ')}
      </p>
    </details>
  );
}
