/**
 * The picture a dentist would draw: the inferior border, the tangent below the foramen, the perpendicular
 * through it, both margins of the cortex, and the width in words beside it, with nothing laid over the bone
 * that is judged.
 */
import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import type { Film, PointPx } from '../exam/film.ts';
import { encodePng, rasterizeOverlay, resizeGrey } from '../imaging/raster.ts';
import { NOT_FOR_DIAGNOSIS, sideLines, summaryLines } from './overlay-labels.ts';
import { textSvg, textWidthPx } from './label-text.ts';

/** Colours that stay apart for people who cannot tell red from green (Okabe and Ito). */
const COLOURS = {
  border: '#56b4e9',
  construction: '#f0e442',
  margin: '#e69f00',
  text: '#ffffff',
  panel: '#000000',
} as const;

/** Shares of a histogram that become black and white: a few burnt or empty pixels do not set the greys. */
const BLACK_SHARE = 0.005;
const WHITE_SHARE = 0.997;

/** A picture, 3 bytes a pixel. */
export interface OverlayPicture {
  readonly columns: number;
  readonly rows: number;
  readonly rgb: Uint8Array;
}

/** What the drawing needs: the picture's own size, its scale to the film, the size of its lines. */
interface Drawing {
  readonly columns: number;
  readonly rows: number;
  /** Picture pixels in one film pixel. */
  readonly scale: number;
  readonly linePx: number;
  readonly textPx: number;
}

/** The drawing alone, as SVG of the picture's size; `columnsMax` bounds the picture, the film is not enlarged. */
export function drawOverlay(
  film: Pick<Film, 'columns' | 'rows'>,
  analysis: AnalysisResult,
  columnsMax: number = film.columns,
): string {
  const drawing = drawingOf(film, columnsMax);
  const { panoramic } = analysis;
  const parts = [titlePanel(drawing, analysis)];
  if (panoramic !== null) {
    parts.push(polyline(drawing, panoramic.inferiorBorderPx, COLOURS.border, 0.8, 0.75));
    for (const side of panoramic.sides) parts.push(sideConstruction(drawing, side));
    for (const side of panoramic.sides) parts.push(sidePanel(drawing, analysis, side));
  }
  const { columns, rows } = drawing;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${columns}" height="${rows}" viewBox="0 0 ${columns} ${rows}">${parts.join('')}</svg>`;
}

