/**
 * The way of one film up to the model: read, header, view, eligibility, decode, quality, prepare. It ends early
 * with a result where there is nothing to measure, and throws only where there is no film at all.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../src/clock.ts';
import { decideEligibility } from '../src/decide/eligibility.ts';
import { reasonOf, reasonText } from '../src/decide/reason-texts.ts';
import { readImage, type DicomHeader } from '../src/dicom/read-header.ts';
import { viewOfImage } from '../src/dicom/view-of-image.ts';
import { asTriageError, TriageError } from '../src/errors.ts';
import type { AnalysisResult, Outcome, Reason, Spacing, StageTimings } from '../src/exam/analysis.ts';
import type { Film } from '../src/exam/film.ts';
import { decodeImage } from '../src/imaging/decode-pixels.ts';
import { chooseReduction } from '../src/imaging/reduced-decoding.ts';
import { histogramOf } from '../src/imaging/histogram.ts';
import { readSpacing, spacingOfOption } from '../src/imaging/pixel-spacing.ts';
import { letterbox, toFilm, type Letterbox, type LetterboxTarget } from '../src/imaging/prepare-image.ts';
import { assessQuality } from '../src/imaging/quality-gate.ts';
import { readPicture } from '../src/imaging/read-picture.ts';
import type { AnalysisRequest } from './messages.ts';
import type { AnalysisRules } from './worker-setup.ts';

/** What is known of the view before the model looked. */
interface ClaimedView {
  readonly name: NonNullable<AnalysisResult['view']>['name'];
  readonly source: 'dicom' | 'option' | 'model';
  readonly confidence: number;
}

/** A film that waits for the model. */
export interface PreparedFilm {
  readonly request: AnalysisRequest;
  readonly header: DicomHeader | null;
  /** May be reduced: smaller than the header says. */
  readonly film: Film;
  readonly bitsStored: number;
  readonly view: ClaimedView;
  readonly spacing: Spacing;
  readonly problems: readonly string[];
  readonly input: Letterbox;
  readonly timings: Pick<StageTimings, 'read' | 'decode' | 'prepare'>;
}

/** A film that ended before the model. */
export interface EarlyEnd {
  readonly analysis: AnalysisResult;
  readonly header: DicomHeader | null;
  /** The pixels where they could be decoded, for a preview. */
  readonly film: Film | null;
}

/** Reads and prepares one film. Throws what the reader throws: not-part-10, data-set-unreadable, identifiers-missing ... */
export async function readFilm(
  request: AnalysisRequest,
  rules: AnalysisRules,
  target: LetterboxTarget,
  filmPixelsMax: number,
  clock: Clock,
  readBytes: () => Promise<Buffer> = () => readFile(request.path),
): Promise<PreparedFilm | EarlyEnd> {
  const stopwatch = startStopwatch(clock);
  const source = await openSource(request, filmPixelsMax, readBytes);
  const view = claimView(request, source.header);
  const spacing = spacingOf(request, source.header);
  const readMs = stopwatch();
  const end = (
    outcome: Outcome,
    reasons: readonly Reason[],
    film: Film | null,
    problems: readonly string[],
  ) =>
    endEarly(
      request,
      { header: source.header, view, spacing, film, decodeMs: stopwatch(), readMs },
      {
        outcome,
        reasons,
        problems,
      },
    );
  const refusal = refuseByRules(request, source.header, view, rules);
  if (refusal !== null) return end(refusal.outcome, [refusal.reason], null, ['not-read']);
  let decoded: Decoded;
  try {
    decoded = await source.decode(
      source.header === null ? 0 : chooseReduction(source.header, spacing.mmPerPx, target),
    );
  } catch (thrown) {
    const { code } = asTriageError(thrown, 'pixel-data-unreadable');
    if (source.header === null) throw thrown;
    return end('not-assessable', [reasonOf(code)], null, [code]);
  }
  const { film, bitsStored } = decoded;
  const histogram = histogramOf(film);
  const quality = assessQuality(film, histogram);
  const problems = [...decoded.problems, ...quality.problems];
  if (!quality.usable) return end('not-assessable', quality.problems.map(qualityReason), film, problems);
  const decodeMs = stopwatch();
  const input = letterbox(film, target, histogram);
  const timings = { read: readMs, decode: decodeMs, prepare: stopwatch() };
  return { request, header: source.header, film, bitsStored, view, spacing, problems, input, timings };
}

interface Decoded {
  readonly film: Film;
  readonly bitsStored: number;
  readonly problems: readonly string[];
}

interface Source {
  readonly header: DicomHeader | null;
  /** @param levels how often the film's size may be halved */
  readonly decode: (levels: number) => Promise<Decoded>;
}

