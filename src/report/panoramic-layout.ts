import type { PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { directionsOf, isMeasuredCortex, type MeasuredCortex, type StripWindow } from './cortex-strip.ts';
import { sideWords, type SideWords } from './overlay-labels.ts';
import { COLOURS, LINE_HEIGHT, wrapLines } from './overlay-strokes.ts';
import { filmPane, insetPane, type FilmSize, type OverlayLayout, type Pane } from './overlay-layout.ts';

/** Where the straightened strip of a side stands: its depths, its picture, and right of that its profile. */
export interface StripPane {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
  readonly profileColumns: number;
  readonly window: StripWindow;
  /** Picture pixels in one film pixel. */
  readonly zoom: number;
}

/** A wide film has its enlarged views below it, the right side's from the left and the other's from the right. */
export interface PanoramicLayout extends OverlayLayout {
  /** Below the film. */
  readonly stripTop: number;
  readonly insetPx: number;
  readonly strips: readonly (StripPane | null)[];
  /** What is between the views of both sides. */
  readonly middle: { readonly left: number; readonly columns: number };
  /** Below the views: what is said of each side. */
  readonly wordsTop: number;
  readonly paragraphs: readonly SideParagraph[];
}

/** What is said of a side, in lines that fit half the picture. */
export interface SideParagraph {
  readonly head: Pick<SideWords, 'width' | 'pmi'> & { readonly sizePx: number };
  readonly lines: readonly { readonly text: string; readonly colour: string }[];
}

/** The first line of a side's words is this much larger than the others. */
const WIDTH_LETTERS = 1.25;
/** Shares of the picture's width. */
const INSET_SHARE = 0.17;
const STRIP_SHARE = 0.165;
/** The enlarged view reaches past the foramen, over this many widths at least, and a tenth of the shorter film edge. */
const INSET_FORAMEN_HEIGHTS = 1.3;
const INSET_WIDTHS = 4;
const INSET_SHARE_MIN = 0.1;
/** How far up in the enlarged view the border stands. */
const BORDER_HEIGHT = 0.14;
/** The strip in millimetres: along the border, outside of it, beyond the deepest margin, and from end to end at least. */
const STRIP_MM = { length: 4, outside: 2, beyond: 2.5, depthMin: 7 } as const;
/** A panoramic film is about this wide; where it has no scale it only sizes the strip. */
const FILM_MM = 290;

/**
 * Plans the picture: the film reduced to at most `columnsMax`, never enlarged, and the views below it.
 * @param panoramic in pixels of the film
 * @param told the sides in pixels of the original, which the words speak of
 */
export function planPanoramic(
  film: FilmSize,
  panoramic: PanoramicFinding,
  columnsMax: number,
  told: readonly ReportedSide[] = panoramic.sides,
): PanoramicLayout {
  const pane = filmPane(film, Math.min(1, columnsMax / film.columns));
  const { columns, rows: stripTop } = pane;
  const textPx = Math.max(7, columns / 76);
  const marginPx = Math.round(textPx * 0.6);
  const [insetPx, blockPx] = [Math.round(columns * INSET_SHARE), Math.round(columns * STRIP_SHARE)];
  const top = stripTop + marginPx;
  const measured = panoramic.sides.map((side) => (isMeasuredCortex(side) ? side : null));
  const known = measured.filter((side) => side !== null);
  const extentPx = Math.max(...known.map((side) => viewExtentPx(film, side)), 0);
  const insets = measured.map((side, index) => {
    const left = index === 0 ? marginPx : columns - insetPx - marginPx;
    return side && sidePane(film, side, extentPx, { left, top, sizePx: insetPx });
  });
  const strips = measured.map((side, index) => {
    const left = insetPx + 2 * marginPx;
    const place = {
      left: index === 0 ? left : columns - left - blockPx,
      top,
      columns: blockPx,
      rows: insetPx,
    };
    return side && stripPane(film, known, place, textPx);
  });
  const beside = insetPx + blockPx + 4 * marginPx;
  const wordsTop = top + insetPx + marginPx;
  const paragraphs = told.map((side) => paragraphOf(side, textPx, columns / 2 - 2 * marginPx));
  const lines = Math.max(...paragraphs.map((paragraph) => paragraph.lines.length));
  return {
    columns,
    rows: wordsTop + Math.ceil((WIDTH_LETTERS + (lines + 0.3) * LINE_HEIGHT) * textPx) + marginPx,
    film: pane,
    insets,
    strips,
    stripTop,
    insetPx,
    middle: { left: beside, columns: columns - 2 * beside },
    wordsTop,
    paragraphs,
    marginPx,
    linePx: Math.max(1, columns / 900),
    textPx,
  };
}

function paragraphOf(side: ReportedSide, textPx: number, roomPx: number): SideParagraph {
  const { width, pmi, index, rival, beside } = sideWords(side);
  const rest = [
    { text: index, colour: COLOURS.detail },
    { text: rival, colour: COLOURS.purple },
    { text: beside, colour: COLOURS.detail },
  ];
  return {
    head: { width, pmi, sizePx: textPx * WIDTH_LETTERS },
    lines: rest.flatMap(({ text, colour }) =>
      text === null ? [] : wrapLines([text], textPx, roomPx).map((line) => ({ text: line, colour })),
    ),
  };
}

function viewExtentPx(film: FilmSize, { foramenPx, outerPx, widthPx }: MeasuredCortex): number {
  const heightPx = foramenPx === null ? 0 : Math.hypot(foramenPx[0] - outerPx[0], foramenPx[1] - outerPx[1]);
  const shortest = Math.min(film.columns, film.rows);
  return Math.max(heightPx * INSET_FORAMEN_HEIGHTS, widthPx * INSET_WIDTHS, shortest * INSET_SHARE_MIN);
}

function sidePane(
  film: FilmSize,
  side: MeasuredCortex,
  extentPx: number,
  place: Parameters<typeof insetPane>[2],
): Pane {
  const { up } = directionsOf(side);
  const upPx = extentPx * (0.5 - BORDER_HEIGHT);
  const centrePx: PointPx = [side.outerPx[0] + up[0] * upPx, side.outerPx[1] + up[1] * upPx];
  return insetPane(film, { centrePx, extentPx }, place);
}

/** Both sides at the same scale, so that they can be held against each other. */
function stripPane(
  film: FilmSize,
  sides: readonly MeasuredCortex[],
  place: { readonly left: number; readonly top: number; readonly columns: number; readonly rows: number },
  textPx: number,
): StripPane {
  const pxPerMm =
    Math.min(...sides.map(({ widthMm, widthPx }) => widthPx / (widthMm ?? Infinity))) ||
    film.columns / FILM_MM;
  const deepestPx = Math.max(
    ...sides.map(({ widthPx, otherWidthPx }) => Math.max(widthPx, otherWidthPx ?? 0)),
  );
  const depthFromPx = -STRIP_MM.outside * pxPerMm;
  const depthToPx = Math.max(
    deepestPx + STRIP_MM.beyond * pxPerMm,
    STRIP_MM.depthMin * pxPerMm + depthFromPx,
  );
  const zoom = place.rows / (depthToPx - depthFromPx);
  const axisPx = Math.round(textPx * 1.5);
  const room = place.columns - axisPx;
  const columns = Math.max(1, Math.round(Math.min(STRIP_MM.length * pxPerMm * zoom, room * 0.6)));
  return {
    left: place.left + axisPx,
    top: place.top,
    columns,
    rows: place.rows,
    profileColumns: room - columns,
    window: { halfLengthPx: columns / zoom / 2, depthFromPx, depthToPx },
    zoom,
  };
}
