import type { CortexSigns } from './cortical-index-signs.ts';

/** Coefficients of the ordinal model of Klemetti's class (models/training/cortical-index). */
export interface CorticalIndexModel {
  readonly version: string;
  readonly weights: Readonly<Record<keyof CortexSigns, number>>;
  /** Where C1 turns into C2, and C2 into C3. */
  readonly thresholds: readonly [number, number];
}

/** What the service reads with: fitted to all films but fold 0. Printed by models/training/cortical-index/fit.py. */
export const SHIPPED_CORTICAL_INDEX: CorticalIndexModel = {
  version: '0.1.0',
  weights: { roughness: 0.1, residueLayers: 0.5, porosityShare: 22, residueContrast: 1.3, bandContrast: 0.3 },
  thresholds: [-1.3, 6.9],
};
