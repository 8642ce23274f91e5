import type { CortexSigns } from './cortical-index-signs.ts';

/** One step of the ordinal model: a logistic share in the signs; the contrasts count by their logarithm. */
export interface CorticalIndexStep {
  readonly intercept: number;
  readonly weights: Readonly<Record<keyof CortexSigns, number>>;
}

/** Coefficients of the ordinal model of Klemetti's class (models/training/cortical-index). */
export interface CorticalIndexModel {
  readonly version: string;
  /** Whether it is worse than C1. */
  readonly eroded: CorticalIndexStep;
  /** Whether what is worse than C1 is C3. */
  readonly porous: CorticalIndexStep;
}

/** What the service reads with: fitted to all films but fold 0. Printed by models/training/cortical-index/fit.py. */
export const SHIPPED_CORTICAL_INDEX: CorticalIndexModel = {
  version: '1.0.0',
  eroded: {
    intercept: 2.2418,
    weights: {
      roughness: 0.104,
      residueLayers: 1.0654,
      porosityShare: 10.506,
      residueContrast: 1.5352,
      bandContrast: 0.6055,
    },
  },
  porous: {
    intercept: -5.7262,
    weights: {
      roughness: 0.0,
      residueLayers: 2.2805,
      porosityShare: 0.7475,
      residueContrast: 0.0,
      bandContrast: 0.1802,
    },
  },
};
