import { useState } from 'react';
import type { AnalysisResult } from '../../exam/analysis.ts';
import type { PointPx } from '../../exam/film.ts';
import { fillWords } from '../words.ts';
import { draftSide, draftVertebrae, type DraftPoint, type PointName, pointsOf } from './correction-draft.ts';
import type { OpenFilm } from './film-pane.tsx';
import { type Handle, PointHandles, type PlaneOfFilm } from './point-handles.tsx';
import { drawnResultOf, type DrawnResult, ResultOverlay } from './result-overlay.tsx';
import type { Correction } from './use-correction.ts';
import { lengthText, pointText, scaleOf, useViewerWords } from './viewer-language.ts';

/** Two places of the film. */
export type Ruler = readonly [PointPx, PointPx];

/** A ruler where the reader looks: a third of what is seen, across the middle. */
export function rulerAcross({ stage }: OpenFilm): Ruler {
  const { center, scale } = stage.place();
  const half = 120 / scale;
  return [
    [center[0] - half, center[1]],
    [center[0] + half, center[1]],
  ];
}

/** Everything over a film: the result, the ruler, and points that can be moved. */
export function FilmLayers(properties: {
  readonly plane: PlaneOfFilm;
  readonly film: OpenFilm;
  readonly analysis: AnalysisResult | null;
  readonly showsOverlay: boolean;
  readonly ruler: Ruler | null;
  readonly changeRuler: (ruler: Ruler) => void;
  /** null: the points of this film cannot be moved. */
  readonly correction: Correction | null;
}) {
  const { plane, film, analysis, showsOverlay, ruler, changeRuler, correction } = properties;
  return (
    <>
      {analysis !== null && showsOverlay && (
        <ResultOverlay result={shownResult(analysis, correction)} plane={plane} />
      )}
      {ruler !== null && (
        <RulerLayer ruler={ruler} change={changeRuler} plane={plane} film={film} analysis={analysis} />
      )}
      {correction !== null && <CorrectionHandles correction={correction} plane={plane} />}
    </>
  );
}

/** While points are moved, what follows from them. */
function shownResult(analysis: AnalysisResult, correction: Correction | null): DrawnResult {
  const result = drawnResultOf(analysis);
  const draft = correction?.draft ?? null;
  if (draft === null) return result;
  return {
    ...result,
    sides: draft.sides.flatMap((points) => draftSide(analysis, points) ?? []),
    vertebrae: draftVertebrae(analysis, draft),
  };
}

function RulerLayer(properties: {
  readonly ruler: Ruler;
  readonly change: (ruler: Ruler) => void;
  readonly plane: PlaneOfFilm;
  readonly film: OpenFilm;
  readonly analysis: AnalysisResult | null;
}) {
  const { language, said } = useViewerWords();
  const { ruler, change, plane, film, analysis } = properties;
  const [chosen, setChosen] = useState<string | null>(null);
  const [start, end] = ruler;
  const [a, b] = [plane.toElement(start), plane.toElement(end)];
  const lengthPx = Math.hypot(end[0] - start[0], end[1] - start[1]);
  const length = lengthText(lengthPx, scaleOf(analysis, film.head.spacing), { language, said });
  const text = fillWords(said.rulerLength, { length });
  const handles: Handle[] = [
    { key: 'start', label: `${said.rulerStart}. ${text}`, at: start, kind: 'ruler' },
    { key: 'end', label: `${said.rulerEnd}. ${text}`, at: end, kind: 'ruler' },
  ];
  const d = `M${a.join(' ')}L${b.join(' ')}`;
  return (
    <g className="ruler">
      <path className="line-under" d={d} />
      <path className="line-ruler" d={d} />
      <text className="label label-ruler" x={(a[0] + b[0]) / 2} y={(a[1] + b[1]) / 2 - 10}>
        {text}
      </text>
      <PointHandles
        handles={handles}
        chosen={chosen}
        plane={plane}
        choose={setChosen}
        move={(key, to) => change(key === 'start' ? [to, end] : [start, to])}
      />
    </g>
  );
}

function CorrectionHandles({
  correction,
  plane,
}: {
  readonly correction: Correction;
  readonly plane: PlaneOfFilm;
}) {
  const { said } = useViewerWords();
  const { draft, body, chosen, choose, moveTo } = correction;
  if (draft === null) return null;
  const levels = draft.vertebrae.map(({ level }) => level);
  const points = pointsOf(draft, body);
  const handles = points.map(({ name, at }: DraftPoint): Handle => ({
    key: keyOf(name),
    label: pointText(name, levels, said),
    at,
    kind: 'body' in name ? 'vertebra' : name.point.startsWith('foramen') ? 'foramen' : 'border',
  }));
  const named = (key: string): PointName | undefined => points.find(({ name }) => keyOf(name) === key)?.name;
  const withName = (key: string, act: (name: PointName) => void): void => {
    const name = named(key);
    if (name !== undefined) act(name);
  };
  return (
    <PointHandles
      handles={handles}
      chosen={chosen === null ? null : keyOf(chosen)}
      plane={plane}
      choose={(key) => withName(key, choose)}
      move={(key, to) => withName(key, (name) => moveTo(name, to))}
    />
  );
}

function keyOf(name: PointName): string {
  return 'side' in name ? `${name.side} ${name.point}` : `${name.body} ${name.point}`;
}
