import { describe, expect, it } from 'vitest';
import { drawTrainingOptions } from './export-training.ts';

describe('the films drawn for training', () => {
  const drawn = Array.from({ length: 200 }, (_, index) => drawTrainingOptions(1000 + index));

  it('cover cortical widths from 1.5 to 6 mm and film widths from 2000 to 3100 pixels', () => {
    const widths = drawn.flatMap((options) => [options.mcwRightMm, options.mcwLeftMm]);
    expect(Math.min(...widths)).toBeGreaterThanOrEqual(1.5);
    expect(Math.min(...widths)).toBeLessThan(1.8);
    expect(Math.max(...widths)).toBeLessThanOrEqual(6);
    expect(Math.max(...widths)).toBeGreaterThan(5.7);
    const columns = drawn.map((options) => options.columns);
    expect(Math.min(...columns)).toBeGreaterThanOrEqual(2000);
    expect(Math.max(...columns)).toBeLessThanOrEqual(3100);
  });

  it('show every class and every dentition', () => {
    expect(new Set(drawn.map((options) => options.mciRight))).toEqual(new Set(['C1', 'C2', 'C3']));
    expect(new Set(drawn.map((options) => options.dentition))).toEqual(
      new Set(['full', 'partial', 'none', 'mixed']),
    );
  });

  it('are the same for the same seed', () => {
    expect(drawTrainingOptions(1000)).toEqual(drawn[0]);
  });
});
