/**
 * The way of one film up to the models: read, header, eligibility, decode, quality. It ends early with a result where
 * there is nothing to look at, and throws only where there is no film at all.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../src/clock.ts';
import { decideEligibility, isAgeFromNumber } from '../src/decide/eligibility.ts';
import { reasonOf, reasonText } from '../src/decide/reason-texts.ts';
import { claimedView, type FilmView, type ViewClaim } from '../src/decide/view-decision.ts';
import { readImage, type DicomHeader } from '../src/dicom/read-header.ts';
import { viewOfImage } from '../src/dicom/view-of-image.ts';
import { asTriageError, TriageError } from '../src/errors.ts';
import type { Outcome, Reason, Spacing, StageTimings, ViewName } from '../src/exam/analysis.ts';
import type { Film } from '../src/exam/film.ts';
import type { PixelSize } from '../src/imaging/area-average.ts';
import { decodeImage } from '../src/imaging/decode-pixels.ts';
import { chooseReduction } from '../src/imaging/reduced-decoding.ts';
import { histogramOf, type Histogram } from '../src/imaging/histogram.ts';
import { readSpacing, spacingOfOption } from '../src/imaging/pixel-spacing.ts';
import { toFilm } from '../src/imaging/prepare-image.ts';
import { assessQuality } from '../src/imaging/quality-gate.ts';
import { readPicture } from '../src/imaging/read-picture.ts';
import { type AnalysedFilm, endFilm, type FilmBasis } from './film-result.ts';
import type { AnalysisRequest } from './messages.ts';
import { startStopwatch } from './stopwatch.ts';
import type { AnalysisRules } from './worker-setup.ts';

/** A film that the models can look at. */
export interface DecodedFilm extends FilmBasis {
  readonly film: Film;
  readonly histogram: Histogram;
  /** What the header or a person says of the view; null where neither says anything. */
  readonly claim: ViewClaim | null;
  readonly problems: readonly string[];
  readonly timings: Pick<StageTimings, 'read' | 'decode'>;
}

/** A film that ended before the models. */
export interface EarlyEnd extends AnalysedFilm {
  readonly isEnd: true;
}

/** What the models of a worker ask of a film. */
export interface FilmNeeds {
  /** A film that is decoded at a reduced size keeps at least this. */
  readonly least: PixelSize;
  /** Views that can be assessed. */
  readonly views: readonly ViewName[];
  /** Whether a model looks at the picture for its view; else the header's word decides before anything is decoded. */
  readonly isViewSeen: boolean;
  /** Largest rows x columns that are decoded. */
  readonly filmPixelsMax: number;
}

/** Reads one film. Throws what the reader throws: not-part-10, data-set-unreadable, identifiers-missing ... */
export async function readFilm(
  request: AnalysisRequest,
  rules: AnalysisRules,
  needs: FilmNeeds,
  clock: Clock,
  readBytes: () => Promise<Buffer> = () => readFile(request.path),
): Promise<DecodedFilm | EarlyEnd> {
  const stopwatch = startStopwatch(clock);
  const { header, decode } = await openSource(request, needs.filmPixelsMax, readBytes);
  const claim = claimOf(request, header);
  const spacing = spacingOf(request, header);
  const readMs = stopwatch();
  const end = (
    outcome: Outcome,
    reasons: readonly Reason[],
    film: Film | null,
    problems: readonly string[],
  ): EarlyEnd => {
    const basis = { request, header, film, bitsStored: header?.bitsStored ?? 8, spacing };
    const timings = { read: readMs, decode: stopwatch(), prepare: 0, inference: 0, measure: 0 };
    const ending = { outcome, reasons, problems, view: viewBefore(claim), isUsable: false, models: [] };
    return { ...endFilm(basis, { ...ending, timings }), isEnd: true };
  };
  const refusal = refuseByRules(request, header, claim, rules, needs);
  if (refusal !== null) return end(refusal.outcome, [refusal.reason], null, ['not-read']);
  let decoded: Decoded;
  try {
    decoded = await decode(header === null ? 0 : chooseReduction(header, spacing.mmPerPx, needs.least));
  } catch (thrown) {
    const { code } = asTriageError(thrown, 'pixel-data-unreadable');
    if (header === null) throw thrown;
    return end('not-assessable', [reasonOf(code)], null, [code]);
  }
  const { film, bitsStored } = decoded;
  const histogram = histogramOf(film);
  const quality = assessQuality(film, histogram);
  const problems = [
    ...decoded.problems,
    ...quality.problems,
    ...(header !== null && isAgeFromNumber(header) ? ['age-from-number'] : []),
  ];
  if (!quality.usable) return end('not-assessable', quality.problems.map(qualityReason), film, problems);
  const timings = { read: readMs, decode: stopwatch() };
  return { request, header, film, histogram, bitsStored, claim, spacing, problems, timings };
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

/** The person's word first, then the header's; null where neither says more than a guess. */
function claimOf(request: AnalysisRequest, header: DicomHeader | null): ViewClaim | null {
  const { view, modality } = request.options;
  if (view !== undefined) return { name: view, source: 'option', confidence: 1 };
  const read =
    header !== null
      ? viewOfImage(header)
      : modality !== undefined
        ? viewOfImage({ ...NO_VIEW_FIELDS, modality })
        : null;
  const VIEW_GUESS_MAX = 0.5;
  if (read === null || (read.name === 'other' && read.confidence <= VIEW_GUESS_MAX)) return null;
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

/** The view of a film that no model looked at. */
function viewBefore(claim: ViewClaim | null): FilmView {
  if (claim !== null) return claimedView(claim).view;
  return { name: 'other', source: 'model', confidence: 0, turnDegrees: null, isMirrored: null };
}

function spacingOf(request: AnalysisRequest, header: DicomHeader | null): Spacing {
  const { mmPerPx } = request.options;
  const read = header === null ? null : readSpacing(header).spacing;
  if (read?.mmPerPx != null) return read;
  return mmPerPx === undefined ? { mmPerPx: null, source: 'none' } : spacingOfOption(mmPerPx).spacing;
}

function refuseByRules(
  request: AnalysisRequest,
  header: DicomHeader | null,
  claim: ViewClaim | null,
  rules: AnalysisRules,
  { views, isViewSeen }: FilmNeeds,
): { readonly outcome: Outcome; readonly reason: Reason } | null {
  // A plain picture names no patient, so there is no age to ask for.
  if (header !== null && request.skipEligibility !== true) {
    const eligibility = decideEligibility(header, rules.eligibility);
    if (!eligibility.eligible) return eligibility;
  }
  // Nothing but the panoramic model's own score could tell what a film is of which nobody says anything.
  const view = claim?.name ?? 'panoramic';
  if (isViewSeen || views.includes(view)) return null;
  return {
    outcome: 'not-assessable',
    reason: reasonOf('no-model-for-view', { view: claim?.name ?? 'other' }),
  };
}

function qualityReason(problem: string): Reason {
  return { code: problem, text: reasonText(problem, 'en') };
}
