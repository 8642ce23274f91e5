import type { Canvas, PointMm } from './canvas.ts';
import { paintPolygon, paintStroke, smoothCurve } from './canvas.ts';
import type { JawShape } from './jaw-geometry.ts';
import type { SeededRandom } from './seeded-random.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Which teeth are drawn; `mixed` has the unerupted ones of a child below the milk teeth. */
export type Dentition = 'full' | 'partial' | 'none' | 'mixed';

interface ToothKind {
  readonly widthMm: number;
  readonly crownMm: number;
  readonly rootMm: number;
  readonly roots: 1 | 2;
}

const LOWER: readonly ToothKind[] = [
  { widthMm: 6.8, crownMm: 10, rootMm: 15, roots: 1 },
  { widthMm: 7.4, crownMm: 10, rootMm: 16, roots: 1 },
  { widthMm: 8.6, crownMm: 12, rootMm: 19, roots: 1 },
  { widthMm: 9, crownMm: 10.5, rootMm: 16, roots: 1 },
  { widthMm: 9.2, crownMm: 10, rootMm: 16, roots: 1 },
  { widthMm: 14, crownMm: 9.5, rootMm: 16, roots: 2 },
  { widthMm: 13.4, crownMm: 9, rootMm: 15, roots: 2 },
  { widthMm: 12.6, crownMm: 9, rootMm: 13, roots: 2 },
];
const UPPER: readonly ToothKind[] = [
  { widthMm: 10.4, crownMm: 12.5, rootMm: 16, roots: 1 },
  { widthMm: 8.4, crownMm: 11, rootMm: 16, roots: 1 },
  { widthMm: 9.4, crownMm: 12, rootMm: 20, roots: 1 },
  { widthMm: 8.6, crownMm: 10.5, rootMm: 16, roots: 1 },
  { widthMm: 8.4, crownMm: 10, rootMm: 16, roots: 1 },
  { widthMm: 12.6, crownMm: 9.5, rootMm: 15, roots: 2 },
  { widthMm: 11.8, crownMm: 9, rootMm: 14, roots: 2 },
  { widthMm: 10.5, crownMm: 9, rootMm: 12, roots: 2 },
];

/** Adds both rows of teeth. */
export function paintTeeth(canvas: Canvas, jaw: JawShape, dentition: Dentition, seed: number): void {
  if (dentition === 'none') return;
  const random = createSeededRandom(seed * 31 + 4);
  const scale = jaw.scale * (dentition === 'mixed' ? 0.92 : 1);
  for (const [row, up] of [
    [LOWER, -1],
    [UPPER, 1],
  ] as const) {
    // prettier-ignore
    for (const sign of [-1, 1]) {
      let offset = random.between(0, 0.6);
      row.forEach((kind, index) => {
        const width = kind.widthMm * scale * random.between(0.96, 1.04);
        const x = sign * (offset + width / 2);
        offset += width + random.between(0.1, 0.9) * scale;
        if (isMissing(random, dentition, index)) return;
        const smile = 0.0009 * x * x;
        const gap = up > 0 ? -1 : index < 3 ? 0.5 : 1.2;
        const top: PointMm = [x, jaw.occlusalYMm - smile + gap * scale + random.normal() * 0.4];
        const tilt = sign * (up > 0 ? 0.05 : index > 4 ? 0.1 + 0.12 * (index - 5) : 0.02 * index) + random.normal() * 0.03;
        const shrink = dentition === 'mixed' && index < 5 ? 0.72 : 1;
        const drawn = { ...kind, widthMm: width, crownMm: kind.crownMm * scale * shrink, rootMm: kind.rootMm * scale * shrink }; // prettier-ignore
        paintTooth(canvas, random, drawn, top, up > 0 ? -1 : 1, tilt, index < 5 ? 0.7 : 1);
        if (dentition === 'mixed' && index > 1 && index < 7) {
          const bud: PointMm = [x, top[1] + (up > 0 ? -24 : 23) * scale];
          paintTooth(canvas, random, { ...drawn, rootMm: 4 }, bud, up > 0 ? -1 : 1, tilt * 2, 0.9);
        }
      });
    }
  }
}

function isMissing(random: SeededRandom, dentition: Dentition, index: number): boolean {
  const chance = random.next();
  if (dentition === 'mixed') return index > 6;
  if (dentition === 'partial') return chance < (index > 3 ? 0.55 : 0.12);
  return index === 7 ? chance < 0.55 : chance < 0.04;
}

