import { describe, expect, it } from 'vitest';
import { createCanvas } from '../phantom/canvas.ts';
import { greyAt } from './grey-at.ts';
import { canPaint, paintCortex } from './painted-cortex.ts';

const MM_PER_PX = 0.2;
const SITE = 200;
const [COLUMNS, ROWS, FOOT] = [400, 160, 120];

/** A slanting border with a dim body above it and a bright rim of 1.5 mm. */
function openBone() {
  const canvas = createCanvas(COLUMNS, ROWS, MM_PER_PX, 0);
  const outline = Array.from(
    { length: COLUMNS },
    (_, x) => [x, FOOT + Math.round(0.1 * (x - SITE))] as const,
  );
  for (const [x, y] of outline)
    for (let row = 0; row < ROWS; row += 1)
      canvas.values[row * COLUMNS + x] = row > y ? 0.1 : row > y - 8 ? 0.7 : 0.3;
  return { canvas, outline };
}

describe('a cortex painted into a film', () => {
  it('has its margin at the width that was asked for, half way between cortex and marrow', () => {
    const { canvas, outline } = openBone();
    for (const widthMm of [2.5, 4, 6]) {
      const painted = paintCortex(canvas, outline, SITE, widthMm);
      // Along the normal of the border, from well inside the band to the marrow.
      const [nx, ny] = [0.1, -1].map((part) => part / Math.hypot(1, 0.1)) as [number, number];
      const at = (depthMm: number): number =>
        greyAt(painted, SITE + (nx * depthMm) / MM_PER_PX, FOOT + (ny * depthMm) / MM_PER_PX);
      const half = (at(widthMm - 1) + at(widthMm + 1.5)) / 2;
      let depth = widthMm - 1;
      while (at(depth) > half) depth += 0.01;
      expect(Math.abs(depth - widthMm)).toBeLessThan(0.1);
    }
  });

  it('leaves the film alone elsewhere, and the original untouched', () => {
    const { canvas, outline } = openBone();
    const before = canvas.values.slice();
    const painted = paintCortex(canvas, outline, SITE, 4);
    // Compared by a loop: a matcher takes seconds for so many values.
    expect(canvas.values.every((value, index) => value === before[index])).toBe(true);
    const above = painted.values.subarray(0, 20 * COLUMNS);
    expect(above.every((value, index) => value === before[index])).toBe(true);
    expect(painted.values[130 * COLUMNS + 30]).toBe(before[130 * COLUMNS + 30]);
  });

  it('needs the outline on both sides of the site', () => {
    const { canvas, outline } = openBone();
    expect(canPaint(canvas, outline, SITE)).toBe(true);
    expect(canPaint(canvas, outline, 100)).toBe(false);
    expect(canPaint(canvas, [], SITE)).toBe(false);
  });
});
