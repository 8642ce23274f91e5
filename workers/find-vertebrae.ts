/** Finds the vertebral bodies of films and their six points: the finder on the whole film, then two rounds of crops. */
import { TriageError } from '../src/errors.ts';
import type { VertebraPoint } from '../src/exam/analysis.ts';
import type { Film, PointPx } from '../src/exam/film.ts';
import { forEachPoint } from '../src/exam/film-scale.ts';
import type { Histogram } from '../src/imaging/histogram.ts';
import { letterbox } from '../src/imaging/prepare-image.ts';
import {
  letterboxOf,
  thresholdOf,
  type ModelManifest,
  type VertebraCrop,
} from '../src/inference/model-manifest.ts';
import { bodyFrame, distancePx, dot, minus, type BodyCorners } from '../src/measure/body-frame.ts';
import type { FoundBody, FoundSpine } from '../src/measure/found-spine.ts';
import {
  CHAIN_BODIES_MIN,
  findChain,
  liesAbove,
  missedBetween,
  overlap,
  type FinderGrid,
  type SpineChain,
} from '../src/measure/vertebra-chain.ts';
import {
  cropToFilm,
  cutCrop,
  placeCrop,
  reduceForCrops,
  zoomedFrame,
  type CropFrame,
  type ReducedFilm,
} from '../src/measure/vertebra-crop.ts';
import { fitsChain, nextSteps, type WalkStep } from '../src/measure/vertebra-walk.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';
import { runInBatches } from './run-together.ts';

/** A lateral film, upright and not mirrored up to its facing. */
export interface SpineFilm {
  readonly film: Film;
  /** Of the film where it is there already. */
  readonly histogram?: Histogram;
}

/** The two models of the spine's way. */
export interface SpineModels {
  readonly finder: ModelSession;
  readonly points: ModelSession;
}

/**
 * Finds the spine on each film, in their order; null where none is found. Both models run batched over all films.
 * Throws inference-failed and model-invalid.
 */
export async function findVertebrae(
  films: readonly SpineFilm[],
  { finder, points }: SpineModels,
): Promise<readonly (FoundSpine | null)[]> {
  const chains = await findChains(films, finder);
  const target = cropTargetOf(points.model.manifest);
  const crops = films.flatMap(({ film }, index) => {
    const chain = chains[index] ?? null;
    return chain === null ? [] : firstCrops(film, chain, target);
  });
  const found = await lookClosely(crops, target, points);
  const walks = films.map(({ film }, index): Walk | null => {
    const chain = chains[index] ?? null;
    if (chain === null) return null;
    const own = found.filter((_, at) => crops[at]?.chain === chain);
    return { film, chain, bodies: trimEnds(mergeDoubles(own)), tried: [] };
  });
  await walkOn(
    walks.filter((walk) => walk !== null),
    target,
    points,
  );
  return walks.map(finishSpine);
}

async function findChains(films: readonly SpineFilm[], finder: ModelSession): Promise<(SpineChain | null)[]> {
  const { manifest } = finder.model;
  const target = letterboxOf(manifest);
  const limits = { centre: thresholdOf(manifest, 'centre'), sacrum: thresholdOf(manifest, 'sacrum') };
  const inputs = films.map(({ film, histogram }) => letterbox(film, target, histogram));
  const answers = await runInBatches(
    finder,
    inputs.map(({ tensor }) => tensor),
  );
  return inputs.map((input, index) => findChain(gridOf(answers[index] ?? {}, manifest), input, limits));
}

function gridOf(answer: ModelOutputs, { name, outputs, preparation }: ModelManifest): FinderGrid {
  const shape = outputs.find((output) => output.name === 'centre')?.shape ?? [];
  const [rows, columns] = shape.slice(-2);
  const { centre, corners, sacrum } = answer;
  const isWhole =
    typeof rows === 'number' && typeof columns === 'number' && corners?.length === 8 * rows * columns;
  if (!isWhole || centre === undefined || sacrum?.length !== centre.length) {
    throw new TriageError('model-invalid', `the outputs of model ${name} are no grids of one size`);
  }
  return { rows, columns, stridePx: preparation.columns / columns, centre, corners, sacrum };
}

function cropTargetOf({ name, preparation }: ModelManifest): VertebraCrop {
  if (preparation.kind === 'vertebra-crop') return preparation;
  throw new TriageError('model-invalid', `model ${name} does not see crops of vertebrae`);
}

