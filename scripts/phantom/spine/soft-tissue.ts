import type { Canvas } from '../canvas.ts';
import { smoothStep } from '../canvas.ts';
import { createNoiseField, enlarge } from '../noise-field.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Projection } from './projection.ts';
import type { Spine } from './spine-shape.ts';

/** The trunk around the spine: how far the skin lies in front and behind at each height, and how wide the body is. */
export interface Trunk {
  /** A value for each of KNOTS. */
  readonly frontMm: readonly number[];
  readonly behindMm: readonly number[];
  readonly widthMm: readonly number[];
  /** Share of air in the lungs' path. */
  readonly air: number;
  /** Height of the two domes of the diaphragm, in vertebrae (index in the spine), and how far it falls behind. */
  readonly domes: readonly [number, number];
  readonly fall: number;
  readonly heart: number;
  readonly arms: number;
}

/** Heights in vertebrae (0 is T1, 17 is S1) at which the trunk is given. */
const KNOTS = [-3, 0, 3, 7, 11, 14, 17, 20, 25];

/** Draws a trunk: lean or heavy. */
export function drawTrunk(random: SeededRandom, chest: boolean): Trunk {
  const girth = random.between(0.75, 1.3);
  const belly = random.between(0.8, 1.5);
  const chestDepth = random.between(0.85, 1.15);
  const width = random.between(0.85, 1.2);
  const dome = random.between(8.4, 10.4);
  return {
    frontMm: [70, 85 * chestDepth, 115 * chestDepth, 145 * chestDepth, 135 * belly, 120 * belly, 125 * belly, 120 * girth, 110 * girth],
    behindMm: [60, 75, 75, 62, 58, 58, 70, 95, 100].map((mm) => mm * (0.7 + 0.35 * girth)),
    widthMm: [180, 330, 330, 310, 290, 290, 330, 360, 330].map((mm) => mm * width),
    air: random.between(0.55, 0.8),
    domes: [dome, dome + random.between(0.2, 1.4)],
    fall: random.between(2.2, 4),
    heart: chest || random.next() < 0.5 ? random.between(0.5, 1) : 0,
    arms: chest ? random.between(0, 130) : 0,
  }; // prettier-ignore
}

/** The path through soft tissue in mm, as a grid with a step of 2 pixels enlarged to the film. */
export function addSoftTissue(
  canvas: Canvas,
  projection: Projection,
  spine: Spine,
  trunk: Trunk,
  attenuation: number,
  seed: number,
): void {
  const across = Math.ceil(canvas.columns / 2) + 2;
  const down = Math.ceil(canvas.rows / 2) + 2;
  const grid = new Float32Array(across * down);
  const uneven = createNoiseField(seed, across, down, 26 / canvas.mmPerPx, 16 / canvas.mmPerPx);
  const fine = createNoiseField(seed + 1, across, down, 7 / canvas.mmPerPx, 5 / canvas.mmPerPx);
  const lines = sampleSpineLine(spine);
  for (let row = 0; row < down; row += 1) {
    const w = row * 2 * canvas.mmPerPx + projection.originMm[1];
    const height = heightAt(lines, w);
    const band = bandAt(lines, trunk, height);
    for (let column = 0; column < across; column += 1) {
      const u = column * 2 * canvas.mmPerPx + projection.originMm[0];
      const index = row * across + column;
      const mm =
        pathThrough(trunk, band, height, u) * (1 + 0.05 * (uneven[index] ?? 0) + 0.02 * (fine[index] ?? 0));
      grid[index] = mm * attenuation;
    }
  }
  const enlarged = enlarge(grid, across, 2, 2, canvas.columns, canvas.rows);
  for (let index = 0; index < enlarged.length; index += 1) {
    canvas.values[index] = (canvas.values[index] ?? 0) + (enlarged[index] ?? 0);
  }
}

interface Band {
  readonly spineU: number;
  readonly front: number;
  readonly behind: number;
  readonly width: number;
}

