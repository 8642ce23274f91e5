/**
 * Where things stand in the picture. The film is shown whole at the upper left; what is written stands beside it,
 * with enlarged views of the measured places, so that nothing is laid over the bone that could stand elsewhere.
 */
import type { Film, PointPx } from '../exam/film.ts';

/** Size of a film in pixels. */
export type FilmSize = Pick<Film, 'columns' | 'rows'>;

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
  /** Enlarged views; null where there is nothing to enlarge. */
  readonly insets: readonly (Pane | null)[];
  readonly marginPx: number;
  readonly linePx: number;
  readonly textPx: number;
}

/** A film's point in the picture: pixel centres lie on whole numbers on the film and on halves in SVG. */
export function toPicture(pane: Pane, [column, row]: PointPx): PointPx {
  const { left, top, originPx, scale } = pane;
  return [left + (column + 0.5 - originPx[0]) * scale, top + (row + 0.5 - originPx[1]) * scale];
}

/** The whole film at the upper left, reduced by a scale. */
export function filmPane(film: FilmSize, scale: number): Pane {
  return {
    left: 0,
    top: 0,
    columns: Math.max(1, Math.round(film.columns * scale)),
    rows: Math.max(1, Math.round(film.rows * scale)),
    originPx: [0, 0],
    extentPx: [film.columns, film.rows],
    scale,
  };
}

/** A square enlarged view of the film about a place, as near to it as the film's edges allow. */
export function insetPane(
  film: FilmSize,
  view: { readonly centrePx: PointPx; readonly extentPx: number },
  place: { readonly left: number; readonly top: number; readonly sizePx: number },
): Pane {
  const shortest = Math.min(film.columns, film.rows);
  const extent = Math.max(1, Math.min(Math.round(view.extentPx), shortest));
  const start = (middle: number, length: number) =>
    Math.max(0, Math.min(length - extent, Math.round(middle - extent / 2)));
  return {
    left: place.left,
    top: place.top,
    columns: place.sizePx,
    rows: place.sizePx,
    originPx: [start(view.centrePx[0], film.columns), start(view.centrePx[1], film.rows)],
    extentPx: [extent, extent],
    scale: place.sizePx / extent,
  };
}
