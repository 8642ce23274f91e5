import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { drawCortexStrip } from '../../scripts/phantom/cortex-strip.ts';
import { classProbabilities, measureSignsAt, readCorticalIndex } from './cortical-index.ts';
import { SHIPPED_CORTICAL_INDEX } from './cortical-index-model.ts';
import type { CortexSigns } from './cortical-index-signs.ts';

const CLASSES = ['C1', 'C2', 'C3'] as const;
const EVEN: CortexSigns = {
  roughness: 1,
  residueLayers: 0,
  porosityShare: 0,
  residueContrast: 0.1,
  bandContrast: 0.05,
};

describe('readCorticalIndex', () => {
  it('reads the class that was drawn in most phantoms, and hardly ever C1 for C3', () => {
    const read = Array.from({ length: 10 }, (_, seed) =>
      CLASSES.map((drawn) => [drawn, readCorticalIndex(drawCortexStrip(seed + 1, drawn))?.class] as const),
    )
      .flat()
      .filter(([, found]) => found !== undefined);
    const right = read.filter(([drawn, found]) => drawn === found);
    expect(read.length).toBeGreaterThan(20);
    expect(right.length / read.length).toBeGreaterThan(0.6);
    expect(read.filter(([drawn, found]) => drawn === 'C3' && found === 'C1').length).toBeLessThan(2);
  });

  it('gives shares that add up to one, and the class with the largest', () => {
    for (const drawn of CLASSES) {
      const index = readCorticalIndex(drawCortexStrip(2, drawn));
      expect(index).not.toBeNull();
      if (index === null) continue;
      const { C1, C2, C3 } = index.probabilities;
      expect(C1 + C2 + C3).toBeCloseTo(1, 9);
      expect(index.probabilities[index.class]).toBe(Math.max(C1, C2, C3));
    }
  });

  it('tells the signs apart that a class is drawn with', () => {
    const mean = (drawn: (typeof CLASSES)[number], sign: keyof CortexSigns): number => {
      const signs = [1, 2, 3, 4, 5, 6].flatMap((seed) => measureSignsAt(drawCortexStrip(seed, drawn)) ?? []);
      return signs.reduce((sum, one) => sum + one[sign], 0) / signs.length;
    };
    expect(mean('C2', 'roughness')).toBeGreaterThan(2 * mean('C1', 'roughness'));
    expect(mean('C1', 'residueLayers')).toBeLessThan(0.5);
    expect(mean('C3', 'residueLayers')).toBeGreaterThan(2);
  });

  it('gives the depth of the defects in film pixels', () => {
    const drawn = drawCortexStrip(4, 'C2');
    const one = readCorticalIndex(drawn);
    const coarse = readCorticalIndex({ ...drawn, strip: { ...drawn.strip, stepPx: 0.5 } });
    expect(coarse?.signs.roughnessPx).toBeCloseTo((one?.signs.roughnessPx ?? NaN) / 2, 9);
  });

  it('does not depend on how bright the film is', () => {
    const drawn = drawCortexStrip(5, 'C2');
    const brighter = (value: number): number => 40 * value + 700;
    const strip = { ...drawn.strip, samples: drawn.strip.samples.map(brighter) };
    const index = readCorticalIndex({ ...drawn, strip, outside: brighter(drawn.outside) });
    const expected = readCorticalIndex(drawn);
    expect(index?.class).toBe(expected?.class);
    expect(index?.probabilities.C2).toBeCloseTo(expected?.probabilities.C2 ?? NaN, 2);
  });

  it('reads nothing where the film ends less than 6 mm behind the foramen', () => {
    const drawn = drawCortexStrip(6, 'C1');
    const { columns, alongFrom } = drawn.strip;
    const cutAt = (along: number) => ({
      ...drawn.strip,
      samples: drawn.strip.samples.map((value, at) => ((at % columns) + alongFrom > along ? NaN : value)),
    });
    expect(readCorticalIndex({ ...drawn, strip: cutAt(55) })).toBeNull();
    expect(readCorticalIndex({ ...drawn, strip: cutAt(70) })).not.toBeNull();
  });

  it('reads nothing where cortex and marrow are equally bright', () => {
    const drawn = drawCortexStrip(7, 'C1');
    const samples = drawn.strip.samples.map(() => 80);
    expect(readCorticalIndex({ ...drawn, strip: { ...drawn.strip, samples } })).toBeNull();
  });
});

describe('classProbabilities', () => {
  it('never turns towards C1 when a sign gets worse', () => {
    for (const sign of Object.keys(EVEN) as (keyof CortexSigns)[]) {
      const [before, after] = [EVEN, { ...EVEN, [sign]: EVEN[sign] + 1 }].map((signs) => {
        const { C2, C3 } = classProbabilities(signs, SHIPPED_CORTICAL_INDEX);
        return { place: C2 + 2 * C3, C3 };
      });
      expect(after?.place).toBeGreaterThanOrEqual(before?.place ?? NaN);
      expect(after?.C3).toBeGreaterThanOrEqual(before?.C3 ?? NaN);
    }
  });

  it('is shipped with the coefficients that never saw fold 0', async () => {
    const path = new URL('../../models/training/cortical-index/folds.json', import.meta.url);
    const { folds } = JSON.parse(await readFile(path, 'utf8')) as { folds: unknown[] };
    expect(folds).toHaveLength(5);
    expect(SHIPPED_CORTICAL_INDEX).toEqual(folds[0]);
  });
});
