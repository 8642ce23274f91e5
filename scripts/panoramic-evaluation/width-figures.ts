import type { SideMeasurement } from '../../src/exam/analysis.ts';
import { mean, quantile, rounded } from '../bench/statistics.ts';
import { type Estimate, estimateOf } from '../evaluation/estimate.ts';
import { countEach } from './border-figures.ts';
import type { RealReading } from './real-readings.ts';
import type { Tracing } from './tracings.ts';

/** Two widths of one site, millimetres at the detector. */
export interface WidthPair {
  readonly film: string;
  readonly side: string;
  readonly readMm: number;
  /** What the width is compared with. */
  readonly tracedMm: number;
  /** The other margin that the tracer would have defended. */
  readonly otherTracedMm: number | null;
  readonly statedErrorMm: number | null;
  readonly isNear: boolean;
  readonly quality: string;
  readonly foramenApartMm: number | null;
}

/** How widths agree; intervals by drawing films again. */
export interface WidthAgreement {
  readonly sites: number;
  readonly meanAbsoluteErrorMm: Estimate;
  readonly medianErrorMm: Estimate;
  readonly percentile90ErrorMm: Estimate;
  readonly biasMm: Estimate;
  readonly correlation: Estimate;
}

/** Cortical widths of the service against those that were traced. */
export interface WidthFigures {
  readonly tracedSites: number;
  readonly all: WidthAgreement;
  readonly clear: WidthAgreement;
  readonly near: WidthAgreement;
  /** The nearer of the two margins that the tracer would have defended: what the choice between them costs. */
  readonly nearerCandidate: WidthAgreement;
  readonly byQuality: Readonly<Record<string, WidthAgreement>>;
  /** Below the tracer's own foramen: what finding it costs. */
  readonly atTracedForamen: WidthAgreement;
  /** The tracer's second reading against the first. */
  readonly repeat: {
    readonly all: WidthAgreement;
    readonly clear: WidthAgreement;
    readonly near: WidthAgreement;
  };
  /** Sites that one could measure and the other could not. */
  readonly notAssessable: {
    readonly byService: number;
    readonly reasons: Readonly<Record<string, number>>;
    readonly byTracer: number;
    readonly byTracerAlone: number;
  };
  /** The worst first. */
  readonly worstSites: readonly WidthPair[];
}

const WORST_SITES = 12;

/** Lays the widths of the service beside the first reading of each site. */
export function summariseWidths(readings: readonly RealReading[]): WidthFigures {
  const pairs = pairWidths(readings, ({ analysis }, { side }) =>
    analysis.panoramic?.sides.find((one) => one.side === side),
  );
  const traced = pairWidths(readings, ({ atTracedForamen }, { side }) => atTracedForamen[side]);
  const sites = readings.flatMap((reading) =>
    firstReadings(reading).map((tracing) => ({ tracing, ...judgeSite(reading, tracing) })),
  );
  const refused = sites.filter(({ tracing, reason }) => tracing.widthPx !== null && reason !== null);
  const unseen = sites.filter(({ tracing }) => tracing.widthPx === null);
  const qualities = [...new Set(pairs.map(({ quality }) => quality))].sort();
  const repeats = pairRepeats(readings);
  return {
    tracedSites: sites.filter(({ tracing }) => tracing.widthPx !== null).length,
    all: summarisePairs(pairs),
    clear: summarisePairs(pairs.filter(({ isNear }) => !isNear)),
    near: summarisePairs(pairs.filter(({ isNear }) => isNear)),
    nearerCandidate: summarisePairs(pairs.map(takeNearer)),
    byQuality: Object.fromEntries(
      qualities.map((name) => [name, summarisePairs(pairs.filter(({ quality }) => quality === name))]),
    ),
    atTracedForamen: summarisePairs(traced),
    repeat: {
      all: summarisePairs(repeats),
      clear: summarisePairs(repeats.filter(({ isNear }) => !isNear)),
      near: summarisePairs(repeats.filter(({ isNear }) => isNear)),
    },
    notAssessable: {
      byService: refused.length,
      reasons: countEach(refused.flatMap(({ reason }) => reason ?? [])),
      byTracer: unseen.length,
      byTracerAlone: unseen.filter(({ reason }) => reason === null).length,
    },
    worstSites: [...pairs]
      .sort((one, other) => errorOf(other) - errorOf(one))
      .slice(0, WORST_SITES)
      .map(roundPair),
  };
}

