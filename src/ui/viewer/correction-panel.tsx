import { useState } from 'react';
import { widthText } from '../../decide/cortex-words.ts';
import { reasonText, type Language } from '../../decide/reason-texts.ts';
import type { AnalysisResult, ReportedSide, VertebraFinding } from '../../exam/analysis.ts';
import { VERTEBRA_POINTS } from '../../exam/analysis.ts';
import { SIDE_POINTS, type SideCorrection } from '../../exam/correction.ts';
import type { PointPx } from '../../exam/film.ts';
import { largestLossPercent } from '../../exam/worst-vertebra.ts';
import { possibleLevels } from '../../measure/corrected-vertebra.ts';
import { numberOf, spokenCode } from '../display.ts';
import { useLanguage } from '../language.tsx';
import type { ViewerWords } from '../viewer-words.ts';
import { fillWords, type Words } from '../words.ts';
import {
  type CorrectionDraft,
  draftSide,
  draftVertebrae,
  measuredSides,
  measuredVertebrae,
  type PointName,
  renameBody,
  setBodyAssessable,
  setSideAssessable,
} from './correction-draft.ts';
import { NudgePad } from './nudge-pad.tsx';
import { ToolButton } from './tool-bar.tsx';
import { pointText, useViewerWords } from './viewer-language.ts';

/** What the panel shows and changes. */
export interface CorrectionPanelParts {
  readonly analysis: AnalysisResult;
  readonly draft: CorrectionDraft;
  readonly change: (draft: CorrectionDraft) => void;
  /** The body whose points are shown. */
  readonly body: number;
  readonly chooseBody: (body: number) => void;
  readonly chosen: PointName | null;
  readonly choose: (name: PointName) => void;
  readonly nudge: (by: PointPx) => void;
}

/** Points as a list, the values that follow, and what was measured beside them. */
export function CorrectionPanel(properties: CorrectionPanelParts) {
  const { said } = useViewerWords();
  const { draft, chosen, nudge } = properties;
  const levels = draft.vertebrae.map(({ level }) => level);
  return (
    <div className="correction">
      <h2>{said.correctTitle}</h2>
      <p className="faint">{said.correctIntro}</p>
      <div className="correction-parts">
        {draft.sides.map((side) => (
          <SideFields key={side.side} {...properties} side={side} />
        ))}
        {draft.vertebrae.length > 0 && <BodyFields {...properties} />}
      </div>
      <NudgePad name={chosen === null ? null : pointText(chosen, levels, said)} move={nudge} />
    </div>
  );
}

function SideFields(properties: CorrectionPanelParts & { readonly side: SideCorrection }) {
  const { said, language } = useViewerWords();
  const { words } = useLanguage();
  const { analysis, draft, change, chosen, choose, side } = properties;
  const name = side.side === 'R' ? words.sideR : words.sideL;
  const measured = measuredSides(analysis).find((each) => each.side === side.side);
  const now = draftSide(analysis, side);
  const { image } = analysis;
  return (
    <fieldset>
      <legend>{name}</legend>
      <label className="check">
        <input
          type="checkbox"
          checked={side.assessable}
          onChange={({ target }) =>
            image !== null && change(setSideAssessable(draft, side.side, target.checked, image))
          }
        />
        {said.canBeMeasured}
      </label>
      <div className="tool-group" role="group" aria-label={fillWords(said.pointsOf, { of: name })}>
        {SIDE_POINTS.map((point) => (
          <ToolButton
            key={point}
            text={said[`point-${point}`]}
            isOn={chosen !== null && 'side' in chosen && chosen.side === side.side && chosen.point === point}
            isDisabled={!side.assessable || side[point] === null}
            act={() => choose({ side: side.side, point })}
          />
        ))}
      </div>
      <Values
        before={measured === undefined ? '–' : sideValues(measured, language, said)}
        after={now === null ? '–' : sideValues(now, language, said)}
      />
    </fieldset>
  );
}

