import type { Canvas, PointMm } from './canvas.ts';
import { ellipse, paintPolygon, paintStroke, smoothCurve, smoothStep } from './canvas.ts';
import { measureDistanceField } from './distance-field.ts';
import type { JawShape } from './jaw-geometry.ts';
import { createCortexProfile } from './jaw-geometry.ts';
import { createLineNoise, createNoiseField, createTrabecularField } from './noise-field.ts';
import { createSeededRandom } from './seeded-random.ts';

/** How far from the outline the bone is drawn point by point, millimetres. */
const REACH_MM = 14;

/** How the bone is drawn; brightness on the scale of the canvas. */
export interface MandibleLook {
  readonly seed: number;
  readonly body: number;
  readonly cortex: number;
  readonly edgeBlurMm: number;
  readonly trabeculae: number;
  readonly foramenDepth: number;
}

/** Adds the mandible: body, cortical band of known width, trabeculae, canal and foramina. */
export function paintMandible(canvas: Canvas, jaw: JawShape, look: MandibleLook): void {
  const { columns, rows, mmPerPx } = canvas;
  const outline = jaw.outlineMm.map(([x, y]) => [x / mmPerPx + canvas.midlinePx, y / mmPerPx] as const);
  const field = measureDistanceField(outline, columns, rows, REACH_MM / mmPerPx);
  const trabeculae = createTrabecularField(look.seed * 13 + 1, columns, rows, mmPerPx);
  const patches = createNoiseField(look.seed * 13 + 9, columns, rows, 14 / mmPerPx, 10 / mmPerPx);
  const shadeCortex = createCortexShader(jaw, look);
  const chin = jaw.chinYMm;
  const borderMm = jaw.arcMm[jaw.borderTo] ?? 0;
  const closedMm = jaw.arcMm[jaw.arcMm.length - 1] ?? 0;
  for (let row = 0; row < rows; row += 1) {
    const lowness = smoothStep(chin - 75, chin - 20, row * mmPerPx);
    for (let column = 0; column < columns; column += 1) {
      const pixel = row * columns + column;
      const depthMm = (field.distancePx[pixel] ?? 0) * mmPerPx;
      if (depthMm < -6) continue;
      const arcMm = (field.arcPx[pixel] ?? 0) * mmPerPx;
      // Only the inferior border is sharp: ramus and alveolar crest lie outside the layer in focus or have no edge.
      const softness =
        smoothStep(borderMm, borderMm + 12, arcMm) * smoothStep(closedMm, closedMm - 12, arcMm);
      const crest = softness * smoothStep(chin - jaw.scale * 75, chin - jaw.scale * 62, row * mmPerPx);
      const cover = softEdge(depthMm / (look.edgeBlurMm + 0.3 * softness + 1.5 * crest));
      const middle = 1 - Math.min(1, Math.abs(column - canvas.midlinePx) * mmPerPx * 0.011);
      const net = (trabeculae[pixel] ?? 0) * look.trabeculae * (0.45 + 0.75 * lowness * (0.6 + 0.4 * middle));
      const hollow = lowness * smoothStep(6, 14, depthMm) * (1 - middle);
      const patch = 0.16 * (patches[pixel] ?? 0) * smoothStep(3, 12, depthMm);
      const body = look.body * (1 + patch - 0.3 * hollow);
      let value = cover * body;
      if (depthMm < REACH_MM) {
        const cortex = shadeCortex(arcMm, depthMm, cover);
        value += cortex.value * (1 - 0.65 * softness - 0.33 * crest) + net * cortex.marrow;
      } else value += net;
      canvas.values[pixel] = (canvas.values[pixel] ?? 0) + value;
    }
  }
  paintCanals(canvas, jaw, look);
}

/** The error function's shape: half at 0, so that an edge lies exactly where the distance is 0. */
function softEdge(scaled: number): number {
  if (scaled > 4) return 1;
  if (scaled < -4) return 0;
  return 1 / (1 + Math.exp(-1.702 * scaled));
}

