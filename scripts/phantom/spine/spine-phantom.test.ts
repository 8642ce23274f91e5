import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { gradeBody, gradeLoss, measureLosses } from './deformity.ts';
import { LOOKS } from './film-look.ts';
import type { SpineFilmOptions } from './spine-phantom.ts';
import { renderSpine } from './spine-phantom.ts';
import type { SpineTruth, VertebraTruth } from './spine-truth.ts';

const SMALL = { kind: 'spine-lateral', look: 'training', columns: 260, rows: 420 } as const;

function hashFilm(options: SpineFilmOptions): string {
  return createHash('sha256').update(renderSpine(options).film.samples).digest('hex');
}

function lossesFromPoints({ pointsPx }: VertebraTruth): {
  wedge: number;
  biconcave: number;
  posteriorPx: number;
} {
  const height = (a: readonly [number, number], b: readonly [number, number]): number =>
    Math.hypot(a[0] - b[0], a[1] - b[1]);
  const posteriorPx = height(pointsPx.superiorPosterior, pointsPx.inferiorPosterior);
  return {
    wedge: 100 * (1 - height(pointsPx.superiorAnterior, pointsPx.inferiorAnterior) / posteriorPx),
    biconcave: 100 * (1 - height(pointsPx.superiorMiddle, pointsPx.inferiorMiddle) / posteriorPx),
    posteriorPx,
  };
}

function find(truth: SpineTruth, level: string): VertebraTruth {
  const found = truth.vertebrae.find((vertebra) => vertebra.level === level);
  if (found === undefined) throw new Error(`${level} is not in the picture`);
  return found;
}

describe('a simulated lateral film', () => {
  it('is the same for the same seed and another for another', () => {
    const first = hashFilm({ ...SMALL, seed: 4 });
    expect(hashFilm({ ...SMALL, seed: 4 })).toBe(first);
    expect(hashFilm({ ...SMALL, seed: 5 })).not.toBe(first);
  });

  it('has the wanted loss in the points of its truth', () => {
    const { truth } = renderSpine({
      ...SMALL,
      seed: 7,
      vertebrae: [
        { level: 'L1', deformity: 'wedge', lossPercent: 31 },
        { level: 'L2', deformity: 'biconcave', lossPercent: 22 },
        { level: 'L4', deformity: 'crush', lossPercent: 45 },
      ],
    });
    const [wedge, biconcave, crush] = ['L1', 'L2', 'L4'].map((level) => find(truth, level));
    expect(lossesFromPoints(wedge!).wedge).toBeCloseTo(31, 1);
    expect(lossesFromPoints(biconcave!).biconcave).toBeCloseTo(22, 1);
    const above = lossesFromPoints(find(truth, 'L3')).posteriorPx;
    // The two bodies may stand at slightly different depths, so their sizes on the film differ by a little.
    expect(100 * (1 - lossesFromPoints(crush!).posteriorPx / above)).toBeCloseTo(45, 0);
    expect(crush!.lossPercent.crush).toBeCloseTo(45, 6);
    expect([wedge, biconcave, crush].map((one) => [one!.deformity, one!.genantGrade])).toEqual([
      ['wedge', 2],
      ['biconcave', 1],
      ['crush', 3],
    ]);
  });

  it('shows a healthy spine without a grade when no deformity is wanted', () => {
    for (const seed of [1, 2, 3, 4]) {
      const { truth } = renderSpine({ ...SMALL, columns: 60, rows: 100, seed, vertebrae: [] });
      expect(truth.vertebrae.map((vertebra) => vertebra.genantGrade)).toEqual(truth.vertebrae.map(() => 0));
    }
  });

  it('faces where it is told to, with the front on that side', () => {
    for (const facing of ['left', 'right'] as const) {
      const { truth } = renderSpine({ ...SMALL, columns: 60, rows: 100, seed: 2, facing });
      const { superiorAnterior, superiorPosterior } = find(truth, 'L2').pointsPx;
      expect(superiorAnterior[0] < superiorPosterior[0]).toBe(facing === 'left');
    }
  });

  it('lists vertebrae from the top and says which the edge cuts', () => {
    const { truth } = renderSpine({ ...SMALL, seed: 3, mmPerPx: 0.4 });
    const heights = truth.vertebrae.map((vertebra) => vertebra.pointsPx.superiorMiddle[1]);
    expect(heights).toEqual([...heights].sort((a, b) => a - b));
    for (const vertebra of truth.vertebrae.filter((one) => one.wholeInPicture)) {
      for (const [x, y] of Object.values(vertebra.pointsPx) as [number, number][]) {
        expect(x > 0 && y > 0 && x < SMALL.columns && y < SMALL.rows).toBe(true);
      }
    }
    expect(truth.vertebrae.some((vertebra) => !vertebra.wholeInPicture)).toBe(true);
  });

  it('draws endplates brighter than the disc beside them', () => {
    const { film, truth } = renderSpine({ ...SMALL, seed: 7, columns: 520, rows: 840, vertebrae: [] });
    const { inferiorMiddle } = find(truth, 'L2').pointsPx;
    const disc = find(truth, 'L3').pointsPx.superiorMiddle.map(
      (value, axis) => (value + inferiorMiddle[axis]!) / 2,
    );
    const mean = ([x, y]: readonly number[]): number => {
      let sum = 0;
      for (let dx = -6; dx <= 6; dx += 1)
        sum += film.samples[Math.round(y!) * film.columns + Math.round(x!) + dx]!;
      return sum / 13;
    };
    expect(mean(inferiorMiddle)).toBeGreaterThan(mean(disc));
  });
});

describe('the grade of a loss', () => {
  it('changes exactly at 20, 25 and 40 percent', () => {
    const losses = [19.999, 20, 25, 25.001, 40, 40.001];
    expect(losses.map((loss) => gradeLoss(loss))).toEqual([0, 1, 1, 2, 2, 3]);
  });

  it('takes the type of the largest loss, and for crush the nearest sound body, the upper one first', () => {
    const body = (posterior: number) => ({ anterior: posterior, middle: posterior, posterior });
    const losses = measureLosses([body(20), body(30), body(12), body(40)], [false, true, true, false]);
    expect(losses[2]!.crush).toBeCloseTo(70, 9);
    expect(losses[1]!.crush).toBeCloseTo(-50, 9);
    expect(gradeBody(losses[2]!)).toEqual({ genantGrade: 3, deformity: 'crush' });
  });
});

describe('the looks for training and for the test', () => {
  it('share no value of any setting', () => {
    const { training, 'held-out': heldOut } = LOOKS;
    for (const key of [
      'sigmoid',
      'gamma',
      'noise',
      'scatter',
      'edgeKernelMm',
      'mmPerPx',
      'focusMm',
      'netScale',
    ] as const) {
      expect(training[key][1] < heldOut[key][0] || heldOut[key][1] < training[key][0], key).toBe(true);
    }
    expect(training.fields.filter((field) => heldOut.fields.includes(field))).toEqual([]);
  });
});
