import { useEffect } from 'react';
import type { ReactNode } from 'react';
import type { Language } from '../decide/reason-texts.ts';
import type { Reason } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import type { ExamState } from '../exam/exam-state.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { PersonView } from '../worklist/worklist-views.ts';
import { PageLink } from './address.tsx';
import { ageAndSexOf, durationOf, momentOf, nameOf, shownNumber, spokenReason } from './display.ts';
import { useLanguage } from './language.tsx';
import { RequestFailed } from './requests.ts';
import { spokenConflict } from './spoken-conflict.ts';
import { fillWords } from './words.ts';
import type { Words } from './words.ts';

/** Sets the document's title while the page is shown. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · osteotriage`;
  }, [title]);
}

/** How a film ended; colour is never the only sign, the word always stands there. */
export function ExamBadge({ state }: { readonly state: ExamState }) {
  const { words } = useLanguage();
  return <span className={`badge badge-${state}`}>{words[state]}</span>;
}

/** Where a referral stands. */
export function ReferralBadge({ state }: { readonly state: ReferralState }) {
  const { words } = useLanguage();
  return <span className={`badge badge-referral-${state}`}>{words[`referral-${state}`]}</span>;
}

/** What a finding asks for, the most pressing first; nothing where it asks for nothing. */
export function AssessmentBadges({ assessments }: { readonly assessments: readonly Assessment[] }) {
  const { words } = useLanguage();
  if (assessments.length === 0) return null;
  return (
    <p className="asks">
      <span className="faint">{words.asks}:</span>
      {assessments.map((assessment) => (
        <span key={assessment} className={`badge badge-asks badge-asks-${assessment}`}>
          {words[`asks-${assessment}`]}
        </span>
      ))}
    </p>
  );
}

/** The way to one film; a reader who hears the page is told whose. */
export function FilmLink({ examId, person }: { readonly examId: string; readonly person: PersonView }) {
  const { words } = useLanguage();
  return (
    <PageLink
      to={`/exams/${examId}`}
      className="button"
      label={fillWords(words.filmOfPerson, { name: nameOf(person, words) })}
    >
      {words.openFilm}
    </PageLink>
  );
}

/** A person in a table's row. */
export function PersonLines(properties: {
  readonly person: PersonView;
  readonly ageYears: number | null;
  readonly children?: ReactNode;
}) {
  const { words } = useLanguage();
  const { person, ageYears, children } = properties;
  return (
    <>
      <span className="strong">
        {nameOf(person, words)} {children}
      </span>
      <span className="faint">
        <span className="code">{shownNumber(person)}</span> · {ageAndSexOf(person, ageYears, words)}
      </span>
    </>
  );
}

/** Time since, by the server's clock, with the moment itself below. */
export function SinceLines({ from, at }: { readonly from: string; readonly at: string }) {
  const { language, words } = useLanguage();
  return (
    <time dateTime={from}>
      <span>{fillWords(words.ago, { time: durationOf(from, at, language) })}</span>{' '}
      <span className="faint">{momentOf(from, language)}</span>
    </time>
  );
}

/** A reason in words. */
export function ReasonText({ reason }: { readonly reason: Reason }) {
  const { language } = useLanguage();
  const spoken = spokenReason(reason, language);
  return <span lang={spoken.language === language ? undefined : spoken.language}>{spoken.text}</span>;
}

/** Shown while the first answer is awaited, and when there is none. */
export function AwaitedNotice({ error }: { readonly error: Error | null }) {
  const { words } = useLanguage();
  if (error === null) return <p className="faint loading">{words.loading}</p>;
  return (
    <div className="notice notice-warning" role="alert">
      <strong>{words.couldNotLoad}</strong> <FailureText error={error} />
    </div>
  );
}

/** Why a request failed: in the reader's language where the pages know the code, else as the service says it. */
export function FailureText({ error }: { readonly error: Error }) {
  const { language, words } = useLanguage();
  const known = knownFailure(error, language, words);
  if (known !== undefined) return <p>{known}</p>;
  return (
    <p lang="en">
      {spokenFailure(error, language, words)}
      {error instanceof RequestFailed && <span className="code"> ({error.code})</span>}
    </p>
  );
}

/** The same as bare text. */
export function spokenFailure(error: Error, language: Language, words: Words): string {
  const known = knownFailure(error, language, words);
  if (known !== undefined) return known;
  return error instanceof RequestFailed ? `${error.message}. ${error.action}` : error.message;
}

function knownFailure(error: Error, language: Language, words: Words): string | undefined {
  if (!(error instanceof RequestFailed)) return words['error-unreachable'];
  const conflict = spokenConflict(error, language, words);
  if (conflict !== undefined) return conflict;
  const key = `error-${error.code}`;
  return key in words ? words[key as keyof Words] : undefined;
}

/** A choice of one among few, as a row of buttons. */
export function ChoiceRow<Value extends string>(properties: {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly text: ReactNode }[];
  readonly chosen: Value;
  readonly choose: (value: Value) => void;
}) {
  const { label, options, chosen, choose } = properties;
  return (
    <div className="switch" role="group" aria-label={label}>
      {options.map(({ value, text }) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => choose(value)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/** A table that is scrolled sideways where the screen is narrow: by keys, too, so it takes the focus. */
export function TableCard({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="card" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
