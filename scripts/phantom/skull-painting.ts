import type { Canvas, PointMm } from './canvas.ts';
import { ellipse, paintPolygon, paintStroke, smoothCurve, smoothStep } from './canvas.ts';
import type { JawShape } from './jaw-geometry.ts';
import { createLineNoise, createNoiseField, enlarge } from './noise-field.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Pixels of the film for one of the soft background. */
const COARSE = 3;

/** Adds soft tissue, the ghost of the cervical spine, the gain seam and the shadows of the airways. */
export function paintBackground(canvas: Canvas, jaw: JawShape, seed: number): void {
  const random = createSeededRandom(seed * 37 + 6);
  // All of it is smooth, so a third of the resolution is enough; it is enlarged at the end.
  const columns = Math.ceil(canvas.columns / COARSE) + 2;
  const rows = Math.ceil(canvas.rows / COARSE) + 2;
  const mmPerPx = canvas.mmPerPx * COARSE;
  const small = new Float32Array(columns * rows);
  const seamY = jaw.chinYMm - random.between(30, 42);
  const seam = random.between(0.08, 0.17);
  const ghost = random.between(0.16, 0.32);
  const ghostWidthMm = random.between(20, 28);
  const glow = random.between(0.03, 0.08);
  const lower = random.between(0.03, 0.06);
  const clouds = createNoiseField(seed * 41 + 1, columns, rows, 42 / mmPerPx, 26 / mmPerPx);
  const streaks = createLineNoise(seed * 41 + 2, 3.2);
  const fineStreaks = createLineNoise(seed * 41 + 3, 0.9);
  const waves = createNoiseField(seed * 41 + 4, columns, rows, 9 / mmPerPx, 5 / mmPerPx);
  const blotches = createNoiseField(seed * 41 + 6, columns, rows, 3.4 / mmPerPx, 4.5 / mmPerPx);
  const bands = createLineNoise(seed * 41 + 5, 1.6);
  const border = traceLowerBorder(jaw);
  const columnsMm = Float32Array.from(
    { length: columns },
    (_, column) => (column * COARSE - canvas.midlinePx) * canvas.mmPerPx,
  );
  const borders = columnsMm.map((x) => border(x));
  const spines = columnsMm.map((x) => shapeSpine(x, ghostWidthMm));
  const laterals = columnsMm.map((x) => smoothStep(40, 85, Math.abs(x)) * smoothStep(158, 134, Math.abs(x)));
  for (let row = 0; row < rows; row += 1) {
    const y = row * mmPerPx;
    const phase = 0.62 + 0.38 * Math.cos((y / jaw.chinYMm) * 2 * Math.PI);
    const band = (1 + 0.09 * bands(y)) * smoothStep(2, 45, y);
    const top = smoothStep(58, 4, y);
    const bottomness = smoothStep(jaw.chinYMm - 55, jaw.chinYMm - 15, y);
    for (let column = 0; column < columns; column += 1) {
      const x = columnsMm[column] ?? 0;
      const pixel = row * columns + column;
      const cloud = clouds[pixel] ?? 0;
      const wave = waves[pixel] ?? 0;
      const above = (borders[column] ?? 0) - y;
      const blotch = blotches[pixel] ?? 0;
      const texture = 1 + 0.35 * cloud + 0.2 * wave + 0.1 * blotch;
      const tissue =
        (0.2 + 0.14 * top) *
        texture *
        smoothStep(18, 60, above) *
        smoothStep(158, 108, Math.abs(x) + 0.12 * y);
      const chin = glow * Math.exp(-Math.max(0, -above) / 9) * (1 + 0.3 * cloud);
      const spine = spines[column] ?? 0;
      const shade =
        1 +
        0.2 * streaks(x + 0.8 * cloud) +
        0.1 * fineStreaks(x + cloud) +
        0.24 * wave +
        0.16 * blotch * bottomness;
      const slope = seamY + 0.02 * Math.abs(x) - 3 * cloud;
      const lit = slope - y > 0.8 ? 1 : slope - y < -0.8 ? 0 : smoothStep(-0.8, 0.8, slope - y);
      const step = lit * seam * (laterals[column] ?? 0) * band;
      const value = lower + tissue + chin + ghost * spine * phase * shade + step;
      small[pixel] = value;
    }
  }
  const full = enlarge(small, columns, COARSE, COARSE, canvas.columns, canvas.rows);
  for (let pixel = 0; pixel < full.length; pixel += 1) {
    canvas.values[pixel] = (canvas.values[pixel] ?? 0) + (full[pixel] ?? 0);
  }
}

/** The shadow of the cervical spine across the film: a soft column with a darker middle and ribs of light. */
function shapeSpine(xMm: number, widthMm: number): number {
  const away = Math.abs(xMm);
  return (
    Math.exp(-((xMm / (widthMm * 0.55)) ** 2)) * 0.6 + 0.6 * smoothStep(widthMm * 1.55, widthMm * 1.15, away)
  );
}

/** The height of the inferior border by the horizontal position, as a table. */
function traceLowerBorder(jaw: JawShape): (xMm: number) => number {
  const table = new Float32Array(401).fill(jaw.chinYMm - 60);
  for (let index = jaw.borderFrom; index <= jaw.borderTo; index += 1) {
    const point = jaw.outlineMm[index];
    if (point) table[Math.round(Math.min(200, Math.max(-200, point[0]))) + 200] = point[1];
  }
  return (xMm) => {
    const position = Math.min(399.9, Math.max(0, xMm + 200));
    const index = Math.floor(position);
    const left = table[index] ?? 0;
    return left + (position - index) * ((table[index + 1] ?? left) - left);
  };
}

