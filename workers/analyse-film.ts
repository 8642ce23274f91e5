/** The work of one batch: every film goes its own way, only the model run is shared. */
import type { Clock } from '../src/clock.ts';
import { TriageError } from '../src/errors.ts';
import type { StageTimings } from '../src/exam/analysis.ts';
import type { FilmReader } from './film-reader.ts';
import type { AnalysedFilm } from './film-result.ts';
import { type FilmWay, needsOf, runModels } from './film-ways.ts';
import { lookAtViews } from './look-at-view.ts';
import type { AnalysisReply, BatchItem, BatchItemResult } from './messages.ts';
import type { ModelSet } from './model-set.ts';
import type { ModelSession } from './onnx-session.ts';
import { type DecodedFilm, type EarlyEnd, readFilm } from './read-film.ts';
import { withoutForeignText } from './run-together.ts';
import type { BatchAnswers } from './service-link.ts';
import { runShadows, shadowFor } from './shadow-run.ts';
import { startStopwatch } from './stopwatch.ts';
import { type AnalysisRules, rulesOfSite, type WorkerSetup } from './worker-setup.ts';
import { writeArtefacts } from './write-report.ts';

/** What a batch needs. */
export interface BatchTools {
  readonly models: ModelSet;
  /** See the same films afterwards; left out: none does. */
  readonly shadows?: readonly ModelSession[];
  readonly setup: WorkerSetup;
  readonly clock: Clock;
  /** Has the films of the batch in memory or on their way there; left out, each is read when its turn comes. */
  readonly reader?: Pick<FilmReader, 'read'>;
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
  const ways = await wayOfEach(items, tools);
  let writing = earlier;
  const replies: Promise<AnalysisReply | TriageError>[] = [];
  for (const [index, item] of items.entries()) {
    const analysed = await attempt(() => {
      const way = ways[index] ?? new TriageError('unexpected', 'no film');
      if (way instanceof TriageError) throw way;
      return 'isEnd' in way ? way : way.measure();
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

/** Reads, looks at the view and runs the models: what is left of each film is to measure and to write. */
async function wayOfEach(
  items: readonly BatchItem[],
  { models, setup, clock, reader }: BatchTools,
): Promise<readonly (EarlyEnd | FilmWay | TriageError)[]> {
  const needs = needsOf(models, setup);
  const read = await inOrder(items, (item) =>
    readFilm(
      ...([item.request, rulesFor(item, setup), needs, clock] as const),
      reader === undefined ? undefined : () => reader.read(item),
    ),
  );
  const decoded = read.flatMap((film, index) => (isDecoded(film) ? [{ film, index }] : []));
  const viewed = await lookAtViews(
    decoded.map(({ film }) => film),
    models.view,
    needs.views,
    clock,
  );
  const looked = decoded.flatMap(({ index }, at) => {
    const film = viewed[at];
    const item = items[index];
    if (film === undefined || item === undefined || film instanceof TriageError || 'isEnd' in film) return [];
    return [{ index, film, rules: rulesFor(item, setup) }];
  });
  const made = await runModels(looked, models, clock);
  const ways: (EarlyEnd | FilmWay | TriageError)[] = read.map((film) =>
    isDecoded(film) ? new TriageError('unexpected', 'no film') : film,
  );
  decoded.forEach(({ index }, at) => {
    const film = viewed[at];
    if (film instanceof TriageError || (film !== undefined && 'isEnd' in film)) ways[index] = film;
  });
  looked.forEach(({ index }, at) => (ways[index] = made[at] ?? new TriageError('unexpected', 'no film')));
  return ways;
}

function shadowOf(
  items: readonly BatchItem[],
  ways: readonly (EarlyEnd | FilmWay | TriageError)[],
  { shadows = [], models, clock }: BatchTools,
): BatchAnswers['shadow'] {
  const films = items.flatMap(({ key }, index) => {
    const way = ways[index];
    return way !== undefined && 'measure' in way ? [{ key, way }] : [];
  });
  const seen = films.filter(({ way }) => shadowFor(way, shadows) !== undefined);
  if (seen.length === 0) return null;
  return () => runShadows(seen, shadows, models, clock);
}

function answer(item: BatchItem | undefined, made: AnalysisReply | TriageError): BatchItemResult {
  const key = item?.key ?? 0;
  if (!(made instanceof TriageError)) return { key, reply: made };
  return { key, failure: { code: made.code, message: made.message } };
}

function rulesFor({ request }: BatchItem, { rules }: WorkerSetup): AnalysisRules {
  return rulesOfSite(rules, request.siteRules ?? {});
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

function isDecoded(film: DecodedFilm | EarlyEnd | TriageError): film is DecodedFilm {
  return 'histogram' in film;
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
