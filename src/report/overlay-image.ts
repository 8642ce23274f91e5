/**
 * The picture a dentist would draw: the inferior border, the tangent below the foramen, the perpendicular
 * through it and both margins of the cortex, on the film and enlarged below it, with the widths in words.
 */
import type { AnalysisResult } from '../exam/analysis.ts';
import type { Film } from '../exam/film.ts';
import { encodePng, rasterizeOverlay, resizeGrey } from '../imaging/raster.ts';
import { overlaySvg } from './overlay-drawing.ts';
import { planOverlay, type Pane } from './overlay-layout.ts';

/** Shares of a histogram that become black and white: a few burnt or empty pixels do not set the greys. */
const BLACK_SHARE = 0.005;
const WHITE_SHARE = 0.997;

/** Samples looked at for that; more would not change the greys. */
const PROBES = 50_000;

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

/** 8-bit grey pixels, columns x rows. */
export interface GreyPicture {
  readonly columns: number;
  readonly rows: number;
  readonly pixels: Uint8Array;
}

/**
 * The drawing alone, as SVG. The film's pixels stand in the upper left at a scale of
 * min(1, columnsMax / film.columns); a strip with words and enlarged views is below them.
 */
export function drawOverlay(
  film: Pick<Film, 'columns' | 'rows'>,
  analysis: AnalysisResult,
  columnsMax: number = film.columns,
): string {
  return overlaySvg(planOverlay(film, analysis, columnsMax), analysis);
}

/** The film with the drawing burnt in. */
export async function renderOverlay(
  film: Film,
  analysis: AnalysisResult,
  columnsMax: number,
): Promise<RenderedOverlay> {
  const layout = planOverlay(film, analysis, columnsMax);
  const { columns, rows } = layout;
  const canvas = new Uint8Array(columns * rows);
  const plain = await paint(canvas, columns, layout.film, film);
  for (const pane of layout.insets) {
    if (pane !== null) await paint(canvas, columns, pane, film);
  }
  const { rgb } = await rasterizeOverlay(canvas, columns, rows, overlaySvg(layout, analysis));
  return { columns, rows, rgb, plain };
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
async function paint(
  canvas: Uint8Array,
  canvasColumns: number,
  pane: Pane,
  film: Film,
): Promise<GreyPicture> {
  const [extentColumns, extentRows] = pane.extentPx;
  const samples = new Float32Array(extentColumns * extentRows);
  for (let row = 0; row < extentRows; row++) {
    const from = (row + pane.originPx[1]) * film.columns + pane.originPx[0];
    samples.set(film.samples.subarray(from, from + extentColumns), row * extentColumns);
  }
  const sized = await resizeGrey(greysOf(samples), extentColumns, extentRows, pane);
  for (let row = 0; row < pane.rows; row++) {
    const line = sized.subarray(row * pane.columns, (row + 1) * pane.columns);
    canvas.set(line, (pane.top + row) * canvasColumns + pane.left);
  }
  return { columns: pane.columns, rows: pane.rows, pixels: sized };
}

/** Greys 0 to 255 between the samples' own black and white. */
function greysOf(samples: Float32Array): Uint8Array {
  const step = Math.max(1, Math.floor(samples.length / PROBES));
  const length = Math.ceil(samples.length / step);
  const probe = new Float32Array(length);
  for (let index = 0; index < length; index++) probe[index] = samples[index * step] ?? 0;
  probe.sort();
  const black = probe[Math.floor(length * BLACK_SHARE)] ?? 0;
  const white = probe[Math.floor(length * WHITE_SHARE)] ?? 1;
  const gain = 255 / Math.max(white - black, 1e-6);
  const greys = new Uint8ClampedArray(samples.length);
  for (let index = 0; index < samples.length; index++) greys[index] = ((samples[index] ?? 0) - black) * gain;
  return new Uint8Array(greys.buffer);
}
