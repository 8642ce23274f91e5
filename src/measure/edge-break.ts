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
  readonly stepPx?: number;
  readonly blursPx?: readonly number[];
}

const BLURS_PX = [0.8, 1.6, 2.4, 3.6, 5];
const SEARCH_STEP_PX = 0.25;

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
  let best: (EdgeBreak & { cost: number }) | null = null;
  const { stepPx = SEARCH_STEP_PX, blursPx = BLURS_PX, expectedPx } = search;
  const piece = cutPiece(
    axis,
    profile,
    expectedPx - search.halfWindowPx,
    Math.min(expectedPx + search.halfWindowPx, search.windowEndPx ?? Infinity),
  );
  const places = Math.floor((search.toPx - search.fromPx) / stepPx + 1e-9);
  const costs: number[] = [];
  let bestPlace = 0;
  for (let place = 0; place <= places; place += 1) {
    const at = search.fromPx + place * stepPx;
    for (const blurPx of blursPx) {
      const fit = fitAt(piece, at, blurPx);
      if (fit === null || (fit.after - fit.before) * (search.sign ?? 0) < 0) continue;
      const away = (at - expectedPx) / search.expectedSpreadPx;
      const cost = (fit.residual ** 2 + 1e-9) * (1 + 0.05 * away * away);
      costs[place] = Math.min(cost, costs[place] ?? Infinity);
      if (best === null || cost < best.cost) [best, bestPlace] = [{ ...fit, cost }, place];
    }
  }
  if (best === null) return null;
  const { cost, ...found } = best;
  const shift = parabolaShift(costs[bestPlace - 1], cost, costs[bestPlace + 1]);
  return { ...found, at: found.at + shift * stepPx };
}

interface Piece {
  readonly x: readonly number[];
  readonly values: readonly number[];
  readonly unitPx: number;
}

function cutPiece(axis: Float64Array, profile: Float64Array, fromPx: number, toPx: number): Piece {
  const x: number[] = [];
  const values: number[] = [];
  axis.forEach((place, index) => {
    const value = profile[index] ?? NaN;
    if (place < fromPx || place > toPx || Number.isNaN(value)) return;
    x.push(place);
    values.push(value);
  });
  return { x, values, unitPx: Math.max(1, (toPx - fromPx) / 2) };
}

/** Where the lowest point of a parabola through three neighbours lies, in steps from the middle one. */
function parabolaShift(left: number | undefined, middle: number, right: number | undefined): number {
  if (left === undefined || right === undefined) return 0;
  const bend = left - 2 * middle + right;
  return bend > 0 ? Math.max(-0.5, Math.min(0.5, (left - right) / (2 * bend))) : 0;
}

function fitAt(piece: Piece, at: number, blurPx: number): EdgeBreak | null {
  const matrix = Array.from({ length: 4 }, () => new Float64Array(5));
  const [top, second, third, fourth] = matrix as [Float64Array, Float64Array, Float64Array, Float64Array];
  const count = piece.x.length;
  let energy = 0;
  for (let index = 0; index < count; index += 1) {
    const value = piece.values[index] ?? 0;
    const away = (piece.x[index] ?? 0) - at;
    const x = away / piece.unitPx;
    const b = normalShare(away / blurPx);
    const a = 1 - b;
    addSample(top, a, a, x, b, value);
    addSample(second, x * a, a, x, b, value);
    addSample(third, b, a, x, b, value);
    addSample(fourth, x * b, a, x, b, value);
    energy += value * value;
  }
  if (count < 12) return null;
  const rightSide = matrix.map((line) => line[4] ?? 0);
  const solution = solve(matrix);
  if (solution === null) return null;
  const explained = solution.reduce((sum, value, index) => sum + value * (rightSide[index] ?? 0), 0);
  const left = Math.max(0, energy - explained) / count;
  const afterSlope = (solution[3] ?? 0) / piece.unitPx;
  return {
    at,
    before: solution[0] ?? 0,
    after: solution[2] ?? 0,
    afterSlope,
    blurPx,
    residual: Math.sqrt(left),
  };
}

/** Adds one sample to one row of the normal equations; a and b are the shares before and beyond the break. */
function addSample(row: Float64Array, weight: number, a: number, x: number, b: number, value: number): void {
  row[0] = (row[0] ?? 0) + weight * a;
  row[1] = (row[1] ?? 0) + weight * x * a;
  row[2] = (row[2] ?? 0) + weight * b;
  row[3] = (row[3] ?? 0) + weight * x * b;
  row[4] = (row[4] ?? 0) + weight * value;
}

/** Gaussian elimination of a small symmetric system; a little is added to the diagonal so that it is regular. */
function solve(matrix: Float64Array[]): number[] | null {
  const size = matrix.length;
  matrix.forEach((line, row) => (line[row] = (line[row] ?? 0) + 1e-9));
  for (let pivot = 0; pivot < size; pivot += 1) {
    const top = matrix[pivot];
    const divisor = top?.[pivot] ?? 0;
    if (top === undefined || Math.abs(divisor) < 1e-12) return null;
    for (let row = pivot + 1; row < size; row += 1) {
      const line = matrix[row];
      if (line === undefined) return null;
      const factor = (line[pivot] ?? 0) / divisor;
      for (let column = pivot; column <= size; column += 1) {
        line[column] = (line[column] ?? 0) - factor * (top[column] ?? 0);
      }
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row -= 1) {
    const line = matrix[row];
    if (line === undefined) return null;
    let value = line[size] ?? 0;
    for (let column = row + 1; column < size; column += 1)
      value -= (line[column] ?? 0) * (solution[column] ?? 0);
    solution[row] = value / (line[row] ?? 1);
  }
  return solution;
}

/** Share of a normal distribution below z; the approximation is good to 2e-4, far below what a film shows. */
function normalShare(z: number): number {
  return 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z * z * z));
}
