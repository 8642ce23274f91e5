/** What a presentation state draws over a panoramic film. */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult, PanoramicFinding } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { directionsOf, isMeasuredCortex, type MeasuredCortex } from './cortex-strip.ts';
import {
  anchoredText,
  polylineObject,
  titleObject,
  type DrawnLayer,
  type ImageSize,
} from './graphic-objects.ts';
import { sideLines, summaryLines } from './overlay-labels.ts';

/** Bars along the margins and the tangent, as shares of the width between them on either side. */
const BAR_WIDTHS = 1.5;
const TANGENT_WIDTHS = 5;

/** A viewer knows no dashes, so the rival margin is drawn as this many short lines. */
const RIVAL_DASHES = 5;

/** Width of a side's text box and height of a line in it, as shares of the film. */
const TEXT_BOX = { columns: 0.24, rows: 0.035 } as const;

/** The border and the widths, the rival margin where there is one, and each side's numbers below its place. */
export function panoramicLayers(
  analysis: AnalysisResult,
  panoramic: PanoramicFinding,
  size: ImageSize,
): readonly DrawnLayer[] {
  const measured = panoramic.sides.filter(isMeasuredCortex);
  const others = panoramic.sides.filter((side) => !isMeasuredCortex(side));
  const title = [...summaryLines(analysis), ...others.flatMap(sideLines)];
  const layer = (name: string, description: string, lines: readonly (readonly PointPx[])[]): DrawnLayer => ({
    name,
    description,
    lines: lines.filter((points) => points.length > 1).map((points) => polylineObject(points, size)),
    texts: [],
  });
  const rival = layer('MCW_RIVAL', 'Rival margin, dashed', measured.flatMap(rivalLinesPx));
  return [
    layer('MCW_LINES', 'Border and widths', [panoramic.inferiorBorderPx, ...measured.flatMap(sideLinesPx)]),
    ...(rival.lines.length === 0 ? [] : [rival]),
    {
      name: 'MCW_TEXT',
      description: 'Measurements',
      lines: [],
      texts: [titleObject(title), ...measured.map((side) => sideText(side, size))],
    },
  ];
}

/** The tangent, the width, a bar along each margin, and the perpendicular on to the foramen. */
function sideLinesPx(side: MeasuredCortex): (readonly PointPx[])[] {
  const { outerPx, innerPx, foramenPx } = side;
  const toForamen = foramenPx === null ? [] : [[innerPx, foramenPx]];
  return [
    alongTangent(side, 0, -TANGENT_WIDTHS, TANGENT_WIDTHS),
    [outerPx, innerPx],
    alongTangent(side, 0, -BAR_WIDTHS, BAR_WIDTHS),
    alongTangent(side, side.widthPx, -BAR_WIDTHS, BAR_WIDTHS),
    ...toForamen,
  ];
}

function rivalLinesPx(side: MeasuredCortex): (readonly PointPx[])[] {
  const { otherWidthPx } = side;
  if (otherWidthPx === null) return [];
  // Dashes and gaps of one length.
  const dash = (2 * BAR_WIDTHS) / (2 * RIVAL_DASHES - 1);
  return Array.from({ length: RIVAL_DASHES }, (_, index) => {
    const from = 2 * index * dash - BAR_WIDTHS;
    return alongTangent(side, otherWidthPx, from, from + dash);
  });
}

/** A line along the tangent at a depth, between two places to the left and right, in widths of the cortex. */
function alongTangent(side: MeasuredCortex, depthPx: number, from: number, to: number): readonly PointPx[] {
  const { up, along } = directionsOf(side);
  const { outerPx, widthPx } = side;
  return [from, to].map((widths) => [
    outerPx[0] + up[0] * depthPx + along[0] * widths * widthPx,
    outerPx[1] + up[1] * depthPx + along[1] * widths * widthPx,
  ]);
}

function sideText(side: MeasuredCortex, size: ImageSize): DicomDataset {
  const [column, row] = side.outerPx;
  const lines = sideLines(side);
  const width = size.columns * TEXT_BOX.columns;
  const height = size.rows * TEXT_BOX.rows * lines.length;
  // Below the jaw and away from the chin, where the border rises, so that no bone is covered.
  const left = side.side === 'R' ? column - width : column;
  const top = row + size.rows * TEXT_BOX.rows;
  return anchoredText(lines, { left, top, width, height }, side.outerPx, size);
}
