import type { Film } from '../exam/film.ts';
import type { BorderFrame } from './border-frame.ts';
import { fitEdgeBreak } from './edge-break.ts';
import type { Parabola } from './parabola-fit.ts';
import { fitParabola, valueAt } from './parabola-fit.ts';
import { averageColumns, cutStrip } from './profile-strip.ts';

/** The periosteal edge as the film shows it, relative to the outline that was handed in. */
export interface PeriostealEdge {
  /** Depth of the edge below the outline's parabola, as a function of the place along it. */
  readonly offset: Parabola;
  /** How much brighter the bone is just inside, against the spread of the fit: below 1 there is no edge. */
  readonly clearness: number;
  readonly standardErrorPx: number;
}

/** How far, in millimetres, the outline may be from the edge, and how sharply it is believed. */
const SEARCH_MM = 1.3;
const SPREAD_MM = 0.5;

/** Refines the outline on the film itself: a break in the profile, piece by piece, then a smooth curve. */
export function findPeriostealEdge(
  film: Film,
  frame: BorderFrame,
  fromPx: number,
  toPx: number,
  pxPerMm: number,
): PeriostealEdge | null {
  const depthPx = 2.2 * pxPerMm;
  const strip = cutStrip(film, frame, { fromPx, toPx, depthFromPx: -depthPx, depthToPx: depthPx });
  const axis = Float64Array.from({ length: strip.depths }, (_, k) => strip.depthFromPx + k * strip.stepPx);
  const half = Math.round(0.6 * pxPerMm);
  const points: [number, number][] = [];
  for (let column = half; column < strip.alongPx.length - half; column += half) {
    const profile = averageColumns(strip, column - half, column + half);
    const found = fitEdgeBreak(axis, profile, {
      fromPx: -SEARCH_MM * pxPerMm,
      toPx: SEARCH_MM * pxPerMm,
      stepPx: 1,
      blursPx: [1.6],
      halfWindowPx: 2 * pxPerMm,
      expectedPx: 0,
      expectedSpreadPx: SPREAD_MM * pxPerMm,
    });
    if (found !== null) points.push([strip.alongPx[column] ?? 0, found.at]);
  }
  const curve = fitParabola(points);
  return curve === null ? null : settle(film, frame, curve, points, pxPerMm);
}

function settle(
  film: Film,
  frame: BorderFrame,
  curve: Parabola,
  points: readonly (readonly [number, number])[],
  pxPerMm: number,
): PeriostealEdge | null {
  const [halfPx, depthPx] = [4 * pxPerMm, 2 * pxPerMm];
  const extent = { fromPx: -halfPx, toPx: halfPx, depthFromPx: -depthPx, depthToPx: depthPx };
  const strip = cutStrip(film, frame, extent, (s) => valueAt(curve, s));
  const axis = Float64Array.from({ length: strip.depths }, (_, k) => strip.depthFromPx + k * strip.stepPx);
  const found = fitEdgeBreak(axis, averageColumns(strip, 0, strip.alongPx.length - 1), {
    fromPx: -0.5 * pxPerMm,
    toPx: 0.5 * pxPerMm,
    halfWindowPx: pxPerMm,
    expectedPx: 0,
    expectedSpreadPx: 0.4 * pxPerMm,
  });
  if (found === null) return null;
  const deviations = points.map(([s, at]) => Math.abs(at - valueAt(curve, s))).sort((a, b) => a - b);
  const spread = 1.48 * (deviations[Math.floor(deviations.length / 2)] ?? 0);
  const inside = Math.max(found.after - found.before, 0.5 * found.afterSlope * pxPerMm);
  return {
    offset: { ...curve, height: curve.height + found.at },
    clearness: inside / Math.max(1e-9, 2 * found.residual),
    standardErrorPx: Math.max(0.15, spread / Math.sqrt(Math.max(1, points.length / 3))),
  };
}
