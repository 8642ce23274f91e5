import type { Volume } from './nifti-volume.ts';

/** A position in the middle slice in mm: backwards, downwards. */
type PlanePoint = readonly [number, number];

/** The six points of a body in its middle slice, and how deep that slice lies. */
export interface MaskPoints {
  readonly superior: readonly [PlanePoint, PlanePoint, PlanePoint];
  readonly inferior: readonly [PlanePoint, PlanePoint, PlanePoint];
  /** Distance of the middle slice from the volume's left side. */
  readonly leftMm: number;
}

/** Points of a finer grid for each mm of the slice. */
const FINE = 4;
/** What sticks out further than this beyond a wall's waist is a beak, not the corner. */
const BEAK_MM = 2.5;

/**
 * Takes six points of a vertebra from its own mask. In the middle slices (three of them, 9 mm) the canal is open, so the
 * body is a piece of its own there: the arch and the spinous process lie behind a gap at the back wall, and of the
 * large pieces the one in front is the body. Its mean over the slices, smoothed and cut at one half, has four corners: the points that
 * reach furthest along the diagonals of the body's own axes. The middles lie on its edge half way between the corners.
 * A vertebra that the volume cuts off gives nothing.
 */
export function takeMaskPoints(mask: Volume, label: number): MaskPoints | undefined {
  const [lefts, backs, downs] = mask.size;
  const plane = backs * downs;
  const sums = new Float64Array(lefts);
  for (let index = 0; index < mask.values.length; index += 1) {
    if (mask.values[index] !== label) continue;
    const back = Math.floor(index / lefts) % backs;
    const down = Math.floor(index / lefts / backs);
    if (back === 0 || down === 0 || back === backs - 1 || down === downs - 1) return undefined;
    const left = index % lefts;
    sums[left] = (sums[left] ?? 0) + 1;
  }
  const total = sums.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const middle = Math.round(sums.reduce((sum, count, left) => sum + count * left, 0) / total);
  const mean = new Float32Array(plane);
  for (const left of [middle - 1, middle, middle + 1]) {
    for (const pixel of takeFrontPiece(mask, label, left)) mean[pixel] = (mean[pixel] ?? 0) + 1 / 3;
  }
  const inside = (u: number, w: number): number =>
    sampleSmooth(mean, backs, downs, u / mask.stepMm[1], w / mask.stepMm[2]);
  return { ...findSixPoints(mean, mask, inside), leftMm: middle * mask.stepMm[0] };
}

/** The pixels of the body in one sagittal slice: of the large connected pieces of the label the one in front. */
function takeFrontPiece(mask: Volume, label: number, left: number): number[] {
  const [lefts, backs, downs] = mask.size;
  const seen = new Uint8Array(backs * downs);
  const isLabel = (pixel: number): boolean => mask.values[pixel * lefts + left] === label;
  const pieces: number[][] = [];
  for (let start = 0; start < seen.length; start += 1) {
    if (seen[start] === 1 || !isLabel(start)) continue;
    const piece = [start];
    seen[start] = 1;
    for (const pixel of piece) {
      for (const next of [pixel - 1, pixel + 1, pixel - backs, pixel + backs]) {
        if (seen[next] !== 0 || !isLabel(next)) continue;
        seen[next] = 1;
        piece.push(next);
      }
    }
    pieces.push(piece);
  }
  const largest = Math.max(0, ...pieces.map((piece) => piece.length));
  const frontOf = (piece: readonly number[]): number =>
    piece.reduce((sum, pixel) => sum + (pixel % backs), 0) / piece.length;
  const large = pieces
    .filter((piece) => piece.length > 0.3 * largest)
    .sort((a, b) => frontOf(a) - frontOf(b));
  return large[0] ?? [];
}

/** A sample after a light blur, so that the steps of the mask do not make corners. A wider one would cut corners off. */
function sampleSmooth(mean: Float32Array, backs: number, downs: number, x: number, y: number): number {
  let sum = 0;
  for (const dx of [-0.5, 0.5]) {
    for (const dy of [-0.5, 0.5]) sum += sampleAt(mean, backs, downs, x + dx, y + dy);
  }
  return sum / 4;
}

