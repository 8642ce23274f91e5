/** Where two straight levels of a profile meet: a step, a bend, or both, blurred. */
export interface EdgeBreak {
  /** Place of the break on the profile's own axis, sub-pixel. */
  readonly at: number;
  /** Level just before and just after the break, without the blur. */
  readonly before: number;
  readonly after: number;
  /** Slope after the break, in values a pixel. */
  readonly afterSlope: number;
  /** Standard deviation of the blur that fitted best, pixels. */
  readonly blurPx: number;
  /** Root mean square residual of the fit, in the film's values. */
  readonly residual: number;
}

/** What to search and how. */
export interface BreakSearch {
  readonly fromPx: number;
  readonly toPx: number;
  /** The samples that are explained: this far to either side of the expected place, whatever place is tried. */
  readonly halfWindowPx: number;
  /** Where the samples end sooner than that, because something else begins there. */
  readonly windowEndPx?: number;
  /** Expected place and how sharply it is expected; an equally good fit nearer to it is preferred. */
  readonly expectedPx: number;
  readonly expectedSpreadPx: number;
  /** 1 for a rise, -1 for a fall, 0 or absent for either. */
  readonly sign?: number;
  /** A whole part of the profile's spacing, or a whole multiple of it. */
  readonly stepPx?: number;
  readonly blursPx?: readonly number[];
}

const BLURS_PX = [0.8, 1.6, 2.4, 3.6, 5];
const SEARCH_STEP_PX = 0.25;
/** Below this two lines and a break are not determined. */
const SAMPLES_MIN = 12;

/**
 * Least squares fit of two lines joined by a blurred break. On a band that is a plateau this is the half-height
 * crossing whatever the blur; where the band brightens towards its margin, as the wall of a tube does, the
 * slopes keep the crossing from being drawn away from the edge.
 * @param axis place of each sample, ascending and evenly spaced
 */
export function fitEdgeBreak(
  axis: Float64Array,
  profile: Float64Array,
  search: BreakSearch,
): EdgeBreak | null {
  const { stepPx = SEARCH_STEP_PX, blursPx = BLURS_PX, expectedPx, fromPx } = search;
  const piece = cutPiece(axis, profile, search);
  if (piece.count < SAMPLES_MIN) return null;
  const places = Math.floor((search.toPx - fromPx) / stepPx + 1e-9);
  const grid = layGrid(axis, piece, fromPx, stepPx);
  const costs = new Float64Array(places + 1).fill(Infinity);
  let bestPlace = -1;
  let best: EdgeBreak | null = null;
  let bestCost = Infinity;
  for (const blurPx of blursPx) {
    const shares = shareTable(grid, places, blurPx);
    for (let place = 0; place <= places; place += 1) {
      const at = fromPx + place * stepPx;
      sumUp(piece, shares, grid, place);
      if (!solve(piece)) continue;
      const fit = readFit(piece, at, blurPx);
      if ((fit.after - fit.before) * (search.sign ?? 0) < 0) continue;
      const away = (at - expectedPx) / search.expectedSpreadPx;
      const cost = (fit.residual ** 2 + 1e-9) * (1 + 0.05 * away * away);
      if (cost < (costs[place] ?? 0)) costs[place] = cost;
      // Of two that fit alike, the outer place and then the sharper edge count, whatever is looked at first.
      if (cost < bestCost || (cost === bestCost && place < bestPlace)) {
        [best, bestPlace, bestCost] = [fit, place, cost];
      }
    }
  }
  if (best === null) return null;
  const shift = parabolaShift(costs[bestPlace - 1], bestCost, costs[bestPlace + 1]);
  return { ...best, at: best.at + shift * stepPx };
}

/** The samples that are explained, and room for the normal equations of four unknowns. */
interface Piece {
  readonly count: number;
  /** Index of each sample on the axis. */
  readonly index: Int32Array;
  /** Place of each from the expected place, in units. */
  readonly u: Float64Array;
  readonly values: Float64Array;
  readonly unitPx: number;
  readonly expectedPx: number;
  readonly energy: number;
  /** Sums of 1, u, u u, value and u value, which no place or blur changes. */
  readonly sums: Float64Array;
  /** Four rows of five: the equations; the solution stands in the last column. */
  readonly matrix: Float64Array;
  readonly rightSide: Float64Array;
}

function cutPiece(axis: Float64Array, profile: Float64Array, search: BreakSearch): Piece {
  const { expectedPx, halfWindowPx } = search;
  const fromPx = expectedPx - halfWindowPx;
  const toPx = Math.min(expectedPx + halfWindowPx, search.windowEndPx ?? Infinity);
  const unitPx = Math.max(1, (toPx - fromPx) / 2);
  const index = new Int32Array(axis.length);
  const u = new Float64Array(axis.length);
  const values = new Float64Array(axis.length);
  const sums = new Float64Array(5);
  let count = 0;
  let energy = 0;
  for (let i = 0; i < axis.length; i += 1) {
    const place = axis[i] ?? NaN;
    const value = profile[i] ?? NaN;
    if (place < fromPx || place > toPx || Number.isNaN(value)) continue;
    const x = (place - expectedPx) / unitPx;
    index[count] = i;
    u[count] = x;
    values[count] = value;
    [1, x, x * x, value, x * value].forEach((term, k) => (sums[k] = (sums[k] ?? 0) + term));
    energy += value * value;
    count += 1;
  }
  return {
    count,
    index,
    u,
    values,
    unitPx,
    expectedPx,
    energy,
    sums,
    matrix: new Float64Array(20),
    rightSide: new Float64Array(4),
  };
}

