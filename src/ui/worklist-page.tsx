import { useEffect, useRef, useState } from 'react';
import { compareFindings } from '../exam/finding-kind.ts';
import type { ReferralRow } from '../worklist/worklist-views.ts';
import { PageLink } from './address.tsx';
import { nameOf, numberOf, quotedWidthMm, spokenFinding } from './display.ts';
import { useLanguage } from './language.tsx';
import {
  AssessmentBadges,
  AwaitedNotice,
  ChoiceRow,
  PersonLines,
  ReferralBadge,
  SinceLines,
  usePageTitle,
} from './page-parts.tsx';
import { StatusTiles } from './status-tiles.tsx';
import { fillWords } from './words.ts';
import { useReferrals } from './worklist-queries.ts';

type Order = 'newest' | 'severe';

/** The referrals, the newest or the most severe first. */
export function WorklistPage() {
  const { words } = useLanguage();
  const { data, error } = useReferrals();
  const [order, setOrder] = useState<Order>('newest');
  const newcomers = useNewcomers(data?.referrals);
  usePageTitle(words.worklist);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.worklistTitle}</h1>
          <p className="intro">{words.worklistIntro}</p>
        </div>
        <ChoiceRow<Order>
          label={words.order}
          options={[
            { value: 'newest', text: words.newestFirst },
            { value: 'severe', text: words.severeFirst },
          ]}
          chosen={order}
          choose={setOrder}
        />
      </div>
      <NewcomerAnnouncement referrals={data?.referrals ?? []} newcomers={newcomers} />
      {data === undefined && <AwaitedNotice error={error} />}
      {data?.referrals.length === 0 && <EmptyWorklist />}
      {data !== undefined && data.referrals.length > 0 && (
        <ReferralTable referrals={sortReferrals(data.referrals, order)} at={data.at} newcomers={newcomers} />
      )}
      <StatusTiles />
    </>
  );
}

function ReferralTable(properties: {
  readonly referrals: readonly ReferralRow[];
  readonly at: string;
  readonly newcomers: ReadonlySet<string>;
}) {
  const { words } = useLanguage();
  const { referrals, at, newcomers } = properties;
  return (
    <div className="card">
      <table className="rows">
        <caption className="unseen">{words.worklistTitle}</caption>
        <thead>
          <tr>
            <th scope="col">{words.person}</th>
            <th scope="col">{words.finding}</th>
            <th scope="col">{words.state}</th>
            <th scope="col">{words.arrived}</th>
            <th scope="col">{words.film}</th>
          </tr>
        </thead>
        <tbody>
          {referrals.map((referral) => {
            const isNew = newcomers.has(referral.referralId);
            return (
              <tr key={referral.referralId} className={isNew ? 'row-new' : undefined}>
                <th scope="row" className="lines">
                  <PersonLines person={referral.person} ageYears={referral.ageYears}>
                    {isNew && <span className="badge badge-new">{words.isNew}</span>}
                  </PersonLines>
                </th>
                <td>
                  <FindingCell referral={referral} />
                  <AssessmentBadges assessments={referral.assessments} />
                </td>
                <td>
                  <ReferralBadge state={referral.state} />
                </td>
                <td className="lines">
                  <SinceLines from={referral.arrivedAt} at={at} />
                </td>
                <td className="links">
                  <FilmLinks referral={referral} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function FindingCell({ referral }: { readonly referral: ReferralRow }) {
  const { language, words } = useLanguage();
  const finding = spokenFinding(referral, language, words);
  return (
    <div className="finding">
      <div className="figure">
        <FindingFigure referral={referral} />
      </div>
      <span lang={finding.language === language ? undefined : finding.language}>{finding.text}</span>
    </div>
  );
}

/** What a row is about at a glance: a vertebra with its grade, a width, or a model's score. */
function FindingFigure({ referral }: { readonly referral: ReferralRow }) {
  const { language, words } = useLanguage();
  const { vertebra, kind, sortingScore, widthScale } = referral;
  if (kind === 'fracture' && vertebra !== null) {
    const { level, genantGrade: grade, deformity } = vertebra;
    return (
      <>
        <span className="figure-number">{fillWords(words.gradeOf, { level, grade })}</span>
        <span className="faint">{words[`deformity-${deformity}`]}</span>
      </>
    );
  }
  if (kind === 'low-density') {
    return (
      <>
        <span className="figure-number">{numberOf(sortingScore, 2, language)}</span>
        <span className="faint" title={words.siteModelHint}>
          {words.siteScore}
        </span>
      </>
    );
  }
  const widthMm = quotedWidthMm(referral.reasons, referral.meanWidthMm);
  const detector = widthScale === 'detector';
  if (widthMm === null) return <span className="faint">{words.noMillimetres}</span>;
  return (
    <>
      <span className="figure-number">{numberOf(widthMm, 2, language)} mm</span>
      {widthScale !== null && (
        <span className="faint" title={detector ? words.detectorScaleHint : undefined}>
          {detector ? words.detectorScale : words.correctedScale}
        </span>
      )}
    </>
  );
}

function FilmLinks({ referral }: { readonly referral: ReferralRow }) {
  const { words } = useLanguage();
  const name = nameOf(referral.person, words);
  return referral.examIds.map((examId, index) => {
    const several = referral.examIds.length > 1;
    const text = several ? fillWords(words.openFilmNumber, { n: index + 1 }) : words.openFilm;
    const label = fillWords(words.openFilmOf, { film: text, name });
    return (
      <PageLink key={examId} to={`/exams/${examId}`} className="button" label={label}>
        {text}
      </PageLink>
    );
  });
}

function EmptyWorklist() {
  const { words } = useLanguage();
  return (
    <section className="empty">
      <h2>{words.worklistEmptyTitle}</h2>
      <p>{words.worklistEmptyText}</p>
      <PageLink to="/films" className="button">
        {words.toTheFilms}
      </PageLink>
    </section>
  );
}

function NewcomerAnnouncement(properties: {
  readonly referrals: readonly ReferralRow[];
  readonly newcomers: ReadonlySet<string>;
}) {
  const { language, words } = useLanguage();
  const rows = properties.referrals.filter((row) => properties.newcomers.has(row.referralId));
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

/** The rows that came while the page was open; those of the first answer are not news. */
function useNewcomers(referrals: readonly ReferralRow[] | undefined): ReadonlySet<string> {
  const known = useRef<Set<string>>(undefined);
  const [newcomers, setNewcomers] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (referrals === undefined) return;
    const ids = referrals.map((row) => row.referralId);
    const before = known.current;
    known.current = new Set([...(before ?? []), ...ids]);
    if (before === undefined) return;
    const fresh = ids.filter((id) => !before.has(id));
    if (fresh.length > 0) setNewcomers((earlier) => new Set([...earlier, ...fresh]));
  }, [referrals]);
  return newcomers;
}

/** A fracture stands before a thin cortex; within a kind the score sorts, films without a scale in millimetres too. */
function sortReferrals(referrals: readonly ReferralRow[], order: Order): readonly ReferralRow[] {
  const newestFirst = (a: ReferralRow, b: ReferralRow): number =>
    Date.parse(b.arrivedAt) - Date.parse(a.arrivedAt);
  if (order === 'newest') return referrals.toSorted(newestFirst);
  return referrals.toSorted((a, b) => compareFindings(a, b) || newestFirst(a, b));
}
