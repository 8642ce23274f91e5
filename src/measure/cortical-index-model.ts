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
    intercept: 2.3958,
    weights: {
      roughness: 0.0507,
      residueLayers: 1.0531,
      porosityShare: 11.0716,
      residueContrast: 1.5768,
      bandContrast: 0.6164,
    },
  },
  porous: {
    intercept: -5.6296,
    weights: {
      roughness: 0.0,
      residueLayers: 2.3267,
      porosityShare: 0.1077,
      residueContrast: 0.0,
      bandContrast: 0.2419,
    },
  },
};