/** The sites that both measured. */
export function pairWidths(
  readings: readonly RealReading[],
  measured: (reading: RealReading, tracing: Tracing) => SideMeasurement | null | undefined,
): readonly WidthPair[] {
  return readings.flatMap((reading) =>
    firstReadings(reading).flatMap((tracing): WidthPair[] => {
      const side = measured(reading, tracing);
      if (side?.assessable !== true || side.widthPx === null || tracing.widthPx === null) return [];
      const { mmPerPx } = reading;
      const [x, y] = side.foramenPx ?? [Number.NaN, Number.NaN];
      return [
        {
          ...{ film: reading.film, side: tracing.side, isNear: tracing.isNear, quality: tracing.quality },
          readMm: side.widthPx * mmPerPx,
          tracedMm: tracing.widthPx * mmPerPx,
          otherTracedMm: tracing.otherWidthPx === null ? null : tracing.otherWidthPx * mmPerPx,
          statedErrorMm: side.uncertaintyPx === null ? null : side.uncertaintyPx * mmPerPx,
          foramenApartMm: Math.hypot(x - tracing.foramenPx[0], y - tracing.foramenPx[1]) * mmPerPx,
        },
      ];
    }),
  );
}

/** The sites that the tracer read twice: the second reading against the first. Near where either reading was. */
export function pairRepeats(readings: readonly RealReading[]): readonly WidthPair[] {
  return readings.flatMap((reading) =>
    firstReadings(reading).flatMap((first): WidthPair[] => {
      const second = reading.tracings.find((one) => one.reading === 2 && one.side === first.side);
      if (second?.widthPx == null || first.widthPx === null) return [];
      const stated = reading.analysis.panoramic?.sides.find(({ side }) => side === first.side);
      const { mmPerPx, film } = reading;
      return [
        {
          ...{ film, side: first.side, quality: first.quality, otherTracedMm: null, foramenApartMm: null },
          readMm: second.widthPx * mmPerPx,
          tracedMm: first.widthPx * mmPerPx,
          statedErrorMm:
            stated?.assessable === true && stated.uncertaintyPx !== null
              ? stated.uncertaintyPx * mmPerPx
              : null,
          isNear: first.isNear || second.isNear,
        },
      ];
    }),
  );
}

/** Sums pairs up, film by film. */
export function summarisePairs(pairs: readonly WidthPair[]): WidthAgreement {
  const films = [...Map.groupBy(pairs, ({ film }) => film).values()];
  const figure = (of: (some: readonly WidthPair[]) => number): Estimate =>
    estimateOf(films, (drawn) => of(drawn.flat()));
  return {
    sites: pairs.length,
    meanAbsoluteErrorMm: figure((some) => mean(some.map(errorOf))),
    medianErrorMm: figure((some) => quantile(some.map(errorOf), 0.5)),
    percentile90ErrorMm: figure((some) => quantile(some.map(errorOf), 0.9)),
    biasMm: figure((some) => mean(some.map(({ readMm, tracedMm }) => readMm - tracedMm))),
    correlation: figure(correlate),
  };
}

/** Pearson's correlation of read and traced widths; NaN where either does not vary. */
export function correlate(pairs: readonly Pick<WidthPair, 'readMm' | 'tracedMm'>[]): number {
  const [readMean, tracedMean] = [
    mean(pairs.map(({ readMm }) => readMm)),
    mean(pairs.map(({ tracedMm }) => tracedMm)),
  ];
  let [both, read, traced] = [0, 0, 0];
  for (const { readMm, tracedMm } of pairs) {
    both += (readMm - readMean) * (tracedMm - tracedMean);
    read += (readMm - readMean) ** 2;
    traced += (tracedMm - tracedMean) ** 2;
  }
  return both / Math.sqrt(read * traced);
}

function firstReadings({ tracings }: RealReading): readonly Tracing[] {
  return tracings.filter(({ reading }) => reading === 1);
}

function judgeSite({ analysis }: RealReading, tracing: Tracing): { readonly reason: string | null } {
  const side = analysis.panoramic?.sides.find((one) => one.side === tracing.side);
  if (side === undefined) return { reason: analysis.reasons[0]?.code ?? 'no-reason' };
  return { reason: side.assessable ? null : (side.reason ?? 'no-reason') };
}

function errorOf({ readMm, tracedMm }: WidthPair): number {
  return Math.abs(readMm - tracedMm);
}

function takeNearer(pair: WidthPair): WidthPair {
  const { readMm, tracedMm, otherTracedMm, isNear } = pair;
  if (!isNear || otherTracedMm === null) return pair;
  return Math.abs(readMm - otherTracedMm) < Math.abs(readMm - tracedMm)
    ? { ...pair, tracedMm: otherTracedMm }
    : pair;
}

function roundPair(pair: WidthPair): WidthPair {
  const short = (value: number | null): number | null => (value === null ? null : rounded(value));
  return {
    ...pair,
    readMm: rounded(pair.readMm),
    tracedMm: rounded(pair.tracedMm),
    otherTracedMm: short(pair.otherTracedMm),
    statedErrorMm: short(pair.statedErrorMm),
    foramenApartMm: short(pair.foramenApartMm),
  };
}