function createCortexShader(
  jaw: JawShape,
  look: MandibleLook,
): (arcMm: number, depthMm: number, cover: number) => { value: number; marrow: number } {
  const profileAt = createCortexProfile(jaw, look.seed);
  const random = createSeededRandom(look.seed * 17 + 2);
  // Layers of bone run along the border: noise that is long along it and thin across.
  const lamellae = Array.from({ length: 12 }, (_, index) =>
    createLineNoise(look.seed * 19 + index, 6 + 2 * (index % 3)),
  );
  const pores = Array.from({ length: 24 }, (_, index) => createLineNoise(look.seed * 23 + index, 1.1));
  const residue = Array.from({ length: 6 }, (_, index) => createLineNoise(look.seed * 29 + index, 2.6));
  const innerBlurMm = look.edgeBlurMm * random.between(1.1, 1.6);
  return (arcMm, depthMm, cover) => {
    const { widthMm, porosity } = profileAt(arcMm);
    const inner = softEdge((depthMm - widthMm) / innerBlurMm);
    const band = Math.max(0, cover - inner);
    const layer = depthMm / 0.55;
    const lamella = mixLayers(lamellae, layer, arcMm) * 0.09;
    const pore =
      porosity * Math.max(0, mixLayers(pores, depthMm / 0.42, arcMm) - 0.05) * smoothStep(0.3, 1, depthMm);
    let value = look.cortex * band * (1 + lamella - 0.75 * pore);
    const layers = porosity > 0.4 ? 4 : porosity > 0 ? 2 : 0;
    for (let index = 0; index < layers; index += 1) {
      const gap = widthMm + 1.05 + index * 0.95 + 0.25 * (residue[index]?.(arcMm + 50) ?? 0);
      const presence = smoothStep(-0.35, 0.35, residue[index]?.(arcMm) ?? 0) * Math.min(1, porosity * 1.3);
      value += look.cortex * 0.5 * presence * Math.exp(-(((depthMm - gap) / 0.24) ** 2));
    }
    return { value, marrow: 0.12 * cover + 0.88 * inner };
  };
}

function mixLayers(layers: readonly ((at: number) => number)[], position: number, arcMm: number): number {
  const clamped = Math.max(0, position);
  const index = Math.floor(clamped);
  const weight = clamped - index;
  const near = layers[index % layers.length]?.(arcMm) ?? 0;
  const far = layers[(index + 1) % layers.length]?.(arcMm) ?? 0;
  return near + weight * (far - near);
}

function paintCanals(canvas: Canvas, jaw: JawShape, look: MandibleLook): void {
  for (const side of jaw.sides) {
    const sign = side.side === 'R' ? -1 : 1;
    const [x, y] = side.foramenMm;
    const away = (dx: number, dy: number): PointMm => [x + sign * dx * jaw.scale, y + dy * jaw.scale];
    const canal = smoothCurve([away(0, 0.3), away(7, 4), away(18, 4.5), away(32, 0), away(46, -14), away(55, -32), away(58, -46)], 8, false); // prettier-ignore
    paintStroke(canvas, canal, 2.6, -0.02 * (look.foramenDepth / 0.12), 0.6);
    paintStroke(
      canvas,
      canal.map(([px, py]) => [px, py + 1.6] as const),
      0.4,
      0.022,
      0.3,
    );
    paintStroke(
      canvas,
      canal.map(([px, py]) => [px, py - 1.6] as const),
      0.4,
      0.016,
      0.3,
    );
    const radius = side.foramenRadiusMm;
    paintPolygon(canvas, ellipse([x, y], radius * 1.15, radius), -look.foramenDepth, 0.55);
    const rim = ellipse([x, y], radius * 1.15 + 0.45, radius + 0.45);
    paintStroke(canvas, rim.slice(2, 30), 0.5, 0.22 * look.foramenDepth, 0.25);
  }
}

/** Adds the bright line of the alveolar bone in front of the ramus and the oblique line across it. */
export function paintRamusLines(canvas: Canvas, jaw: JawShape, brightness: number): void {
  for (const sign of [-1, 1]) {
    const at = (dx: number, up: number): PointMm => [sign * dx * jaw.scale, jaw.chinYMm - up * jaw.scale];
    const oblique = smoothCurve([at(94, 84), at(92, 72), at(87, 60), at(79, 50), at(68, 44)], 8, false);
    paintStroke(canvas, oblique, 1.6, brightness, 0.6);
    const lower = smoothCurve([at(100, 78), at(106, 60), at(112, 48)], 8, false);
    paintStroke(canvas, lower, 0.8, brightness * 0.4, 0.4);
  }
}
