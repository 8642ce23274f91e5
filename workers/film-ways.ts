/** The ways that films go by their view: panoramic, spine, a site's own model. Models see the films of a way together. */
import type { Clock } from '../src/clock.ts';
import type { DensityDecision } from '../src/decide/density-policy.ts';
import { TriageError } from '../src/errors.ts';
import type { ModelIdentity } from '../src/exam/analysis.ts';
import type { PixelSize } from '../src/imaging/area-average.ts';
import type { FoundSpine } from '../src/measure/found-spine.ts';
import { findMandibles, type PanoramicModels } from './find-foramina.ts';
import { findVertebrae, type SpineModels } from './find-vertebrae.ts';
import type { AnalysedFilm } from './film-result.ts';
import type { ViewedFilm } from './look-at-view.ts';
import { type BoneReading, measureBones } from './measure-lateral.ts';
import { measurePanoramic } from './measure-film.ts';
import { type ModelSet, viewsOf } from './model-set.ts';
import type { ModelSession } from './onnx-session.ts';
import type { FilmNeeds } from './read-film.ts';
import { type RunAnswer, runTogether } from './run-together.ts';
import { densityInput, scoreDensity } from './score-density.ts';
import { startStopwatch } from './stopwatch.ts';
import type { AnalysisRules, WorkerSetup } from './worker-setup.ts';

/** A film with the rules of its site. */
export interface RuledFilm {
  readonly film: ViewedFilm;
  readonly rules: AnalysisRules;
}

/** A film that its models have seen. */
export interface FilmWay extends RuledFilm {
  /** The models that made the result, without the one that looked at the view. */
  readonly models: readonly ModelIdentity[];
  /** What is left to be done with it. Throws. */
  readonly measure: () => AnalysedFilm;
}

/** A crop of a body has 56 pixels from front to back: a reduced film of the spine keeps at least so many rows. */
const SPINE_ROWS_MIN = 900;

/** What the models ask of a film whose view is not known before it is decoded: enough for every one of them. */
export function needsOf(models: ModelSet, { filmPixelsMax }: WorkerSetup): FilmNeeds {
  const { view, panoramic, spine, density } = models;
  const sessions = [view, panoramic?.contour ?? null, spine?.finder ?? null, ...density.values()];
  const inputs = sessions.flatMap((session): PixelSize[] =>
    session === null ? [] : [session.model.manifest.preparation],
  );
  const rowsMin = spine === null ? 0 : SPINE_ROWS_MIN;
  return {
    least: {
      columns: Math.max(0, ...inputs.map(({ columns }) => columns)),
      rows: Math.max(rowsMin, ...inputs.map(({ rows }) => rows)),
    },
    views: viewsOf(models),
    isViewSeen: view !== null,
    filmPixelsMax,
  };
}

/** Runs the models over the films of a batch, in their order; a film that a model fails on is answered with that. */
export async function runModels(
  films: readonly RuledFilm[],
  models: ModelSet,
  clock: Clock,
): Promise<readonly (FilmWay | TriageError)[]> {
  const { panoramic, spine } = models;
  const made = new Map<RuledFilm, FilmWay | TriageError>();
  const take = (own: readonly RuledFilm[], ways: readonly (FilmWay | TriageError)[]): void => {
    own.forEach((film, index) => made.set(film, ways[index] ?? new TriageError('unexpected', 'no film')));
  };
  const isPanoramic = ({ film }: RuledFilm): boolean => (film.view?.name ?? 'panoramic') === 'panoramic';
  const panoramics = films.filter(isPanoramic);
  if (panoramic !== null) take(panoramics, await runPanoramic(panoramics, panoramic, clock));
  const laterals = films.filter((film) => !isPanoramic(film) && isLateral(film));
  const found = spine === null ? [] : await runSpine(laterals, spine, clock);
  for (const film of films.filter((each) => !isPanoramic(each))) {
    const at = laterals.indexOf(film);
    const session = film.film.view === null ? undefined : models.density.get(film.film.view.name);
    const density = session === undefined ? undefined : await runDensity(film, session, clock);
    made.set(film, boneWay(film, { spine, found: found[at] }, { session, density }, clock));
  }
  return films.map((film) => made.get(film) ?? new TriageError('unexpected', 'a film without a way'));
}