function sampleAt(mean: Float32Array, backs: number, downs: number, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= backs - 1 || y >= downs - 1) return 0;
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const at = row * backs + column;
  const upper = (mean[at] ?? 0) * (1 - x + column) + (mean[at + 1] ?? 0) * (x - column);
  const lower = (mean[at + backs] ?? 0) * (1 - x + column) + (mean[at + backs + 1] ?? 0) * (x - column);
  return upper + (lower - upper) * (y - row);
}

function findSixPoints(
  mean: Float32Array,
  mask: Volume,
  inside: (u: number, w: number) => number,
): Pick<MaskPoints, 'superior' | 'inferior'> {
  const backs = mask.size[1];
  const body: PlanePoint[] = [];
  mean.forEach((share, pixel) => {
    if (share === 0) return;
    const [u, w] = [(pixel % backs) * mask.stepMm[1], Math.floor(pixel / backs) * mask.stepMm[2]];
    for (let x = -0.5; x < 0.5; x += 1 / FINE) {
      for (let y = -0.5; y < 0.5; y += 1 / FINE) {
        const point: PlanePoint = [u + x * mask.stepMm[1], w + y * mask.stepMm[2]];
        if (inside(...point) > 0.5) body.push(point);
      }
    }
  });
  let tilt = 0;
  let corners = findCorners(body, tilt);
  for (let round = 0; round < 4; round += 1) {
    const [frontTop, backTop, frontBottom, backBottom] = corners;
    tilt = Math.atan2(
      backTop[1] + backBottom[1] - frontTop[1] - frontBottom[1],
      backTop[0] + backBottom[0] - frontTop[0] - frontBottom[0],
    );
    corners = findCorners(body, tilt);
  }
  const [frontTop, backTop, frontBottom, backBottom] = corners;
  const [above, below] = [findHalfWay(frontTop, backTop), findHalfWay(frontBottom, backBottom)];
  return {
    superior: [frontTop, findEdge(inside, above, directionTo(below, above)), backTop],
    inferior: [frontBottom, findEdge(inside, below, directionTo(above, below)), backBottom],
  };
}

function findHalfWay(a: PlanePoint, b: PlanePoint): PlanePoint {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function directionTo(from: PlanePoint, to: PlanePoint): PlanePoint {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  return [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
}

/** The points that reach furthest along the four diagonals, of those that do not stick out beyond the walls. */
function findCorners(
  body: readonly PlanePoint[],
  tilt: number,
): [PlanePoint, PlanePoint, PlanePoint, PlanePoint] {
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const turned = body.map(([u, w]): PlanePoint => [u * cos + w * sin, w * cos - u * sin]);
  const [front, back] = findWalls(turned);
  const reach = (across: number, along: number): PlanePoint => {
    let best: PlanePoint = [0, 0];
    let most = -Infinity;
    for (const [u, w] of turned) {
      const value = across * u + along * w;
      if (value > most && u > front - BEAK_MM && u < back + BEAK_MM) [best, most] = [[u, w], value];
    }
    return [best[0] * cos - best[1] * sin, best[0] * sin + best[1] * cos];
  };
  return [reach(-1, -1), reach(1, -1), reach(-1, 1), reach(1, 1)];
}

/** Where the front and the back wall stand half way up: medians over the middle half of the rows. */
function findWalls(turned: readonly PlanePoint[]): [number, number] {
  const sorted = turned.map((point) => point[1]).sort((a, b) => a - b);
  const [from, to] = [0.25, 0.75].map((share) => sorted[Math.floor(share * sorted.length)] ?? 0);
  const extents = new Map<number, [number, number]>();
  for (const [u, w] of turned) {
    if (w < (from ?? 0) || w > (to ?? 0)) continue;
    const row = Math.round(w);
    const [front, back] = extents.get(row) ?? [u, u];
    extents.set(row, [Math.min(front, u), Math.max(back, u)]);
  }
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  const rows = [...extents.values()];
  return [median(rows.map((row) => row[0])), median(rows.map((row) => row[1]))];
}

/** Where the edge lies on a line through a point: from the body's inside outwards, so that a hollow is followed to its floor. */
function findEdge(
  inside: (u: number, w: number) => number,
  [u, w]: PlanePoint,
  [outU, outW]: PlanePoint,
): PlanePoint {
  for (let depth = 7; depth > -5; depth -= 0.05) {
    if (inside(u - outU * depth, w - outW * depth) < 0.5) return [u - outU * depth, w - outW * depth];
  }
  return [u, w];
}
