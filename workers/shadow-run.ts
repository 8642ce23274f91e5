/**
 * The model in shadow: it sees the films of a batch that is answered, as they were decoded for it, and is measured by the
 * same code. What it makes of them is stored and compared and never acted on, so its failures stay its own.
 */
import type { Clock } from '../src/clock.ts';
import { asTriageError } from '../src/errors.ts';
import { letterbox } from '../src/imaging/prepare-image.ts';
import { letterboxOf, type ModelManifest } from '../src/inference/model-manifest.ts';
import { measureFilm } from './measure-film.ts';
import type { ShadowItemResult } from './messages.ts';
import type { ModelSession } from './onnx-session.ts';
import { startStopwatch, type PreparedFilm } from './read-film.ts';
import type { AnalysisRules } from './worker-setup.ts';

/** A film that the model which counts has seen. */
export interface ShadowFilm {
  readonly key: number;
  readonly prepared: PreparedFilm;
  readonly rules: AnalysisRules;
}

/** Runs the shadow on each film alone; a film that it fails on is answered with the reason. Never throws. */
export async function runShadow(
  films: readonly ShadowFilm[],
  shadow: ModelSession,
  preparedFor: ModelManifest,
  clock: Clock,
): Promise<readonly ShadowItemResult[]> {
  const isPreparedAlike = sameSteps(preparedFor, shadow.model.manifest);
  const results: ShadowItemResult[] = [];
  for (const { key, prepared, rules } of films) {
    try {
      const stopwatch = startStopwatch(clock);
      const film = isPreparedAlike ? prepared : prepareAnew(prepared, shadow.model.manifest);
      const [outputs] = await shadow.run([film.input.tensor]);
      const late = { inferenceMs: stopwatch(), measureMs: stopwatch };
      results.push({ key, analysis: measureFilm(film, outputs ?? {}, shadow.model, rules, late) });
    } catch (thrown) {
      const { code } = asTriageError(thrown, 'inference-failed');
      // The text of a foreign error can quote what it choked on: only the code goes on.
      results.push({ key, failure: { code, message: `the shadow failed on a film (${code})` } });
    }
  }
  return results;
}

function sameSteps(one: ModelManifest, other: ModelManifest): boolean {
  return JSON.stringify(one.preparation) === JSON.stringify(other.preparation);
}

function prepareAnew(prepared: PreparedFilm, manifest: ModelManifest): PreparedFilm {
  return { ...prepared, input: letterbox(prepared.film, letterboxOf(manifest)) };
}
