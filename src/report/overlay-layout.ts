/**
 * Where things stand in the picture. The film is shown whole; everything that is written stands in a strip below
 * it, beside one enlarged view of each measured place, so that nothing is laid over the bone.
 */
import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import type { Film, PointPx } from '../exam/film.ts';

/** A part of the film shown in a part of the picture. */
export interface Pane {
  /** Place and size in the picture, in pixels. */
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
  /** The film's pixel in the pane's upper left corner. */
  readonly originPx: PointPx;
  /** Size of the film's part in its own pixels. */
  readonly extentPx: PointPx;
  /** Picture pixels in one film pixel. */
  readonly scale: number;
}

/** The picture's plan. */
export interface OverlayLayout {
  readonly columns: number;
  readonly rows: number;
  readonly film: Pane;
  /** Enlarged views, R before L; null where the side was not measured. */
  readonly insets: readonly (Pane | null)[];
  /** Strip below the film. */
  readonly stripTop: number;
  readonly insetPx: number;
  readonly marginPx: number;
  readonly linePx: number;
  readonly textPx: number;
}

/** The enlarged view shows this many cortical widths across, and at least a tenth of the shorter film edge. */
const INSET_WIDTHS = 7;
const INSET_SHARE_MIN = 0.1;

/** Plans the picture: the film reduced to at most `columnsMax`, never enlarged, and the strip below it. */
export function planOverlay(
  film: Pick<Film, 'columns' | 'rows'>,
  analysis: AnalysisResult,
  columnsMax: number,
): OverlayLayout {
  const scale = Math.min(1, columnsMax / film.columns);
  const columns = Math.max(1, Math.round(film.columns * scale));
  const filmRows = Math.max(1, Math.round(film.rows * scale));
  const textPx = Math.max(7, columns / 76);
  const marginPx = Math.round(textPx * 0.6);
  const insetPx = Math.round(columns * 0.17);
  const stripTop = filmRows;
  const sides = analysis.panoramic?.sides ?? [];
  const insets = sides.map((side, index) => {
    const left = index === 0 ? marginPx : columns - insetPx - marginPx;
    return insetPane(film, side, { left, top: stripTop + marginPx, sizePx: insetPx });
  });
  return {
    columns,
    rows: filmRows + insetPx + 2 * marginPx,
    film: {
      left: 0,
      top: 0,
      columns,
      rows: filmRows,
      originPx: [0, 0],
      extentPx: [film.columns, film.rows],
      scale,
    },
    insets,
    stripTop,
    insetPx,
    marginPx,
    linePx: Math.max(1, columns / 900),
    textPx,
  };
}

/** A film's point in the picture: pixel centres lie on whole numbers on the film and on halves in SVG. */
export function toPicture(pane: Pane, [column, row]: PointPx): PointPx {
  const { left, top, originPx, scale } = pane;
  return [left + (column + 0.5 - originPx[0]) * scale, top + (row + 0.5 - originPx[1]) * scale];
}

function insetPane(
  film: Pick<Film, 'columns' | 'rows'>,
  side: ReportedSide,
  place: { readonly left: number; readonly top: number; readonly sizePx: number },
): Pane | null {
  const { outerPx, innerPx, widthPx } = side;
  if (!side.assessable || outerPx === null || innerPx === null || widthPx === null) return null;
  const shortest = Math.min(film.columns, film.rows);
  const wanted = Math.max(widthPx * INSET_WIDTHS, shortest * INSET_SHARE_MIN);
  const extent = Math.max(1, Math.min(Math.round(wanted), shortest));
  const start = (middle: number, length: number) =>
    Math.max(0, Math.min(length - extent, Math.round(middle - extent / 2)));
  return {
    left: place.left,
    top: place.top,
    columns: place.sizePx,
    rows: place.sizePx,
    originPx: [
      start((outerPx[0] + innerPx[0]) / 2, film.columns),
      start((outerPx[1] + innerPx[1]) / 2, film.rows),
    ],
    extentPx: [extent, extent],
    scale: place.sizePx / extent,
  };
}
