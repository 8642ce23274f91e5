/** What a site's own model says of a film: everything about it stands in its manifest, and this service adds nothing. */
import { decideDensity, type DensityDecision } from '../src/decide/density-policy.ts';
import { TriageError } from '../src/errors.ts';
import type { Film } from '../src/exam/film.ts';
import type { Histogram } from '../src/imaging/histogram.ts';
import { fillCanvas } from '../src/imaging/scaled-canvas.ts';
import { scoreOf } from '../src/inference/bone-density-score.ts';
import { thresholdOf } from '../src/inference/model-manifest.ts';
import type { ModelSession } from './onnx-session.ts';

/** The input of a site's own model for a film. Throws model-invalid. */
export function densityInput(film: Film, histogram: Histogram, { model }: ModelSession): Float32Array {
  const { name, preparation, input } = model.manifest;
  if (preparation.kind !== 'scaled-canvas') {
    throw new TriageError('model-invalid', `model ${name} does not say how a film becomes its input`);
  }
  // One channel stands at both places; with three the last axis tells.
  const isByPixel = preparation.channels > 1 && input.shape.at(-1) === preparation.channels;
  return fillCanvas(film, preparation, isByPixel ? 'pixels' : 'planes', histogram);
}

/** Runs the model on one film: a file of others may take no more at once. Throws inference-failed and model-invalid. */
export async function scoreDensity(input: Float32Array, session: ModelSession): Promise<DensityDecision> {
  const { manifest, identity } = session.model;
  const [outputs] = await session.run([input]);
  if (manifest.score === undefined) {
    throw new TriageError('model-invalid', `model ${identity.name} does not say where its score is`);
  }
  const score = scoreOf(manifest.score, outputs ?? {});
  if (!Number.isFinite(score)) throw new TriageError('inference-failed', 'the score is not a number');
  return decideDensity({
    model: `${identity.name} ${identity.version}`,
    score,
    limit: thresholdOf(manifest, 'lowBoneDensity'),
    lowWhen: manifest.score.lowWhen,
  });
}
