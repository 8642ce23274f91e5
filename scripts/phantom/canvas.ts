/** A position in millimetres: x to the right of the midline, y downwards from the top of the film. */
export type PointMm = readonly [number, number];

/** The film while it is being drawn: linear brightness, 0 is black and 1 is white. */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly mmPerPx: number;
  /** The column of the midline. */
  readonly midlinePx: number;
  readonly values: Float32Array;
}

/** Makes an empty film. */
export function createCanvas(columns: number, rows: number, mmPerPx: number, midlinePx: number): Canvas {
  return { columns, rows, mmPerPx, midlinePx, values: new Float32Array(columns * rows) };
}

/** Where a position in millimetres lies on the film, in pixels. */
function toPixel(canvas: Canvas, point: PointMm): [number, number] {
  return [point[0] / canvas.mmPerPx + canvas.midlinePx, point[1] / canvas.mmPerPx];
}

/** A cubic Catmull-Rom curve through the points, with `steps` samples for each span. */
export function smoothCurve(points: readonly PointMm[], steps: number, closed: boolean): [number, number][] {
  const count = points.length;
  const at = (index: number): PointMm => {
    const wrapped = closed ? (index + count) % count : Math.min(count - 1, Math.max(0, index));
    return points[wrapped] ?? [0, 0];
  };
  const curve: [number, number][] = [];
  const spans = closed ? count : count - 1;
  for (let span = 0; span < spans; span += 1) {
    const [a, b, c, d] = [at(span - 1), at(span), at(span + 1), at(span + 2)];
    for (let step = 0; step < steps; step += 1) {
      const t = step / steps;
      curve.push([cubicAt(a[0], b[0], c[0], d[0], t), cubicAt(a[1], b[1], c[1], d[1], t)]);
    }
  }
  if (!closed) curve.push([at(count - 1)[0], at(count - 1)[1]]);
  return curve;
}

function cubicAt(a: number, b: number, c: number, d: number, t: number): number {
  return (
    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)
  );
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Adds brightness inside a polygon whose edge is blurred. */
export function paintPolygon(
  canvas: Canvas,
  polygonMm: readonly PointMm[],
  brightness: number,
  blurMm: number,
): void {
  const blurPx = blurMm / canvas.mmPerPx;
  // What is blurred a lot is drawn small and enlarged.
  const step = Math.max(1, Math.floor(blurPx / 3));
  const radius = Math.max(1, Math.round(blurPx / step));
  const polygon = polygonMm.map((point): [number, number] => {
    const [x, y] = toPixel(canvas, point);
    return [x / step, y / step];
  });
  const pad = 2 * radius + 2;
  const xs = polygon.map((point) => point[0]);
  const ys = polygon.map((point) => point[1]);
  const x0 = Math.floor(Math.min(...xs)) - pad;
  const y0 = Math.floor(Math.min(...ys)) - pad;
  const width = Math.ceil(Math.max(...xs)) + pad - x0;
  const height = Math.ceil(Math.max(...ys)) + pad - y0;
  const outside =
    x0 * step >= canvas.columns || y0 * step >= canvas.rows || x0 + width <= 0 || y0 + height <= 0;
  if (outside) return;
  let mask = fillPolygon(polygon, x0, y0, width, height);
  for (let pass = 0; pass < 2; pass += 1) mask = blurBox(mask, width, height, radius);
  addMask(canvas, { mask, width, height, x0, y0, step }, brightness);
}

interface Mask {
  readonly mask: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly x0: number;
  readonly y0: number;
  readonly step: number;
}

function addMask(canvas: Canvas, { mask, width, height, x0, y0, step }: Mask, brightness: number): void {
  const { columns, rows, values } = canvas;
  const rowTo = Math.min(rows - 1, (y0 + height - 2) * step);
  const columnTo = Math.min(columns - 1, (x0 + width - 2) * step);
  for (let row = Math.max(0, y0 * step); row <= rowTo; row += 1) {
    const down = row / step - y0;
    const cell = Math.floor(down) * width;
    const weight = down - Math.floor(down);
    for (let column = Math.max(0, x0 * step); column <= columnTo; column += 1) {
      const across = column / step - x0;
      const at = cell + (across | 0);
      const share = across - (across | 0);
      let amount = (1 - share) * (mask[at] ?? 0) + share * (mask[at + 1] ?? 0);
      if (weight > 0) {
        const below = (1 - share) * (mask[at + width] ?? 0) + share * (mask[at + width + 1] ?? 0);
        amount += weight * (below - amount);
      }
      if (amount > 0)
        values[row * columns + column] = (values[row * columns + column] ?? 0) + brightness * amount;
    }
  }
}

