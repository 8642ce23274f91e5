import type { SeededRandom } from '../seeded-random.ts';
import type { Vertebra } from './spine-shape.ts';

/** What a body's surface is like: everything that readers look past when they set six points. */
export interface BodySurface {
  readonly endplateMm: number;
  readonly wallMm: number;
  readonly cornerRadiusMm: number;
  /** How far the waist is drawn in, as fractions of the depth (front, back) and of the width. */
  readonly waist: readonly [number, number, number];
  /** The canal's hollow in the back wall. */
  readonly canalMm: number;
  /** Where the endplates are deepest, 0 in front and 1 behind. */
  readonly deepest: number;
  /** How steeply the endplates fall from their rims. */
  readonly bowl: number;
  /** Beaks at the four corners: front and back above, front and back below. */
  readonly beaksMm: readonly [number, number, number, number];
  /** Schmorl's nodes: which endplate, where (fraction from the front, depth in mm), how deep, how wide. */
  readonly nodes: readonly {
    readonly upper: boolean;
    readonly at: number;
    readonly d: number;
    readonly deepMm: number;
    readonly wideMm: number;
  }[];
  /** Waviness of the endplates. */
  readonly unevenMm: number;
  readonly unevenPhase: number;
}

/** Draws the surface of a body; `age` from 0 to 1 brings beaks and unevenness. */
export function drawSurface(random: SeededRandom, vertebra: Vertebra, age: number): BodySurface {
  const beak = (likely: number, mostMm: number): number =>
    random.next() < likely * age ? random.between(1, mostMm) : random.between(0, 0.6);
  const broken = vertebra.genantGrade > 0;
  return {
    endplateMm: random.between(0.4, 0.8) * (broken ? random.between(1, 2) : 1),
    wallMm: random.between(0.15, 0.5),
    cornerRadiusMm: random.between(0.7, 2.3),
    waist: [random.between(0.04, 0.12), random.between(0.01, 0.06), random.between(0.06, 0.15)],
    canalMm: random.between(0, 1),
    deepest: random.between(0.5, 0.62),
    bowl: random.between(2, 3.6),
    beaksMm: [beak(0.5, 5), beak(0.2, 2), beak(0.5, 5), beak(0.2, 2)],
    nodes:
      random.next() < 0.07
        ? [
            {
              upper: random.next() < 0.5,
              at: random.next() < 0.5 ? random.between(0.2, 0.36) : random.between(0.64, 0.8),
              d: random.between(-8, 8),
              deepMm: random.between(2, 5),
              wideMm: random.between(2.5, 4.5),
            },
          ]
        : [],
    unevenMm: random.between(0, 0.4) + (broken ? random.between(0, 0.5) : 0),
    unevenPhase: random.between(0, 9),
  };
}

/** The bounds of a body in one sagittal slice: endplates for each column, walls for each row. */
export interface SliceBounds {
  readonly top: Float32Array;
  readonly bottom: Float32Array;
  readonly front: Float32Array;
  readonly back: Float32Array;
}

/**
 * Fills the bounds of the slice at depth `d`. Column c stands at u = u0 + c x step, row r at w = w0 + r x step. In the
 * middle slice the walls meet the endplates exactly in the vertebra's corners, and the endplates pass through its middles.
 */
export function boundSlice(
  vertebra: Vertebra,
  surface: BodySurface,
  d: number,
  grid: { readonly u0: number; readonly w0: number; readonly step: number },
  bounds: SliceBounds,
): void {
  fillEndplates(vertebra, surface, d, grid, bounds);
  fillWalls(vertebra, surface, d, grid, bounds);
}