/** u and w of the bodies, with the sacrum and straight ends. */
function sampleSpineLine(spine: Spine): readonly (readonly [number, number])[] {
  return [...spine.vertebrae.map(({ pose }) => [pose.u, pose.w] as const), [spine.sacrum.u, spine.sacrum.w]];
}

/** The height of a position in vertebrae: 0 at T1, 17 at S1, going on beyond with 30 mm each. */
export function heightAt(lines: readonly (readonly [number, number])[], w: number): number {
  const first = lines[0]?.[1] ?? 0;
  const last = lines.at(-1)?.[1] ?? 0;
  if (w <= first) return (w - first) / 22;
  if (w >= last) return lines.length - 1 + (w - last) / 30;
  const next = lines.findIndex((point) => point[1] > w);
  const a = lines[next - 1]?.[1] ?? 0;
  const b = lines[next]?.[1] ?? 1;
  return next - 1 + (w - a) / (b - a);
}

function bandAt(lines: readonly (readonly [number, number])[], trunk: Trunk, height: number): Band {
  const held = Math.min(lines.length - 1.001, Math.max(0, height));
  const index = Math.floor(held);
  const a = lines[index]?.[0] ?? 0;
  const b = lines[index + 1]?.[0] ?? a;
  const own = a + (b - a) * (held - index);
  // The skin follows the spine's curves only in part.
  const mean = lines.reduce((sum, point) => sum + point[0], 0) / lines.length;
  return {
    spineU: 0.6 * own + 0.4 * mean,
    front: knot(trunk.frontMm, height),
    behind: knot(trunk.behindMm, height) + 0.4 * (own - mean),
    width: knot(trunk.widthMm, height),
  };
}

function knot(values: readonly number[], height: number): number {
  const after = KNOTS.findIndex((at) => at > height);
  if (after === 0) return values[0] ?? 0;
  if (after < 0) return values.at(-1) ?? 0;
  const a = KNOTS[after - 1] ?? 0;
  const b = KNOTS[after] ?? 1;
  const share = smoothStep(a, b, height);
  return (values[after - 1] ?? 0) * (1 - share) + (values[after] ?? 0) * share;
}

function pathThrough(trunk: Trunk, band: Band, height: number, u: number): number {
  const front = band.spineU - band.front;
  const back = band.spineU + band.behind;
  const middle = (front + back) / 2;
  const s = (u - middle) / ((back - front) / 2);
  let path = s * s >= 1 ? 0 : band.width * Math.sqrt(1 - Math.abs(s) ** 2.5);
  // Arms held up hide what lies beside the shoulders.
  if (trunk.arms > 0)
    path += trunk.arms * (1 - smoothStep(0.5, 4.5, height)) * smoothStep(1.5, 0.8, Math.abs(s));
  const inside = (u - front - 12) / (back - front - 26);
  if (inside > 0 && inside < 1) {
    const near = smoothStep(0, 0.16, inside) * smoothStep(1, 0.9, inside);
    path -= trunk.air * near * lungPath(trunk, band, height, inside);
  }
  return Math.max(0, path);
}

/** The way through both lungs; `inside` runs from the breastbone (0) to the ribs behind (1). */
function lungPath(trunk: Trunk, band: Band, height: number, inside: number): number {
  const apex = smoothStep(-0.6, 2.5, height - 2.5 * (1 - inside));
  if (apex === 0) return 0;
  const each = Math.max(0, (band.width - 105) / 2) * Math.sqrt(1 - (2 * inside - 1) ** 2 * 0.92) * apex;
  let path = 0;
  trunk.domes.forEach((dome, side) => {
    // The dome is highest in front of the middle and falls towards the back.
    const top = dome + trunk.fall * Math.max(0, inside - 0.35) ** 1.7 * 2.1 + 1.6 * Math.max(0, 0.3 - inside);
    const above = smoothStep(0.12, -0.12, height - top);
    const heart =
      (side === 0 ? 0.55 : 1) *
      trunk.heart *
      Math.exp(-(((inside - 0.33) / 0.2) ** 2) - ((height - 7.6) / 2) ** 2);
    path += each * above * (1 - heart);
  });
  return path;
}
