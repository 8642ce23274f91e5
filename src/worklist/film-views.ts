import type { CorrectionRow } from '../database/correction-records.ts';
import type { OtherFilm } from '../database/film-records.ts';

/** GET /api/exams/:examId/corrections: what a viewer needs beside the film. */
export interface CorrectionsAnswer {
  /** The revision that a correction must say it looked at. */
  readonly revision: number;
  /** The newest first. */
  readonly corrections: readonly CorrectionRow[];
  /** Other films of the same person that can be shown beside it, the newest first. */
  readonly otherFilms: readonly OtherFilm[];
}

/** POST /api/exams/:examId/corrections. */
export interface CorrectedAnswer {
  /** The revision that will be measured by the points. */
  readonly revision: number;
}
