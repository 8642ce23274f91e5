/** The result of one film, whichever way it went. Pure. */
import type { DicomHeader } from '../src/dicom/read-header.ts';
import { reasonOf } from '../src/decide/reason-texts.ts';
import type { FilmView } from '../src/decide/view-decision.ts';
import type { AnalysisResult, ModelIdentity, Reason, Spacing, StageTimings } from '../src/exam/analysis.ts';
import { type AppliedCorrection, isWithdrawn } from '../src/exam/correction.ts';
import type { Film } from '../src/exam/film.ts';
import type { AnalysisRequest } from './messages.ts';

/** What is known of a film before anything is measured. */
export interface FilmBasis {
  readonly request: AnalysisRequest;
  /** null for a plain picture. */
  readonly header: DicomHeader | null;
  /** May be reduced: smaller than the header says. null where no pixels were decoded. */
  readonly film: Film | null;
  readonly bitsStored: number;
  readonly spacing: Spacing;
}

/** What a way ends with; what it does not find is null. */
export interface FilmEnding extends Pick<AnalysisResult, 'outcome'> {
  readonly view: FilmView;
  readonly reasons: readonly Reason[];
  readonly found?: Partial<Pick<AnalysisResult, 'panoramic' | 'spine' | 'boneDensity'>>;
  readonly isUsable: boolean;
  readonly problems: readonly string[];
  readonly models: readonly ModelIdentity[];
  readonly timings: Omit<StageTimings, 'report' | 'total'>;
  /** A person's points, where they took the place of measured ones. */
  readonly correction?: AppliedCorrection;
}

/** A result with what its report is made from. */
export interface AnalysedFilm {
  readonly analysis: AnalysisResult;
  readonly header: DicomHeader | null;
  /** The pixels where they could be decoded, for a preview. */
  readonly film: Film | null;
}

/** Puts together what is known and what was found. */
export function endFilm(basis: FilmBasis, ending: FilmEnding): AnalysedFilm {
  const { request, header, film, bitsStored, spacing } = basis;
  const { view, outcome, reasons, found, isUsable, problems, models, timings, correction } = ending;
  // The film may be reduced; the result speaks of the original.
  const columns = header?.columns ?? film?.columns ?? null;
  const rows = header?.rows ?? film?.rows ?? null;
  const { read, decode, measure } = timings;
  const [prepare, inference] = [round(timings.prepare), round(timings.inference)];
  const analysis: AnalysisResult = {
    schema: 'osteotriage.analysis/1',
    file: request.path,
    sopInstanceUid: header?.sopInstanceUid ?? null,
    image: columns === null || rows === null ? null : { columns, rows, bitsStored },
    view: { ...view, confidence: Number(view.confidence.toFixed(3)) },
    spacing,
    outcome,
    reasons: isLost(request, correction) ? [...reasons, reasonOf('correction-not-applied')] : reasons,
    panoramic: found?.panoramic ?? null,
    spine: found?.spine ?? null,
    boneDensity: found?.boneDensity ?? null,
    quality: { usable: isUsable, problems },
    models,
    timingsMs: {
      ...{ read, decode, prepare, inference, measure },
      report: 0,
      total: round(read + decode + prepare + inference + measure),
    },
    ...(correction === undefined ? {} : { correction }),
  };
  return { analysis, header, film };
}

/** Whether a person's points found nothing to stand for: the film ended before, or is now of another view. */
function isLost({ correction }: AnalysisRequest, applied: AppliedCorrection | undefined): boolean {
  return correction !== undefined && !isWithdrawn(correction) && applied === undefined;
}

/** Milliseconds to a tenth. */
function round(valueMs: number): number {
  return Number(valueMs.toFixed(1));
}

/** Whether every number in a value is one: NaN would cross the process border as null, which means absent with a reason. */
export function allFinite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(allFinite);
}
