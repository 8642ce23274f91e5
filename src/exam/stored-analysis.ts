import type { AnalysisResult, PanoramicFinding, ReportedSide } from './analysis.ts';

/** What a side of an earlier version may lack. */
type LaterSideFields = 'otherWidthPx' | 'widthsBeside' | 'mci';
type StoredSide = Omit<ReportedSide, LaterSideFields> & Partial<Pick<ReportedSide, LaterSideFields>>;

interface StoredPanoramic extends Omit<PanoramicFinding, 'sides' | 'deviceProfile'> {
  readonly sides: readonly [StoredSide, StoredSide];
  readonly deviceProfile?: PanoramicFinding['deviceProfile'];
}

/** What the record may hold: a result of this version, or of an earlier one that knew less. */
type StoredAnalysis = Omit<AnalysisResult, 'panoramic' | 'spine' | 'boneDensity'> & {
  readonly panoramic?: StoredPanoramic | null;
  readonly spine?: AnalysisResult['spine'];
  readonly boneDensity?: AnalysisResult['boneDensity'];
};

/** A result as the record holds it. What its version did not yet look at is null or empty, as where nothing was found. */
export function parseStoredAnalysis(json: string): AnalysisResult {
  const stored = JSON.parse(json) as StoredAnalysis;
  const { panoramic = null, spine = null, boneDensity = null } = stored;
  return { ...stored, panoramic: panoramic && completedPanoramic(panoramic), spine, boneDensity };
}

function completedPanoramic(stored: StoredPanoramic): PanoramicFinding {
  const [right, left] = stored.sides;
  return { deviceProfile: null, ...stored, sides: [completedSide(right), completedSide(left)] };
}

function completedSide(stored: StoredSide): ReportedSide {
  return { otherWidthPx: null, widthsBeside: [], mci: null, ...stored };
}
