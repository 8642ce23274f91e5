import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import { filmPane, insetPane, type FilmSize, type OverlayLayout, type Pane } from './overlay-layout.ts';

/** A wide film has its strip below, with an enlarged view at either end of it. */
export interface PanoramicLayout extends OverlayLayout {
  /** Strip below the film. */
  readonly stripTop: number;
  readonly insetPx: number;
}

/** The enlarged view shows this many cortical widths across, and at least a tenth of the shorter film edge. */
const INSET_WIDTHS = 7;
const INSET_SHARE_MIN = 0.1;

/** Plans the picture: the film reduced to at most `columnsMax`, never enlarged, and the strip below it. */
export function planPanoramic(film: FilmSize, analysis: AnalysisResult, columnsMax: number): PanoramicLayout {
  const pane = filmPane(film, Math.min(1, columnsMax / film.columns));
  const { columns, rows: stripTop } = pane;
  const textPx = Math.max(7, columns / 76);
  const marginPx = Math.round(textPx * 0.6);
  const insetPx = Math.round(columns * 0.17);
  const sides = analysis.panoramic?.sides ?? [];
  const insets = sides.map((side, index) => {
    const left = index === 0 ? marginPx : columns - insetPx - marginPx;
    return sidePane(film, side, { left, top: stripTop + marginPx, sizePx: insetPx });
  });
  return {
    columns,
    rows: stripTop + insetPx + 2 * marginPx,
    film: pane,
    insets,
    stripTop,
    insetPx,
    marginPx,
    linePx: Math.max(1, columns / 900),
    textPx,
  };
}

function sidePane(film: FilmSize, side: ReportedSide, place: Parameters<typeof insetPane>[2]): Pane | null {
  const { outerPx, innerPx, widthPx } = side;
  if (!side.assessable || outerPx === null || innerPx === null || widthPx === null) return null;
  const extentPx = Math.max(widthPx * INSET_WIDTHS, Math.min(film.columns, film.rows) * INSET_SHARE_MIN);
  const centrePx = [(outerPx[0] + innerPx[0]) / 2, (outerPx[1] + innerPx[1]) / 2] as const;
  return insetPane(film, { centrePx, extentPx }, place);
}