function isLateral({ film }: RuledFilm): boolean {
  return film.view?.name === 'spine-lateral' || film.view?.name === 'chest-lateral';
}

async function runPanoramic(
  films: readonly RuledFilm[],
  models: PanoramicModels,
  clock: Clock,
): Promise<readonly (FilmWay | TriageError)[]> {
  const found = await findMandibles(
    films.map(({ film }) => film),
    models,
    clock,
  );
  const { contour, foramen } = models;
  return films.map(({ film, rules }, index) => {
    const mandible = found[index] ?? new TriageError('unexpected', 'no film');
    if (mandible instanceof TriageError) return mandible;
    const measure = (): AnalysedFilm =>
      measurePanoramic(film, mandible, models, rules, startStopwatch(clock));
    return { film, rules, models: [contour.model.identity, foramen.model.identity], measure };
  });
}

interface SpineAnswer {
  readonly spine: FoundSpine | null;
}

function runSpine(
  films: readonly RuledFilm[],
  models: SpineModels,
  clock: Clock,
): Promise<readonly (RunAnswer<SpineAnswer> | TriageError)[]> {
  return runTogether(
    films.map(({ film: { film, histogram } }) => ({ film, histogram })),
    // A film without a spine is an answer, too.
    async (inputs) => (await findVertebrae(inputs, models)).map((spine) => ({ spine })),
    clock,
  );
}

interface DensityAnswer {
  readonly decision: DensityDecision;
  readonly prepareMs: number;
  readonly runMs: number;
}

async function runDensity(
  { film: { film, histogram } }: RuledFilm,
  session: ModelSession,
  clock: Clock,
): Promise<DensityAnswer | TriageError> {
  const stopwatch = startStopwatch(clock);
  const input = densityInput(film, histogram, session);
  const prepareMs = stopwatch();
  const [answer] = await runTogether(
    [input],
    async (inputs) => Promise.all(inputs.map((each) => scoreDensity(each, session))),
    clock,
  );
  if (answer === undefined || answer instanceof TriageError) {
    return answer ?? new TriageError('inference-failed', 'the model gave no answer');
  }
  return { decision: answer.output, prepareMs, runMs: answer.runMs };
}

function boneWay(
  { film, rules }: RuledFilm,
  {
    spine,
    found,
  }: { readonly spine: SpineModels | null; readonly found: RunAnswer<SpineAnswer> | TriageError | undefined },
  {
    session,
    density,
  }: {
    readonly session: ModelSession | undefined;
    readonly density: DensityAnswer | TriageError | undefined;
  },
  clock: Clock,
): FilmWay | TriageError {
  if (found instanceof TriageError) return found;
  if (density instanceof TriageError && found === undefined) return density;
  const models = [
    ...(found === undefined || spine === null ? [] : [spine.finder.model, spine.points.model]),
    ...(session === undefined ? [] : [session.model]),
  ].map(({ identity }) => identity);
  if (models.length === 0) return new TriageError('unexpected', 'a film without a way');
  const scored = density instanceof TriageError ? undefined : density;
  const reading: BoneReading = {
    ...(found === undefined ? {} : { spine: found.output.spine }),
    ...(density === undefined
      ? {}
      : { density: density instanceof TriageError ? density : density.decision }),
    models,
    prepareMs: scored?.prepareMs ?? 0,
    inferenceMs: (found?.runMs ?? 0) + (scored?.runMs ?? 0),
  };
  return { film, rules, models, measure: () => measureBones(film, reading, rules, startStopwatch(clock)) };
}
