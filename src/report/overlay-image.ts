/**
 * The picture a reader would draw: of a jaw the inferior border and both margins of the cortex below the foramen,
 * of a spine the outline of each vertebra with its grade; enlarged what matters most, and all of it in words.
 */
import type { AnalysisResult } from '../exam/analysis.ts';
import type { Film } from '../exam/film.ts';
import { cutFilm, greyPicture, type GreyPicture } from '../imaging/grey-picture.ts';
import { encodePng, layOver, rasterizeSvg } from '../imaging/raster.ts';
import { planDrawing, type GreyPatch } from './overlay-drawing.ts';
import type { Pane } from './overlay-layout.ts';

/** A picture, 3 bytes a pixel. */
export interface OverlayPicture {
  readonly columns: number;
  readonly rows: number;
  readonly rgb: Uint8Array;
}

/** The picture together with what is under the drawing. */
export interface RenderedOverlay extends OverlayPicture {
  /** The film alone at the same scale, without a drawing, 8-bit grey. */
  readonly plain: GreyPicture;
}

/**
 * The drawing alone, as SVG. The film's pixels stand in the upper left, reduced as far as `columnsMax` asks; a strip
 * with words and enlarged views is below a wide film and at the side of a tall one.
 */
export function drawOverlay(film: Film, analysis: AnalysisResult, columnsMax: number = film.columns): string {
  return planDrawing(film, analysis, columnsMax).svg;
}

/** The film with the drawing burnt in. */
export async function renderOverlay(
  film: Film,
  analysis: AnalysisResult,
  columnsMax: number,
): Promise<RenderedOverlay> {
  const { layout, svg, patches } = planDrawing(film, analysis, columnsMax);
  const { columns, rows } = layout;
  // The drawing is made on a thread of its own while the film is painted on this one.
  const drawing = rasterizeSvg(svg);
  const canvas = new Uint8Array(columns * rows);
  const plain = paint(canvas, columns, layout.film, film);
  for (const pane of layout.insets) {
    if (pane !== null) paint(canvas, columns, pane, film);
  }
  for (const patch of patches) place(canvas, columns, patch);
  return { columns, rows, rgb: layOver(canvas, await drawing), plain };
}

/** The same as a PNG file. */
export async function renderOverlayPng(
  film: Film,
  analysis: AnalysisResult,
  columnsMax: number,
): Promise<Buffer> {
  const { rgb, columns, rows } = await renderOverlay(film, analysis, columnsMax);
  return encodePng(rgb, columns, rows, 3);
}

/** Puts a pane's part of the film on the canvas, at the pane's size and in greys of its own. */
function paint(canvas: Uint8Array, canvasColumns: number, pane: Pane, film: Film): GreyPicture {
  const [left, top] = pane.originPx;
  const [columns, rows] = pane.extentPx;
  const isWhole = columns === film.columns && rows === film.rows;
  const picture = greyPicture(isWhole ? film : cutFilm(film, { left, top, columns, rows }), pane);
  place(canvas, canvasColumns, { ...picture, left: pane.left, top: pane.top });
  return picture;
}

function place(
  canvas: Uint8Array,
  canvasColumns: number,
  { left, top, columns, rows, pixels }: GreyPatch,
): void {
  for (let row = 0; row < rows; row++) {
    canvas.set(pixels.subarray(row * columns, (row + 1) * columns), (top + row) * canvasColumns + left);
  }
}
