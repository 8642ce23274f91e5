/** Fitting a model of a few parameters to many samples, by Levenberg and Marquardt's damped steps. Pure. */

/** A model that is fitted. */
export interface FittedModel {
  readonly parameters: readonly number[];
  /** One standard error of each parameter; Infinity where the samples do not determine it. */
  readonly standardErrors: readonly number[];
  /** Sum of the squared residuals. */
  readonly squares: number;
}

const ROUNDS_MAX = 40;
const DAMPING_MAX = 1e9;
/** A step that changes every parameter by less than this share, of it or of 1, was the last. */
const CHANGE_MIN = 1e-5;
/** Step of the numerical derivative, as a share of the parameter or of 1. */
const DIFFERENCE = 1e-3;

/** Finds the parameters with the least squares of residuals, from a start that is near them. */
export function fitLeastSquares(
  residualsOf: (parameters: readonly number[]) => Float64Array,
  start: readonly number[],
): FittedModel {
  let parameters = [...start];
  let residuals = residualsOf(parameters);
  let squares = squaresOf(residuals);
  let normal = normalEquations(residualsOf, parameters, residuals);
  let damping = 1e-3;
  for (let round = 0; round < ROUNDS_MAX && damping < DAMPING_MAX; round++) {
    const step = solve(damped(normal.matrix, damping), normal.gradient);
    const next = parameters.map((value, i) => value - (step?.[i] ?? 0));
    const nextResiduals = residualsOf(next);
    const nextSquares = squaresOf(nextResiduals);
    if (step === null || !(nextSquares < squares)) {
      damping *= 6;
      continue;
    }
    const isLast = next.every((value, i) => {
      const before = parameters[i] ?? 0;
      return Math.abs(value - before) < CHANGE_MIN * Math.max(1, Math.abs(before));
    });
    [parameters, residuals, squares] = [next, nextResiduals, nextSquares];
    if (isLast) break;
    damping = Math.max(damping / 6, 1e-9);
    normal = normalEquations(residualsOf, parameters, residuals);
  }
  const { matrix } = normalEquations(residualsOf, parameters, residuals);
  const variance = squares / Math.max(1, residuals.length - parameters.length);
  const standardErrors = parameters.map((_, i) => {
    const column = solve(
      matrix,
      parameters.map((__, j) => (i === j ? 1 : 0)),
    );
    const share = column?.[i] ?? Infinity;
    return share >= 0 ? Math.sqrt(share * variance) : Infinity;
  });
  return { parameters, standardErrors, squares };
}

interface NormalEquations {
  readonly matrix: readonly (readonly number[])[];
  readonly gradient: readonly number[];
}

function normalEquations(
  residualsOf: (parameters: readonly number[]) => Float64Array,
  parameters: readonly number[],
  residuals: Float64Array,
): NormalEquations {
  const slopes = parameters.map((value, i) => {
    const width = DIFFERENCE * Math.max(1, Math.abs(value));
    const moved = residualsOf(parameters.map((other, j) => (i === j ? other + width : other)));
    return moved.map((residual, sample) => (residual - (residuals[sample] ?? 0)) / width);
  });
  return {
    matrix: slopes.map((one) => slopes.map((other) => product(one, other))),
    gradient: slopes.map((slope) => product(slope, residuals)),
  };
}

function damped(matrix: NormalEquations['matrix'], damping: number): number[][] {
  return matrix.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) : value)));
}

/** Gauss's elimination with pivots; null where the matrix is singular. */
function solve(matrix: NormalEquations['matrix'], right: readonly number[]): number[] | null {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const count = rows.length;
  for (let column = 0; column < count; column++) {
    const below = rows.slice(column).map((row) => Math.abs(row[column] ?? 0));
    const largest = Math.max(...below);
    if (!(largest > 1e-300)) return null;
    const pivotAt = column + below.indexOf(largest);
    const pivot = rows[pivotAt] ?? [];
    rows[pivotAt] = rows[column] ?? [];
    rows[column] = pivot;
    for (const [i, row] of rows.entries()) {
      if (i === column) continue;
      const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
      for (let j = column; j <= count; j++) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return rows.map((row, i) => (row[count] ?? 0) / (row[i] ?? 1));
}

function squaresOf(residuals: Float64Array): number {
  return product(residuals, residuals);
}

function product(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}
