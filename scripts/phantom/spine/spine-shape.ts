import type { SeededRandom } from '../seeded-random.ts';
import type { Deformity, Heights, Losses } from './deformity.ts';
import { findReference, gradeBody, measureLosses } from './deformity.ts';
import type { Level } from './level-sizes.ts';
import { HEIGHT_SPREAD, LEVEL_SIZES, LEVELS, WIDTH_SPREAD } from './level-sizes.ts';
import type { Pose } from './projection.ts';

/** A deformity that is wanted: which level, how, and how much. */
export interface WantedDeformity {
  readonly level: Level;
  readonly deformity: Exclude<Deformity, 'none'>;
  readonly lossPercent: number;
}

/** A vertebral body: its six points in its own axes and what its surface is like. */
export interface Vertebra {
  readonly level: Level;
  readonly heights: Heights;
  readonly losses: Losses;
  readonly genantGrade: 0 | 1 | 2 | 3;
  readonly deformity: Deformity;
  readonly widthMm: number;
  /** From front to back at the upper and at the lower endplate. */
  readonly depthMm: readonly [number, number];
  /** Height of the four corners over (negative) and under the body's middle: front, back above; front, back below. */
  readonly rims: readonly [number, number, number, number];
  /** How deep the endplates' middles lie under their rims, above and below. */
  readonly concavityMm: readonly [number, number];
  readonly pose: Pose;
  /** Height of the disc below. */
  readonly discMm: number;
}

/** A whole spine from T1 to L5 and the first body of the sacrum. */
export interface Spine {
  readonly vertebrae: readonly Vertebra[];
  /** The middle of the upper endplate of S1 and its tilt. */
  readonly sacrum: Pose;
  /** From front to back of the sacrum's upper endplate. */
  readonly sacrumDepthMm: number;
}

interface Draft {
  level: Level;
  heights: Heights;
  widthMm: number;
  depthMm: [number, number];
  discMm: number;
}

/** Draws a spine; `wanted` are its deformities, and all other bodies are sound. */
export function drawSpine(random: SeededRandom, wanted: readonly WantedDeformity[]): Spine {
  const sex = random.next() < 0.6 ? 0 : 1;
  const drafts = drawSizes(random, sex);
  const heights = deform(drafts, wanted, random);
  const fractured = LEVELS.map((level) => wanted.some((one) => one.level === level && one.lossPercent >= 20));
  const losses = measureLosses(heights, fractured);
  const poses = drawPoses(random, drafts, heights);
  const vertebrae = drafts.map((draft, index): Vertebra => {
    const own = heights[index] ?? draft.heights;
    const lost = losses[index] ?? { wedge: 0, biconcave: 0, crush: 0 };
    return {
      level: draft.level,
      heights: own,
      losses: lost,
      ...gradeBody(lost),
      widthMm: draft.widthMm,
      depthMm: draft.depthMm,
      ...placeRims(own, draft.depthMm, random),
      pose: poses.bodies[index] ?? poses.sacrum,
      discMm: draft.discMm,
    };
  });
  const last = drafts.at(-1)?.depthMm[1] ?? 34;
  return { vertebrae, sacrum: poses.sacrum, sacrumDepthMm: last * random.between(0.9, 1) };
}

