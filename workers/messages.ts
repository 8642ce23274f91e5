/**
 * What the service and its worker processes say to each other. Paths and small values only: sending a film's
 * pixels as JSON costs over a hundred milliseconds, a path a tenth of one (runtime-facts, Inference).
 */
import { z } from 'zod';
import type { AnalysisResult, ModelIdentity, ViewName } from '../src/exam/analysis.ts';
import type { OrderedCorrection } from '../src/exam/correction.ts';
import type { PatientIdentity } from '../src/exam/exam.ts';
import { ERRORS, type ErrorCode } from '../src/errors.ts';
import type { ReportReference } from '../src/report/report-object.ts';
import type { SiteRules } from '../src/sites.ts';

/** What the caller says about a film where DICOM would have said it; absent is left out. */
export interface AnalysisOptions {
  readonly view?: ViewName;
  readonly modality?: string;
  readonly mmPerPx?: number;
}

/** A film to analyse, as the pool takes it. */
export interface AnalysisRequest {
  /** The caller's name for it; never a patient identifier. */
  readonly id: string;
  readonly path: string;
  readonly source: 'dicom' | 'picture';
  readonly options: AnalysisOptions;
  /** Where artefacts are written; null writes none. The worker writes nowhere else. */
  readonly scratchFolder: string | null;
  /** What differs from the configuration for the films of its site. */
  readonly siteRules?: SiteRules;
  /** Leaves out the rules of age, for a file that is analysed by hand. */
  readonly skipEligibility?: boolean;
  /** Time of the report; a retry must pass the same, or the same UID would name other bytes. */
  readonly reportedAtMs?: number;
  /** Which report of the film this is, from 0; left out it is the first. */
  readonly revision?: number;
  /** The structured report that this one takes the place of. */
  readonly predecessor?: ReportReference | null;
  /** Whose the film is, where a person corrected what its header says. */
  readonly patient?: Partial<PatientIdentity>;
  /** Points that a person set in the place of the measured ones; left out where nobody did. */
  readonly correction?: OrderedCorrection;
  /** Of the artefacts, writes the overlay alone. */
  readonly overlayOnly?: boolean;
}

/** A DICOM object that was written for one film. */
export interface WrittenObject {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
}

/** What was written into the scratch folder; absent is null. */
export interface Artefacts {
  readonly overlayPath: string | null;
  readonly previewPath: string | null;
  readonly structuredReport: WrittenObject | null;
  readonly secondaryCapture: WrittenObject | null;
  /** null where the film is not one grey frame. */
  readonly presentationState: WrittenObject | null;
}

/** An analysis and what was written for it. */
export interface AnalysisReply {
  readonly analysis: AnalysisResult;
  readonly artefacts: Artefacts | null;
}

/** A failure as it crosses the process border. */
interface FailureMessage {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One film of a batch; the key is the pool's own and unique in its life. */
export interface BatchItem {
  readonly key: number;
  readonly request: AnalysisRequest;
}

/** The answer to one film of a batch. */
export type BatchItemResult =
  | { readonly key: number; readonly reply: AnalysisReply }
  | { readonly key: number; readonly failure: FailureMessage };

/** What the model in shadow made of one film of a batch; it is stored and compared, never acted on. */
export type ShadowItemResult =
  | { readonly key: number; readonly analysis: AnalysisResult }
  | { readonly key: number; readonly failure: FailureMessage };

/** First message to a worker: everything that it must know, so that it needs no environment. */
interface InitMessage {
  readonly type: 'init';
  readonly setup: unknown;
}

/**
 * A batch for the worker; it says `started` when it begins it and answers with exactly one `results`. The next one may
 * be sent before: its films are read meanwhile.
 */
export interface BatchMessage {
  readonly type: 'batch';
  readonly batch: number;
  readonly items: readonly BatchItem[];
}

/** Asks an idle worker how long runs of growing size take; it answers with one `calibrated`. */
interface CalibrateMessage {
  readonly type: 'calibrate';
}

/** What a worker is told. */
export type ToWorker = InitMessage | BatchMessage | CalibrateMessage;

/** How long a run of so many films takes. */
export interface BatchTiming {
  readonly items: number;
  readonly runMs: number;
}

/** A model that a worker could not load; it works without it. */
export interface UnloadedModel {
  readonly name: string;
  readonly version: string;
  readonly failure: FailureMessage;
}

/** A worker is ready: its models are loaded and reproduced their golden outputs. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly models: readonly ModelIdentity[];
  readonly unloaded: readonly UnloadedModel[];
  readonly executionProvider: string;
  /** Provider, processor and version of the runtime, by which calibrations are remembered. */
  readonly device: string;
  /** Resident memory after the golden run, bytes. */
  readonly rssBytes: number;
  /** What the operator should know, for example that a provider fell back to the CPU. */
  readonly warnings: readonly string[];
}

/** What a worker says. */
export type FromWorker =
  | ReadyMessage
  | { readonly type: 'unfit'; readonly failure: FailureMessage }
  | { readonly type: 'started'; readonly batch: number }
  | { readonly type: 'calibrated'; readonly timings: readonly BatchTiming[] }
  | {
      readonly type: 'results';
      readonly batch: number;
      readonly results: readonly BatchItemResult[];
      /** Whether one `shadow` message for this batch follows; until then the worker begins no other. */
      readonly shadowFollows: boolean;
    }
  | { readonly type: 'shadow'; readonly batch: number; readonly results: readonly ShadowItemResult[] };

const failureSchema = z.object({
  code: z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(ERRORS, value)),
  message: z.string(),
});

const analysisSchema = z.custom<AnalysisResult>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'schema' in value &&
    value.schema === 'osteotriage.analysis/1',
);

const replySchema = z.object({
  analysis: analysisSchema,
  artefacts: z.custom<Artefacts | null>((value) => typeof value === 'object'),
});

const fromWorkerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    models: z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string() })),
    unloaded: z.array(z.object({ name: z.string(), version: z.string(), failure: failureSchema })),
    executionProvider: z.string(),
    device: z.string(),
    rssBytes: z.number().int().min(0),
    warnings: z.array(z.string()),
  }),
  z.object({ type: z.literal('unfit'), failure: failureSchema }),
  z.object({ type: z.literal('started'), batch: z.number().int() }),
  z.object({
    type: z.literal('calibrated'),
    timings: z.array(z.object({ items: z.number().int().min(1), runMs: z.number().min(0) })),
  }),
  z.object({
    type: z.literal('results'),
    batch: z.number().int(),
    results: z.array(
      z.union([
        z.object({ key: z.number().int(), reply: replySchema }),
        z.object({ key: z.number().int(), failure: failureSchema }),
      ]),
    ),
    shadowFollows: z.boolean(),
  }),
  z.object({
    type: z.literal('shadow'),
    batch: z.number().int(),
    results: z.array(
      z.union([
        z.object({ key: z.number().int(), analysis: analysisSchema }),
        z.object({ key: z.number().int(), failure: failureSchema }),
      ]),
    ),
  }),
]);

/** Reads what a worker said; null where it is not understood, which counts as a broken worker. */
export function readFromWorker(message: unknown): FromWorker | null {
  const parsed = fromWorkerSchema.safeParse(message);
  return parsed.success ? parsed.data : null;
}