function BodyFields(properties: CorrectionPanelParts) {
  const { said, language } = useViewerWords();
  const { words } = useLanguage();
  const { analysis, draft, change, body, chooseBody, chosen, choose } = properties;
  const vertebra = draft.vertebrae[body];
  const measured = measuredVertebrae(analysis);
  const now = draftVertebrae(analysis, draft)[body];
  const before = measured[body];
  if (vertebra === undefined) return null;
  const levels = draft.vertebrae.map(({ level }) => level);
  const names = possibleLevels(measured, levels, body);
  const all = names.includes(vertebra.level) ? names : [vertebra.level, ...names];
  return (
    <fieldset>
      <legend>{said.vertebra}</legend>
      <div className="tool-group" role="group" aria-label={said.vertebra}>
        {levels.map((level, index) => (
          <ToolButton key={level} text={level} isOn={index === body} act={() => chooseBody(index)} />
        ))}
      </div>
      <label className="check">
        {words.level}
        <select
          value={vertebra.level}
          onChange={({ target }) => change(renameBody(analysis, draft, body, target.value))}
        >
          {all.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </select>
        <span className="faint">{said.levelHint}</span>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={vertebra.assessable}
          onChange={({ target }) => change(setBodyAssessable(draft, body, target.checked))}
        />
        {said.canBeGraded}
      </label>
      <div className="tool-group" role="group" aria-label={fillWords(said.pointsOf, { of: vertebra.level })}>
        {VERTEBRA_POINTS.map((point) => (
          <ToolButton
            key={point}
            text={said[`point-${point}`]}
            isOn={chosen !== null && 'body' in chosen && chosen.body === body && chosen.point === point}
            isDisabled={!vertebra.assessable}
            act={() => choose({ body, point })}
          />
        ))}
      </div>
      <Values
        before={before === undefined ? '–' : bodyValues(before, { language, said, words })}
        after={now === undefined ? '–' : bodyValues(now, { language, said, words })}
      />
    </fieldset>
  );
}

function Values({ before, after }: { readonly before: string; readonly after: string }) {
  const { said } = useViewerWords();
  return (
    <dl className="values">
      <div>
        <dt>{said.measuredValue}</dt>
        <dd>{before}</dd>
      </div>
      <div>
        <dt>{said.correctedValue}</dt>
        <dd aria-live="polite" data-value="corrected">
          {after}
        </dd>
      </div>
    </dl>
  );
}

function sideValues(side: ReportedSide, language: Language, said: ViewerWords): string {
  const width = widthText(side, language);
  if (width === null) return spokenCode(side.reason ?? 'margin-unclear', language);
  return side.pmi === null
    ? width
    : `${width}, ${fillWords(said.valuePmi, { n: numberOf(side.pmi, 2, language) })}`;
}

function bodyValues(
  vertebra: VertebraFinding,
  {
    language,
    said,
    words,
  }: { readonly language: Language; readonly said: ViewerWords; readonly words: Words },
): string {
  const { genantGrade, deformity, heightsPx, reason, level } = vertebra;
  const heights =
    heightsPx === null
      ? []
      : [
          fillWords(said.valueHeights, {
            anterior: numberOf(heightsPx.anterior, 1, language),
            middle: numberOf(heightsPx.middle, 1, language),
            posterior: numberOf(heightsPx.posterior, 1, language),
          }),
        ];
  const grade =
    genantGrade === null || deformity === null
      ? reasonText(reason ?? 'body-unclear', language, { level })
      : fillWords(said.valueGrade, {
          grade: genantGrade,
          type: words[`deformity-${deformity}`],
          loss: numberOf(largestLossPercent(vertebra), 1, language),
        });
  return [`${level}: ${grade}`, ...heights].join('. ');
}

/** Note and buttons that end a correction. */
export function CorrectionEnd(properties: {
  readonly canSave: boolean;
  readonly isSaving: boolean;
  readonly save: (note: string) => void;
  readonly restore: () => void;
  readonly leave: () => void;
}) {
  const { said } = useViewerWords();
  const { canSave, isSaving, save, restore, leave } = properties;
  const [note, setNote] = useState('');
  return (
    <form
      className="correction-end"
      onSubmit={(event) => {
        event.preventDefault();
        save(note);
      }}
    >
      <label>
        <span>{said.correctionNote}</span>
        <input value={note} maxLength={500} onChange={({ target }) => setNote(target.value)} />
      </label>
      <div className="tool-group">
        <button type="submit" className="button button-main" disabled={!canSave || isSaving}>
          {isSaving ? said.saving : said.saveCorrection}
        </button>
        <ToolButton text={said.backToMeasured} act={restore} />
        <ToolButton text={said.stopCorrecting} act={leave} />
      </div>
    </form>
  );
}
