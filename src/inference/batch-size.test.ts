import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseBatchSize, nextBatchSize } from './batch-size.ts';
import { chooseWorkerCount } from './worker-count.ts';

const timing = (items: number, runMs: number) => ({ items, runMs });

describe('the best batch size', () => {
  it('is one where a film costs what it costs, as on a processor', () => {
    expect(chooseBatchSize([timing(1, 90), timing(2, 178)])).toBe(1);
  });

  it('is the largest that was measured where each doubling gains', () => {
    expect(chooseBatchSize([timing(1, 21), timing(2, 22), timing(4, 24), timing(8, 28)])).toBe(8);
  });

  it('is the smallest of those within five percent of the best', () => {
    expect(chooseBatchSize([timing(1, 20), timing(2, 22), timing(4, 42)])).toBe(2);
  });

  it('is one where nothing was measured', () => {
    expect(chooseBatchSize([])).toBe(1);
  });

  it('is never worse than five percent below the best, and no smaller one would do', () => {
    const timings = fc.array(fc.double({ min: 0.1, max: 500, noNaN: true }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(timings, (times) => {
        const measured = times.map((runMs, index) => timing(2 ** index, runMs));
        const speed = (each: { items: number; runMs: number }) => each.items / each.runMs;
        const best = Math.max(...measured.map(speed));
        const chosen = chooseBatchSize(measured);
        expect(speed(measured.find(({ items }) => items === chosen)!) * 1.05).toBeGreaterThanOrEqual(best);
        for (const each of measured) if (each.items < chosen) expect(speed(each) * 1.05).toBeLessThan(best);
      }),
    );
  });
});

describe('what is measured next', () => {
  it('doubles as long as that gains, up to the limit', () => {
    expect(nextBatchSize([], 8)).toBe(1);
    expect(nextBatchSize([timing(1, 20)], 8)).toBe(2);
    expect(nextBatchSize([timing(1, 20), timing(2, 21)], 8)).toBe(4);
    expect(nextBatchSize([timing(1, 20), timing(2, 21), timing(4, 23)], 6)).toBe(6);
    expect(nextBatchSize([timing(4, 23), timing(6, 25)], 6)).toBeUndefined();
  });

  it('ends where a doubling gained nothing: bigger ones only cost memory', () => {
    expect(nextBatchSize([timing(1, 90), timing(2, 178)], 8)).toBeUndefined();
  });
});

describe('how many workers a machine takes', () => {
  const MIB = 1024 * 1024;

  it('is one for each core where the memory holds them', () => {
    expect(chooseWorkerCount(8, 16_384 * MIB, 300 * MIB)).toBe(8);
  });

  it('is what the memory holds, with room to grow for each', () => {
    expect(chooseWorkerCount(8, 1000 * MIB, 300 * MIB)).toBe(3);
  });

  it('is at least the one that runs', () => {
    expect(chooseWorkerCount(8, -100 * MIB, 300 * MIB)).toBe(1);
    expect(chooseWorkerCount(1, 1e12, 300 * MIB)).toBe(1);
  });
});