async function openSource(
  request: AnalysisRequest,
  filmPixelsMax: number,
  readBytes: () => Promise<Buffer>,
): Promise<Source> {
  let bytes: Buffer;
  try {
    bytes = await readBytes();
  } catch (thrown) {
    throw new TriageError('storage-failed', 'the file cannot be read', { cause: thrown });
  }
  if (request.source === 'picture') {
    return { header: null, decode: () => readPicture(bytes, filmPixelsMax) };
  }
  const { header: received, dataSet } = readImage(bytes);
  // A person's correction holds for everything: whose report it is, and how old the patient was.
  const header = { ...received, ...request.patient };
  const decode = async (levels: number): Promise<Decoded> => {
    if (!header.hasPixelData) throw new TriageError('pixel-data-unreadable', 'the object has no pixel data');
    const image = await decodeImage(dataSet, filmPixelsMax, levels);
    return { film: toFilm(image, header), bitsStored: image.bitsStored, problems: image.problems };
  };
  return { header, decode };
}

/** The person's word first, then the header's; where neither says anything the model alone decides. */
function claimView(request: AnalysisRequest, header: DicomHeader | null): ClaimedView {
  const { view, modality } = request.options;
  if (view !== undefined) return { name: view, source: 'option', confidence: 1 };
  const read =
    header !== null
      ? viewOfImage(header)
      : modality !== undefined
        ? viewOfImage({ ...NO_VIEW_FIELDS, modality })
        : null;
  const VIEW_GUESS_MAX = 0.5;
  if (read === null || (read.name === 'other' && read.confidence <= VIEW_GUESS_MAX)) {
    return { name: 'panoramic', source: 'model', confidence: 0 };
  }
  return { ...read, source: header === null ? 'option' : 'dicom' };
}

const NO_VIEW_FIELDS = {
  sopClassUid: '',
  bodyPartExamined: null,
  viewPosition: null,
  viewMeaning: null,
  studyDescription: null,
  seriesDescription: null,
  protocolName: null,
};

function spacingOf(request: AnalysisRequest, header: DicomHeader | null): Spacing {
  const { mmPerPx } = request.options;
  const read = header === null ? null : readSpacing(header).spacing;
  if (read?.mmPerPx != null) return read;
  return mmPerPx === undefined ? { mmPerPx: null, source: 'none' } : spacingOfOption(mmPerPx).spacing;
}

function refuseByRules(
  request: AnalysisRequest,
  header: DicomHeader | null,
  view: ClaimedView,
  rules: AnalysisRules,
): { readonly outcome: Outcome; readonly reason: Reason } | null {
  // A plain picture names no patient, so there is no age to ask for.
  if (header === null || request.skipEligibility === true) {
    if (rules.eligibility.views.includes(view.name)) return null;
    return { outcome: 'not-assessable', reason: reasonOf('no-model-for-view', { view: view.name }) };
  }
  const eligibility = decideEligibility(header, view.name, rules.eligibility);
  return eligibility.eligible ? null : eligibility;
}

function qualityReason(problem: string): Reason {
  return { code: problem, text: reasonText(problem, 'en') };
}

interface SoFar {
  readonly header: DicomHeader | null;
  readonly view: ClaimedView;
  readonly spacing: Spacing;
  readonly film: Film | null;
  readonly readMs: number;
  readonly decodeMs: number;
}

function endEarly(
  request: AnalysisRequest,
  { header, view, spacing, film, readMs, decodeMs }: SoFar,
  ending: Pick<AnalysisResult, 'outcome' | 'reasons'> & { readonly problems: readonly string[] },
): EarlyEnd {
  const timingsMs = { read: readMs, decode: decodeMs, prepare: 0, inference: 0, measure: 0, report: 0 };
  // The film may be reduced; the result speaks of the original.
  const columns = header?.columns ?? film?.columns ?? null;
  const rows = header?.rows ?? film?.rows ?? null;
  const analysis: AnalysisResult = {
    schema: 'osteotriage.analysis/1',
    file: request.path,
    sopInstanceUid: header?.sopInstanceUid ?? null,
    image: columns === null || rows === null ? null : { columns, rows, bitsStored: header?.bitsStored ?? 8 },
    // A view that only the model could have told was never looked at.
    view: {
      ...(view.source === 'model'
        ? { name: 'other' as const, source: 'model' as const, confidence: 0 }
        : view),
      turnDegrees: null,
      isMirrored: null,
    },
    spacing,
    outcome: ending.outcome,
    reasons: ending.reasons,
    panoramic: null,
    spine: null,
    boneDensity: null,
    quality: { usable: false, problems: ending.problems },
    models: [],
    timingsMs: { ...timingsMs, total: Math.round((readMs + decodeMs) * 10) / 10 },
  };
  return { analysis, header, film };
}

/** Milliseconds since the last look, to a tenth. */
export function startStopwatch(clock: Clock): () => number {
  let lastMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    const elapsedMs = nowMs - lastMs;
    lastMs = nowMs;
    return Math.round(elapsedMs * 10) / 10;
  };
}