function fillEndplates(
  vertebra: Vertebra,
  surface: BodySurface,
  d: number,
  { u0, step }: { readonly u0: number; readonly step: number },
  { top, bottom }: SliceBounds,
): void {
  const [upper, lower] = vertebra.depthMm;
  const [frontTop, backTop, frontBottom, backBottom] = vertebra.rims;
  const aside = Math.min(1, Math.abs(d) / (0.48 * vertebra.widthMm));
  const lateral = 1 - aside ** 2.6;
  const bend = Math.log(0.5) / Math.log(surface.deepest);
  const peak = 1 - Math.abs(2 * 0.5 ** bend - 1) ** surface.bowl;
  const bowl = (s: number): number => {
    if (s <= 0 || s >= 1) return 0;
    return ((1 - Math.abs(2 * s ** bend - 1) ** surface.bowl) / peak) * lateral;
  };
  const uneven = (s: number, side: number): number =>
    surface.unevenMm *
    Math.sin(Math.PI * 2 * s) * Math.sin(7 * s + 0.3 * d + surface.unevenPhase + side * 2); // prettier-ignore
  for (let column = 0; column < top.length; column += 1) {
    const u = u0 + column * step;
    const s = u / upper + 0.5;
    const below = u / lower + 0.5;
    const held = Math.min(1, Math.max(0, s));
    const heldBelow = Math.min(1, Math.max(0, below));
    let high = frontTop + (backTop - frontTop) * held + vertebra.concavityMm[0] * bowl(s) + uneven(held, 0);
    let low =
      frontBottom +
      (backBottom - frontBottom) * heldBelow -
      vertebra.concavityMm[1] * bowl(below) -
      uneven(heldBelow, 1);
    for (const node of surface.nodes) {
      const far = ((held - node.at) * upper) ** 2 + (d - node.d) ** 2;
      const dent = node.deepMm * Math.exp(-far / (2 * (node.wideMm / 2) ** 2));
      if (node.upper) high += dent;
      else low -= dent;
    }
    top[column] = high;
    bottom[column] = low;
  }
}

function fillWalls(
  vertebra: Vertebra,
  surface: BodySurface,
  d: number,
  { w0, step }: { readonly w0: number; readonly step: number },
  { front, back }: SliceBounds,
): void {
  const [upper, lower] = vertebra.depthMm;
  const [frontTop, backTop, frontBottom, backBottom] = vertebra.rims;
  const [beakFrontTop, beakBackTop, beakFrontBottom, beakBackBottom] = surface.beaksMm;
  const aside = (2 * Math.abs(d)) / vertebra.widthMm;
  const canal = surface.canalMm * Math.min(1, (d / 9) ** 2);
  for (let row = 0; row < front.length; row += 1) {
    const w = w0 + row * step;
    const t = clampUnit((w - frontTop) / (frontBottom - frontTop));
    const tBack = clampUnit((w - backTop) / (backBottom - backTop));
    const waistFront = 1 - Math.abs(2 * t - 1) ** 1.8;
    const waistBack = 1 - Math.abs(2 * tBack - 1) ** 1.8;
    const x = aside / (1 - surface.waist[2] * waistFront);
    if (x >= 1) {
      front[row] = 1e6;
      back[row] = -1e6;
      continue;
    }
    const roundFront = Math.sqrt(1 - x ** 2.3);
    const roundBack = Math.sqrt(1 - x ** 4);
    const depthFront = (upper + (lower - upper) * t) / 2;
    const depthBack = (upper + (lower - upper) * tBack) / 2;
    const beakFront =
      beakFrontTop * Math.exp(-Math.max(0, w - frontTop) / 2.2) +
      beakFrontBottom * Math.exp(-Math.max(0, frontBottom - w) / 2.2);
    const beakBack =
      beakBackTop * Math.exp(-Math.max(0, w - backTop) / 2) +
      beakBackBottom * Math.exp(-Math.max(0, backBottom - w) / 2);
    front[row] = -(depthFront * (1 - surface.waist[0] * waistFront) + beakFront) * roundFront;
    back[row] = (depthBack * (1 - surface.waist[1] * waistBack) + beakBack + canal) * roundBack;
  }
}

function clampUnit(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
