import { smoothStep } from '../canvas.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { FilmLook } from './film-look.ts';

/** The exposed field: a tilted quadrilateral with bowed sides. */
export interface Field {
  /** How far inside the field a pixel lies, in pixels; negative outside. */
  readonly depthPx: (x: number, y: number) => number;
  readonly outside: number;
  readonly softPx: number;
}

/** Draws the exposed field of a film, or none. */
export function drawField(
  random: SeededRandom,
  look: FilmLook,
  columns: number,
  rows: number,
): Field | undefined {
  if (look.field === 'none') return undefined;
  const sides = [0, 1, 2, 3].map((side) => {
    const length = side < 2 ? columns : rows;
    const shown = random.next() < 0.7;
    return {
      inset: shown ? random.between(0, 0.06) * length : -0.2 * length,
      slope: random.normal() * 0.02,
      bow: look.field === 'curved' || look.field === 'rounded' ? random.between(0, 0.03) * length : 0,
    };
  });
  const limits = sides.map(({ inset, slope, bow }, side) => {
    const span = side < 2 ? rows : columns;
    return Float32Array.from({ length: span }, (_, index) => {
      const along = index / span - 0.5;
      return inset + slope * along * span + bow * 4 * along * along;
    });
  });
  const [left, right, upper, lower] = limits;
  const depthPx = (x: number, y: number): number => {
    const row = Math.round(y);
    const column = Math.round(x);
    return Math.min(
      x - (left?.[row] ?? 0),
      columns - 1 - x - (right?.[row] ?? 0),
      y - (upper?.[column] ?? 0),
      rows - 1 - y - (lower?.[column] ?? 0),
    );
  };
  const outside = {
    none: 0,
    black: 0,
    white: 1,
    curved: random.next() < 0.7 ? 0 : 0.95,
    grey: random.between(0.3, 0.7),
    rounded: 0.05,
  };
  return { depthPx, outside: outside[look.field], softPx: random.between(0.6, 4) };
}

/** Covers what lies outside the field, and lays the unevenness of a photographed film over the rest. */
export function coverField(
  brightness: Float32Array,
  columns: number,
  rows: number,
  field: Field | undefined,
  look: FilmLook,
  random: SeededRandom,
): void {
  const glare = {
    x: random.between(0, columns),
    y: random.between(0, rows),
    amount: look.photographed ? random.between(-0.05, 0.14) : 0,
    reach: random.between(0.3, 0.9) * rows,
  };
  const slope = look.photographed ? random.between(-0.2, 0.2) : 0;
  const haze = look.photographed ? random.between(0, 0.1) : 0;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      let value = brightness[index] ?? 0;
      if (field !== undefined) {
        const share = smoothStep(-field.softPx, field.softPx, field.depthPx(column, row));
        if (share < 1) value = value * share + field.outside * (1 - share);
      }
      if (look.photographed) {
        const far = ((column - glare.x) ** 2 + (row - glare.y) ** 2) / (glare.reach * glare.reach);
        value =
          (value * (1 - haze) + haze) * (1 + slope * (column / columns - 0.5)) + glare.amount / (1 + 3 * far);
      }
      brightness[index] = value;
    }
  }
}
