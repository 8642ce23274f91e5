import type { Canvas } from '../canvas.ts';
import { createNoiseField } from '../noise-field.ts';
import type { Pose, Projection } from './projection.ts';
import { magnifyAt, projectPoint } from './projection.ts';
import type { Vertebra } from './spine-shape.ts';
import type { BodySurface, SliceBounds } from './vertebra-shape.ts';
import { boundSlice } from './vertebra-shape.ts';

/** What bone is made of: attenuation above that of soft tissue, for each mm, and the net of trabeculae. */
export interface BoneMatter {
  readonly trabecular: number;
  readonly cortical: number;
  /** Contrast of the trabeculae and their size against the usual one. */
  readonly netContrast: number;
  readonly netScale: number;
}

/** Room round a body for beaks and for what perspective moves. */
const MARGIN_MM = 9;

interface LocalGrid {
  readonly columns: number;
  readonly rows: number;
  readonly step: number;
  readonly spongy: Float32Array;
  readonly compact: Float32Array;
}

/** Adds a vertebral body to the film: the sum over its sagittal slices, each where the cone of rays puts it. */
export function projectBody(
  canvas: Canvas,
  projection: Projection,
  vertebra: Vertebra,
  surface: BodySurface,
  matter: BoneMatter,
  seed: number,
): void {
  const { pose } = vertebra;
  const scale = magnifyAt(projection, pose.d);
  const [x, y] = projectPoint(projection, pose.u, pose.w, pose.d);
  const reach = 1.5 * Math.max(vertebra.depthMm[0], vertebra.heights.posterior);
  if (x < -reach || y < -reach || x > canvas.columns * canvas.mmPerPx + reach) return;
  if (y > canvas.rows * canvas.mmPerPx + reach) return;
  const grid = createGrid(vertebra, projection.mmPerPx / scale);
  const slices = Math.min(40, Math.max(24, Math.round(vertebra.widthMm / 1.7)));
  const thickness = vertebra.widthMm / slices;
  for (let slice = 0; slice < slices; slice += 1) {
    addSlice(
      grid,
      projection,
      vertebra,
      surface,
      (slice + 0.5) * thickness - vertebra.widthMm / 2,
      thickness,
    );
  }
  weaveNet(grid, matter, seed);
  stamp(canvas, grid, matter, pose, [x, y], scale);
}

function createGrid(vertebra: Vertebra, step: number): LocalGrid {
  const widest = Math.max(...vertebra.depthMm) + 2 * MARGIN_MM;
  const highest = 2 * Math.max(...vertebra.rims.map(Math.abs)) + 2 * MARGIN_MM;
  const columns = 2 * Math.ceil(widest / step / 2) + 1;
  const rows = 2 * Math.ceil(highest / step / 2) + 1;
  const size = columns * rows;
  return { columns, rows, step, spongy: new Float32Array(size), compact: new Float32Array(size) };
}

/** Where a slice lies in the grid of the middle slice: perspective, lean and twist move and scale it. */
function displaceSlice(
  projection: Projection,
  pose: Pose,
  d: number,
): { u: number; w: number; scale: number } {
  const relative = magnifyAt(projection, pose.d + d) / magnifyAt(projection, pose.d);
  const du = (relative - 1) * (pose.u - projection.centralMm[0]);
  const dw = (relative - 1) * (pose.w - projection.centralMm[1]);
  const cos = Math.cos(pose.tilt);
  const sin = Math.sin(pose.tilt);
  return {
    u: du * cos - dw * sin + d * pose.axialSlope,
    w: du * sin + dw * cos + d * pose.coronalSlope,
    scale: relative,
  };
}

function addSlice(
  grid: LocalGrid,
  projection: Projection,
  vertebra: Vertebra,
  surface: BodySurface,
  d: number,
  thickness: number,
): void {
  const moved = displaceSlice(projection, vertebra.pose, d);
  const step = grid.step / moved.scale;
  const u0 = (-(grid.columns - 1) / 2) * step - moved.u / moved.scale;
  const w0 = (-(grid.rows - 1) / 2) * step - moved.w / moved.scale;
  const bounds: SliceBounds = {
    top: new Float32Array(grid.columns),
    bottom: new Float32Array(grid.columns),
    front: new Float32Array(grid.rows),
    back: new Float32Array(grid.rows),
  };
  boundSlice(vertebra, surface, d, { u0, w0, step }, bounds);
  const aside = Math.min(0.97, (2 * Math.abs(d)) / vertebra.widthMm);
  // A wall that is cut obliquely looks thicker in the slice.
  const wall = surface.wallMm * Math.min(4, 1 / Math.sqrt(1 - aside ** 3));
  const shell = {
    endplate: surface.endplateMm,
    wall,
    radius: surface.cornerRadiusMm,
    u0,
    w0,
    step,
    thickness,
  };
  for (let row = 0; row < grid.rows; row += 1) addSliceRow(grid, bounds, shell, row);
}

interface Shell {
  readonly endplate: number;
  readonly wall: number;
  readonly radius: number;
  readonly u0: number;
  readonly w0: number;
  readonly step: number;
  readonly thickness: number;
}