/** Adds palate, sinuses, nose, maxilla and zygoma above the teeth. */
export function paintMidface(canvas: Canvas, jaw: JawShape, seed: number, toothless: boolean): void {
  const random = createSeededRandom(seed * 43 + 7);
  const s = jaw.scale;
  const palateY = Math.max(6, jaw.occlusalYMm - random.between(46, 54) * s);
  const sag = random.between(4, 9) * s;
  const at = (x: number, y: number): PointMm => [x * s, palateY + y * s];
  for (let line = 0; line < 4; line += 1) {
    const lift = line * 1.9 + random.between(-0.8, 0.8);
    const curve = smoothCurve([at(-98, sag + lift * 2), at(-60, sag * 0.5 + lift), at(-20, lift * 0.6), at(20, lift * 0.6), at(60, sag * 0.5 + lift), at(98, sag + lift * 2)], 12, false); // prettier-ignore
    paintStroke(canvas, curve, 1.1, random.between(0.13, 0.27), 0.7);
  }
  const slab = smoothCurve([at(-92, sag), at(-40, 1.5), at(0, 0.5), at(40, 1.5), at(92, sag), at(60, 10), at(0, 7), at(-60, 10)], 8, true); // prettier-ignore
  paintPolygon(canvas, slab, 0.1, 1.8);
  const gap = smoothCurve([at(-86, sag + 10), at(-40, 10), at(0, 9), at(40, 10), at(86, sag + 10), at(48, 20), at(0, 22), at(-48, 20)], 8, true); // prettier-ignore
  paintPolygon(canvas, gap, -0.1, 3);
  const crest = toothless ? 30 : 40;
  const maxilla = smoothCurve([at(-80, 14), at(-40, 12), at(0, 14), at(40, 12), at(80, 14), at(74, crest - 6), at(40, crest), at(0, crest + 2), at(-40, crest), at(-74, crest - 6)], 8, true); // prettier-ignore
  paintPolygon(canvas, maxilla, 0.1, 1.6);
  paintPolygon(canvas, ellipse(at(0, -9), 14 * s, 8 * s), -0.14, 3);
  for (const sign of [-1, 1]) {
    paintPolygon(canvas, ellipse(at(sign * 22, 34), 10 * s, 17 * s, sign * 0.2), -0.06, 4);
    const sinus = smoothCurve([at(sign * 40, -4), at(sign * 66, -8), at(sign * 90, 2), at(sign * 84, 14), at(sign * 68, 21), at(sign * 50, 17), at(sign * 40, 8)], 8, true); // prettier-ignore
    paintPolygon(canvas, sinus, -0.055, 1.6);
    paintStroke(canvas, sinus, 0.6, 0.055, 0.4);
    const zygoma = smoothCurve(
      [at(sign * 72, -14), at(sign * 70, 0), at(sign * 74, 9), at(sign * 82, 11)],
      8,
      false,
    );
    paintStroke(canvas, zygoma, 1.5, 0.16, 0.5);
    const arch = smoothCurve(
      [at(sign * 90, 4), at(sign * 110, 2), at(sign * 128, -2), at(sign * 145, 4)],
      8,
      false,
    );
    paintStroke(canvas, arch, 7, 0.08, 1.5);
    const base = smoothCurve(
      [at(sign * 110, -16), at(sign * 128, -8), at(sign * 150, -4), at(sign * 160, -22)],
      8,
      true,
    );
    paintPolygon(canvas, base, 0.18, 2);
    const pharynx = smoothCurve([at(sign * 60, 42), at(sign * 96, 30), at(sign * 118, 44), at(sign * 124, 70), at(sign * 112, 40), at(sign * 92, 26)], 8, true); // prettier-ignore
    paintPolygon(canvas, pharynx, -0.07, 1.4);
  }
  if (!toothless) {
    const bite = smoothCurve([-64, -30, 0, 30, 64].map((x): PointMm => [x * s, jaw.occlusalYMm - 0.0009 * x * x]), 8, false); // prettier-ignore
    paintStroke(canvas, bite, 3.4, -0.14, 0.9);
  }
}

/** Adds what lies below the jaw on a film: hyoid bone, chin rest, ear lobes and neck; none touches the border. */
export function paintNeck(canvas: Canvas, jaw: JawShape, seed: number): void {
  const random = createSeededRandom(seed * 47 + 8);
  const s = jaw.scale;
  for (const sign of [-1, 1]) {
    const lobe: PointMm = [sign * random.between(146, 152) * s, jaw.chinYMm - random.between(52, 62) * s];
    paintPolygon(canvas, ellipse(lobe, 9 * s, 13 * s, 0.2 * sign), 0.1, 1.5);
    if (random.next() < 0.75) {
      const x = sign * random.between(84, 104);
      const y = jaw.chinYMm - random.between(-1, 5);
      const hyoid = smoothCurve([[x - 10, y + 3], [x - 6, y - 2], [x + 2, y - 3], [x + 8, y], [x + 3, y + 2], [x - 4, y + 2]], 8, true); // prettier-ignore
      paintPolygon(
        canvas,
        hyoid.map(([px, py]) => [px * s, py] as const),
        random.between(0.03, 0.09),
        0.7,
      );
    }
    const neck: PointMm = [sign * random.between(110, 140) * s, jaw.chinYMm + 6];
    paintPolygon(canvas, ellipse(neck, 30 * s, 16 * s), random.between(-0.02, 0.03), 5);
  }
}