/**
 * Samples and places lie on one even grid, so that the share of a sample beyond a break depends on the number of
 * grid steps between them, and is worked out once for all pairs that are equally far apart.
 */
interface Grid {
  readonly stepPx: number;
  /** Grid steps from the first place to the first sample of the axis, not whole. */
  readonly startPx: number;
  readonly stepsPerSample: number;
  readonly stepsPerPlace: number;
  readonly lastIndex: number;
}

function layGrid(axis: Float64Array, piece: Piece, fromPx: number, placePx: number): Grid {
  const samplePx = (axis[1] ?? 1) - (axis[0] ?? 0);
  const stepPx = Math.min(samplePx, placePx);
  return {
    stepPx,
    startPx: (axis[0] ?? 0) - fromPx,
    stepsPerSample: Math.round(samplePx / stepPx),
    stepsPerPlace: Math.round(placePx / stepPx),
    lastIndex: piece.index[piece.count - 1] ?? 0,
  };
}

function shareTable(grid: Grid, places: number, blurPx: number): Float64Array {
  const before = places * grid.stepsPerPlace;
  const shares = new Float64Array(before + grid.lastIndex * grid.stepsPerSample + 1);
  for (let steps = 0; steps < shares.length; steps += 1) {
    shares[steps] = normalShare((grid.startPx + (steps - before) * grid.stepPx) / blurPx);
  }
  return shares;
}

/** Where the lowest point of a parabola through three neighbours lies, in steps from the middle one. */
function parabolaShift(left: number | undefined, middle: number, right: number | undefined): number {
  if (left === undefined || right === undefined || left === Infinity || right === Infinity) return 0;
  const bend = left - 2 * middle + right;
  return bend > 0 ? Math.max(-0.5, Math.min(0.5, (left - right) / (2 * bend))) : 0;
}

/** Writes the normal equations of value = (1 - b) (c0 + c1 u) + b (c2 + c3 u), b being the share beyond the break. */
function sumUp(piece: Piece, shares: Float64Array, grid: Grid, place: number): void {
  const { count, index, u, values, sums, matrix, rightSide } = piece;
  const { stepsPerSample, lastIndex } = grid;
  const offset = shares.length - 1 - lastIndex * stepsPerSample - place * grid.stepsPerPlace;
  let [b0, b1, b2, bb0, bb1, bb2, v0, v1] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    const b = shares[offset + (index[i] ?? 0) * stepsPerSample] ?? 0;
    const x = u[i] ?? 0;
    const xb = x * b;
    b0 += b;
    b1 += xb;
    b2 += x * xb;
    bb0 += b * b;
    bb1 += xb * b;
    bb2 += xb * xb;
    v0 += b * (values[i] ?? 0);
    v1 += xb * (values[i] ?? 0);
  }
  const [n = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0] = sums;
  const [a0, a1, a2] = [n - 2 * b0 + bb0, s1 - 2 * b1 + bb1, s2 - 2 * b2 + bb2];
  const [c0, c1, c2] = [b0 - bb0, b1 - bb1, b2 - bb2];
  // prettier-ignore
  matrix.set([
    a0, a1, c0, c1, t0 - v0,
    a1, a2, c1, c2, t1 - v1,
    c0, c1, bb0, bb1, v0,
    c1, c2, bb1, bb2, v1,
  ]);
  rightSide.set([t0 - v0, t1 - v1, v0, v1]);
}

/** The fit that the solved equations describe. */
function readFit(piece: Piece, at: number, blurPx: number): EdgeBreak {
  const { matrix, rightSide, count, energy, unitPx, expectedPx } = piece;
  let explained = 0;
  for (let row = 0; row < 4; row += 1) explained += (matrix[row * 5 + 4] ?? 0) * (rightSide[row] ?? 0);
  const x = (at - expectedPx) / unitPx;
  return {
    at,
    before: (matrix[4] ?? 0) + (matrix[9] ?? 0) * x,
    after: (matrix[14] ?? 0) + (matrix[19] ?? 0) * x,
    afterSlope: (matrix[19] ?? 0) / unitPx,
    blurPx,
    residual: Math.sqrt(Math.max(0, energy - explained) / count),
  };
}

/** Gaussian elimination in place; a little is added to the diagonal so that it is regular. */
function solve({ matrix }: Piece): boolean {
  for (let row = 0; row < 4; row += 1) matrix[row * 6] = (matrix[row * 6] ?? 0) + 1e-9;
  for (let pivot = 0; pivot < 4; pivot += 1) {
    const divisor = matrix[pivot * 6] ?? 0;
    if (Math.abs(divisor) < 1e-12) return false;
    for (let row = pivot + 1; row < 4; row += 1) {
      const factor = (matrix[row * 5 + pivot] ?? 0) / divisor;
      for (let column = pivot; column < 5; column += 1) {
        const at = row * 5 + column;
        matrix[at] = (matrix[at] ?? 0) - factor * (matrix[pivot * 5 + column] ?? 0);
      }
    }
  }
  for (let row = 3; row >= 0; row -= 1) {
    let value = matrix[row * 5 + 4] ?? 0;
    for (let column = row + 1; column < 4; column += 1) {
      value -= (matrix[row * 5 + column] ?? 0) * (matrix[column * 5 + 4] ?? 0);
    }
    matrix[row * 5 + 4] = value / (matrix[row * 6] ?? 1);
  }
  return true;
}

/** Share of a normal distribution below z; the approximation is good to 2e-4, far below what a film shows. */
function normalShare(z: number): number {
  return 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z * z * z));
}