function addSliceRow(grid: LocalGrid, bounds: SliceBounds, shell: Shell, row: number): void {
  const { endplate, wall, radius, u0, w0, step, thickness } = shell;
  const front = bounds.front[row] ?? 0;
  const back = bounds.back[row] ?? 0;
  const from = Math.max(0, Math.floor((front - u0) / step));
  const to = Math.min(grid.columns - 1, Math.ceil((back - u0) / step));
  const w = w0 + row * step;
  const inverse = 1 / step;
  const safe = radius + endplate + wall + step;
  for (let column = from; column <= to; column += 1) {
    const u = u0 + column * step;
    const fromWall = Math.min(u - front, back - u);
    const fromEnd = Math.min(w - (bounds.top[column] ?? 0), (bounds.bottom[column] ?? 0) - w);
    if (fromEnd < -step) continue;
    const index = row * grid.columns + column;
    if (fromWall > safe && fromEnd > safe) {
      grid.spongy[index] = (grid.spongy[index] ?? 0) + thickness;
      continue;
    }
    const outer = cover(roundedDepth(fromWall, fromEnd, radius) * inverse);
    if (outer === 0) continue;
    const inner = cover(roundedDepth(fromWall - wall, fromEnd - endplate, radius) * inverse);
    grid.spongy[index] = (grid.spongy[index] ?? 0) + thickness * inner;
    grid.compact[index] = (grid.compact[index] ?? 0) + thickness * (outer - inner);
  }
}

/** The distance from the surface of two crossing faces whose edge is rounded. */
function roundedDepth(a: number, b: number, radius: number): number {
  if (a >= radius || b >= radius) return a < b ? a : b;
  return radius - Math.sqrt((radius - a) ** 2 + (radius - b) ** 2);
}

function cover(depthPx: number): number {
  return depthPx <= -0.5 ? 0 : depthPx >= 0.5 ? 1 : depthPx + 0.5;
}

/** Trabeculae stand upright for the most part; fewer and coarser ones show when bone is thin. */
function weaveNet(grid: LocalGrid, matter: BoneMatter, seed: number): void {
  const { columns, rows, step, spongy } = grid;
  const size = matter.netScale / step;
  const upright = createNoiseField(seed * 7 + 1, columns, rows, Math.max(1.6, 1.1 * size), 6 * size);
  const grains = createNoiseField(
    seed * 7 + 2,
    columns,
    rows,
    Math.max(1.6, 1.2 * size),
    Math.max(1.6, 1.4 * size),
  );
  const patches = createNoiseField(seed * 7 + 3, columns, rows, 9 * size, 9 * size);
  for (let index = 0; index < spongy.length; index += 1) {
    const net = 0.6 * (upright[index] ?? 0) + 0.55 * (grains[index] ?? 0);
    spongy[index] = (spongy[index] ?? 0) * (1 + matter.netContrast * (net + 0.5 * (patches[index] ?? 0)));
  }
}

function stamp(
  canvas: Canvas,
  grid: LocalGrid,
  matter: BoneMatter,
  pose: Pose,
  [x, y]: readonly [number, number],
  scale: number,
): void {
  const { columns, rows, spongy, compact, step } = grid;
  const bone = new Float32Array(spongy.length);
  for (let index = 0; index < bone.length; index += 1) {
    bone[index] = matter.trabecular * (spongy[index] ?? 0) + matter.cortical * (compact[index] ?? 0);
  }
  const [cx, cy] = [x / canvas.mmPerPx, y / canvas.mmPerPx];
  const perPx = canvas.mmPerPx / (step * scale);
  const cos = Math.cos(pose.tilt) * perPx;
  const sin = Math.sin(pose.tilt) * perPx;
  const reach = Math.hypot(columns, rows) / 2 / perPx;
  const rowTo = Math.min(canvas.rows - 1, Math.ceil(cy + reach));
  const columnTo = Math.min(canvas.columns - 1, Math.ceil(cx + reach));
  for (let row = Math.max(0, Math.floor(cy - reach)); row <= rowTo; row += 1) {
    for (let column = Math.max(0, Math.floor(cx - reach)); column <= columnTo; column += 1) {
      const u = (column - cx) * cos - (row - cy) * sin + (columns - 1) / 2;
      const w = (column - cx) * sin + (row - cy) * cos + (rows - 1) / 2;
      if (u < 0 || w < 0 || u >= columns - 1 || w >= rows - 1) continue;
      const at = (w | 0) * columns + (u | 0);
      const across = u - (u | 0);
      const down = w - (w | 0);
      const upper = (bone[at] ?? 0) * (1 - across) + (bone[at + 1] ?? 0) * across;
      const lower = (bone[at + columns] ?? 0) * (1 - across) + (bone[at + columns + 1] ?? 0) * across;
      const value = upper + (lower - upper) * down;
      const index = row * canvas.columns + column;
      canvas.values[index] = (canvas.values[index] ?? 0) + value;
    }
  }
}
