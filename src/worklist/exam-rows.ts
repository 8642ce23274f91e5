import type { Selectable } from 'kysely';
import type { ExamTable } from '../database/schema.ts';
import type { Reason, ViewName } from '../exam/analysis.ts';
import { type PersonColumns, personView } from './person-view.ts';
import type { ExamRow } from './worklist-views.ts';

/** What a film's row in a list is made of, besides its person. */
export const EXAM_COLUMNS = [
  'exams.exam_id',
  'exams.state',
  'exams.view_name',
  'exams.modality',
  'exams.age_years',
  'exams.reasons_json',
  'exams.received_at_ms',
  'exams.finished_at_ms',
] as const;

type ExamColumns = Pick<
  Selectable<ExamTable>,
  | 'exam_id'
  | 'state'
  | 'view_name'
  | 'modality'
  | 'age_years'
  | 'reasons_json'
  | 'received_at_ms'
  | 'finished_at_ms'
>;

/** A film's row in a list. */
export function examRow(row: ExamColumns & PersonColumns): ExamRow {
  return {
    examId: row.exam_id,
    state: row.state,
    view: row.view_name as ViewName | null,
    modality: row.modality,
    ageYears: row.age_years,
    person: personView(row, row.received_at_ms),
    reasons: JSON.parse(row.reasons_json) as readonly Reason[],
    receivedAt: new Date(row.received_at_ms).toISOString(),
    finishedAt: row.finished_at_ms === null ? null : new Date(row.finished_at_ms).toISOString(),
  };
}
