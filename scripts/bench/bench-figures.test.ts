import { describe, expect, it } from 'vitest';
import { fairShareMs, finishRate, worstDelayMs } from './fair-share.ts';
import { median, percentile, spreadOf } from './statistics.ts';
import { judge, judgeValue, TARGETS } from './targets.ts';

describe('the statistics of the bench', () => {
  it('the median of an even count is the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('a percentile is a number that was measured, by nearest rank', () => {
    const numbers = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(percentile(numbers, 50)).toBe(100);
    expect(percentile(numbers, 95)).toBe(190);
    expect(percentile([7], 95)).toBe(7);
    expect(percentile([3, 1, 2], 100)).toBe(3);
    expect(percentile([], 50)).toBeNaN();
  });

  it('the spread goes from the smallest to the largest', () => {
    expect(spreadOf([2, 8, 5])).toEqual({ min: 2, max: 8 });
  });
});

describe('the fair share of a burst', () => {
  it('films that come at once are due one after the other', () => {
    expect(fairShareMs([0, 0, 0], 100)).toEqual([100, 200, 300]);
  });

  it('a film that comes when nobody waits is due one film later', () => {
    expect(fairShareMs([0, 10, 500], 100)).toEqual([100, 200, 600]);
  });

  const limits = { msPerFilm: 100, batchMs: 200, tolerance: 0.1 };

  it('no film is late where two workers read two at a time', () => {
    const seen = [200, 200, 400, 400, 600, 600];
    expect(
      worstDelayMs(
        seen.map((seenAtMs) => ({ sentAtMs: 0, seenAtMs })),
        limits,
      ),
    ).toBeLessThan(0);
  });

  it('a film that was overtaken by all others is late, by what it waited beyond share, batch and tolerance', () => {
    const seen = [600, 100, 200, 300, 400, 500];
    const films = seen.map((seenAtMs, index) => ({ sentAtMs: index, seenAtMs }));
    // Due at 100, a batch more, and a tenth of the 100 ms that the burst had been going on.
    expect(worstDelayMs(films, limits)).toBeCloseTo(600 - 100 - 200 - 10);
  });

  it('films count in the order in which their last bytes were sent, whatever the list says', () => {
    const films = [
      { sentAtMs: 20, seenAtMs: 300 },
      { sentAtMs: 0, seenAtMs: 100 },
      { sentAtMs: 10, seenAtMs: 200 },
    ];
    expect(worstDelayMs(films, { ...limits, batchMs: 0, tolerance: 0 })).toBe(0);
  });

  it('a rate is counted between the first and the last film that were finished', () => {
    expect(finishRate([1000, 1500, 2000, 2500, 3000])).toBe(2);
  });
});

describe('the table of targets', () => {
  it('a figure is met by the median of its rounds, and says how far they lie apart', () => {
    expect(judge('scaling.twoOverOne', [1.7, 1.9, 1.95])).toMatchObject({
      ...{ value: 1.9, target: '>= 1.85', met: true, rounds: 3, spread: { min: 1.7, max: 1.95 } },
    });
    expect(judge('scaling.twoOverOne', [1.7, 1.8, 1.95]).met).toBe(false);
  });

  it('a promise about every film is kept by the worst round or not at all', () => {
    expect(judge('bursts.overFairShareMs', [-50, -20, 1]).met).toBe(false);
    expect(judge('device.overWaitLimitMs', [-50, -20, -1])).toMatchObject({ value: -1, met: true });
  });

  it('a figure without a round is not met, and one without a target is neither met nor missed', () => {
    expect(judge('engine.efficiency', []).met).toBe(false);
    expect(judge('raw.nodeOverC', [0.9])).toMatchObject({ target: null, met: null, value: 0.9 });
  });

  it('the bounds are those of the issue', () => {
    expect(judgeValue('latency.p50Ms', 400).met).toBe(true);
    expect(judgeValue('latency.p95Ms', 1000.5).met).toBe(false);
    expect(judgeValue('distributed.lostOrDoubled', 1).met).toBe(false);
    expect(TARGETS['engine.efficiency'].least).toBe(0.9);
    expect(TARGETS['backlog.rss'].most).toBe(1.1);
  });
});
