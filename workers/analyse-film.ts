/** The work of one batch: every film goes its own way, only the model run is shared. */
import type { Clock } from '../src/clock.ts';
import { TriageError, type ErrorCode } from '../src/errors.ts';
import type { AnalysisResult, StageTimings } from '../src/exam/analysis.ts';
import type { Film } from '../src/exam/film.ts';
import { letterboxOf } from '../src/inference/model-manifest.ts';
import type { DicomHeader } from '../src/dicom/read-header.ts';
import type { FilmReader } from './film-reader.ts';
import { measureFilm } from './measure-film.ts';
import type { AnalysisReply, BatchItem, BatchItemResult } from './messages.ts';
import type { BatchAnswers } from './service-link.ts';
import { runShadow } from './shadow-run.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';
import { readFilm, startStopwatch, type EarlyEnd, type PreparedFilm } from './read-film.ts';
import { type AnalysisRules, rulesOfSite, type WorkerSetup } from './worker-setup.ts';
import { writeArtefacts } from './write-report.ts';

/** What a batch needs. */
export interface BatchTools {
  readonly session: ModelSession;
  /** Sees the same films afterwards; left out: none does. */
  readonly shadow?: ModelSession;
  readonly setup: WorkerSetup;
  readonly clock: Clock;
  /** Has the films of the batch in memory or on their way there; left out, each is read when its turn comes. */
  readonly reader?: Pick<FilmReader, 'read'>;
}

/** An analysis with what its report is made from. */
interface AnalysedFilm {
  readonly analysis: AnalysisResult;
  readonly header: DicomHeader | null;
  readonly film: Film | null;
}

/** Analyses the films of a batch and answers each of them; never throws for the sake of one. */
export async function analyseBatch(
  items: readonly BatchItem[],
  tools: BatchTools,
): Promise<readonly BatchItemResult[]> {
  return (await computeBatch(items, tools, Promise.resolve())).results;
}

/**
 * Resolves when all films are computed; what is drawn and written of the last one may still be under way, so that the
 * core can go on with the next batch. At most one film's artefacts are in flight: the first waits for `earlier`.
 */
export async function computeBatch(
  items: readonly BatchItem[],
  tools: BatchTools,
  earlier: Promise<unknown>,
): Promise<BatchAnswers> {
  const { setup, session, clock, reader } = tools;
  const target = letterboxOf(session.model.manifest);
  const ways = await inOrder(items, (item) =>
    readFilm(
      ...([item.request, rulesFor(item, setup), target, setup.filmPixelsMax, clock] as const),
      reader === undefined ? undefined : () => reader.read(item),
    ),
  );
  const prepared = ways.flatMap((way) => (isPrepared(way) ? [way] : []));
  const answers = await runTogether(prepared, tools);
  let writing = earlier;
  const replies: Promise<AnalysisReply | TriageError>[] = [];
  for (const [index, item] of items.entries()) {
    const way = ways[index] ?? new TriageError('unexpected', 'no film');
    const analysed = await attempt(() => {
      if (way instanceof TriageError) throw way;
      return isPrepared(way) ? finish(way, answers.get(way), rulesFor(item, setup), tools) : way;
    });
    await writing;
    const written =
      analysed instanceof TriageError
        ? Promise.resolve(analysed)
        : attempt(() => reply(item, analysed, tools));
    replies.push(written);
    writing = written;
  }
  return {
    results: Promise.all(replies).then((made) => made.map((each, index) => answer(items[index], each))),
    shadow: shadowOf(items, ways, tools),
  };
}

function shadowOf(
  items: readonly BatchItem[],
  ways: readonly (PreparedFilm | EarlyEnd | TriageError)[],
  { shadow, session, setup, clock }: BatchTools,
): BatchAnswers['shadow'] {
  const films = items.flatMap((item, index) => {
    const way = ways[index];
    return way !== undefined && isPrepared(way)
      ? [{ key: item.key, prepared: way, rules: rulesFor(item, setup) }]
      : [];
  });
  if (shadow === undefined || films.length === 0) return null;
  return () => runShadow(films, shadow, session.model.manifest, clock);
}

