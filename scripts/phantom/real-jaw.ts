import type { PointMm } from './canvas.ts';
import { smoothCurve } from './canvas.ts';
import type { CortexClass, JawRequest, JawShape, SideShape } from './jaw-geometry.ts';
import { inwardNormal, measureArc, RAMUS, SAMPLES } from './jaw-geometry.ts';
import { createSeededRandom } from './seeded-random.ts';

/**
 * Where a border and foramina lie on a real film: coordinates alone, no pixels (real-jaws.json). The borders are what
 * the service reads on twenty films, smoothed to 26 points; the foramina were placed by hand. Millimetres at the
 * detector; x from the midline to the right, up from the lowest point of the border.
 */
export interface RealJaw {
  readonly filmMm: readonly [number, number];
  readonly midlineMm: number;
  /** Lowest point of the border, from the top of the film. */
  readonly chinMm: number;
  /** Left to right. */
  readonly borderMm: readonly PointMm[];
  readonly foraminaMm: Readonly<Record<'R' | 'L', PointMm>>;
}

/** The drawn ramus goes on from here where the border of the film ends. */
const RAMUS_FROM = 2;
const CREST_MM = { teeth: 51, toothless: 37 };

/** The outline of a jaw whose border is that of a real film, with cortical widths that are known exactly. */
export function createRealJaw(request: JawRequest, jaw: RealJaw): JawShape {
  const chinYMm = jaw.chinMm;
  const down = ([x, up]: PointMm): PointMm => [x, chinYMm - up];
  const crest = request.toothless ? CREST_MM.toothless : CREST_MM.teeth;
  const top: PointMm[] = [80, 68, 48, 25].map((x) => [x, crest + x * 0.06]);
  const mirror = ([x, up]: PointMm): PointMm => [-x, up];
  const last = jaw.borderMm.length - 1;
  const leftRamus = continueRamus(jaw.borderMm[last] ?? [0, 0]);
  const rightRamus = continueRamus(mirror(jaw.borderMm[0] ?? [0, 0])).map(mirror);
  const controls: PointMm[] = [
    ...jaw.borderMm,
    ...leftRamus,
    ...top,
    [0, crest],
    ...[...top].reverse().map(mirror),
    ...[...rightRamus].reverse(),
  ];
  const outlineMm = smoothCurve(controls.map(down), SAMPLES, true);
  const arcMm = measureArc(outlineMm);
  const borderTo = last * SAMPLES;
  const random = createSeededRandom(request.seed * 7 + 4);
  const place = (side: 'R' | 'L', corticalWidthMm: number, cortexClass: CortexClass): SideShape => {
    const foramenMm = down(jaw.foraminaMm[side]);
    const index = nearestIndex(outlineMm.slice(0, borderTo), foramenMm);
    const outerMm = outlineMm[index] ?? [0, 0];
    const [nx, ny] = inwardNormal(outlineMm, index);
    return {
      ...{ side, corticalWidthMm, cortexClass, foramenMm, outerMm },
      footMm: arcMm[index] ?? 0,
      foramenRadiusMm: random.between(1.6, 2.1),
      innerMm: [outerMm[0] + nx * corticalWidthMm, outerMm[1] + ny * corticalWidthMm],
    };
  };
  return {
    ...{ outlineMm, arcMm, borderFrom: 0, borderTo, chinYMm, scale: 1 },
    sides: [
      place('R', request.widthRightMm, request.classRight),
      place('L', request.widthLeftMm, request.classLeft),
    ],
    occlusalYMm: chinYMm - crest - 10,
    crestYMm: chinYMm - crest,
  };
}

function continueRamus([endX, endUp]: PointMm): readonly PointMm[] {
  const [fromX, fromUp] = RAMUS[RAMUS_FROM - 1] ?? [1, 0];
  return RAMUS.slice(RAMUS_FROM).map(([x, up]): PointMm => [(x * endX) / fromX, up - fromUp + endUp]);
}

function nearestIndex(points: readonly PointMm[], [x, y]: PointMm): number {
  const distances = points.map((point) => Math.hypot(point[0] - x, point[1] - y));
  return distances.indexOf(Math.min(...distances));
}
