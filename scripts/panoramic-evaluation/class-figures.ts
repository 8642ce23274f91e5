import { type Estimate, estimateOf, type Share, shareOf } from '../evaluation/estimate.ts';
import { countPairs, weightedKappa } from '../evaluation/rating-agreement.ts';
import type { RealReading } from './real-readings.ts';

/** A side that two readers put into one of Klemetti's classes, numbered from 0. */
export interface ClassPair {
  readonly film: string;
  readonly read: number;
  readonly traced: number;
}

/** How two readers agree on Klemetti's classes. */
export interface ClassAgreement {
  readonly sites: number;
  readonly same: Share;
  readonly kappa: Estimate;
  readonly kappaLinear: Estimate;
  /** Rows: what was traced first, C1 to C3; columns: what is compared with it. */
  readonly table: readonly (readonly number[])[];
}

/** Klemetti's class of the service against that of the tracer, and the tracer's own repeat. */
export interface ClassFigures {
  readonly service: ClassAgreement;
  readonly repeat: ClassAgreement;
  /** Sites with a traced class of which the service says none. */
  readonly notRead: number;
}

const CLASSES = ['C1', 'C2', 'C3'] as const;

/** Lays the classes beside each other. */
export function summariseClasses(readings: readonly RealReading[]): ClassFigures {
  const service: ClassPair[] = [];
  const repeat: ClassPair[] = [];
  let notRead = 0;
  for (const { film, tracings, classOfFold } of readings) {
    for (const { reading, side, mci } of tracings) {
      if (reading !== 1 || mci === null) continue;
      const traced = CLASSES.indexOf(mci);
      const own = classOfFold[side];
      if (own === null) notRead += 1;
      else service.push({ film, traced, read: CLASSES.indexOf(own.class) });
      const second = tracings.find((one) => one.reading === 2 && one.side === side)?.mci;
      if (second != null) repeat.push({ film, traced, read: CLASSES.indexOf(second) });
    }
  }
  return { service: agreeOnClasses(service), repeat: agreeOnClasses(repeat), notRead };
}

/** Sums pairs of classes up, film by film. */
export function agreeOnClasses(pairs: readonly ClassPair[]): ClassAgreement {
  const films = [...Map.groupBy(pairs, ({ film }) => film).values()];
  const countsOf = (some: readonly ClassPair[]) =>
    countPairs(
      some.map(({ traced, read }) => [traced, read]),
      CLASSES.length,
    );
  const kappa = (weights: 'equal' | 'linear'): Estimate =>
    estimateOf(films, (drawn) => weightedKappa(countsOf(drawn.flat()), weights));
  return {
    sites: pairs.length,
    same: shareOf(
      films,
      (film) => film,
      ({ traced, read }) => traced === read,
    ),
    kappa: kappa('equal'),
    kappaLinear: kappa('linear'),
    table: countsOf(pairs),
  };
}
