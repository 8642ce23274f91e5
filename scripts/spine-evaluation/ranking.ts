/** Area under the receiver operating characteristic with its standard error and 95 % interval. */
export interface RankingQuality {
  readonly area: number;
  readonly standardError: number;
  readonly interval95: readonly [number, number];
}

/**
 * Area under the curve: how often a case ranks above a control, ties counting half (Mann and Whitney). The error is
 * that of DeLong 1988, which takes every case and control for independent; the interval is cut off at 0 and 1.
 * NaN where there are no cases or no controls.
 */
export function rankingQuality(cases: readonly number[], controls: readonly number[]): RankingQuality {
  const above = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
  const meanOf = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const byCase = cases.map((one) => meanOf(controls.map((other) => above(one, other))));
  const byControl = controls.map((one) => meanOf(cases.map((other) => above(other, one))));
  const area = meanOf(byCase);
  const variance = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + (value - area) ** 2, 0) / (values.length - 1) / values.length;
  const standardError = Math.sqrt(variance(byCase) + variance(byControl));
  const half = 1.959964 * standardError;
  return { area, standardError, interval95: [Math.max(0, area - half), Math.min(1, area + half)] };
}
