import { useEffect, useRef } from 'react';
import type { ExamState } from '../exam/exam-state.ts';
import type { ExamRow } from '../worklist/worklist-views.ts';
import { openAddress, useAddress } from './address.tsx';
import { momentOf } from './display.ts';
import { useLanguage } from './language.tsx';
import {
  AwaitedNotice,
  ChoiceRow,
  ExamBadge,
  PersonLines,
  ReasonText,
  SinceLines,
  usePageTitle,
  FilmLink,
  TableCard,
} from './page-parts.tsx';
import { mayOpen } from './page-routes.ts';
import { useSession } from './session.tsx';
import { STATE_COUNTS } from './status-tiles.tsx';
import { fillWords } from './words.ts';
import { useExams, useRefusals, useStatus } from './worklist-queries.ts';

/** As many rows as the service gives when it is not asked for another number. */
const ROWS_SHOWN = 200;

/** All exams whatever came of them, and what was refused on arrival. */
export function FilmsPage() {
  const { words } = useLanguage();
  const { user } = useSession();
  const { search } = useAddress();
  const asked = new URLSearchParams(search).get('state');
  const state = STATE_COUNTS.find(([known]) => known === asked)?.[0];
  const { data, error } = useExams(state);
  usePageTitle(words.films);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.filmsTitle}</h1>
          <p className="intro">{words.filmsIntro}</p>
        </div>
      </div>
      <StateFilter state={state} />
      {data === undefined && <AwaitedNotice error={error} />}
      {data?.exams.length === 0 && <EmptyFilms filtered={state !== undefined} />}
      {data !== undefined && data.exams.length > 0 && <ExamTable exams={data.exams} at={data.at} />}
      {data?.exams.length === ROWS_SHOWN && (
        <p className="faint">{fillWords(words.rowsShown, { n: ROWS_SHOWN })}</p>
      )}
      {mayOpen('deliveries', user.roles) && <Refusals />}
    </>
  );
}

function StateFilter({ state }: { readonly state: ExamState | undefined }) {
  const { words } = useLanguage();
  const counts = useStatus().data?.counts;
  const options = STATE_COUNTS.map(([value, key]) => ({
    value,
    text: <Counted text={words[value]} count={counts?.[key]} />,
  }));
  return (
    <ChoiceRow<ExamState | 'all'>
      label={words.showState}
      options={[
        { value: 'all', text: <Counted text={words.allStates} count={counts?.received} /> },
        ...options,
      ]}
      chosen={state ?? 'all'}
      choose={(chosen) => openAddress(chosen === 'all' ? '/films' : `/films?state=${chosen}`, 'replace')}
    />
  );
}

function Counted({ text, count }: { readonly text: string; readonly count: number | undefined }) {
  return (
    <>
      {text} {count !== undefined && <span className="count">{count}</span>}
    </>
  );
}

function ExamTable({ exams, at }: { readonly exams: readonly ExamRow[]; readonly at: string }) {
  const { words } = useLanguage();
  return (
    <TableCard label={words.filmsTitle}>
      <table className="rows stacked">
        <caption className="unseen">{words.filmsTitle}</caption>
        <thead>
          <tr>
            <th scope="col">{words.person}</th>
            <th scope="col">{words.outcome}</th>
            <th scope="col">{words.reason}</th>
            <th scope="col">{words.view}</th>
            <th scope="col">{words.arrived}</th>
            <th scope="col">{words.film}</th>
          </tr>
        </thead>
        <tbody>
          {exams.map((exam) => (
            <tr key={exam.examId}>
              <th scope="row" className="lines">
                <PersonLines person={exam.person} ageYears={exam.ageYears} />
              </th>
              <td>
                <ExamBadge state={exam.state} />
              </td>
              <td className="reason">
                {exam.reasons[0] !== undefined && <ReasonText reason={exam.reasons[0]} />}
              </td>
              <td className="lines">
                <span>{exam.view === null ? '–' : words[exam.view]}</span>
                <span className="faint">{exam.modality}</span>
              </td>
              <td className="lines">
                <SinceLines from={exam.receivedAt} at={at} />
              </td>
              <td className="links">
                <FilmLink examId={exam.examId} person={exam.person} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableCard>
  );
}

function EmptyFilms({ filtered }: { readonly filtered: boolean }) {
  const { words } = useLanguage();
  return (
    <section className="empty">
      <h2>{words.filmsEmptyTitle}</h2>
      <p>{filtered ? words.filmsEmptyFiltered : words.filmsEmptyText}</p>
    </section>
  );
}

function Refusals() {
  const { language, words } = useLanguage();
  const { data, error } = useRefusals();
  const section = useRef<HTMLElement>(null);
  const loaded = data !== undefined;
  useEffect(() => {
    if (loaded && location.hash === '#refused') section.current?.scrollIntoView();
  }, [loaded]);
  return (
    <section id="refused" ref={section} className="part">
      <h2>{words.refusalsTitle}</h2>
      <p className="intro">{words.refusalsIntro}</p>
      {data === undefined && <AwaitedNotice error={error} />}
      {data?.refusals.length === 0 && <p className="faint">{words.refusalsEmpty}</p>}
      {data !== undefined && data.refusals.length > 0 && (
        <TableCard label={words.refusalsTitle}>
          <table className="rows stacked">
            <caption className="unseen">{words.refusalsTitle}</caption>
            <thead>
              <tr>
                <th scope="col">{words.time}</th>
                <th scope="col">{words.sender}</th>
                <th scope="col">{words.reason}</th>
                <th scope="col">{words.identifiers}</th>
              </tr>
            </thead>
            <tbody>
              {data.refusals.map((refusal) => (
                <tr key={refusal.refusalId}>
                  <td className="nowrap">{momentOf(refusal.at, language)}</td>
                  <td data-label={words.sender} className="code">
                    {refusal.callingAeTitle}
                  </td>
                  <td className="reason">
                    <ReasonText reason={refusal} />
                  </td>
                  <td data-label={words.identifiers} className="code break">
                    {refusal.sopInstanceUid ?? '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableCard>
      )}
    </section>
  );
}
