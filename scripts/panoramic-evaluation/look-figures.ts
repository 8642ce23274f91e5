import type { Side } from '../../src/exam/analysis.ts';
import { mean, median, quantile, rounded } from '../bench/statistics.ts';
import { countEach } from './border-figures.ts';

/** One side as it was read on a picture, carried back onto the film. */
export interface LookedSide {
  readonly side: Side;
  /** null where the side was not assessable. */
  readonly widthMm: number | null;
  readonly statedErrorMm: number | null;
  /** The other margin where the service could hardly choose. */
  readonly otherWidthMm: number | null;
  readonly reason: string | null;
}

/** What was read on a picture. */
export interface LookedReading {
  /** Against the part of the outline that the picture shows; null where there is no border. */
  readonly borderMm: number | null;
  readonly sides: readonly LookedSide[];
}

/** The same film as it is and with another look. */
export interface LookPair {
  readonly film: string;
  readonly plain: LookedReading;
  readonly looked: LookedReading;
}

/** What a look does; losses and changes against the same film as it is, millimetres. */
export interface LookFigures {
  readonly name: string;
  readonly isRefusalRight: boolean;
  readonly films: number;
  /** Median over films with a border both times: with the look less without it. */
  readonly borderLossMm: number | null;
  readonly borderMedianMm: number | null;
  readonly widthSites: number;
  /** Median and nine of ten of the absolute change, over sides assessable both times. */
  readonly widthChangeMm: number | null;
  readonly widthChange90Mm: number | null;
  readonly widthBiasMm: number | null;
  /** Of the sides that were assessable without the look. */
  readonly turnedNotAssessable: { readonly count: number; readonly of: number };
  readonly reasons: Readonly<Record<string, number>>;
  /** Films with a side reported whose border is more than 1 mm worse than without the look. */
  readonly grossBorders: readonly string[];
  /** Sides reported whose width is more than 1 mm from the one without the look. */
  readonly grossWidths: readonly string[];
  /** Those of them where either report names the other margin, or the change is within two stated errors. */
  readonly grossWidthsStated: number;
}

/** The looks, and what is counted of all of them. */
export interface LooksFigures {
  readonly films: readonly string[];
  readonly looks: readonly LookFigures[];
  /** Of the looks that can be measured on. */
  readonly worstBorderLossMm: number | null;
  readonly worstWidthChangeMm: number | null;
  readonly grossErrors: number;
  /** Sides that were reported although the look leaves nothing to measure. */
  readonly reportedAgainstReason: { readonly count: number; readonly of: number };
}

const GROSS_MM = 1;

/** Sums the films with one look up. */
export function summariseLook(
  name: string,
  isRefusalRight: boolean,
  pairs: readonly LookPair[],
): LookFigures {
  const borders = pairs.flatMap(({ plain, looked }) =>
    plain.borderMm === null || looked.borderMm === null ? [] : [[plain.borderMm, looked.borderMm] as const],
  );
  const sides = pairs.flatMap(({ film, plain, looked }) =>
    plain.sides.flatMap((before) => {
      const after = looked.sides.find(({ side }) => side === before.side);
      return before.widthMm === null ? [] : [{ name: `${film} ${before.side}`, before, after }];
    }),
  );
  const measured = sides.flatMap(({ name: site, before, after }) =>
    after?.widthMm == null || before.widthMm === null
      ? []
      : [{ site, before, after, changeMm: after.widthMm - before.widthMm }],
  );
  const sizes = measured.map(({ changeMm }) => Math.abs(changeMm));
  const lost = sides.filter(({ after }) => after?.widthMm == null);
  const gross = measured.filter(({ changeMm }) => Math.abs(changeMm) > GROSS_MM);
  return {
    ...{ name, isRefusalRight, films: pairs.length },
    borderLossMm: short(
      median(borders.map(([, after]) => after)) - median(borders.map(([before]) => before)),
    ),
    borderMedianMm: short(median(borders.map(([, after]) => after))),
    widthSites: measured.length,
    widthChangeMm: short(median(sizes)),
    widthChange90Mm: short(quantile(sizes, 0.9)),
    widthBiasMm: short(mean(measured.map(({ changeMm }) => changeMm))),
    turnedNotAssessable: { count: lost.length, of: sides.length },
    reasons: countEach(lost.map(({ after }) => after?.reason ?? 'no-panoramic')),
    grossBorders: pairs.flatMap(({ film, plain, looked }) => (isGrossBorder(plain, looked) ? [film] : [])),
    grossWidths: gross.map(({ site }) => site),
    grossWidthsStated: gross.filter(({ before, after }) => isStated(before, after)).length,
  };
}

/** Sums all looks up. */
export function summariseLooks(films: readonly string[], looks: readonly LookFigures[]): LooksFigures {
  const measurable = looks.filter(({ isRefusalRight }) => !isRefusalRight);
  const hopeless = looks.filter(({ isRefusalRight }) => isRefusalRight);
  const worst = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  };
  const total = (some: readonly LookFigures[], count: (look: LookFigures) => number): number =>
    some.reduce((sum, look) => sum + count(look), 0);
  return {
    ...{ films, looks },
    worstBorderLossMm: worst(measurable.map(({ borderLossMm }) => borderLossMm)),
    worstWidthChangeMm: worst(measurable.map(({ widthChangeMm }) => widthChangeMm)),
    grossErrors: total(looks, ({ grossBorders, grossWidths }) => grossBorders.length + grossWidths.length),
    reportedAgainstReason: {
      count: total(hopeless, ({ turnedNotAssessable: { count, of } }) => of - count),
      of: total(hopeless, ({ turnedNotAssessable: { of } }) => of),
    },
  };
}

function isGrossBorder(plain: LookedReading, looked: LookedReading): boolean {
  if (looked.borderMm === null || looked.sides.every(({ widthMm }) => widthMm === null)) return false;
  return looked.borderMm - (plain.borderMm ?? 0) > GROSS_MM;
}

function isStated(before: LookedSide, after: LookedSide): boolean {
  const changeMm = Math.abs((after.widthMm ?? 0) - (before.widthMm ?? 0));
  if (changeMm <= 2 * Math.hypot(before.statedErrorMm ?? 0, after.statedErrorMm ?? 0)) return true;
  const isNamed = (one: LookedSide, other: LookedSide): boolean =>
    one.otherWidthMm !== null && Math.abs(one.otherWidthMm - (other.widthMm ?? 0)) < GROSS_MM / 2;
  return isNamed(before, after) || isNamed(after, before);
}

function short(value: number): number | null {
  return Number.isNaN(value) ? null : rounded(value);
}
