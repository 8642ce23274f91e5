import type { PointMm } from './canvas.ts';
import { smoothCurve, smoothStep } from './canvas.ts';
import { createLineNoise } from './noise-field.ts';
import type { SeededRandom } from './seeded-random.ts';
import { createSeededRandom } from './seeded-random.ts';

/** The Klemetti class that a side is drawn with. */
export type CortexClass = 'C1' | 'C2' | 'C3';

/** What is drawn on one side of the jaw. */
export interface SideShape {
  readonly side: 'R' | 'L';
  /** Width of the cortex on the perpendicular through the foramen. */
  readonly corticalWidthMm: number;
  readonly cortexClass: CortexClass;
  /** Arc length of the foot of that perpendicular on the outline. */
  readonly footMm: number;
  readonly foramenMm: PointMm;
  readonly foramenRadiusMm: number;
  readonly outerMm: PointMm;
  readonly innerMm: PointMm;
}

/** The closed outline of the mandible and what depends on the place along it. */
export interface JawShape {
  /** Closed, starting at the right ramus (left in the picture), down, along the chin and up again. */
  readonly outlineMm: readonly (readonly [number, number])[];
  /** Arc length at each point of the outline. */
  readonly arcMm: Float64Array;
  /** Indices of the outline between which it is the inferior border. */
  readonly borderFrom: number;
  readonly borderTo: number;
  readonly sides: readonly [SideShape, SideShape];
  /** Height of the chin and of the plane where the teeth meet, from the top of the film. */
  readonly chinYMm: number;
  readonly occlusalYMm: number;
  readonly crestYMm: number;
  readonly scale: number;
}

/** What the shape of the jaw is asked to be. */
export interface JawRequest {
  readonly seed: number;
  readonly filmHeightMm: number;
  readonly widthRightMm: number;
  readonly widthLeftMm: number;
  readonly classRight: CortexClass;
  readonly classLeft: CortexClass;
  readonly toothless: boolean;
  readonly scale: number;
  readonly foramenHeightMm: number;
}

/** The ramus, from the inferior border up: offset from the midline and height above the chin, millimetres. */
const BODY: readonly PointMm[] = [
  [14, 0.4], [29, 2.7], [43, 7], [57, 11.8], [72, 17], [86, 21.3], [99, 24.6],
]; // prettier-ignore
export const RAMUS: readonly PointMm[] = [
  [110, 26.5], [120, 31], [129, 40], [134, 53], [136.5, 68], [137, 84], [134.5, 96], [137, 104], [135, 110],
  [129, 112.5], [122.5, 110], [121, 103], [119, 96], [112, 90], [104, 93], [99, 104], [94.5, 100], [93, 88],
  [91, 76], [86, 66],
]; // prettier-ignore
const BORDER_END = 4;
/** Points of the outline from one control point to the next. */
export const SAMPLES = 48;

/** Draws the outline of a jaw at random, with two foramina and cortical widths that are known exactly. */
export function createJawShape(request: JawRequest): JawShape {
  const random = createSeededRandom(request.seed * 7 + 3);
  const chinYMm = request.filmHeightMm - random.between(4, 11) * request.scale;
  const crest = (request.toothless ? random.between(34, 40) : random.between(49, 53)) * request.scale;
  const halfWidth = random.between(0.95, 1.02);
  const height = random.between(0.93, 1.02);
  const right = drawHalf(random, request.scale * halfWidth, request.scale * height);
  const left = drawHalf(random, request.scale * halfWidth, request.scale * height);
  const top: PointMm[] = [80, 68, 48, 25].map((x) => [x * request.scale * halfWidth, crest + x * 0.06]);
  const place =
    (sign: number) =>
    (point: PointMm): PointMm => [sign * point[0], chinYMm - point[1]];
  const border = RAMUS.length - BORDER_END;
  const controls: PointMm[] = [
    ...[...right].reverse().slice(border).map(place(-1)),
    [0, chinYMm],
    ...left.map(place(1)),
    ...top.map(place(1)),
    [0, chinYMm - crest],
    ...[...top].reverse().map(place(-1)),
    ...[...right].reverse().slice(0, border).map(place(-1)),
  ];
  const spans = BODY.length + BORDER_END;
  const outlineMm = smoothCurve(controls, SAMPLES, true);
  const arcMm = measureArc(outlineMm);
  const borderTo = 2 * spans * SAMPLES;
  const occlusalYMm = chinYMm - crest - 10 * request.scale;
  const base = { outlineMm, arcMm, borderFrom: 0, borderTo };
  const sides = placeSides(random, request, base);
  return { ...base, sides, chinYMm, occlusalYMm, crestYMm: chinYMm - crest, scale: request.scale };
}

function drawHalf(random: SeededRandom, scaleX: number, scaleY: number): PointMm[] {
  const notch = random.between(-0.5, 1.8);
  const slope = random.between(0.92, 1.08);
  const gonion = random.between(-3, 3);
  const body = BODY.map(([x, y], index): PointMm => {
    const dent = index === BODY.length - 1 ? notch : 0;
    return [
      (x + random.between(-0.5, 0.5)) * scaleX,
      (y * slope + dent + random.between(-0.2, 0.2)) * scaleY,
    ];
  });
  const ramus = RAMUS.map(([x, y], index): PointMm => {
    const bulge = index < 4 ? gonion * (1 - index / 4) * 0.4 : 0;
    return [(x + random.between(-0.7, 0.7)) * scaleX, (y - bulge + random.between(-0.6, 0.6)) * scaleY];
  });
  return [...body, ...ramus];
}

