/**
 * Results speak of pixels of the original image; a film may have been decoded at a half or a quarter of its size.
 * Pixel i of a reduced film lies on pixel i * reduction of the original. Pure.
 */
import {
  VERTEBRA_POINTS,
  type AnalysisResult,
  type PanoramicFinding,
  type SideMeasurement,
  type SpineFinding,
  type VertebraFinding,
  type VertebraPoint,
} from './analysis.ts';
import type { Film, PointPx } from './film.ts';

/** Pixels of the original for one of the film: 1, 2, 4 ... */
export function reductionOf(
  film: Pick<Film, 'columns'>,
  original: { readonly columns: number | null } | null,
): number {
  return Math.max(1, Math.round((original?.columns ?? film.columns) / film.columns));
}

/** A place, in pixels `factor` times as small. */
export function scaledPoint([column, row]: PointPx, factor: number): PointPx {
  return [column * factor, row * factor];
}

/** A side, in pixels `factor` times as small. */
export function scaledSide<AnySide extends SideMeasurement>(side: AnySide, factor: number): AnySide {
  if (factor === 1) return side;
  const { mci } = side;
  const point = (place: PointPx | null): PointPx | null => place && scaledPoint(place, factor);
  return {
    ...side,
    foramenPx: point(side.foramenPx),
    outerPx: point(side.outerPx),
    innerPx: point(side.innerPx),
    widthPx: side.widthPx === null ? null : side.widthPx * factor,
    uncertaintyPx: side.uncertaintyPx === null ? null : side.uncertaintyPx * factor,
    otherWidthPx: side.otherWidthPx === null ? null : side.otherWidthPx * factor,
    widthsBeside: side.widthsBeside.map(({ alongPx, widthPx }) => ({
      alongPx: alongPx * factor,
      widthPx: widthPx === null ? null : widthPx * factor,
    })),
    mci: mci && { ...mci, signs: { ...mci.signs, roughnessPx: mci.signs.roughnessPx * factor } },
  };
}

/** A spine, in pixels `factor` times as small. */
export function scaledSpine(spine: SpineFinding, factor: number): SpineFinding {
  if (factor === 1) return spine;
  const { sacrumPx } = spine;
  return {
    ...spine,
    sacrumPx: sacrumPx && scaledPoint(sacrumPx, factor),
    vertebrae: spine.vertebrae.map((vertebra) => scaledVertebra(vertebra, factor)),
  };
}

function scaledVertebra(vertebra: VertebraFinding, factor: number): VertebraFinding {
  const { pointsPx, pointErrorsPx, heightsPx } = vertebra;
  return {
    ...vertebra,
    pointsPx: forEachPoint((point) => scaledPoint(pointsPx[point], factor)),
    pointErrorsPx: forEachPoint((point) => pointErrorsPx[point] * factor),
    heightsPx: heightsPx && {
      anterior: heightsPx.anterior * factor,
      middle: heightsPx.middle * factor,
      posterior: heightsPx.posterior * factor,
    },
  };
}

/** One value for each of the six points of a vertebra. */
export function forEachPoint<Value>(
  valueOf: (point: VertebraPoint, index: number) => Value,
): Record<VertebraPoint, Value> {
  const entries = VERTEBRA_POINTS.map((point, index) => [point, valueOf(point, index)]);
  return Object.fromEntries(entries) as Record<VertebraPoint, Value>;
}

/** The result in pixels of the film that it was measured on, for drawing. */
export function onFilm(analysis: AnalysisResult, film: Film): AnalysisResult {
  const { image, panoramic, spine } = analysis;
  const factor = 1 / reductionOf(film, image);
  if (factor === 1) return analysis;
  return {
    ...analysis,
    panoramic: panoramic && scaledPanoramic(panoramic, factor),
    spine: spine && scaledSpine(spine, factor),
  };
}

function scaledPanoramic(panoramic: PanoramicFinding, factor: number): PanoramicFinding {
  const [right, left] = panoramic.sides;
  return {
    ...panoramic,
    inferiorBorderPx: panoramic.inferiorBorderPx.map((point) => scaledPoint(point, factor)),
    sides: [scaledSide(right, factor), scaledSide(left, factor)],
  };
}