function answer(item: BatchItem | undefined, made: AnalysisReply | TriageError): BatchItemResult {
  const key = item?.key ?? 0;
  if (!(made instanceof TriageError)) return { key, reply: made };
  return { key, failure: { code: made.code, message: made.message } };
}

function rulesFor({ request }: BatchItem, { rules }: WorkerSetup): AnalysisRules {
  return rulesOfSite(rules, request.siteRules ?? {});
}

interface Answer {
  readonly outputs: ModelOutputs;
  readonly inferenceMs: number;
}

/** One run for all; where it fails, one for each, so that a film that the model chokes on fails alone. */
async function runTogether(
  films: readonly PreparedFilm[],
  tools: BatchTools,
): Promise<ReadonlyMap<PreparedFilm, Answer | TriageError>> {
  const answers = new Map<PreparedFilm, Answer | TriageError>();
  if (films.length === 0) return answers;
  const stopwatch = startStopwatch(tools.clock);
  try {
    const outputs = await tools.session.run(films.map((film) => film.input.tensor));
    const inferenceMs = Math.round((stopwatch() / films.length) * 10) / 10;
    films.forEach((film, index) => answers.set(film, { outputs: outputs[index] ?? {}, inferenceMs }));
  } catch (thrown) {
    if (films.length === 1) {
      for (const film of films) answers.set(film, withoutForeignText(thrown, 'inference-failed'));
      return answers;
    }
    for (const film of films) {
      for (const [key, answer] of await runTogether([film], tools)) answers.set(key, answer);
    }
  }
  return answers;
}

function finish(
  prepared: PreparedFilm,
  answer: Answer | TriageError | undefined,
  rules: AnalysisRules,
  { session, clock }: BatchTools,
): AnalysedFilm {
  if (answer === undefined || answer instanceof TriageError) {
    throw answer ?? new TriageError('inference-failed', 'the model gave no answer');
  }
  const measureMs = startStopwatch(clock);
  const late = { inferenceMs: answer.inferenceMs, measureMs };
  const analysis = measureFilm(prepared, answer.outputs, session.model, rules, late);
  return { analysis, header: prepared.header, film: prepared.film };
}

async function reply(
  { request }: BatchItem,
  analysed: AnalysedFilm,
  tools: BatchTools,
): Promise<AnalysisReply> {
  const { scratchFolder } = request;
  const { analysis } = analysed;
  if (scratchFolder === null) return { analysis, artefacts: null };
  const reportMs = startStopwatch(tools.clock);
  const artefacts = await writeArtefacts(scratchFolder, analysed, {
    identity: tools.setup.identity,
    reportedAtMs: request.reportedAtMs ?? tools.clock.nowMs(),
    revision: request.revision ?? 0,
    predecessor: request.predecessor ?? null,
    overlayOnly: request.overlayOnly === true,
  });
  return { analysis: { ...analysis, timingsMs: withReport(analysis.timingsMs, reportMs()) }, artefacts };
}

function withReport(timingsMs: StageTimings, reportMs: number): StageTimings {
  return { ...timingsMs, report: reportMs, total: Math.round((timingsMs.total + reportMs) * 10) / 10 };
}

function isPrepared(way: PreparedFilm | EarlyEnd | TriageError): way is PreparedFilm {
  return 'input' in way;
}

/** One after the other, for the sake of memory; a failure is the answer of its own item. */
async function inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<(Result | TriageError)[]> {
  const results: (Result | TriageError)[] = [];
  for (const item of items) results.push(await attempt(() => work(item)));
  return results;
}

async function attempt<Result>(work: () => Promise<Result> | Result): Promise<Result | TriageError> {
  try {
    return await work();
  } catch (thrown) {
    return withoutForeignText(thrown, 'unexpected');
  }
}

// The message of a foreign error can quote what it choked on, a patient's data: only its type goes on.
function withoutForeignText(thrown: unknown, code: ErrorCode): TriageError {
  if (thrown instanceof TriageError) return thrown;
  const type = thrown instanceof Error ? thrown.name : typeof thrown;
  return new TriageError(code, `a stage of the analysis failed (${type})`, { cause: thrown });
}
