/** Which batch size is best, from measured runs. Pure. */
import type { BatchTiming } from '../../workers/messages.ts';

/** A bigger batch must gain so much to be worth its memory and its waiting. */
const GAIN_MIN = 1.05;

/** The smallest size whose films a second are within five percent of the best. */
export function chooseBatchSize(measured: readonly BatchTiming[]): number {
  const best = Math.max(...measured.map(speedOf));
  const fit = measured.filter((timing) => speedOf(timing) * GAIN_MIN >= best).map(({ items }) => items);
  return Math.min(...fit, measured.at(-1)?.items ?? 1);
}

/** The size to measure next, doubled each time; undefined where the last doubling gained nothing or the limit is reached. */
export function nextBatchSize(measured: readonly BatchTiming[], itemsMax: number): number | undefined {
  const last = measured.at(-1);
  const earlier = measured.at(-2);
  if (last === undefined) return 1;
  if (earlier !== undefined && speedOf(last) < speedOf(earlier) * GAIN_MIN) return undefined;
  return last.items >= itemsMax ? undefined : Math.min(itemsMax, last.items * 2);
}

function speedOf({ items, runMs }: BatchTiming): number {
  return items / Math.max(runMs, 1e-3);
}
