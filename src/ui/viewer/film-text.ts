import { widthText } from '../../decide/cortex-words.ts';
import type { Language } from '../../decide/reason-texts.ts';
import type { AnalysisResult } from '../../exam/analysis.ts';
import { spokenCode } from '../display.ts';
import type { ViewerWords } from '../viewer-words.ts';
import { fillWords, WORDS } from '../words.ts';

/** What was measured on a film, for those who do not see it. */
export function filmText(analysis: AnalysisResult | null, language: Language, said: ViewerWords): string {
  const words = WORDS[language];
  const sides = (analysis?.panoramic?.sides ?? []).map((side) =>
    fillWords(said.stageSide, {
      side: side.side === 'R' ? words.sideR : words.sideL,
      text: widthText(side, language) ?? spokenCode(side.reason ?? 'margin-unclear', language),
    }),
  );
  const bodies = (analysis?.spine?.vertebrae ?? []).map(({ level, genantGrade }) =>
    genantGrade === null
      ? fillWords(said.stageSide, { side: level, text: words.notGraded })
      : fillWords(words.gradeOf, { level, grade: genantGrade }),
  );
  const parts = [...sides, ...bodies];
  return parts.length === 0 ? said.stageNothing : parts.join('; ');
}
