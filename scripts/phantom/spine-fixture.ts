import type { Film } from './film-finish.ts';
import type { Recipe, SpineFixtureTruth } from './fixture-catalogue.ts';
import type { SpinePlan } from './fixture-films.ts';
import { type SpineFilmOptions, renderSpine } from './spine/spine-phantom.ts';
import type { SpineTruth, VertebraTruth } from './spine/spine-truth.ts';

/** The rows of a fixture: about 0.4 mm a pixel, and a file stays below half a megabyte. */
const ROWS = 900;
/** How much of its height a body may lack that is meant to be sound; a real spine is never quite even. */
const SOUND_LOSS_PERCENT_MAX = 16;
const TRIES_MAX = 40;

/** A rendered lateral fixture. */
interface SpineFixture {
  readonly film: Film;
  readonly recipe: Recipe;
  readonly mmPerPx: number;
  readonly spine: SpineFixtureTruth;
}

/**
 * Renders the lateral film of a fixture: the first of this seed's spines that shows the deformity whole and whose other
 * bodies are sound, so that the outcome follows from the plan. Throws RangeError where no try does.
 */
export function renderSpineFixture(plan: SpinePlan, seed: number, bits: number): SpineFixture {
  for (let turn = 0; turn < TRIES_MAX; turn += 1) {
    const options: SpineFilmOptions = {
      seed: seed * TRIES_MAX + turn,
      kind: plan.kind,
      look: 'training',
      vertebrae: plan.deformity === null ? [] : [plan.deformity],
      rows: ROWS,
      bits: bits === 8 ? 8 : 12,
      facing: plan.facing ?? 'left',
    };
    const { film, truth } = renderSpine(options);
    const worst = judgeTruth(truth, plan);
    if (worst === null) continue;
    const turnDegrees = plan.turnDegrees ?? 0;
    const recipe = { kind: 'spine', options, turnDegrees } as const;
    return { film: turnFilm(film, turnDegrees), recipe, mmPerPx: truth.mmPerPx, spine: worst };
  }
  throw new RangeError(`no spine of seed ${seed} shows what the fixture is meant to show`);
}

/** The vertebra that the film is about, or null where the film does not show it clearly. */
function judgeTruth({ vertebrae }: SpineTruth, { deformity }: SpinePlan): SpineFixtureTruth | null {
  const shown = vertebrae.filter(({ visible, wholeInPicture }) => visible && wholeInPicture);
  const others = shown.filter(({ level }) => level !== deformity?.level);
  if (others.some((vertebra) => largestLoss(vertebra) > SOUND_LOSS_PERCENT_MAX)) return null;
  const worst = shown.reduce<VertebraTruth | null>(
    (most, one) => (most === null || largestLoss(one) > largestLoss(most) ? one : most),
    null,
  );
  if (worst === null || (deformity !== null && worst.deformity !== deformity.deformity)) return null;
  const { level, genantGrade } = worst;
  return {
    level,
    deformity: worst.deformity,
    genantGrade,
    lossPercent: Number(largestLoss(worst).toFixed(1)),
  };
}

function largestLoss({ lossPercent }: VertebraTruth): number {
  return Math.max(lossPercent.wedge, lossPercent.biconcave, lossPercent.crush);
}

/** The picture as a plate shows it that was put in on its side. */
function turnFilm(film: Film, degrees: number): Film {
  if (degrees === 0) return film;
  const { columns, rows, samples } = film;
  const isUpright = degrees === 180;
  const [width, height] = isUpright ? [columns, rows] : [rows, columns];
  const turned = samples.map((_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    const [column, row] = {
      90: [y, rows - 1 - x],
      180: [columns - 1 - x, rows - 1 - y],
      270: [columns - 1 - y, x],
    }[degrees] ?? [x, y];
    return samples[(row ?? 0) * columns + (column ?? 0)] ?? 0;
  });
  return { columns: width, rows: height, samples: turned };
}
