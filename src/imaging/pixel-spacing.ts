import type { PixelModule } from '../dicom/read-header.ts';
import type { Spacing } from '../exam/analysis.ts';

/** Why there is no scale. */
type SpacingProblem = 'spacing-absent' | 'spacing-not-calibrated' | 'spacing-not-square' | 'spacing-absurd';

/** The scale of a film, and where there is none, why. */
export interface SpacingReading {
  readonly spacing: Spacing;
  readonly problem: SpacingProblem | null;
}

type SpacingFields = Pick<
  PixelModule,
  | 'pixelSpacing'
  | 'calibrationType'
  | 'imagerPixelSpacing'
  | 'nominalScannedPixelSpacing'
  | 'estimatedRadiographicMagnificationFactor'
>;

const SPACING_MM_MIN = 0.01;
const SPACING_MM_MAX = 1;
/** Rows and columns may differ by rounding, not more: every width is measured at a slant. */
const ASPECT_DIFFERENCE_MAX = 0.01;

/**
 * The scale by PS3.3 10.7 and the service's own rule: Calibration Type present means that Pixel Spacing is
 * calibrated; else Imager Pixel Spacing, over the Estimated Radiographic Magnification Factor where given, is
 * detector scale; else there are no millimetres. Pixel Spacing without a calibration type, or the spacing of a
 * scanner's glass, could mean either plane (10.7.1.3), and a wrong millimetre is worse than none.
 */
export function readSpacing(fields: SpacingFields): SpacingReading {
  if (fields.calibrationType !== null && fields.pixelSpacing.length > 0) {
    return reading(fields.pixelSpacing, 1, 'calibrated');
  }
  if (fields.imagerPixelSpacing.length > 0) {
    const factor = fields.estimatedRadiographicMagnificationFactor;
    if (factor === null || factor < 1 || factor > 3) return reading(fields.imagerPixelSpacing, 1, 'detector');
    const { spacing, problem } = reading(fields.imagerPixelSpacing, factor, 'detector');
    return { spacing: problem === null ? { ...spacing, statedMagnification: factor } : spacing, problem };
  }
  const isUncalibrated = fields.pixelSpacing.length > 0 || fields.nominalScannedPixelSpacing.length > 0;
  return none(isUncalibrated ? 'spacing-not-calibrated' : 'spacing-absent');
}

/** The scale that a person gave on the command line. */
export function spacingOfOption(mmPerPx: number): SpacingReading {
  return reading([mmPerPx, mmPerPx], 1, 'option');
}

function reading(
  pair: readonly number[],
  divisor: number,
  source: Exclude<Spacing['source'], 'none'>,
): SpacingReading {
  const [rowSpacing = Number.NaN, columnSpacing = Number.NaN] = pair;
  if (![rowSpacing, columnSpacing].every(isPlausibleMm)) return none('spacing-absurd');
  if (Math.abs(rowSpacing / columnSpacing - 1) > ASPECT_DIFFERENCE_MAX) return none('spacing-not-square');
  return { spacing: { mmPerPx: (rowSpacing + columnSpacing) / 2 / divisor, source }, problem: null };
}

function isPlausibleMm(value: number): boolean {
  return value >= SPACING_MM_MIN && value <= SPACING_MM_MAX;
}

function none(problem: SpacingProblem): SpacingReading {
  return { spacing: { mmPerPx: null, source: 'none' }, problem };
}