/** Adds brightness along a line of constant width. */
export function paintStroke(
  canvas: Canvas,
  lineMm: readonly PointMm[],
  widthMm: number,
  brightness: number,
  blurMm: number,
): void {
  paintPolygon(canvas, widenLine(lineMm, widthMm), brightness, blurMm);
}

/** The polygon around a line. */
function widenLine(lineMm: readonly PointMm[], widthMm: number): PointMm[] {
  const left: PointMm[] = [];
  const right: PointMm[] = [];
  lineMm.forEach((point, index) => {
    const before = lineMm[Math.max(0, index - 1)] ?? point;
    const after = lineMm[Math.min(lineMm.length - 1, index + 1)] ?? point;
    const length = Math.hypot(after[0] - before[0], after[1] - before[1]) || 1;
    const nx = ((after[1] - before[1]) / length) * (widthMm / 2);
    const ny = (-(after[0] - before[0]) / length) * (widthMm / 2);
    left.push([point[0] + nx, point[1] + ny]);
    right.push([point[0] - nx, point[1] - ny]);
  });
  return [...left, ...right.reverse()];
}

/** The outline of an ellipse. */
export function ellipse(centre: PointMm, radiusXMm: number, radiusYMm: number, angle = 0): PointMm[] {
  return Array.from({ length: 48 }, (_, index) => {
    const turn = (index / 48) * 2 * Math.PI;
    const x = radiusXMm * Math.cos(turn);
    const y = radiusYMm * Math.sin(turn);
    return [
      centre[0] + x * Math.cos(angle) - y * Math.sin(angle),
      centre[1] + x * Math.sin(angle) + y * Math.cos(angle),
    ] as const;
  });
}

function fillPolygon(
  polygon: readonly [number, number][],
  x0: number,
  y0: number,
  width: number,
  height: number,
): Float32Array {
  const mask = new Float32Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const y = row + y0;
    const crossings: number[] = [];
    for (let index = 0; index < polygon.length; index += 1) {
      const a = polygon[index] ?? [0, 0];
      const b = polygon[(index + 1) % polygon.length] ?? a;
      if (a[1] <= y === b[1] <= y) continue;
      crossings.push(a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0]) - x0);
    }
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = crossings[pair] ?? 0;
      const to = crossings[pair + 1] ?? 0;
      for (
        let column = Math.max(0, Math.floor(from));
        column <= Math.min(width - 1, Math.ceil(to));
        column += 1
      ) {
        const covered = Math.min(to, column + 0.5) - Math.max(from, column - 0.5);
        if (covered > 0)
          mask[row * width + column] = Math.min(1, (mask[row * width + column] ?? 0) + covered);
      }
    }
  }
  return mask;
}

/** The mean over a square of side 2 x radius + 1, by running sums. */
export function blurBox(source: Float32Array, width: number, height: number, radius: number): Float32Array {
  const middle = new Float32Array(source.length);
  const result = new Float32Array(source.length);
  runningMean(source, middle, height, width, 1, radius, width);
  runningMean(middle, result, width, height, width, radius, 1);
  return result;
}

function runningMean(
  source: Float32Array,
  target: Float32Array,
  lines: number,
  length: number,
  stride: number,
  radius: number,
  lineStride: number,
): void {
  const share = 1 / (2 * radius + 1);
  for (let line = 0; line < lines; line += 1) {
    const start = line * lineStride;
    const last = length - 1;
    let sum = 0;
    for (let k = -radius; k <= radius; k += 1)
      sum += source[start + Math.min(last, Math.max(0, k)) * stride] ?? 0;
    for (let index = 0; index < length; index += 1) {
      target[start + index * stride] = sum * share;
      sum += source[start + Math.min(last, index + radius + 1) * stride] ?? 0;
      sum -= source[start + Math.max(0, index - radius) * stride] ?? 0;
    }
  }
}
