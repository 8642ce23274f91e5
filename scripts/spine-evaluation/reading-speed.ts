import { join } from 'node:path';
import { DEFAULT_FRACTURE_POLICY } from '../../src/decide/fracture-policy.ts';
import type { StageTimings } from '../../src/exam/analysis.ts';
import { histogramOf } from '../../src/imaging/histogram.ts';
import { letterbox, plainFilm } from '../../src/imaging/prepare-image.ts';
import { letterboxOf } from '../../src/inference/model-manifest.ts';
import { findModel } from '../../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { findVertebrae } from '../../workers/find-vertebrae.ts';
import { openSession } from '../../workers/onnx-session.ts';
import { readSpine } from '../../workers/read-spine.ts';
import { drawLateralFilms, renderLargeFilm } from '../bench/lateral-films.ts';
import { median, rounded } from '../bench/statistics.ts';
import { timeWorker, WARM_UP } from '../evaluation/worker-speed.ts';

/** Milliseconds of an uncompressed lateral film of 2500 x 3000 pixels on one thread; medians. */
export interface SpeedFigures {
  readonly processor: string;
  readonly films: number;
  /** View, finding and measuring together, from the decoded film: prepare, inference and measure of the service. */
  readonly totalMs: number;
  /** Every stage of a worker of the service that is held to one core. */
  readonly serviceStagesMs: StageTimings;
  /** The same work by what it is for, timed apart. */
  readonly stepsMs: { readonly view: number; readonly finding: number; readonly measuring: number };
}

const FILMS = 10;
const MODELS = join(PROJECT_FOLDER, 'models');

/** Times the service's own worker, and each step by itself. */
export async function evaluateSpeed(): Promise<SpeedFigures> {
  const { processor, films, analysisMs, stagesMs } = await timeWorker(await drawLateralFilms(), FILMS);
  return {
    ...{ processor, films, totalMs: analysisMs, serviceStagesMs: stagesMs },
    stepsMs: await timeSteps(),
  };
}

async function timeSteps(): Promise<SpeedFigures['stepsMs']> {
  const view = await openSession(await findModel(MODELS, 'film-view'), []);
  const finder = await openSession(await findModel(MODELS, 'vertebra-finder'), []);
  const points = await openSession(await findModel(MODELS, 'vertebra-points'), []);
  const { columns, rows, samples } = renderLargeFilm(199_902, []).film;
  const film = plainFilm(columns, rows, samples);
  const histogram = histogramOf(film);
  const rounds: SpeedFigures['stepsMs'][] = [];
  for (let round = 0; round < WARM_UP + FILMS; round += 1) {
    const begun = performance.now();
    await view.run([letterbox(film, letterboxOf(view.model.manifest), histogram).tensor]);
    const viewed = performance.now();
    const [found = null] = await findVertebrae([{ film, histogram }], { finder, points });
    const gone = performance.now();
    readSpine(film, found, { view: 'spine-lateral', policy: DEFAULT_FRACTURE_POLICY, reduction: 1 });
    rounds.push({ view: viewed - begun, finding: gone - viewed, measuring: performance.now() - gone });
  }
  const counted = rounds.slice(WARM_UP);
  const middle = (name: keyof SpeedFigures['stepsMs']): number =>
    rounded(median(counted.map((steps) => steps[name])));
  return { view: middle('view'), finding: middle('finding'), measuring: middle('measuring') };
}
