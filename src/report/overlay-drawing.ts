/** Which drawing a film gets: by what was measured on it, and words alone where nothing was. */
import type { AnalysisResult } from '../exam/analysis.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { NOT_FOR_DIAGNOSIS, summaryLines } from './overlay-labels.ts';
import { filmPane, type FilmSize, type OverlayLayout } from './overlay-layout.ts';
import { COLOURS, LINE_HEIGHT, pictureSvg, wrapLines } from './overlay-strokes.ts';
import { panoramicSvg } from './panoramic-drawing.ts';
import { planPanoramic } from './panoramic-layout.ts';
import { spineSvg } from './spine-drawing.ts';
import { planSpine } from './spine-layout.ts';

/** A picture's plan and what is drawn by it. */
export interface OverlayDrawing {
  readonly layout: OverlayLayout;
  readonly svg: string;
}

/** Plans and draws the picture of a film, which is reduced as far as `columnsMax` asks and never enlarged. */
export function planDrawing(film: FilmSize, analysis: AnalysisResult, columnsMax: number): OverlayDrawing {
  const { panoramic, spine } = analysis;
  if (spine !== null) {
    const layout = planSpine(film, spine, columnsMax);
    return { layout, svg: spineSvg(layout, analysis, spine) };
  }
  if (panoramic !== null) {
    const layout = planPanoramic(film, analysis, columnsMax);
    return { layout, svg: panoramicSvg(layout, analysis, panoramic) };
  }
  return planTitle(film, analysis, columnsMax);
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
  return { layout, svg: pictureSvg(layout, parts) };
}
