import { VERTEBRA_POINTS, type SpineFinding, type VertebraFinding } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';
import { filmPane, insetPane, type FilmSize, type OverlayLayout } from './overlay-layout.ts';

/** A tall film has its words at the side, so that it stays as large as a screen allows. */
export interface SpineLayout extends OverlayLayout {
  /** Left edge of the strip at the side. */
  readonly stripLeft: number;
}

/** Taller pictures would only be shown reduced. */
const ROWS_MAX = 1600;
/** Letters are a share of the picture's height: readable when the whole picture is 900 pixels high. */
const TEXT_ROWS = 54;
const TEXT_PX_MIN = 7;
/** Width of the strip in letter sizes. */
const STRIP_LETTERS = 19;
/** Side of the enlarged view in letter sizes, and what it shows, in sizes of the body. */
const INSET_LETTERS = 17;
const INSET_BODIES = 1.7;
/** Place of the enlarged view below the title, in letter sizes. */
const INSET_TOP_LETTERS = 7;

/** Plans the picture: the film at the left, never enlarged; at the right the words and the worst vertebra enlarged. */
export function planSpine(film: FilmSize, spine: SpineFinding, columnsMax: number): SpineLayout {
  const stripShare = STRIP_LETTERS / TEXT_ROWS;
  const widest = columnsMax / (film.columns + stripShare * film.rows);
  const pane = filmPane(film, Math.min(1, widest, ROWS_MAX / film.rows));
  const textPx = Math.max(TEXT_PX_MIN, pane.rows / TEXT_ROWS);
  const marginPx = Math.round(textPx * 0.8);
  const rows = Math.max(pane.rows, Math.ceil(textPx * TEXT_ROWS));
  const worst = worstVertebra(spine);
  const place = {
    left: pane.columns + marginPx,
    top: Math.round(textPx * INSET_TOP_LETTERS),
    sizePx: Math.round(textPx * INSET_LETTERS),
  };
  return {
    columns: pane.columns + Math.round(textPx * STRIP_LETTERS),
    rows,
    film: pane,
    insets: [worst === null ? null : insetPane(film, viewOf(worst), place)],
    stripLeft: pane.columns,
    marginPx,
    linePx: Math.max(1.2, pane.rows / 800),
    textPx,
  };
}

function viewOf({ pointsPx }: VertebraFinding): { readonly centrePx: PointPx; readonly extentPx: number } {
  const columns = VERTEBRA_POINTS.map((name) => pointsPx[name][0]);
  const rows = VERTEBRA_POINTS.map((name) => pointsPx[name][1]);
  const middle = (values: readonly number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  return {
    centrePx: [middle(columns), middle(rows)],
    extentPx: Math.max(spread(columns), spread(rows)) * INSET_BODIES,
  };
}
