import type { Canvas } from '../canvas.ts';

/** One end of a piece of tube on the film: position and radius in mm, and half its extent along the ray. */
export interface TubePoint {
  readonly x: number;
  readonly y: number;
  readonly radiusMm: number;
  readonly halfDepthMm: number;
}

/** A hollow bone: thickness of its shell, attenuation of shell and filling above soft tissue for each mm. */
export interface TubeMatter {
  readonly shellMm: number;
  readonly shell: number;
  readonly filling: number;
}

/** Adds a curved tube: along each ray what its shell and its filling attenuate. */
export function addTube(canvas: Canvas, points: readonly TubePoint[], matter: TubeMatter): void {
  const reach = Math.max(...points.map((point) => point.radiusMm)) + canvas.mmPerPx;
  const toPx = 1 / canvas.mmPerPx;
  const x0 = Math.max(0, Math.floor((Math.min(...points.map((point) => point.x)) - reach) * toPx));
  const y0 = Math.max(0, Math.floor((Math.min(...points.map((point) => point.y)) - reach) * toPx));
  const x1 = Math.min(
    canvas.columns - 1,
    Math.ceil((Math.max(...points.map((point) => point.x)) + reach) * toPx),
  );
  const y1 = Math.min(
    canvas.rows - 1,
    Math.ceil((Math.max(...points.map((point) => point.y)) + reach) * toPx),
  );
  if (x1 < x0 || y1 < y0) return;
  const width = x1 - x0 + 1;
  const path = new Float32Array(width * (y1 - y0 + 1));
  points.slice(1).forEach((end, index) => {
    const start = points[index] ?? end;
    addPiece(path, { x0, y0, x1, y1, width, mmPerPx: canvas.mmPerPx }, start, end, matter);
  });
  for (let row = y0; row <= y1; row += 1) {
    for (let column = x0; column <= x1; column += 1) {
      const value = path[(row - y0) * width + column - x0] ?? 0;
      if (value === 0) continue;
      const index = row * canvas.columns + column;
      canvas.values[index] = (canvas.values[index] ?? 0) + value;
    }
  }
}

interface Window {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly width: number;
  readonly mmPerPx: number;
}

/** Pieces of one tube overlap where they join; the larger attenuation stands. */
function addPiece(path: Float32Array, window: Window, a: TubePoint, b: TubePoint, matter: TubeMatter): void {
  const { mmPerPx } = window;
  const reach = Math.max(a.radiusMm, b.radiusMm);
  const fromX = Math.max(window.x0, Math.floor((Math.min(a.x, b.x) - reach) / mmPerPx));
  const toX = Math.min(window.x1, Math.ceil((Math.max(a.x, b.x) + reach) / mmPerPx));
  const fromY = Math.max(window.y0, Math.floor((Math.min(a.y, b.y) - reach) / mmPerPx));
  const toY = Math.min(window.y1, Math.ceil((Math.max(a.y, b.y) + reach) / mmPerPx));
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const squared = dx * dx + dy * dy || 1e-9;
  for (let row = fromY; row <= toY; row += 1) {
    for (let column = fromX; column <= toX; column += 1) {
      const px = column * mmPerPx - a.x;
      const py = row * mmPerPx - a.y;
      const along = (px * dx + py * dy) / squared;
      const t = along < 0 ? 0 : along > 1 ? 1 : along;
      const far = (px - t * dx) ** 2 + (py - t * dy) ** 2;
      const radius = a.radiusMm + (b.radiusMm - a.radiusMm) * t;
      if (far >= radius * radius) continue;
      const half = a.halfDepthMm + (b.halfDepthMm - a.halfDepthMm) * t;
      const outer = half * Math.sqrt(1 - far / (radius * radius));
      const within = radius - matter.shellMm;
      const left = within > 0 && far < within * within;
      const inner = left ? Math.max(0, half - matter.shellMm) * Math.sqrt(1 - far / (within * within)) : 0;
      const value = 2 * ((outer - inner) * matter.shell + inner * matter.filling);
      const index = (row - window.y0) * window.width + column - window.x0;
      if (value > (path[index] ?? 0)) path[index] = value;
    }
  }
}