/** Length along an outline up to each of its points. */
export function measureArc(outline: readonly (readonly [number, number])[]): Float64Array {
  const arc = new Float64Array(outline.length);
  for (let index = 1; index < outline.length; index += 1) {
    const [a, b] = [outline[index - 1] ?? [0, 0], outline[index] ?? [0, 0]];
    arc[index] = (arc[index - 1] ?? 0) + Math.hypot(b[0] - a[0], b[1] - a[1]);
  }
  return arc;
}

type Outline = Pick<JawShape, 'outlineMm' | 'arcMm' | 'borderTo'>;

function placeSides(random: SeededRandom, request: JawRequest, outline: Outline): [SideShape, SideShape] {
  const place = (side: 'R' | 'L', corticalWidthMm: number, cortexClass: CortexClass): SideShape => {
    const target = (side === 'R' ? -1 : 1) * random.between(41, 49) * request.scale;
    const index = outline.outlineMm.findIndex(
      (point, at) =>
        at < outline.borderTo && point[0] <= target && (outline.outlineMm[at + 1]?.[0] ?? 0) > target,
    );
    const outerMm = outline.outlineMm[index] ?? [0, 0];
    const [nx, ny] = inwardNormal(outline.outlineMm, index);
    const heightMm = request.foramenHeightMm + random.between(-0.5, 0.5);
    const along = (distance: number): PointMm => [outerMm[0] + nx * distance, outerMm[1] + ny * distance];
    return {
      side,
      corticalWidthMm,
      cortexClass,
      footMm: outline.arcMm[index] ?? 0,
      foramenMm: along(heightMm),
      foramenRadiusMm: random.between(1.6, 2.1),
      outerMm,
      innerMm: along(corticalWidthMm),
    };
  };
  return [
    place('R', request.widthRightMm, request.classRight),
    place('L', request.widthLeftMm, request.classLeft),
  ];
}

/** The unit normal that points into the bone; the outline runs left to right along the chin, so it points up. */
export function inwardNormal(outline: readonly (readonly [number, number])[], index: number): PointMm {
  const before = outline[(index - 1 + outline.length) % outline.length] ?? [0, 0];
  const after = outline[(index + 1) % outline.length] ?? [0, 0];
  const length = Math.hypot(after[0] - before[0], after[1] - before[1]) || 1;
  return [(after[1] - before[1]) / length, -(after[0] - before[0]) / length];
}

/** Half the length over which the width at the foramen is kept exactly. */
const CONSTANT_MM = 6;

/** Makes the width of the cortex as a function of the arc length, and how porous it is there (0 to 1). */
export function createCortexProfile(
  jaw: JawShape,
  seed: number,
): (arcMm: number) => { widthMm: number; porosity: number } {
  const random = createSeededRandom(seed * 11 + 5);
  const [right, left] = jaw.sides;
  const end = jaw.arcMm[jaw.borderTo] ?? 0;
  const thickness = random.between(0.98, 1.12);
  const middle = (thickness * (right.corticalWidthMm + left.corticalWidthMm)) / 2;
  const knots: [number, number][] = [
    [0, 1], [right.footMm - 75, Math.max(0.9, 0.4 * right.corticalWidthMm)],
    [right.footMm - 32, right.corticalWidthMm * 0.86],
    [right.footMm - CONSTANT_MM, right.corticalWidthMm], [right.footMm + CONSTANT_MM, right.corticalWidthMm],
    [(right.footMm + left.footMm) / 2, middle],
    [left.footMm - CONSTANT_MM, left.corticalWidthMm], [left.footMm + CONSTANT_MM, left.corticalWidthMm],
    [left.footMm + 32, left.corticalWidthMm * 0.86],
    [left.footMm + 75, Math.max(0.9, 0.4 * left.corticalWidthMm)], [end, 1],
  ]; // prettier-ignore
  const wave = createLineNoise(seed + 90, 9);
  const defects = [right, left].flatMap((side) => placeDefects(random, side));
  return (arcMm) => {
    const side = Math.abs(arcMm - right.footMm) < Math.abs(arcMm - left.footMm) ? right : left;
    const away = smoothStep(CONSTANT_MM, CONSTANT_MM + 5, Math.abs(arcMm - side.footMm));
    let widthMm = interpolateKnots(knots, arcMm) * (1 + 0.06 * away * wave(arcMm));
    for (const defect of defects) {
      const offset = (arcMm - defect.atMm) / defect.halfMm;
      if (Math.abs(offset) < 1) widthMm -= defect.depthMm * Math.sqrt(1 - offset * offset);
    }
    const porosity =
      side.cortexClass === 'C3' ? 0.45 + 0.55 * away : side.cortexClass === 'C2' ? 0.12 + 0.2 * away : 0;
    return { widthMm: Math.max(0.6, widthMm), porosity: arcMm > end ? 0 : porosity };
  };
}

function placeDefects(
  random: SeededRandom,
  side: SideShape,
): { atMm: number; halfMm: number; depthMm: number }[] {
  const count = { C1: 0, C2: 5, C3: 9 }[side.cortexClass];
  const distal = side.side === 'R' ? -1 : 1;
  return Array.from({ length: count }, (_, index) => {
    const halfMm = random.between(1.1, 2.4);
    const offset = CONSTANT_MM + halfMm + 0.3 + (index / count) * 32 + random.between(0, 3);
    return {
      atMm: side.footMm + distal * offset,
      halfMm,
      depthMm: side.corticalWidthMm * random.between(0.18, 0.42),
    };
  });
}

function interpolateKnots(knots: readonly [number, number][], at: number): number {
  for (let index = 0; index + 1 < knots.length; index += 1) {
    const [from, to] = [knots[index], knots[index + 1]];
    if (from && to && at >= from[0] && at <= to[0]) {
      return from[1] + (to[1] - from[1]) * smoothStep(from[0], to[0], at);
    }
  }
  return 0.9;
}
