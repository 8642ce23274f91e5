import type { ReferralRow } from '../worklist/worklist-views.ts';
import { numberOf, quotedWidthMm, spokenFinding } from './display.ts';
import { useLanguage } from './language.tsx';
import { AssessmentBadges } from './page-parts.tsx';
import { fillWords } from './words.ts';

/** The finding of a referral: its number or grade, the words, and what it asks for. */
export function FindingSummary({ referral }: { readonly referral: ReferralRow }) {
  const { language, words } = useLanguage();
  const finding = spokenFinding(referral, language, words);
  return (
    <>
      <div className="finding">
        <div className="figure">
          <FindingFigure referral={referral} />
        </div>
        <span lang={finding.language === language ? undefined : finding.language}>{finding.text}</span>
      </div>
      <AssessmentBadges assessments={referral.assessments} />
    </>
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
