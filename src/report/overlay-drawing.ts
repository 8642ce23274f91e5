/** Which drawing a film gets: by what was measured on it, and words alone where nothing was. */
import type { AnalysisResult, PanoramicFinding } from '../exam/analysis.ts';
import type { Film } from '../exam/film.ts';
import { onFilm } from '../exam/film-scale.ts';
import type { GreyPicture } from '../imaging/grey-picture.ts';
import { cutCortexStrip, isMeasuredCortex } from './cortex-strip.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { NOT_FOR_DIAGNOSIS, summaryLines } from './overlay-labels.ts';
import { filmPane, type FilmSize, type OverlayLayout } from './overlay-layout.ts';
import { COLOURS, LINE_HEIGHT, pictureSvg, wrapLines } from './overlay-strokes.ts';
import { panoramicSvg } from './panoramic-drawing.ts';
import { planPanoramic } from './panoramic-layout.ts';
import { spineSvg } from './spine-drawing.ts';
import { planSpine } from './spine-layout.ts';

/** A picture's plan, what is drawn by it, and what is shown of the film besides its panes. */
export interface OverlayDrawing {
  readonly layout: OverlayLayout;
  readonly svg: string;
  readonly patches: readonly GreyPatch[];
}

/** Grey pixels at a place of the picture. */
export interface GreyPatch extends GreyPicture {
  readonly left: number;
  readonly top: number;
}

/** Plans and draws the picture of a film, which is reduced as far as `columnsMax` asks and never enlarged. */
export function planDrawing(film: Film, analysis: AnalysisResult, columnsMax: number): OverlayDrawing {
  // Words speak of the original's pixels, lines lie on those of the film, which may have been decoded at a reduced size.
  const { panoramic, spine } = onFilm(analysis, film);
  if (spine !== null) {
    const layout = planSpine(film, spine, columnsMax);
    return { layout, svg: spineSvg(layout, analysis, spine), patches: [] };
  }
  return panoramic === null
    ? planTitle(film, analysis, columnsMax)
    : drawPanoramic(film, analysis, panoramic, columnsMax);
}

function drawPanoramic(
  film: Film,
  analysis: AnalysisResult,
  panoramic: PanoramicFinding,
  columnsMax: number,
): OverlayDrawing {
  const layout = planPanoramic(film, panoramic, columnsMax, analysis.panoramic?.sides);
  const strips = panoramic.sides.map((side, index) => {
    const pane = layout.strips[index];
    return pane && isMeasuredCortex(side)
      ? { pane, ...cutCortexStrip(film, panoramic.inferiorBorderPx, side, pane.window, pane) }
      : null;
  });
  const patches = strips.flatMap((strip) =>
    strip === null ? [] : [{ ...strip.picture, left: strip.pane.left, top: strip.pane.top }],
  );
  return { layout, svg: panoramicSvg(layout, analysis, panoramic, strips), patches };
}

/** The film with a strip of words below it. */
function planTitle(film: FilmSize, analysis: AnalysisResult, columnsMax: number): OverlayDrawing {
  const pane = filmPane(film, Math.min(1, columnsMax / film.columns));
  const { columns } = pane;
  const textPx = Math.max(7, columns / 76, Math.min(pane.rows / 60, columns / 40));
  const marginPx = Math.round(textPx * 0.6);
  const lines = wrapLines([...summaryLines(analysis), NOT_FOR_DIAGNOSIS], textPx, columns - 2 * marginPx);
  const rows = pane.rows + Math.ceil(textPx * LINE_HEIGHT * lines.length) + 2 * marginPx;
  const layout = { columns, rows, film: pane, insets: [], marginPx, linePx: 1, textPx };
  const parts = lines.map((text, at) => {
    const left = (columns - textWidthPx(text, textPx)) / 2;
    const baseline = pane.rows + marginPx + textPx * (1 + at * LINE_HEIGHT);
    const colour = at === lines.length - 1 ? COLOURS.yellow : at === 0 ? COLOURS.text : COLOURS.detail;
    return textSvg(text, { left, baseline, sizePx: textPx }, colour);
  });
  return { layout, svg: pictureSvg(layout, parts), patches: [] };
}
