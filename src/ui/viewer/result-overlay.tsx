import type { AnalysisResult, ReportedSide, VertebraFinding } from '../../exam/analysis.ts';
import type { PointPx } from '../../exam/film.ts';
import type { PlaneOfFilm } from './point-handles.tsx';

/** What is drawn of a result: the measured one, or what follows from points under a person's hands. */
export interface DrawnResult {
  readonly borderPx: readonly PointPx[];
  readonly sides: readonly ReportedSide[];
  readonly vertebrae: readonly VertebraFinding[];
  /** Sides and levels whose points are a person's. */
  readonly corrected: readonly string[];
}

/** The result as it stands. */
export function drawnResultOf({ panoramic, spine, correction }: AnalysisResult): DrawnResult {
  return {
    borderPx: panoramic?.inferiorBorderPx ?? [],
    sides: panoramic?.sides ?? [],
    vertebrae: spine?.vertebrae ?? [],
    corrected: [...(correction?.sides ?? []), ...(correction?.levels ?? [])],
  };
}

/** The result as lines over a film; each line has a dark one under it, so that it is seen on bone and on air. */
export function ResultOverlay({
  result,
  plane,
}: {
  readonly result: DrawnResult;
  readonly plane: PlaneOfFilm;
}) {
  const { borderPx, sides, vertebrae, corrected } = result;
  return (
    <g className="result" aria-hidden="true">
      {borderPx.length > 1 && <Line className="line-border" points={borderPx} plane={plane} />}
      {sides.map((side) => (
        <SideLines key={side.side} side={side} isCorrected={corrected.includes(side.side)} plane={plane} />
      ))}
      {vertebrae.map((vertebra) => (
        <BodyLines
          key={vertebra.level}
          vertebra={vertebra}
          isCorrected={corrected.includes(vertebra.level)}
          plane={plane}
        />
      ))}
    </g>
  );
}

function SideLines(properties: {
  readonly side: ReportedSide;
  readonly isCorrected: boolean;
  readonly plane: PlaneOfFilm;
}) {
  const { side, isCorrected, plane } = properties;
  const { assessable, outerPx, innerPx, foramenPx } = side;
  if (!assessable || outerPx === null || innerPx === null) return null;
  const colour = isCorrected ? 'line-corrected' : 'line-width';
  const across = acrossOf(outerPx, innerPx);
  const [x, y] = plane.toElement(outerPx);
  return (
    <>
      {foramenPx !== null && <Line className="line-thin" points={[innerPx, foramenPx]} plane={plane} />}
      <Line className={colour} points={[outerPx, innerPx]} plane={plane} />
      <Line className={colour} points={beside(outerPx, across)} plane={plane} />
      <Line className={colour} points={beside(innerPx, across)} plane={plane} />
      <text className={`label ${isCorrected ? 'label-corrected' : ''}`} x={x + 10} y={y + 22}>
        {side.side}
        {isCorrected ? ' ✎' : ''}
      </text>
    </>
  );
}

/** A right angle to the width, as long as the width. */
function acrossOf(outer: PointPx, inner: PointPx): PointPx {
  return [outer[1] - inner[1], inner[0] - outer[0]];
}

function beside([x, y]: PointPx, [dx, dy]: PointPx): readonly PointPx[] {
  return [
    [x - dx, y - dy],
    [x + dx, y + dy],
  ];
}

function BodyLines(properties: {
  readonly vertebra: VertebraFinding;
  readonly isCorrected: boolean;
  readonly plane: PlaneOfFilm;
}) {
  const { vertebra, isCorrected, plane } = properties;
  const { pointsPx: at, genantGrade, level } = vertebra;
  const outline = [
    at.superiorAnterior,
    at.superiorMiddle,
    at.superiorPosterior,
    at.inferiorPosterior,
    at.inferiorMiddle,
    at.inferiorAnterior,
    at.superiorAnterior,
  ];
  const grade = genantGrade === null ? 'ungraded' : String(genantGrade);
  const [x, y] = plane.toElement([
    (at.superiorPosterior[0] + at.inferiorPosterior[0]) / 2,
    (at.superiorPosterior[1] + at.inferiorPosterior[1]) / 2,
  ]);
  return (
    <>
      <Line
        className={isCorrected ? 'line-corrected' : `line-grade-${grade}`}
        points={outline}
        plane={plane}
      />
      <text className={`label ${isCorrected ? 'label-corrected' : ''}`} x={x + 8} y={y + 5}>
        {level}
        {genantGrade !== null && genantGrade > 0 ? ` · ${genantGrade}` : ''}
        {isCorrected ? ' ✎' : ''}
      </text>
    </>
  );
}

function Line(properties: {
  readonly className: string;
  readonly points: readonly PointPx[];
  readonly plane: PlaneOfFilm;
}) {
  const { className, points, plane } = properties;
  const written = points
    .map((point) =>
      plane
        .toElement(point)
        .map((value) => value.toFixed(1))
        .join(','),
    )
    .join(' ');
  return (
    <>
      <polyline className="line-under" points={written} />
      <polyline className={className} points={written} />
    </>
  );
}