function drawSizes(random: SeededRandom, sex: 0 | 1): Draft[] {
  const tall = 1 + HEIGHT_SPREAD.person * random.normal();
  const wide = 1 + WIDTH_SPREAD.person * random.normal() + 0.5 * (tall - 1);
  const deep = random.between(0.8, 0.91);
  const wedge = random.normal() * 0.6;
  const worn = random.next() < 0.4 ? random.between(0.1, 0.5) : 0.05;
  const discs = random.between(0.8, 1.2);
  const hollow = random.between(0.025, 0.085);
  return LEVELS.map((level): Draft => {
    const mean = LEVEL_SIZES[level];
    const posterior = mean.heightMm[sex] * tall * (1 + HEIGHT_SPREAD.level * random.normal());
    const ratio = mean.wedge[0] + mean.wedge[1] * (wedge + 0.75 * random.normal());
    const anterior = posterior * Math.max(0.825, ratio);
    const middle =
      Math.min(0.5 * (anterior + posterior), posterior * 1.08) * (1 - hollow * random.between(0.7, 1.3));
    const widthMm = mean.widthMm[sex] * wide * (1 + WIDTH_SPREAD.level * random.normal());
    const upper = widthMm * deep * random.between(0.97, 1.03) * (level.startsWith('T') ? 0.98 : 1);
    const collapsed = random.next() < worn ? random.between(0.25, 0.7) : 1;
    return {
      level,
      heights: { anterior, middle: Math.max(middle, posterior * 0.83), posterior },
      widthMm,
      depthMm: [upper, upper * random.between(0.98, 1.06)],
      discMm: Math.max(1.5, mean.discMm * discs * collapsed * (1 + 0.12 * random.normal())),
    };
  });
}

function deform(
  drafts: readonly Draft[],
  wanted: readonly WantedDeformity[],
  random: SeededRandom,
): Heights[] {
  const sound = drafts.map((draft) => draft.heights);
  const marked = drafts.map((draft) => wanted.some((one) => one.level === draft.level));
  return sound.map((heights, index) => {
    const one = wanted.find((candidate) => candidate.level === LEVELS[index]);
    if (one === undefined) return heights;
    const loss = one.lossPercent / 100;
    const { posterior } = heights;
    if (one.deformity === 'wedge') {
      const anterior = posterior * (1 - loss);
      return { anterior, middle: posterior * (1 - loss * random.between(0.55, 0.85)), posterior };
    }
    if (one.deformity === 'biconcave') {
      const anterior = posterior * (1 - loss * random.between(0, 0.6));
      return { anterior, middle: posterior * (1 - loss), posterior };
    }
    const reference = findReference(sound, marked, index) ?? heights;
    const low = reference.posterior * (1 - loss);
    return {
      anterior: low * (1 - loss * random.between(0, 0.5)),
      middle: low * (1 - Math.min(0.25, loss) * random.between(0.4, 0.8)),
      posterior: low,
    };
  });
}

/** The corners' heights such that the distances between the points are the heights exactly. */
function placeRims(
  heights: Heights,
  [upper, lower]: readonly [number, number],
  random: SeededRandom,
): Pick<Vertebra, 'rims' | 'concavityMm'> {
  const aside = (lower - upper) / 2;
  const front = Math.sqrt(heights.anterior ** 2 - aside ** 2);
  const back = Math.sqrt(heights.posterior ** 2 - aside ** 2);
  // What the front has lost is lost above for the most part, as in a broken upper endplate.
  const share = front < back ? random.between(0.3, 0.9) : 0.5;
  const slope = share * (back - front) - (back - front) / 2;
  const rims = [
    -front / 2 + slope / 2,
    -back / 2 - slope / 2,
    front / 2 + slope / 2,
    back / 2 - slope / 2,
  ] as const;
  const hollow = (front + back) / 2 - heights.middle;
  const above = hollow * random.between(0.35, 0.65);
  return { rims, concavityMm: [above, hollow - above] };
}

