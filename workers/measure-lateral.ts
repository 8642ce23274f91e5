/** From what was found and scored on a film that is no panoramic one to its result. Pure but for the stopwatch. */
import { reasonOf } from '../src/decide/reason-texts.ts';
import type { DensityDecision } from '../src/decide/density-policy.ts';
import { TriageError } from '../src/errors.ts';
import type { AnalysisResult, ModelIdentity, Outcome, Reason } from '../src/exam/analysis.ts';
import { reductionOf } from '../src/exam/film-scale.ts';
import type { FoundSpine } from '../src/measure/found-spine.ts';
import { allFinite, type AnalysedFilm, endFilm } from './film-result.ts';
import type { ViewedFilm } from './look-at-view.ts';
import { correctSpine, readSpine } from './read-spine.ts';
import type { AnalysisRules } from './worker-setup.ts';

/** What the models made of a film; absent where its view has no such model. */
export interface BoneReading {
  /** null: no spine was found. */
  readonly spine?: FoundSpine | null;
  /** A model that failed on the film takes nothing from what its spine says. */
  readonly density?: DensityDecision | TriageError;
  readonly models: readonly ModelIdentity[];
  readonly prepareMs: number;
  readonly inferenceMs: number;
}

/**
 * The spine first, and beside it what a site's own model says: positive if either is.
 * @param measureMs called when the measuring is done
 */
export function measureBones(
  viewed: ViewedFilm,
  reading: BoneReading,
  rules: AnalysisRules,
  measureMs: () => number,
): AnalysedFilm {
  const { film, header, view, notes, timings, viewTimings } = viewed;
  if (view === null) throw new TriageError('unexpected', 'a film without a view');
  const { spine: found } = reading;
  const failure = reading.density instanceof TriageError ? reading.density : null;
  const density = reading.density instanceof TriageError ? undefined : reading.density;
  const reduction = reductionOf(film, header);
  const measured =
    found === undefined
      ? null
      : readSpine(film, found, { view: view.name, policy: rules.fracture, reduction });
  const corrected = correctedSpine(viewed, measured, rules);
  const spine = corrected ?? measured;
  // NaN would cross the process border as null, which means something else: absent with a reason.
  if (!allFinite(spine)) throw new TriageError('inference-failed', 'a measurement is not a number');
  const reasons: readonly Reason[] = [
    ...(spine?.reasons ?? []),
    ...(density === undefined ? [] : [density.reason]),
    ...(failure === null ? [] : [reasonOf(failure.code)]),
    ...notes,
  ];
  const outcome = outcomeOf(spine, density);
  return endFilm(viewed, {
    outcome,
    view,
    reasons,
    found: { spine: spine?.spine ?? null, boneDensity: density?.finding ?? null },
    ...(corrected === null ? {} : { correction: corrected.correction }),
    isUsable: outcome !== 'not-assessable',
    problems: viewed.problems,
    models: [...reading.models, ...viewed.viewModels],
    timings: {
      ...timings,
      prepare: viewTimings.prepare + reading.prepareMs,
      inference: viewTimings.inference + reading.inferenceMs,
      measure: measureMs(),
    },
  });
}

/** null: nobody corrected anything, or there is nothing to correct. */
function correctedSpine(
  { film, header, request: { correction } }: ViewedFilm,
  measured: ReturnType<typeof readSpine> | null,
  { fracture: policy }: AnalysisRules,
): ReturnType<typeof correctSpine> {
  const spine = measured?.spine ?? null;
  if (measured === null || spine === null || correction === undefined) return null;
  const original = { columns: header?.columns ?? film.columns, rows: header?.rows ?? film.rows };
  return correctSpine({ outcome: measured.outcome, spine }, correction, { film: original, policy });
}

/** A finding counts whatever the other says; a spine that could not be read leaves the film unread. */
function outcomeOf(
  spine: Pick<AnalysisResult, 'outcome'> | null,
  density: DensityDecision | undefined,
): Outcome {
  if (spine?.outcome === 'positive' || density?.outcome === 'positive') return 'positive';
  return spine?.outcome ?? density?.outcome ?? 'not-assessable';
}
