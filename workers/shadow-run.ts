/**
 * Models in shadow: each sees the films of a batch that is answered, as they were decoded for it, in the place of the
 * model that counts, and is measured by the same code. What it makes of them is stored and compared and never acted on,
 * so its failures stay its own.
 */
import type { Clock } from '../src/clock.ts';
import { asTriageError } from '../src/errors.ts';
import { type FilmWay, runModels } from './film-ways.ts';
import type { ShadowItemResult } from './messages.ts';
import { type ModelSet, modelSetOf, sessionsOf } from './model-set.ts';
import type { ModelSession } from './onnx-session.ts';

/** A film that the models which count have seen. */
export interface ShadowFilm {
  readonly key: number;
  readonly way: FilmWay;
}

/** The shadow of a film: that of one of the models that made its result; undefined where none has one. */
export function shadowFor({ models }: FilmWay, shadows: readonly ModelSession[]): ModelSession | undefined {
  return shadows.find(({ model }) => models.some(({ name }) => name === model.identity.name));
}

/** Runs the shadow of each film on it alone; a film that it fails on is answered with the reason. Never throws. */
export async function runShadows(
  films: readonly ShadowFilm[],
  shadows: readonly ModelSession[],
  models: ModelSet,
  clock: Clock,
): Promise<readonly ShadowItemResult[]> {
  const results: ShadowItemResult[] = [];
  for (const { key, way } of films) {
    const shadow = shadowFor(way, shadows);
    if (shadow === undefined) continue;
    try {
      const [made] = await runModels([way], withShadow(models, shadow), clock);
      if (made === undefined || !('measure' in made)) throw asTriageError(made, 'inference-failed');
      const { analysis } = made.measure();
      const { identity } = shadow.model;
      // The first names whose result it is; the others are those of the film itself.
      const others = analysis.models.filter(({ name }) => name !== identity.name);
      results.push({ key, analysis: { ...analysis, models: [identity, ...others] } });
    } catch (thrown) {
      const { code } = asTriageError(thrown, 'inference-failed');
      // The text of a foreign error can quote what it choked on: only the code goes on.
      results.push({ key, failure: { code, message: `the shadow failed on a film (${code})` } });
    }
  }
  return results;
}

function withShadow(models: ModelSet, shadow: ModelSession): ModelSet {
  const { name } = shadow.model.identity;
  return modelSetOf(
    sessionsOf(models).map((session) => (session.model.identity.name === name ? shadow : session)),
  );
}
