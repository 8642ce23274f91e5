import type { AnalysisResult } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import { findingKindOf, type FindingKind } from '../exam/finding-kind.ts';

/**
 * A vertebral fracture is treated whatever the bone density, so it asks for more than a measurement; a thin cortex
 * says that the risk may be raised, which FRAX and a DXA tell (SVOS). A site's own model speaks of density alone.
 */
const ASKED_OF: Readonly<Record<FindingKind, readonly Assessment[]>> = {
  fracture: ['treatment', 'dxa'],
  'thin-cortex': ['frax', 'dxa'],
  'low-density': ['dxa'],
};

/** What a film asks for, the most pressing first; nothing where it is no positive. The words are `asks-…` of the reasons. */
export function assessmentsOf(
  analysis: Pick<AnalysisResult, 'outcome' | 'panoramic' | 'spine' | 'boneDensity'>,
): readonly Assessment[] {
  const kind = findingKindOf(analysis);
  return analysis.outcome === 'positive' && kind !== null ? ASKED_OF[kind] : [];
}