/** The film with the drawing burnt in. */
export async function renderOverlay(
  film: Film,
  analysis: AnalysisResult,
  columnsMax: number,
): Promise<OverlayPicture> {
  const { columns, rows } = drawingOf(film, columnsMax);
  const grey = greyOf(film);
  const sized =
    columns === film.columns ? grey : await resizeGrey(grey, film.columns, film.rows, { columns, rows });
  const svg = drawOverlay(film, analysis, columnsMax);
  const { rgb } = await rasterizeOverlay(sized, columns, rows, svg);
  return { columns, rows, rgb };
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

function drawingOf(film: Pick<Film, 'columns' | 'rows'>, columnsMax: number): Drawing {
  const scale = Math.min(1, columnsMax / film.columns);
  const columns = Math.max(1, Math.round(film.columns * scale));
  const rows = Math.max(1, Math.round(film.rows * scale));
  return { columns, rows, scale, linePx: Math.max(1, columns / 900), textPx: Math.max(9, columns / 72) };
}

/** Eight-bit greys between the film's own black and white. */
function greyOf(film: Film): Uint8Array {
  const { samples } = film;
  const step = Math.max(1, Math.floor(samples.length / 200_000));
  const probe = Float32Array.from(
    { length: Math.ceil(samples.length / step) },
    (_, i) => samples[i * step] ?? 0,
  );
  probe.sort();
  const black = probe[Math.floor(probe.length * BLACK_SHARE)] ?? 0;
  const white = probe[Math.floor(probe.length * WHITE_SHARE)] ?? 1;
  const gain = 255 / Math.max(white - black, 1e-6);
  const grey = new Uint8ClampedArray(samples.length);
  for (let i = 0; i < samples.length; i++) grey[i] = ((samples[i] ?? 0) - black) * gain;
  return new Uint8Array(grey.buffer);
}

/** Tangent, perpendicular to the foramen, and a short bar across each margin of the cortex. */
function sideConstruction(drawing: Drawing, side: ReportedSide): string {
  const { outerPx, innerPx, foramenPx, widthPx } = side;
  if (!side.assessable || outerPx === null || innerPx === null || widthPx === null || widthPx <= 0) {
    return foramenPx === null ? '' : ring(drawing, foramenPx);
  }
  const up: PointPx = [(innerPx[0] - outerPx[0]) / widthPx, (innerPx[1] - outerPx[1]) / widthPx];
  const along: PointPx = [-up[1], up[0]];
  const tangentPx = (drawing.linePx * 55) / drawing.scale;
  const barPx = (drawing.linePx * 9) / drawing.scale;
  const across = (at: PointPx, halfPx: number): PointPx[] => [
    move(at, along, -halfPx),
    move(at, along, halfPx),
  ];
  const parts = [
    dashed(drawing, across(outerPx, tangentPx)),
    polyline(drawing, across(outerPx, barPx), COLOURS.margin, 1.3, 1),
    polyline(drawing, across(innerPx, barPx), COLOURS.margin, 1.3, 1),
  ];
  if (foramenPx !== null) parts.push(dashed(drawing, [innerPx, foramenPx]), ring(drawing, foramenPx));
  return parts.join('');
}

/**
 * The words of one side stand below the border, outside the bone, joined to the measurement by a thin line; near
 * the lower edge of the film they move up as far as they must.
 */
function sidePanel(drawing: Drawing, analysis: AnalysisResult, side: ReportedSide): string {
  const lines = sideLines(analysis, side);
  const { columns, rows, textPx, scale } = drawing;
  const panel = panelSize(lines, textPx);
  const anchor = side.outerPx ?? [side.side === 'R' ? 0 : (analysis.image?.columns ?? 0), 0];
  const outward = side.side === 'R' ? -1 : 1;
  const anchorAt: PointPx = [anchor[0] * scale, anchor[1] * scale];
  const measured = side.outerPx !== null;
  const centre = anchorAt[0] + outward * textPx * 9;
  const left = clamp(centre - panel.width / 2, textPx, columns - panel.width - textPx);
  const wanted = measured ? anchorAt[1] + textPx * 2.5 : rows - panel.height - textPx;
  const top = clamp(wanted, textPx, rows - panel.height - textPx);
  const lead = measured
    ? line(
        [anchorAt[0], anchorAt[1] + drawing.linePx * 3],
        [clamp(anchorAt[0], left, left + panel.width), top],
        drawing,
      )
    : '';
  return lead + panelSvg(lines, { left, top }, textPx);
}

/** Outcome, scale and the warning, in the upper left corner, where a panoramic film shows no mandible. */
function titlePanel(drawing: Drawing, analysis: AnalysisResult): string {
  const { textPx } = drawing;
  const lines = [NOT_FOR_DIAGNOSIS, ...summaryLines(analysis)];
  const widest = panelSize(lines, textPx).width;
  const fitted = Math.min(textPx, (textPx * (drawing.columns - textPx)) / widest);
  return panelSvg(lines, { left: fitted / 2, top: fitted / 2 }, fitted);
}

function panelSize(
  lines: readonly string[],
  textPx: number,
): { readonly width: number; readonly height: number } {
  const width = Math.max(...lines.map((text) => textWidthPx(text, textPx))) + textPx;
  return { width, height: lines.length * textPx * 1.3 + textPx * 0.5 };
}

function panelSvg(
  lines: readonly string[],
  at: { readonly left: number; readonly top: number },
  textPx: number,
): string {
  const { width, height } = panelSize(lines, textPx);
  const box = `<rect x="${px(at.left)}" y="${px(at.top)}" width="${px(width)}" height="${px(height)}" rx="${px(textPx * 0.25)}" fill="${COLOURS.panel}" fill-opacity="0.7"/>`;
  const texts = lines.map((text, index) => {
    const place = {
      left: at.left + textPx / 2,
      baseline: at.top + textPx * (1.15 + index * 1.3),
      sizePx: textPx,
    };
    return textSvg(text, place, index === 0 ? COLOURS.text : '#d8d8d8');
  });
  return box + texts.join('');
}

function polyline(
  drawing: Drawing,
  pointsPx: readonly PointPx[],
  colour: string,
  weight: number,
  opacity: number,
  dash = '',
): string {
  if (pointsPx.length < 2) return '';
  const points = pointsPx.map((point) => toPicture(drawing, point).map(px).join(',')).join(' ');
  const width = px(drawing.linePx * weight);
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-opacity="${opacity}" stroke-linecap="round"${dashes}/>`;
}

function dashed(drawing: Drawing, pointsPx: readonly PointPx[]): string {
  const dash = `${px(drawing.linePx * 5)} ${px(drawing.linePx * 4)}`;
  return polyline(drawing, pointsPx, COLOURS.construction, 0.7, 0.9, dash);
}

function ring(drawing: Drawing, centrePx: PointPx): string {
  const [x, y] = toPicture(drawing, centrePx);
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(drawing.linePx * 7)}" fill="none" stroke="${COLOURS.construction}" stroke-width="${px(drawing.linePx * 0.8)}"/>`;
}

function line(from: PointPx, to: PointPx, drawing: Drawing): string {
  return `<line x1="${px(from[0])}" y1="${px(from[1])}" x2="${px(to[0])}" y2="${px(to[1])}" stroke="${COLOURS.text}" stroke-opacity="0.6" stroke-width="${px(drawing.linePx * 0.6)}"/>`;
}

/** A film's point in the picture: pixel centres lie on whole numbers on the film and on halves in SVG. */
function toPicture({ scale }: Drawing, [column, row]: PointPx): PointPx {
  return [(column + 0.5) * scale, (row + 0.5) * scale];
}

function move([column, row]: PointPx, direction: PointPx, distancePx: number): PointPx {
  return [column + direction[0] * distancePx, row + direction[1] * distancePx];
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function px(value: number): string {
  return value.toFixed(1);
}
