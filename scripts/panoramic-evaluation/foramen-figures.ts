import type { PointPx } from '../../src/exam/film.ts';
import { mean, quantile, rounded } from '../bench/statistics.ts';
import { type Share, shareOf } from '../evaluation/estimate.ts';
import type { RealReading } from './real-readings.ts';
import type { Visibility } from './tracings.ts';

/** A foramen that was placed by hand, and where the service put it. */
export interface ForamenPair {
  readonly film: string;
  readonly visibility: Visibility;
  /** null where the service gave none. */
  readonly apartMm: number | null;
  readonly confidence: number | null;
}

/** How near foramina are to those placed by hand. */
export interface ForamenAgreement {
  readonly within3Mm: Share;
  readonly medianMm: number | null;
  readonly percentile90Mm: number | null;
}

/** Foramina whose confidence lies between two limits. */
interface ConfidenceBin {
  readonly from: number;
  readonly to: number;
  readonly sites: number;
  readonly meanConfidence: number | null;
  readonly shareWithin3Mm: number | null;
}

/** The service's foramina against those placed by hand. */
export interface ForamenFigures {
  /** Plain and faint ones: where the label is known. */
  readonly seen: ForamenAgreement;
  readonly byVisibility: Readonly<Record<Visibility, ForamenAgreement>>;
  /** Whether the confidence is the share that lies within 3 mm, of the plain and faint ones. */
  readonly reliability: readonly ConfidenceBin[];
}

const NEAR_MM = 3;
const BINS = 5;

/** Lays the service's foramina beside those placed by hand. */
export function summariseForamina(readings: readonly RealReading[]): ForamenFigures {
  return summariseForamenPairs(readings.flatMap(pairForamina));
}

/** The same from the pairs. */
export function summariseForamenPairs(pairs: readonly ForamenPair[]): ForamenFigures {
  const seen = pairs.filter(({ visibility }) => visibility !== 'guess');
  const among = (wanted: Visibility): ForamenAgreement =>
    agree(pairs.filter(({ visibility }) => visibility === wanted));
  return {
    seen: agree(seen),
    byVisibility: { plain: among('plain'), faint: among('faint'), guess: among('guess') },
    reliability: Array.from({ length: BINS }, (_, index) => binOf(seen, index / BINS, (index + 1) / BINS)),
  };
}

function pairForamina({ film, foramina, analysis, mmPerPx }: RealReading): readonly ForamenPair[] {
  return foramina.map(({ side, visibility, foramenPx }) => {
    const found = analysis.panoramic?.sides.find((one) => one.side === side);
    return {
      ...{ film, visibility, confidence: found?.foramenConfidence ?? null },
      apartMm: found?.foramenPx == null ? null : distance(found.foramenPx, foramenPx) * mmPerPx,
    };
  });
}

function agree(pairs: readonly ForamenPair[]): ForamenAgreement {
  const films = [...Map.groupBy(pairs, ({ film }) => film).values()];
  // One that was not found is as far away as can be.
  const apart = pairs.map(({ apartMm }) => apartMm ?? Infinity);
  const middle = (share: number): number | null => {
    const value = apart.length === 0 ? Number.NaN : quantile(apart, share);
    return Number.isFinite(value) ? rounded(value) : null;
  };
  return {
    within3Mm: shareOf(films, (film) => film, isNear),
    medianMm: middle(0.5),
    percentile90Mm: middle(0.9),
  };
}

function isNear({ apartMm }: ForamenPair): boolean {
  return apartMm !== null && apartMm <= NEAR_MM;
}

function binOf(pairs: readonly ForamenPair[], from: number, to: number): ConfidenceBin {
  const inside = pairs.filter(
    ({ confidence }) =>
      confidence !== null && confidence >= from && (confidence < to || (to === 1 && confidence === 1)),
  );
  const share = (value: number): number | null => (inside.length === 0 ? null : rounded(value));
  return {
    ...{ from, to, sites: inside.length },
    meanConfidence: share(mean(inside.map(({ confidence }) => confidence ?? 0))),
    shareWithin3Mm: share(inside.filter(isNear).length / inside.length),
  };
}

function distance(one: PointPx, other: PointPx): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
