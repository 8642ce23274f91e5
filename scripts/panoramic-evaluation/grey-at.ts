import type { Canvas } from '../phantom/canvas.ts';

/** Bilinear brightness of a canvas; beyond it its outermost pixels go on. */
export function greyAt({ columns, rows, values }: Canvas, x: number, y: number): number {
  const [cx, cy] = [Math.min(Math.max(x, 0), columns - 1), Math.min(Math.max(y, 0), rows - 1)];
  const [x0, y0] = [Math.min(Math.floor(cx), columns - 2), Math.min(Math.floor(cy), rows - 2)];
  const at = y0 * columns + x0;
  const [fx, fy] = [cx - x0, cy - y0];
  const upper = (values[at] ?? 0) * (1 - fx) + (values[at + 1] ?? 0) * fx;
  const lower = (values[at + columns] ?? 0) * (1 - fx) + (values[at + columns + 1] ?? 0) * fx;
  return upper * (1 - fy) + lower * fy;
}
