import type { SiteStrip } from '../../src/measure/site-strip.ts';
import { SITE_REACH } from '../../src/measure/site-strip.ts';
import { blurBox, smoothStep } from './canvas.ts';
import type { CortexClass } from './jaw-geometry.ts';
import { createLineNoise, createNoiseField } from './noise-field.ts';
import type { SeededRandom } from './seeded-random.ts';
import { createSeededRandom } from './seeded-random.ts';

/** A straightened site drawn with a known class of Klemetti's, in steps, depth 0 at the border. */
interface DrawnStrip {
  readonly strip: SiteStrip;
  readonly cortexClass: CortexClass;
  readonly widthSteps: number;
  /** Brightness outside the bone. */
  readonly outside: number;
}

/** A line of bone above the margin: from where to where along the strip, how far above, how bright and thick. */
interface Layer {
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly tilt: number;
  readonly brightness: number;
  readonly thickness: number;
}

/** A semilunar defect of the margin, or a pore within the band. */
interface Hole {
  readonly at: number;
  readonly half: number;
  readonly depth: number;
  /** Of a pore: how far below the margin it lies. */
  readonly below: number;
}

const LAYER_STEP = { least: 9, most: 15 };

/**
 * Draws the cortex of one site as films show it: a brightness that climbs from the border to the margin, marrow with
 * trabeculae, and what makes the class by clinical-rules.md. C1: an even margin. C2: semilunar defects deeper than
 * half a millimetre, or one to three residue layers. C3: more than three layers, and pores through the band.
 */
export function drawCortexStrip(seed: number, cortexClass: CortexClass): DrawnStrip {
  const random = createSeededRandom(seed * 41 + 7);
  const columns = SITE_REACH.alongTo - SITE_REACH.alongFrom + 1;
  const rows = SITE_REACH.depthTo - SITE_REACH.depthFrom + 1;
  const widthSteps = cortexClass === 'C3' ? random.between(16, 48) : random.between(20, 65);
  const tilt = random.between(-0.12, 0.05);
  const wave = createLineNoise(seed * 5 + 1, 40);
  const layers = drawLayers(random, cortexClass);
  const defects = drawDefects(random, cortexClass);
  const pores = drawPores(random, cortexClass, widthSteps);
  const [outside, bone] = [random.between(4, 20), random.between(60, 120)];
  const contrast = bone * random.between(0.12, 0.5);
  const [slope, blur] = [random.between(8, 26), random.between(1.2, 2.6)];
  const net = createNoiseField(seed * 5 + 2, columns, rows, random.between(7, 18), random.between(5, 11));
  const lamellae = createNoiseField(seed * 5 + 3, columns, rows, 70, 6);
  const [netShare, lamellaShare] = [random.between(0.15, 0.6), random.between(0.02, 0.12)];
  const samples: Float32Array = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column += 1) {
    const along = column + SITE_REACH.alongFrom;
    const course = widthSteps + tilt * along + 1.2 * (wave(along + 100) - wave(100));
    const margin = course - depthOf(defects, along);
    for (let row = 0; row < rows; row += 1) {
      const depth = row + SITE_REACH.depthFrom;
      const at = row * columns + column;
      const cover = depth <= 0 ? 0 : 1 - Math.exp(-depth / slope);
      const band = 1 - smoothStep(margin - blur, margin + blur, depth);
      const line =
        band === 1 ? 0 : Math.max(0, ...layers.map((layer) => shade(layer, along, depth - course)));
      const pore = Math.max(0, ...pores.map((hole) => darken(hole, along, depth - course)));
      const marrow = contrast * (1 - netShare * (net[at] ?? 0));
      const filled = Math.max(band * (1 - pore) + lamellaShare * band * (lamellae[at] ?? 0), line);
      samples[at] = outside + cover * (bone - marrow * (1 - filled));
    }
  }
  const noise = random.between(0.1, 0.8) * contrast;
  const grain = Float32Array.from(samples, () => random.normal() * noise);
  const soft = blurBox(grain, columns, rows, 1);
  const strip = {
    ...SITE_REACH,
    columns,
    rows,
    stepPx: 1,
    samples: samples.map((v, i) => v + (soft[i] ?? 0)),
  };
  return { strip, cortexClass, widthSteps, outside };
}

function drawLayers(random: SeededRandom, cortexClass: CortexClass): Layer[] {
  // Some of C2 have defects alone (drawDefects); the draw is made for every class, so that the streams stay together.
  const isBare = random.next() < 0.2;
  const some = 1 + Math.floor(random.next() * 3);
  const many = 4 + Math.floor(random.next() * 3);
  const count = cortexClass === 'C3' ? many : cortexClass === 'C2' && !isBare ? some : 0;
  const tilt = random.between(-0.06, 0.06);
  let height = 0;
  return Array.from({ length: count }, (): Layer => {
    height += random.between(LAYER_STEP.least, cortexClass === 'C3' ? 11 : LAYER_STEP.most);
    const from = random.between(-60, 40);
    return {
      ...{ from, to: from + random.between(60, 150), height, tilt: tilt + random.between(-0.03, 0.03) },
      ...{ brightness: random.between(0.4, 1.05), thickness: random.between(1.8, 3.4) },
    };
  });
}

function drawDefects(random: SeededRandom, cortexClass: CortexClass): Hole[] {
  const count = cortexClass === 'C1' ? 0 : 1 + Math.floor(random.next() * 3);
  return Array.from({ length: count }, (_, index) => ({
    at: 12 + ((index + random.between(0.1, 0.8)) / count) * 90,
    half: random.between(9, 22),
    depth: random.between(6, 14),
    below: 0,
  }));
}

function drawPores(random: SeededRandom, cortexClass: CortexClass, widthSteps: number): Hole[] {
  const share = random.next();
  const count =
    cortexClass === 'C3' ? 8 + Math.floor(10 * share) : cortexClass === 'C2' ? Math.floor(3 * share) : 0;
  return Array.from({ length: count }, () => ({
    at: random.between(-45, 110),
    half: random.between(12, 36),
    depth: random.between(0.5, 1),
    below: random.between(4, Math.max(5, widthSteps - 10)),
  }));
}

/** How far the defects move the margin outwards at a place. */
function depthOf(defects: readonly Hole[], along: number): number {
  return defects.reduce((most, { at, half, depth }) => {
    const offset = (along - at) / half;
    return Math.abs(offset) < 1 ? Math.max(most, depth * Math.sqrt(1 - offset * offset)) : most;
  }, 0);
}

function shade(
  { from, to, height, tilt, brightness, thickness }: Layer,
  along: number,
  above: number,
): number {
  const presence = smoothStep(from - 8, from + 8, along) * (1 - smoothStep(to - 8, to + 8, along));
  const off = (above - height - tilt * (along - (from + to) / 2)) / thickness;
  return brightness * presence * Math.exp(-off * off);
}

function darken({ at, half, depth, below }: Hole, along: number, above: number): number {
  const [x, y] = [(along - at) / half, (above + below) / 2.6];
  return depth * Math.exp(-(x * x) - y * y);
}
