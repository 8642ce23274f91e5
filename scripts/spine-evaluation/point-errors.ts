import { VERTEBRA_POINTS } from '../../src/exam/analysis.ts';
import { bodyFrame, distancePx, type SixPoints } from '../../src/measure/body-frame.ts';

/** How far the points of a find lie from those of its label. */
export interface PointErrors {
  /** Mean distance of the four corners, percent of the labelled body's height. */
  readonly cornersPercent: number;
  /** The same of all six points. */
  readonly pointsPercent: number;
  /** Absolute error of anterior by posterior height. */
  readonly wedgeRatio: number;
  /** Absolute error of middle by posterior height. */
  readonly biconcaveRatio: number;
}

/** Compares a find with its label; heights are the distances between the points of each pair in both. */
export function comparePoints(label: SixPoints, find: SixPoints): PointErrors {
  const { heightPx } = bodyFrame(label);
  const apart = (name: keyof SixPoints): number => (100 * distancePx(label[name], find[name])) / heightPx;
  const corners = VERTEBRA_POINTS.filter((name) => !name.endsWith('Middle'));
  const meanOf = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [labelled, found] = [ratiosOf(label), ratiosOf(find)];
  return {
    cornersPercent: meanOf(corners.map(apart)),
    pointsPercent: meanOf(VERTEBRA_POINTS.map(apart)),
    wedgeRatio: Math.abs(found.wedge - labelled.wedge),
    biconcaveRatio: Math.abs(found.biconcave - labelled.biconcave),
  };
}

/** Anterior and middle height as parts of the posterior one. */
export function ratiosOf(points: SixPoints): { readonly wedge: number; readonly biconcave: number } {
  const anterior = distancePx(points.superiorAnterior, points.inferiorAnterior);
  const middle = distancePx(points.superiorMiddle, points.inferiorMiddle);
  const posterior = distancePx(points.superiorPosterior, points.inferiorPosterior);
  return { wedge: anterior / posterior, biconcave: middle / posterior };
}
