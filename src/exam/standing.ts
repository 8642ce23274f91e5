import type { AnalysisResult, Reason } from './analysis.ts';
import type { ImageHeader, InstanceKey } from './exam.ts';
import type { ExamState } from './exam-state.ts';

/** How one exam stands, for whoever sent it. */
export interface Standing extends InstanceKey {
  readonly state: ExamState;
  readonly revision: number;
  readonly receivedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly reasons: readonly Reason[];
  readonly analysis: AnalysisResult | null;
}

/** Whom the film shows, and which film it is, as the record has it. */
export type FilmIdentity = Pick<
  ImageHeader,
  | 'patientName'
  | 'patientId'
  | 'patientBirthDate'
  | 'patientSex'
  | 'studyDate'
  | 'accessionNumber'
  | 'studyDescription'
  | 'modality'
>;
