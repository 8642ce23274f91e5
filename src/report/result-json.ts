/** The result of one film for the clinic that sent it, as JSON: by the STOW caller's poll and in the out-tray. Pure. */
import { DISCLAIMER, isReasonCode, reasonText } from '../decide/reason-texts.ts';
import { type AnalysisResult, namedAfterInstance, type Reason } from '../exam/analysis.ts';
import type { ExamState } from '../exam/exam-state.ts';
import type { Standing } from '../exam/standing.ts';

/** A result: `osteotriage.result/1`. Names nobody but by UIDs, which the clinic gave itself. */
export interface ResultJson {
  readonly schema: 'osteotriage.result/1';
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly state: ExamState;
  /** 0 for the first result; one more each time the film was assessed anew. */
  readonly revision: number;
  /** ISO 8601 in UTC. */
  readonly receivedAt: string;
  readonly finishedAt: string | null;
  readonly reasons: readonly { readonly code: string; readonly text: string; readonly textSv: string }[];
  readonly disclaimer: string;
  /** Contract osteotriage.analysis/1; null while the film waits and where it could not be read. */
  readonly analysis: AnalysisResult | null;
  /** Where the result is held as a PDF; null while there is none. */
  readonly pdf: string | null;
}

/** Makes the JSON of a result; `pdf` is the address or the file name of the PDF. */
export function resultJson(standing: Standing, pdf: string | null): ResultJson {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid, state, revision } = standing;
  return {
    schema: 'osteotriage.result/1',
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid,
    state,
    revision,
    receivedAt: new Date(standing.receivedAtMs).toISOString(),
    finishedAt: standing.finishedAtMs === null ? null : new Date(standing.finishedAtMs).toISOString(),
    reasons: standing.reasons.map((reason) => ({
      code: reason.code,
      text: reason.text,
      textSv: swedishText(reason),
    })),
    disclaimer: DISCLAIMER.en,
    // The path within our archive is nobody's business: the film is called by its name.
    analysis: standing.analysis === null ? null : namedAfterInstance(standing.analysis, sopInstanceUid),
    pdf,
  };
}

/** A reason in Swedish; one without a text of its own stays in English. */
export function swedishText(reason: Reason): string {
  if (!isReasonCode(reason.code)) return reason.text;
  return reasonText(reason.code, 'sv', valuesOf(reason));
}

function valuesOf(reason: Reason): Readonly<Record<string, number | string>> {
  const { values } = reason as { readonly values?: Readonly<Record<string, number | string>> };
  return values ?? {};
}
