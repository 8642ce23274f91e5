import { useState } from 'react';
import type { PointPx } from '../../exam/film.ts';
import { ChoiceRow } from '../page-parts.tsx';
import { fillWords } from '../words.ts';
import { STEPS_PX } from './point-handles.tsx';
import { ToolButton } from './tool-bar.tsx';
import { useViewerWords } from './viewer-language.ts';

/** Buttons that move the chosen point by one or ten pixels: what a drag or the arrow keys do. */
export function NudgePad(properties: {
  /** The chosen point's name; null where none is. */
  readonly name: string | null;
  readonly move: (by: PointPx) => void;
}) {
  const { said } = useViewerWords();
  const { name, move } = properties;
  const [step, setStep] = useState<'1' | '10'>('1');
  const by = (dx: number, dy: number) => () => move([dx * Number(step), dy * Number(step)]);
  return (
    <div className="nudge" role="group" aria-label={said.nudge}>
      <p aria-live="polite">{name === null ? said.noPointChosen : fillWords(said.chosenPoint, { name })}</p>
      <div className="tool-group">
        <ToolButton label={said.moveLeft} text="←" isDisabled={name === null} act={by(-1, 0)} />
        <ToolButton label={said.moveUp} text="↑" isDisabled={name === null} act={by(0, -1)} />
        <ToolButton label={said.moveDown} text="↓" isDisabled={name === null} act={by(0, 1)} />
        <ToolButton label={said.moveRight} text="→" isDisabled={name === null} act={by(1, 0)} />
        <ChoiceRow<'1' | '10'>
          label={said.nudgeStep}
          options={STEPS_PX.map((px) => ({
            value: String(px) as '1' | '10',
            text: fillWords(said.stepPixels, { n: px }),
          }))}
          chosen={step}
          choose={setStep}
        />
      </div>
    </div>
  );
}
