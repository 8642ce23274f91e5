import { blurBox } from './canvas.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Cells of the lattice for each cell of the noise: finer than the noise, so that no axis shows in it. */
const OVERSAMPLING = 2.5;

/** Smooth noise of mean 0 and standard deviation 0.5 on a full-size grid; a cell is about one blob. */
export function createNoiseField(
  seed: number,
  columns: number,
  rows: number,
  cellXPx: number,
  cellYPx: number,
): Float32Array {
  const random = createSeededRandom(seed);
  const stepX = cellXPx / OVERSAMPLING;
  const stepY = cellYPx / OVERSAMPLING;
  const across = Math.ceil(columns / stepX) + 3;
  const down = Math.ceil(rows / stepY) + 3;
  let lattice: Float32Array = Float32Array.from({ length: across * down }, () => random.next() * 2 - 1);
  for (let pass = 0; pass < 3; pass += 1) lattice = blurBox(lattice, across, down, 1);
  let squares = 0;
  for (const value of lattice) squares += value * value;
  const gain = 0.5 / Math.sqrt(squares / lattice.length);
  for (let index = 0; index < lattice.length; index += 1) lattice[index] = (lattice[index] ?? 0) * gain;
  return enlarge(lattice, across, stepX, stepY, columns, rows);
}

/** Bilinear enlargement of a grid whose cells are `stepX` x `stepY` pixels. */
export function enlarge(
  grid: Float32Array,
  across: number,
  stepX: number,
  stepY: number,
  columns: number,
  rows: number,
): Float32Array {
  const field = new Float32Array(columns * rows);
  const line = new Float32Array(across);
  for (let row = 0; row < rows; row += 1) {
    const cell = Math.floor(row / stepY);
    const weight = row / stepY - cell;
    for (let index = 0; index < across; index += 1) {
      const upper = grid[cell * across + index] ?? 0;
      line[index] = upper + weight * ((grid[(cell + 1) * across + index] ?? upper) - upper);
    }
    for (let column = 0; column < columns; column += 1) {
      const position = column / stepX;
      const left = line[position | 0] ?? 0;
      field[row * columns + column] =
        left + (position - (position | 0)) * ((line[(position | 0) + 1] ?? 0) - left);
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
  // Half the resolution is enough for lines that are several pixels wide.
  const [across, down] = [Math.ceil(columns / 2) + 2, Math.ceil(rows / 2) + 2];
  const size = 0.75 / mmPerPx;
  const coarse = createNoiseField(seed, across, down, size * 1.8, size * 1.2);
  const fine = createNoiseField(seed + 1, across, down, size * 0.75, size * 0.6);
  const patches = createNoiseField(seed + 2, across, down, size * 8, size * 6);
  for (let index = 0; index < coarse.length; index += 1) {
    const a = coarse[index] ?? 0;
    const b = fine[index] ?? 0;
    const ridge = Math.max(0, 1 - 2.2 * Math.abs(a + 0.3 * b));
    const small = Math.max(0, 1 - 2 * Math.abs(b - 0.25 * a));
    const strength = Math.max(0.25, 0.7 + 0.8 * (patches[index] ?? 0));
    coarse[index] = (0.5 * ridge + 0.28 * small + 0.2 * b - 0.36) * strength;
  }
  return enlarge(coarse, across, 2, 2, columns, rows);
}
