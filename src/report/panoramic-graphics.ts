/** What a presentation state draws over a panoramic film. */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult, PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import {
  anchoredText,
  polylineObject,
  titleObject,
  type DrawnLayer,
  type ImageSize,
} from './graphic-objects.ts';
import { sideLines, summaryLines } from './overlay-labels.ts';

/** Bars along the margins, as shares of the width between them, leave the place itself free to be judged. */
const BAR_WIDTHS = 1.5;

/** Size of a side's text box, as shares of the film. */
const TEXT_BOX = { columns: 0.2, rows: 0.07 } as const;

/** The border and the widths, and each side's numbers below its place. */
export function panoramicLayers(
  analysis: AnalysisResult,
  panoramic: PanoramicFinding,
  size: ImageSize,
): readonly DrawnLayer[] {
  const lines = [panoramic.inferiorBorderPx, ...panoramic.sides.flatMap(sideLinesPx)];
  const measured = panoramic.sides.flatMap((side) => {
    const { outerPx } = side;
    return side.assessable && outerPx !== null ? [sideText(analysis, side, outerPx, size)] : [];
  });
  const others = panoramic.sides.filter(({ assessable }) => !assessable);
  const title = [...summaryLines(analysis), ...others.flatMap((side) => sideLines(analysis, side))];
  return [
    {
      name: 'MCW_LINES',
      description: 'Border and widths',
      lines: lines.filter((points) => points.length > 1).map((points) => polylineObject(points, size)),
      texts: [],
    },
    { name: 'MCW_TEXT', description: 'Measurements', lines: [], texts: [titleObject(title), ...measured] },
  ];
}

/** The width, a bar along each margin, and the perpendicular on to the foramen; nothing of an unmeasured side. */
function sideLinesPx({ assessable, outerPx, innerPx, foramenPx }: ReportedSide): (readonly PointPx[])[] {
  if (!assessable || outerPx === null || innerPx === null) return [];
  const [acrossColumn, acrossRow] = [innerPx[0] - outerPx[0], innerPx[1] - outerPx[1]];
  const bar = (at: PointPx): readonly PointPx[] =>
    [-BAR_WIDTHS, BAR_WIDTHS].map((share) => [at[0] - acrossRow * share, at[1] + acrossColumn * share]);
  const toForamen = foramenPx === null ? [] : [[innerPx, foramenPx]];
  return [[outerPx, innerPx], bar(outerPx), bar(innerPx), ...toForamen];
}

function sideText(
  analysis: AnalysisResult,
  side: ReportedSide,
  anchorPx: PointPx,
  size: ImageSize,
): DicomDataset {
  const [column, row] = anchorPx;
  const [width, height] = [size.columns * TEXT_BOX.columns, size.rows * TEXT_BOX.rows];
  // Below the jaw and away from the chin, where the border rises, so that no bone is covered.
  const left = side.side === 'R' ? column - width : column;
  return anchoredText(
    sideLines(analysis, side),
    { left, top: row + height / 2, width, height },
    anchorPx,
    size,
  );
}