/** One body to be looked at. */
interface BodyCrop {
  readonly chain: SpineChain;
  readonly corners: BodyCorners;
  readonly film: ReducedFilm;
  readonly frame: CropFrame;
}

function firstCrops(film: Film, chain: SpineChain, target: VertebraCrop): BodyCrop[] {
  const frames = chain.bodies.map(({ corners }) => placeCrop(corners, target));
  const reduced = reduceForCrops(film, frames, target);
  return chain.bodies.flatMap(({ corners }, index) => {
    const frame = frames[index];
    return frame === undefined ? [] : [{ chain, corners, film: reduced, frame }];
  });
}

/** A chain that may go on beyond what the finder saw. */
interface Walk {
  readonly film: Film;
  readonly chain: SpineChain;
  bodies: FoundBody[];
  /** Centres of the places that were looked at in vain. */
  readonly tried: PointPx[];
}

/** Every round adds at most a body at each end, and the ones in the gaps; a film shows no more. */
const WALK_ROUNDS_MAX = 6;

/** Looks at the places next to each chain until nothing more is found there. */
async function walkOn(walks: readonly Walk[], target: VertebraCrop, points: ModelSession): Promise<void> {
  for (let round = 0; round < WALK_ROUNDS_MAX; round++) {
    const looks = walks.flatMap((walk) => stepsOf(walk).map((step) => ({ walk, step })));
    if (looks.length === 0) return;
    const crops = looks.map(({ walk: { film, chain }, step: { corners } }) => {
      const frame = placeCrop(corners, target);
      return { chain, corners, film: reduceForCrops(film, [frame], target), frame };
    });
    const found = await lookClosely(crops, target, points);
    // From the bottom up, so that what is put in does not move the places above it.
    looks.toReversed().forEach(({ walk, step }, index) => {
      const body = found[looks.length - 1 - index];
      if (body !== undefined && belongs(walk, step, body)) walk.bodies.splice(step.index, 0, body);
      else walk.tried.push(bodyFrame(step.corners).centrePx);
    });
  }
}

function stepsOf({ film, bodies, tried }: Walk): WalkStep[] {
  return nextSteps(bodies.map(({ pointsPx }) => pointsPx)).filter(({ corners, nearerPx }) => {
    const { centrePx, heightPx } = bodyFrame(corners);
    const isTried = (at: PointPx): boolean => tried.some((place) => distancePx(place, at) <= 0.2 * heightPx);
    const [x, y] = centrePx;
    const isOnFilm = x > 0 && y > 0 && x < film.columns && y < film.rows;
    return isOnFilm && !isTried(centrePx) && (nearerPx === null || isTried(nearerPx));
  });
}

/** How much surer of ribs a body may be than the one above it: S1 is taken for a thoracic one now and then. */
const RIBS_RISE_MAX = 0.3;

/** A body beyond one that was not found must leave no doubt. */
const FAR_CONFIDENCE_MIN = 0.95;

function belongs({ chain, bodies }: Walk, step: WalkStep, body: FoundBody): boolean {
  const above = bodies[step.index - 1];
  return (
    isSure(body) &&
    (step.nearerPx === null || body.confidence >= FAR_CONFIDENCE_MIN) &&
    fitsChain(
      bodies.map(({ pointsPx }) => pointsPx),
      step,
      body.pointsPx,
    ) &&
    (chain.sacrum === null || liesAbove(body.pointsPx, chain.sacrum.point)) &&
    (above === undefined || body.thoracic < above.thoracic + RIBS_RISE_MAX)
  );
}

type CropReading = Omit<FoundBody, 'isClear'>;

/** Looks at each body, again at a crop that is placed by what was seen, and once more a little closer. */
async function lookClosely(
  crops: readonly BodyCrop[],
  target: VertebraCrop,
  points: ModelSession,
): Promise<FoundBody[]> {
  const bodyMin = thresholdOf(points.model.manifest, 'body');
  const first = await readCrops(crops, target, points);
  const nearer = crops.map((crop, index) => ({
    ...crop,
    frame: placeCrop(first[index]?.pointsPx ?? crop.corners, target),
  }));
  const second = await readCrops(nearer, target, points);
  const closer = crops.map((crop, index) => ({
    ...crop,
    frame: zoomedFrame(placeCrop(second[index]?.pointsPx ?? crop.corners, target), CLOSER),
  }));
  const third = await readCrops(closer, target, points);
  return second.map((late, index) =>
    combine(first[index] ?? late, meanOf(late, third[index] ?? late), bodyMin),
  );
}

