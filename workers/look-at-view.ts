/** Which view each film of a batch has: the model looks at all of them together, then tags and picture are weighed. */
import type { Clock } from '../src/clock.ts';
import { reasonOf, type ReasonInWords } from '../src/decide/reason-texts.ts';
import {
  claimedView,
  decideView,
  type FilmView,
  type PictureReading,
  type ViewDecision,
} from '../src/decide/view-decision.ts';
import { TriageError } from '../src/errors.ts';
import type { ModelIdentity, ViewName } from '../src/exam/analysis.ts';
import { letterbox } from '../src/imaging/prepare-image.ts';
import { letterboxOf, thresholdOf, type ModelManifest } from '../src/inference/model-manifest.ts';
import { type AnalysedFilm, endFilm } from './film-result.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';
import type { DecodedFilm } from './read-film.ts';
import { runTogether } from './run-together.ts';
import { startStopwatch } from './stopwatch.ts';

/** A film whose view is decided. */
export interface ViewedFilm extends DecodedFilm {
  /** null: nobody says anything and no model looked; then the panoramic model's own score decides. */
  readonly view: FilmView | null;
  /** What a reader should know of the view. */
  readonly notes: readonly ReasonInWords[];
  /** The model that looked. */
  readonly viewModels: readonly ModelIdentity[];
  readonly viewTimings: { readonly prepare: number; readonly inference: number };
}

/** A film that is not measured because of its view. */
export interface ViewEnd extends AnalysedFilm {
  readonly isEnd: true;
}

/** Decides the view of each film, in their order. Films of a view that nothing is installed for end here. */
export async function lookAtViews(
  films: readonly DecodedFilm[],
  session: ModelSession | null,
  views: readonly ViewName[],
  clock: Clock,
): Promise<readonly (ViewedFilm | ViewEnd | TriageError)[]> {
  if (session === null) return films.map((film) => unseen(film));
  const { manifest, identity } = session.model;
  const target = letterboxOf(manifest);
  const inputs = films.map(({ film, histogram }) => {
    const stopwatch = startStopwatch(clock);
    return { tensor: letterbox(film, target, histogram).tensor, prepareMs: stopwatch() };
  });
  const answers = await runTogether(
    inputs.map(({ tensor }) => tensor),
    (tensors) => session.run(tensors),
    clock,
  );
  return films.map((film, index) => {
    const answer = answers[index];
    if (answer === undefined || answer instanceof TriageError) {
      return answer ?? new TriageError('inference-failed', 'the model gave no answer');
    }
    const viewTimings = { prepare: inputs[index]?.prepareMs ?? 0, inference: answer.runMs };
    const decision = decideView(film.claim, readingOf(answer.output, manifest));
    const { view, notes } = decision;
    const viewed = { ...film, view, notes, viewModels: [identity], viewTimings };
    return refusalOf(decision, views) === null ? viewed : endForView(viewed, decision, views);
  });
}

function unseen(film: DecodedFilm): ViewedFilm {
  const view = film.claim === null ? null : claimedView(film.claim).view;
  return { ...film, view, notes: [], viewModels: [], viewTimings: { prepare: 0, inference: 0 } };
}

/** How a film lies is of no use to know where nothing is installed for its view. */
function refusalOf({ view, refusal }: ViewDecision, views: readonly ViewName[]): ReasonInWords | null {
  const isOfPose = refusal?.code === 'film-turned' || refusal?.code === 'film-mirrored';
  if ((refusal !== null && !isOfPose) || views.includes(view.name)) return refusal;
  return reasonOf('no-model-for-view', { view: view.name });
}

function endForView(film: ViewedFilm, decision: ViewDecision, views: readonly ViewName[]): ViewEnd {
  const { view, notes } = decision;
  const refusal = refusalOf(decision, views);
  const ended = endFilm(film, {
    outcome: 'not-assessable',
    view,
    reasons: [...(refusal === null ? [] : [refusal]), ...notes],
    isUsable: false,
    problems: film.problems,
    models: film.viewModels,
    timings: { ...film.timings, ...film.viewTimings, measure: 0 },
  });
  return { ...ended, isEnd: true };
}

function readingOf({ view, turn, mirrored }: ModelOutputs, manifest: ModelManifest): PictureReading {
  return {
    views: Array.from(view ?? []),
    turns: Array.from(turn ?? []),
    mirrored: mirrored?.[0] ?? 0,
    limits: {
      view: thresholdOf(manifest, 'view'),
      turn: thresholdOf(manifest, 'turn'),
      mirrored: thresholdOf(manifest, 'mirrored'),
    },
  };
}