function paintTooth(
  canvas: Canvas,
  random: SeededRandom,
  kind: ToothKind,
  top: PointMm,
  direction: number,
  tilt: number,
  density: number,
): void {
  const { widthMm: w, crownMm: c, rootMm: r } = kind;
  const place = ([x, along]: PointMm): PointMm => [
    top[0] + x * Math.cos(tilt) + along * Math.sin(tilt),
    top[1] + direction * (along * Math.cos(tilt) - x * Math.sin(tilt)),
  ];
  const draw = (points: readonly PointMm[]): PointMm[] => smoothCurve(points.map(place), 5, true);
  const neck = w * (kind.roots === 2 ? 0.42 : 0.36);
  const cusps: PointMm[] = kind.roots === 2
    ? [[-0.36 * w, 0.2], [-0.2 * w, 0.1], [0, 1.2], [0.2 * w, 0.1], [0.36 * w, 0.2]]
    : [[-0.3 * w, 0.4], [0, 0], [0.3 * w, 0.4]]; // prettier-ignore
  // Crown and root meet in a straight line with equal brightness, so that no seam shows at the neck.
  const neckLine: PointMm[] = [[neck, c * 0.9], [neck, c], [neck, c], [-neck, c], [-neck, c], [-neck, c * 0.9]]; // prettier-ignore
  const crown = draw([...cusps, [0.49 * w, 0.35 * c], [0.46 * w, 0.68 * c], ...neckLine, [-0.46 * w, 0.68 * c], [-0.49 * w, 0.35 * c]]); // prettier-ignore
  const enamel = draw([...cusps, [0.49 * w, 0.35 * c], [0.47 * w, 0.66 * c], [neck, 0.92 * c], [0.34 * w, 0.6 * c], [0.25 * w, 0.36 * c], [0, 0.42 * c], [-0.25 * w, 0.36 * c], [-0.34 * w, 0.6 * c], [-neck, 0.92 * c], [-0.47 * w, 0.66 * c], [-0.49 * w, 0.35 * c]]); // prettier-ignore
  paintPolygon(canvas, crown, 0.15 * density, 0.35);
  paintPolygon(canvas, enamel, 0.1 * density, 0.4);
  const spread = kind.roots === 2 ? [-0.21 * w, 0.21 * w] : [0];
  for (const centre of spread) {
    const half = kind.roots === 2 ? neck * 0.5 : neck;
    const bend = centre * 0.5 + random.normal() * 0.5;
    const side = (sign: number): PointMm[] => [[centre + sign * half, c], [centre + sign * half, c], [centre + sign * half * 0.98, c + r * 0.12], [centre + sign * half * 0.9 + bend * 0.3, c + r * 0.4], [centre + sign * half * 0.6 + bend * 0.7, c + r * 0.78], [centre + sign * half * 0.2 + bend, c + r]]; // prettier-ignore
    const root = draw([...side(-1), ...side(1).reverse()]);
    paintPolygon(canvas, root, 0.15 * density, 0.35);
    const outline = smoothCurve([...side(-1.12), ...side(1.12).reverse()].map(place), 5, false);
    paintStroke(canvas, outline, 0.45, -0.045, 0.3);
    const lamina = smoothCurve([...side(-1.38), ...side(1.38).reverse()].map(place), 5, false);
    paintStroke(canvas, lamina, 0.45, 0.03, 0.35);
    const pulp = [[centre * 0.6, 0.55 * c], [centre, c], [centre + bend * 0.5, c + r * 0.55], [centre + bend * 0.9, c + r * 0.9]] as const; // prettier-ignore
    paintStroke(canvas, smoothCurve(pulp.map(place), 5, false), 0.09 * w, -0.055 * density, 0.5);
  }
  if (random.next() < (kind.roots === 2 ? 0.42 : 0.12)) {
    const filling = draw([[-0.28 * w, 0.1 * c], [0, 0.18 * c], [0.3 * w, 0.08 * c], [0.36 * w, 0.38 * c], [0.05 * w, 0.5 * c], [-0.24 * w, 0.42 * c]]); // prettier-ignore
    paintPolygon(canvas, filling, 0.75, 0.12);
  }
}
