import { measuredSideText, measuredVertebraText } from '../decide/correction-words.ts';
import { widthText } from '../decide/cortex-words.ts';
import { isWithdrawn } from '../exam/correction.ts';
import { largestLossPercent } from '../exam/worst-vertebra.ts';
import type { CorrectionsAnswer } from '../worklist/film-views.ts';
import type { ExamView } from '../worklist/worklist-views.ts';
import { momentOf, numberOf, spokenCode } from './display.ts';
import { useLanguage } from './language.tsx';
import { useRead } from './requests.ts';
import { useViewerWords } from './viewer/viewer-language.ts';
import { fillWords } from './words.ts';

/** What a person corrected beside what was measured, and every correction before; nothing where nobody did. */
export function CorrectionNotes({ exam }: { readonly exam: ExamView }) {
  const { language, said } = useViewerWords();
  const path = `/api/exams/${exam.examId}/corrections`;
  const notes = useRead<CorrectionsAnswer>(['exam', exam.examId, 'corrections'], path).data;
  const corrections = notes?.corrections ?? [];
  const lines = useCorrectedLines(exam);
  if (corrections.length === 0) return null;
  return (
    <section className="part" aria-labelledby="corrections">
      <h2 id="corrections">{said.correctionsTitle}</h2>
      {lines.length > 0 && (
        <ul className="reasons">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {corrections.map(({ correctionId, byName, at, note, points }) => (
        <p key={correctionId} className="faint">
          {fillWords(isWithdrawn(points) ? said.correctionWithdrawn : said.correctedBy, {
            name: byName,
            at: momentOf(at, language),
          })}
          {note !== null && <span className="block">{fillWords(said.noteOf, { text: note })}</span>}
        </p>
      ))}
    </section>
  );
}

/** One line for each corrected side and vertebra: what was measured, what stands now. */
function useCorrectedLines({ analysis }: ExamView): string[] {
  const { language, said } = useViewerWords();
  const { words } = useLanguage();
  if (analysis === null) return [];
  const line = (of: string, before: string, after: string): string =>
    fillWords(said.measuredAndCorrected, { of, before, after });
  const sides = (analysis.panoramic?.sides ?? []).flatMap((side) => {
    const before = measuredSideText(analysis, side.side, language);
    const after = widthText(side, language) ?? spokenCode(side.reason ?? 'margin-unclear', language);
    return before === null ? [] : [line(side.side === 'R' ? words.sideR : words.sideL, before, after)];
  });
  const bodies = (analysis.spine?.vertebrae ?? []).flatMap((vertebra) => {
    const before = measuredVertebraText(analysis, vertebra, language);
    const { level, genantGrade, deformity } = vertebra;
    const after =
      genantGrade === null || deformity === null
        ? words.notGraded
        : fillWords(said.valueGrade, {
            grade: genantGrade,
            type: words[`deformity-${deformity}`],
            loss: numberOf(largestLossPercent(vertebra), 0, language),
          });
    return before === null ? [] : [line(level, before, after)];
  });
  return [...sides, ...bodies];
}
