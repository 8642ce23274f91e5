import { createSeededRandom } from './seeded-random.ts';

/** Smooth noise of mean 0 and range about -1 to 1 on a full-size grid, one random value for each cell. */
export function createNoiseField(
  seed: number,
  columns: number,
  rows: number,
  cellXPx: number,
  cellYPx: number,
): Float32Array {
  const random = createSeededRandom(seed);
  const across = Math.ceil(columns / cellXPx) + 3;
  const down = Math.ceil(rows / cellYPx) + 3;
  const lattice = Float32Array.from({ length: across * down }, () => random.next() * 2 - 1);
  const field = new Float32Array(columns * rows);
  const line = new Float32Array(across);
  const cells = new Int32Array(columns);
  const weights = new Float32Array(columns);
  for (let column = 0; column < columns; column += 1) {
    const position = column / cellXPx;
    cells[column] = Math.floor(position);
    weights[column] = ease(position - Math.floor(position));
  }
  for (let row = 0; row < rows; row += 1) {
    const position = row / cellYPx;
    const cell = Math.floor(position);
    const weight = ease(position - cell);
    for (let index = 0; index < across; index += 1) {
      const upper = lattice[cell * across + index] ?? 0;
      line[index] = upper + weight * ((lattice[(cell + 1) * across + index] ?? 0) - upper);
    }
    for (let column = 0; column < columns; column += 1) {
      const left = line[cells[column] ?? 0] ?? 0;
      const right = line[(cells[column] ?? 0) + 1] ?? 0;
      field[row * columns + column] = left + (weights[column] ?? 0) * (right - left);
    }
  }
  return field;
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Smooth noise along a line: a function of the position, one random value for each cell. */
export function createLineNoise(seed: number, cell: number): (position: number) => number {
  const random = createSeededRandom(seed);
  const values = Float32Array.from({ length: 1024 }, () => random.next() * 2 - 1);
  return (position) => {
    const scaled = position / cell + 4096;
    const index = Math.floor(scaled);
    const left = values[index & 1023] ?? 0;
    const right = values[(index + 1) & 1023] ?? 0;
    return left + ease(scaled - index) * (right - left);
  };
}

/** Noise with structure at two scales that forms a net of thin bright lines, as cancellous bone does. */
export function createTrabecularField(
  seed: number,
  columns: number,
  rows: number,
  mmPerPx: number,
): Float32Array {
  const size = 1.5 / mmPerPx;
  const coarse = createNoiseField(seed, columns, rows, size * 1.9, size * 1.2);
  const fine = createNoiseField(seed + 1, columns, rows, size * 0.75, size * 0.55);
  const patches = createNoiseField(seed + 2, columns, rows, size * 7, size * 5);
  for (let index = 0; index < coarse.length; index += 1) {
    const a = coarse[index] ?? 0;
    const b = fine[index] ?? 0;
    const ridge = Math.max(0, 1 - 2.4 * Math.abs(a + 0.5 * b));
    const small = Math.max(0, 1 - 2.6 * Math.abs(b - 0.25 * a));
    const strength = 0.65 + 0.9 * (patches[index] ?? 0);
    coarse[index] = (0.5 * ridge + 0.3 * small + 0.3 * b - 0.3) * strength;
  }
  return coarse;
}
