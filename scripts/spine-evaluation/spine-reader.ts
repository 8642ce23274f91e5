import { DEFAULT_FRACTURE_POLICY } from '../../src/decide/fracture-policy.ts';
import type { AnalysisResult, ViewName } from '../../src/exam/analysis.ts';
import type { Film } from '../../src/exam/film.ts';
import { findModel } from '../../src/inference/model-registry.ts';
import { findVertebrae } from '../../workers/find-vertebrae.ts';
import { openSession } from '../../workers/onnx-session.ts';
import { readSpine } from '../../workers/read-spine.ts';

/** What a lateral film shows; the spine is null where none was found. */
export type SpineReading = Pick<AnalysisResult, 'outcome' | 'reasons' | 'spine'>;

/** Reads a lateral film that is upright, by the very steps of the service. */
export type SpineReader = (film: Film, view: ViewName) => Promise<SpineReading>;

/** Loads the newest finder and points model of a folder. Throws model-missing and model-invalid. */
export async function openSpineReader(modelsFolder: string): Promise<SpineReader> {
  const finder = await openSession(await findModel(modelsFolder, 'vertebra-finder'), []);
  const points = await openSession(await findModel(modelsFolder, 'vertebra-points'), []);
  return async (film, view) => {
    const [found = null] = await findVertebrae([{ film }], { finder, points });
    return readSpine(film, found, { view, policy: DEFAULT_FRACTURE_POLICY, reduction: 1 });
  };
}
