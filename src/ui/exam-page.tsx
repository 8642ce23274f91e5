import type { SpineFinding } from '../exam/analysis.ts';
import { isScaleCorrected } from '../exam/device-profile.ts';
import { largestLossPercent, worstVertebra } from '../exam/worst-vertebra.ts';
import type { ExamView } from '../worklist/worklist-views.ts';
import { PageLink } from './address.tsx';
import { CorrectionNotes } from './correction-notes.tsx';
import { ageAndSexOf, dateOf, nameOf, numberOf, quotedWidthMm, spokenCode } from './display.ts';
import { ExamDetails, ExamReports } from './exam-details.tsx';
import { FilmViewer } from './film-viewer.tsx';
import { useLanguage } from './language.tsx';
import { AssessmentBadges, AwaitedNotice, ExamBadge, ReasonText, usePageTitle } from './page-parts.tsx';
import { SidesTable } from './sides-table.tsx';
import { VertebraeTable } from './vertebrae-table.tsx';
import { fillWords } from './words.ts';
import { useExam } from './worklist-queries.ts';

/** One film: the picture large, the numbers, the reasons, and where they come from. */
export function ExamPage({ examId }: { readonly examId: string }) {
  const { words } = useLanguage();
  const { data, error } = useExam(examId);
  usePageTitle(words.examTitle);
  if (data === undefined) {
    return (
      <>
        <BackLinks referral={false} />
        <h1 className="unseen">{words.examTitle}</h1>
        <AwaitedNotice error={error} />
      </>
    );
  }
  const { exam } = data;
  return (
    <>
      <BackLinks referral={exam.referralId !== null} />
      <ExamHead exam={exam} />
      {/* A film that has just been read has other pictures than while it waited. */}
      <FilmViewer
        key={exam.finishedAt}
        examId={exam.examId}
        columns={exam.analysis?.image?.columns ?? null}
      />
      <div className="columns">
        <div>
          <section className="part" aria-labelledby="numbers">
            <h2 id="numbers">{words.numbersTitle}</h2>
            <ExamNumbers exam={exam} />
          </section>
          <CorrectionNotes exam={exam} />
          <ExamReasons exam={exam} />
        </div>
        <div>
          <ExamDetails exam={exam} />
          <ExamReports exam={exam} />
        </div>
      </div>
    </>
  );
}

function BackLinks({ referral }: { readonly referral: boolean }) {
  const { words } = useLanguage();
  return (
    <p className="back">
      <PageLink to={referral ? '/' : '/films'}>
        ← {referral ? words.toTheWorklist : words.toTheFilms}
      </PageLink>
    </p>
  );
}

function ExamHead({ exam }: { readonly exam: ExamView }) {
  const { words } = useLanguage();
  const { person } = exam;
  return (
    <div className="exam-head">
      <div>
        <h1>{nameOf(person, words)}</h1>
        <p className="intro">
          <span className="code">{person.patientId}</span>
          {' · '}
          {ageAndSexOf(person, exam.ageYears, words)}
          {person.birthDate !== null && ` · * ${dateOf(person.birthDate)}`}
        </p>
      </div>
      <div className="exam-outcome">
        <Headline exam={exam} />
        <ExamBadge state={exam.state} />
        <AssessmentBadges assessments={exam.assessments} />
      </div>
    </div>
  );
}

/** The number or grade that a reader looks for first. */
function Headline({ exam }: { readonly exam: ExamView }) {
  const { language, words } = useLanguage();
  const { panoramic = null, spine = null, boneDensity = null } = exam.analysis ?? {};
  const widthMm = quotedWidthMm(exam.reasons, panoramic?.meanWidthMm ?? null);
  if (spine !== null) return <SpineHeadline spine={spine} />;
  if (boneDensity !== null) {
    const limit = fillWords(words.siteLimit, { limit: numberOf(boneDensity.limit, 2, language) });
    return (
      <p className="headline">
        <span className="headline-number">{numberOf(boneDensity.score, 2, language)}</span>
        <span className="faint" title={words.siteModelHint}>
          {words.siteScore}, {limit}
        </span>
      </p>
    );
  }
  if (widthMm === null) return null;
  return (
    <p className="headline">
      <span className="headline-number">{numberOf(widthMm, 2, language)} mm</span>
      <span className="faint">
        {words.meanWidth},{' '}
        {isCorrected(exam) ? words.correctedScale : `${words.detectorScale} (${words.detectorScaleHint})`}
      </span>
    </p>
  );
}

function SpineHeadline({ spine }: { readonly spine: SpineFinding }) {
  const { language, words } = useLanguage();
  const worst = worstVertebra(spine);
  if (worst === null) return null;
  const { level, genantGrade, deformity } = worst;
  const lost = fillWords(words.heightLost, {
    type: words[`deformity-${deformity}`],
    loss: numberOf(largestLossPercent(worst), 0, language),
  });
  return (
    <p className="headline">
      <span className="headline-number">{fillWords(words.gradeOf, { level, grade: genantGrade })}</span>
      <span className="faint">{genantGrade === 0 ? words.worstVertebra : lost}</span>
    </p>
  );
}

function ExamNumbers({ exam }: { readonly exam: ExamView }) {
  const { words } = useLanguage();
  const { analysis } = exam;
  const { panoramic = null, spine = null } = analysis ?? {};
  if (exam.state === 'pending') return <p className="faint">{words.waitingText}</p>;
  if (spine !== null && spine.vertebrae.length > 0) return <VertebraeTable spine={spine} />;
  if (analysis === null || panoramic === null) return <p className="faint">{words.noNumbers}</p>;
  return <SidesTable panoramic={panoramic} spacing={analysis.spacing} />;
}

function ExamReasons({ exam }: { readonly exam: ExamView }) {
  const { language, words } = useLanguage();
  const problems = exam.analysis?.quality.problems ?? [];
  return (
    <>
      {exam.reasons.length > 0 && (
        <section className="part" aria-labelledby="reasons">
          <h2 id="reasons">{words.reasonsTitle}</h2>
          <ul className="reasons">
            {exam.reasons.map((reason) => (
              <li key={reason.code + reason.text}>
                <ReasonText reason={reason} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {problems.length > 0 && (
        <section className="part" aria-labelledby="problems">
          <h2 id="problems">{words.problemsTitle}</h2>
          <ul className="reasons">
            {problems.map((problem) => (
              <li key={problem}>{spokenCode(problem, language)}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function isCorrected(exam: ExamView): boolean {
  const { analysis } = exam;
  return analysis !== null && isScaleCorrected(analysis.spacing, analysis.panoramic?.magnification ?? null);
}
