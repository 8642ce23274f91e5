import type { DimseService } from '../dimse/services.ts';
import { modalityWorklist } from './modality-worklist.ts';
import { performedSteps, type PerformedStepsParts } from './performed-steps.ts';

/** What the DICOM node offers the DXA scanner: its worklist, and a way to say what became of it. */
export function scannerServices(parts: PerformedStepsParts): readonly DimseService[] {
  return [modalityWorklist(parts), performedSteps(parts)];
}