function drawPoses(
  random: SeededRandom,
  drafts: readonly Draft[],
  heights: readonly Heights[],
): { bodies: Pose[]; sacrum: Pose } {
  const lumbar = random.between(0.4, 1.2);
  const thoracic = random.between(0.5, 1.5);
  const lean = (random.normal() * 4 * Math.PI) / 180;
  const scoliosis = random.next() < 0.3 ? random.between(-0.22, 0.22) : random.between(-0.05, 0.05);
  const phase = random.between(0, 6);
  const twist = random.between(-0.7, 0.7);
  const stand = { coronal: random.normal() * 0.035, axial: random.normal() * 0.06 };
  const bodies: Pose[] = [];
  const tilts = drafts.map((draft, index) => {
    const amount =
      index > 11 ? lumbar : index < 9 ? thoracic : thoracic + ((lumbar - thoracic) * (index - 8)) / 4;
    const own = LEVEL_SIZES[draft.level].tiltDegrees * amount + 1.4 * random.normal();
    return (own * Math.PI) / 180 + lean + kyphosisBelow(heights, drafts, index);
  });
  let [u, w] = [0, 0];
  drafts.forEach((draft, index) => {
    const own = heights[index] ?? draft.heights;
    let tilt = tilts[index] ?? 0;
    const half = (own.anterior + own.posterior) / 4;
    const before = bodies[index - 1];
    if (before !== undefined) {
      const disc = drafts[index - 1]?.discMm ?? 6;
      tilt = limitBend(
        before.tilt,
        tilt,
        wedgeAngle(heights[index - 1], drafts[index - 1]) / 2 + wedgeAngle(own, draft) / 2,
        disc,
        draft,
      );
      const middle = (before.tilt + tilt) / 2;
      const slip = listhesis(random, index);
      u += disc * Math.sin(middle) + slip * Math.cos(tilt) + half * Math.sin(tilt);
      w += disc * Math.cos(middle) - slip * Math.sin(tilt) + half * Math.cos(tilt);
    }
    const bend = scoliosis * Math.sin(index * 0.42 + phase);
    bodies.push({
      u, w, d: 55 * scoliosis * Math.cos(index * 0.42 + phase), tilt,
      coronalSlope: stand.coronal + bend, axialSlope: stand.axial + twist * bend,
    }); // prettier-ignore
    u += half * Math.sin(tilt);
    w += half * Math.cos(tilt);
  });
  const last = bodies.at(-1);
  const disc = drafts.at(-1)?.discMm ?? 9;
  const slope = ((33 * (0.6 + 0.4 * lumbar) + 3 * random.normal()) * Math.PI) / 180 + lean;
  const tilt =
    last === undefined
      ? slope
      : limitBend(last.tilt, slope, wedgeAngle(heights.at(-1), drafts.at(-1)) / 2, disc, drafts.at(-1));
  const middle = ((last?.tilt ?? tilt) + tilt) / 2;
  const sacrum = {
    ...(last ?? { coronalSlope: 0, axialSlope: 0, d: 0 }),
    tilt,
    u: u + disc * Math.sin(middle),
    w: w + disc * Math.cos(middle),
  };
  return { bodies, sacrum };
}

function wedgeAngle(heights: Heights | undefined, draft: Draft | undefined): number {
  if (heights === undefined || draft === undefined) return 0;
  return (heights.anterior - heights.posterior) / draft.depthMm[0];
}

/** Bodies below a wedge keep their tilt; those above lean forwards by a part of its angle. */
function kyphosisBelow(heights: readonly Heights[], drafts: readonly Draft[], index: number): number {
  let lean = 0;
  for (let below = index; below < heights.length; below += 1) {
    const lost =
      wedgeAngle(drafts[below]?.heights, drafts[below]) - wedgeAngle(heights[below], drafts[below]);
    lean += Math.max(0, lost) * (below === index ? 0.25 : 0.5) * Math.exp(-(below - index) / 5);
  }
  return lean;
}

/** Neighbours must not meet: a low disc bends less. `wedge` is what the two bodies' own shapes add to the bend. */
function limitBend(
  above: number,
  tilt: number,
  wedge: number,
  discMm: number,
  draft: Draft | undefined,
): number {
  const most = Math.max(0.01, (0.75 * discMm - 0.4) / ((draft?.depthMm[0] ?? 34) / 2));
  const bend = tilt - above - wedge;
  return above + wedge + Math.min(most, Math.max(-most, bend));
}

function listhesis(random: SeededRandom, index: number): number {
  const slipping = index >= 14 && random.next() < 0.1;
  return slipping ? random.between(-4, 8) : 0.6 * random.normal();
}