/** The last look is this much closer: what the points owe to the raster of one crop differs in another. */
const CLOSER = 0.92;

/** The points of both looks count alike; what is said of the body is the first one's. */
function meanOf(one: CropReading, other: CropReading): CropReading {
  const pointsPx = forEachPoint((point): PointPx => {
    const [a, b] = [one.pointsPx[point], other.pointsPx[point]];
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  });
  return { ...one, pointsPx };
}

async function readCrops(
  crops: readonly BodyCrop[],
  target: VertebraCrop,
  points: ModelSession,
): Promise<CropReading[]> {
  const answers = await runInBatches(
    points,
    crops.map(({ film, frame }) => cutCrop(film, frame, target)),
  );
  return crops.map(({ frame }, index) => readAnswer(answers[index] ?? {}, frame, target));
}

function readAnswer(answer: ModelOutputs, frame: CropFrame, target: VertebraCrop): CropReading {
  const { points, spread, pointConfidence, body, thoracic } = answer;
  return {
    pointsPx: forEachPoint((_, i) =>
      cropToFilm(frame, target, [points?.[2 * i] ?? NaN, points?.[2 * i + 1] ?? NaN]),
    ),
    pointErrorsPx: forEachPoint((_, i) => (spread?.[i] ?? NaN) * frame.scale),
    pointConfidences: forEachPoint((_, i) => pointConfidence?.[i] ?? 0),
    confidence: body?.[0] ?? 0,
    thoracic: thoracic?.[0] ?? NaN,
  };
}

/** The second look counts; how far the two lie apart along the height is added to the error that it states. */
function combine(first: CropReading, second: CropReading, bodyMin: number): FoundBody {
  const { downward } = bodyFrame(second.pointsPx);
  const apartPx = (point: VertebraPoint): number =>
    dot(minus(second.pointsPx[point], first.pointsPx[point]), downward) / 2;
  return {
    ...second,
    pointErrorsPx: forEachPoint((point) => Math.hypot(second.pointErrorsPx[point], apartPx(point))),
    isClear: second.confidence >= bodyMin,
  };
}

/** Beyond the ends of a chain lie S1 and cut bodies, which are taken for whole ones more often than a disc is. */
const END_CONFIDENCE_MIN = 0.85;

function isSure({ isClear, confidence }: FoundBody): boolean {
  return isClear && confidence >= END_CONFIDENCE_MIN;
}

/**
 * Drops what is unclear at either end of a chain, and a single body below an unclear one: the unclear one is S1 then
 * more often than L4, and what is below S1 is no vertebra that is graded.
 */
function trimEnds(bodies: readonly FoundBody[]): FoundBody[] {
  const first = bodies.findIndex(isSure);
  return first < 0 ? [] : trimBelow(bodies.slice(first));
}

function trimBelow(bodies: readonly FoundBody[]): FoundBody[] {
  const last = bodies.findLastIndex(isSure);
  const above = bodies[last - 1];
  return above === undefined || isSure(above) ? bodies.slice(0, last + 1) : trimBelow(bodies.slice(0, last));
}

function finishSpine(walk: Walk | null): FoundSpine | null {
  if (walk === null) return null;
  const bodies = walk.bodies.filter(hasRoom);
  if (bodies.length < CHAIN_BODIES_MIN) return null;
  const { facing, facingConfidence, sacrum } = walk.chain;
  return { facing, facingConfidence, sacrum, bodies };
}

/** Whether something unclear could be a body at all: between neighbours as close as neighbours are it is a disc. */
function hasRoom({ isClear }: FoundBody, index: number, bodies: readonly FoundBody[]): boolean {
  const [above, below] = [bodies[index - 1], bodies[index + 1]];
  if (isClear || above === undefined || below === undefined) return true;
  return missedBetween(bodyFrame(above.pointsPx), bodyFrame(below.pointsPx)) > 0;
}

/** Crops that ended on one body are merged. */
function mergeDoubles(found: readonly FoundBody[]): FoundBody[] {
  const kept: FoundBody[] = [];
  for (const body of found) {
    const before = kept.at(-1);
    const isDouble = before !== undefined && overlap(bodyFrame(before.pointsPx), bodyFrame(body.pointsPx));
    if (!isDouble) kept.push(body);
    else if (body.confidence > before.confidence) kept[kept.length - 1] = body;
  }
  return kept;
}
