import { median, rounded, type Spread, spreadOf } from './statistics.ts';

/** What a figure must reach, and which of its rounds speaks for it. */
interface Target {
  readonly unit: string;
  readonly least?: number;
  readonly most?: number;
  /** A promise about every film is kept by the worst round or not at all. */
  readonly of: 'median' | 'largest';
}

/** Every figure of the bench. Those without a bound are printed to be driven on. */
export const TARGETS = {
  'engine.efficiency': { unit: 'of cores / single-thread stage time', least: 0.9, of: 'median' },
  'engine.filmsPerSecond': { unit: 'films/s', of: 'median' },
  'raw.filmsPerRun': { unit: 'films/s over raw runs/s', of: 'median' },
  'raw.nodeOverC': { unit: 'runs/s over raw runs/s', of: 'median' },
  'raw.runsPerSecond': { unit: 'runs/s of C, a process on every core', of: 'median' },
  'raw.cores': { unit: 'raw runs/s on every core over those on one', of: 'median' },
  'scaling.twoOverOne': { unit: 'times', least: 1.85, of: 'median' },
  'latency.p50Ms': { unit: 'ms', most: 400, of: 'median' },
  'latency.p95Ms': { unit: 'ms', most: 1000, of: 'median' },
  'bursts.overFairShareMs': { unit: 'ms later than fair share, a batch and 15 %', most: 0, of: 'largest' },
  'bursts.throughput': { unit: 'of steady state', least: 0.85, of: 'median' },
  'backlog.rss': { unit: 'RSS at many queued exams over that at few', most: 1.1, of: 'median' },
  'device.throughput': { unit: 'of what the cost model allows', least: 0.95, of: 'median' },
  'device.overWaitLimitMs': { unit: 'ms longer than limit and one run', most: 0, of: 'largest' },
  'growth.sqlite': { unit: 'slowest growing query at most exams over that at fewest', most: 2, of: 'median' },
  'growth.postgres': {
    unit: 'slowest growing query at most exams over that at fewest',
    most: 2,
    of: 'median',
  },
  'worklist.p95Ms': { unit: 'ms, slowest question of 200,000 referrals', most: 100, of: 'median' },
  'distributed.lostOrDoubled': { unit: 'exams', most: 0, of: 'largest' },
  'distributed.recoverySeconds': {
    unit: 's until a killed worker’s jobs are in other hands',
    most: 10,
    of: 'largest',
  },
  'orthanc.singleFilm': { unit: 'its time over ours', of: 'median' },
  'orthanc.filmsPerSecond': { unit: 'ours over its', of: 'median' },
} as const satisfies Readonly<Record<string, Target>>;

/** The name of a figure. */
export type FigureName = keyof typeof TARGETS;

/** A figure as it is printed. */
export interface Figure {
  readonly name: FigureName;
  /** What it was measured on, where there is more than one. */
  readonly of?: string;
  readonly value: number;
  readonly unit: string;
  readonly target: string | null;
  /** null where there is no target. */
  readonly met: boolean | null;
  readonly rounds: number;
  readonly spread: Spread;
}

/** Judges a figure by its rounds; one without a round is not met. */
export function judge(name: FigureName, values: readonly number[], of?: string): Figure {
  const target: Target = TARGETS[name];
  const spread = spreadOf(values);
  const value = target.of === 'median' ? median(values) : spread.max;
  return { ...judgeValue(name, value, of), rounds: values.length, spread };
}

/** Judges a value that stands for all rounds, for example a percentile of all films. */
export function judgeValue(name: FigureName, value: number, of?: string): Figure {
  const { unit, least, most }: Target = TARGETS[name];
  const bounds = [
    ...(least === undefined ? [] : [`>= ${least}`]),
    ...(most === undefined ? [] : [`<= ${most}`]),
  ];
  const isMet = value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (most ?? Number.POSITIVE_INFINITY);
  return {
    ...{ name, ...(of === undefined ? {} : { of }), value: rounded(value), unit },
    target: bounds.length === 0 ? null : bounds.join(' and '),
    met: bounds.length === 0 ? null : isMet,
    ...{ rounds: 1, spread: { min: rounded(value), max: rounded(value) } },
  };
}
