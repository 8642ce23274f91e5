/** For each pixel the distance to a closed outline (positive inside) and the arc length of the nearest point. */
export interface DistanceField {
  readonly distancePx: Float32Array;
  readonly arcPx: Float32Array;
}

type Outline = readonly (readonly [number, number])[];

/** Pixels of one cell of the coarse grid on which the search for the nearest point begins. */
const CELL = 4;
/** Neighbours that a sweep from the top left has not reached yet; the sweep back takes the opposite ones. */
const AHEAD = [
  [1, 0],
  [-1, 1],
  [0, 1],
  [1, 1],
] as const;

/**
 * Measures the exact distance (sub-pixel) of every pixel within `reachPx` inside the outline or half of that outside;
 * the rest gets a constant beyond that. The outline is in pixels, counter-clockwise on the screen seen from its inside: its
 * inside lies to the left of its direction when y points up.
 */
export function measureDistanceField(
  outline: Outline,
  columns: number,
  rows: number,
  reachPx: number,
): DistanceField {
  const across = Math.ceil(columns / CELL) + 1;
  const down = Math.ceil(rows / CELL) + 1;
  const nearest = findNearestCoarse(outline, across, down);
  const xs = Float64Array.from(outline, (point) => point[0]);
  const ys = Float64Array.from(outline, (point) => point[1]);
  const arcs = new Float64Array(outline.length);
  for (let index = 1; index < outline.length; index += 1) {
    arcs[index] =
      at(arcs, index - 1) + Math.hypot(at(xs, index) - at(xs, index - 1), at(ys, index) - at(ys, index - 1));
  }
  const distancePx = new Float32Array(columns * rows);
  const arcPx = new Float32Array(columns * rows);
  const inside = fillInside(outline, columns, rows);
  const search = { xs, ys, arcs };
  const farPx = reachPx + 2 * CELL;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const start = nearest[Math.round(row / CELL) * across + Math.round(column / CELL)] ?? 0;
      const pixel = row * columns + column;
      const bone = inside[pixel] === 1;
      const far = squared(xs, ys, start, column, row) > (bone ? farPx * farPx : farPx * farPx * 0.25);
      if (far) distancePx[pixel] = bone ? farPx : -farPx / 2;
      else measurePixel(search, start, column, row, pixel, bone, distancePx, arcPx);
    }
  }
  return { distancePx, arcPx };
}

interface Search {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
  readonly arcs: Float64Array;
}

function at(list: Float64Array, index: number): number {
  return list[index] ?? 0;
}

function measurePixel(
  search: Search,
  start: number,
  x: number,
  y: number,
  pixel: number,
  inside: boolean,
  distancePx: Float32Array,
  arcPx: Float32Array,
): void {
  const { xs, ys, arcs } = search;
  const count = xs.length;
  let index = start;
  let best = squared(xs, ys, index, x, y);
  for (let step = 1; step >= -1; step -= 2) {
    for (;;) {
      const next = (index + step + count) % count;
      const distance = squared(xs, ys, next, x, y);
      if (distance >= best) break;
      best = distance;
      index = next;
    }
  }
  // The nearest point lies on one of the two segments that meet at the nearest corner.
  const before = (index - 1 + count) % count;
  const after = (index + 1) % count;
  const from = squared(xs, ys, before, x, y) < squared(xs, ys, after, x, y) ? before : index;
  const to = (from + 1) % count;
  const dx = at(xs, to) - at(xs, from);
  const dy = at(ys, to) - at(ys, from);
  const t = ((x - at(xs, from)) * dx + (y - at(ys, from)) * dy) / (dx * dx + dy * dy || 1);
  const clamped = Math.min(1, Math.max(0, t));
  const distance = Math.hypot(x - at(xs, from) - clamped * dx, y - at(ys, from) - clamped * dy);
  distancePx[pixel] = inside ? distance : -distance;
  arcPx[pixel] = at(arcs, from) + clamped * Math.hypot(dx, dy);
}

function squared(xs: Float64Array, ys: Float64Array, index: number, x: number, y: number): number {
  const dx = at(xs, index) - x;
  const dy = at(ys, index) - y;
  return dx * dx + dy * dy;
}

function findNearestCoarse(outline: Outline, across: number, down: number): Int32Array {
  const nearest = new Int32Array(across * down).fill(-1);
  const xs = Float64Array.from(outline, (point) => point[0]);
  const ys = Float64Array.from(outline, (point) => point[1]);
  const offer = (column: number, row: number, candidate: number): void => {
    if (candidate < 0 || column < 0 || row < 0 || column >= across || row >= down) return;
    const cell = row * across + column;
    const current = nearest[cell] ?? -1;
    const distance = squared(xs, ys, candidate, column * CELL, row * CELL);
    if (current < 0 || distance < squared(xs, ys, current, column * CELL, row * CELL))
      nearest[cell] = candidate;
  };
  outline.forEach(([x, y], index) => {
    const column = Math.min(across - 1, Math.max(0, Math.round(x / CELL)));
    const row = Math.min(down - 1, Math.max(0, Math.round(y / CELL)));
    offer(column, row, index);
  });
  for (const direction of [1, -1, 1, -1]) {
    for (let step = 0; step < across * down; step += 1) {
      const cell = direction < 0 ? across * down - 1 - step : step;
      const column = cell % across;
      const row = (cell - column) / across;
      const own = nearest[cell] ?? -1;
      for (const [dx, dy] of AHEAD) offer(column + dx * direction, row + dy * direction, own);
    }
  }
  return nearest;
}

function fillInside(outline: Outline, columns: number, rows: number): Uint8Array {
  const inside = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    const crossings: number[] = [];
    for (let index = 0; index < outline.length; index += 1) {
      const a = outline[index] ?? [0, 0];
      const b = outline[(index + 1) % outline.length] ?? a;
      if (a[1] <= row === b[1] <= row) continue;
      crossings.push(a[0] + ((row - a[1]) / (b[1] - a[1])) * (b[0] - a[0]));
    }
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = Math.max(0, Math.ceil(crossings[pair] ?? 0));
      const to = Math.min(columns - 1, Math.floor(crossings[pair + 1] ?? -1));
      inside.fill(1, row * columns + from, row * columns + Math.max(from, to + 1));
    }
  }
  return inside;
}
