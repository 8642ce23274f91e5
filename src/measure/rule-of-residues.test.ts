import { describe, expect, it } from 'vitest';
import { listCandidates, probabilitiesOf } from './rule-of-residues.ts';
import { meanProfile, type SiteStrip } from './site-strip.ts';

const [CORTEX, MARROW, COLUMNS, ROWS] = [200, 100, 43, 120];
const LEVELS = { outer: 0, cortex: CORTEX, marrow: MARROW };

/**
 * A band of 40 steps, a dark gap of 8 whose depth is a share of the contrast, a line of bone of 8, then marrow. The gap
 * is there in a share of the columns.
 */
function stripWith({ gapDepth = 1, gapShare = 1, hasGap = true }): SiteStrip {
  const samples = Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => {
    const [row, column] = [Math.floor(at / COLUMNS), at % COLUMNS];
    if (row >= 56 || (!hasGap && row >= 40)) return MARROW;
    const isGap = row >= 40 && row < 48 && column < gapShare * COLUMNS;
    return isGap ? CORTEX - gapDepth * (CORTEX - MARROW) : CORTEX;
  });
  return { columns: COLUMNS, rows: ROWS, stepPx: 1, samples, alongFrom: -21, depthFrom: 0 };
}

function judge(strip: SiteStrip) {
  const candidates = listCandidates(strip, meanProfile(strip, -21, 21), LEVELS);
  const { chosen, likely } = probabilitiesOf(candidates, 0);
  return { depth: chosen?.depth ?? NaN, candidates, likely };
}

describe('the rule of residues', () => {
  it('ends the band at a deep gap over all of the strip: the line above it is a residue', () => {
    expect(judge(stripWith({})).depth).toBeCloseTo(39.5, 0);
  });

  it('ends it just above the limit of the gap’s depth and goes on just below it', () => {
    expect(judge(stripWith({ gapDepth: 0.54 })).depth).toBeLessThan(43);
    expect(judge(stripWith({ gapDepth: 0.46 })).depth).toBeCloseTo(55.5, 0);
  });

  it('ends it just above the limit of the gap’s length and goes on just below it', () => {
    // In the mean over the columns a gap of full depth is as deep as it is long.
    expect(judge(stripWith({ gapDepth: 1, gapShare: 0.56 })).depth).toBeLessThan(43);
    expect(judge(stripWith({ gapDepth: 1, gapShare: 0.44 })).depth).toBeCloseTo(55.5, 0);
  });

  it('reads depth and share of a gap as they were made', () => {
    const [gap] = judge(stripWith({ gapDepth: 0.8, gapShare: 0.7 })).candidates;
    expect(gap?.gapDepth).toBeCloseTo(0.8 * (31 / 43), 1);
    expect(gap?.gapShare).toBeCloseTo(0.7, 1);
  });

  it('takes half of the height of a slope without any gap', () => {
    const samples = Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => {
      const row = Math.floor(at / COLUMNS);
      return CORTEX - (CORTEX - MARROW) * Math.max(0, Math.min(1, (row - 30) / 40));
    });
    expect(judge({ ...stripWith({}), samples }).depth).toBeCloseTo(50, 0);
  });

  it('is sure of a clear decision and divided about a near one', () => {
    const clear = judge(stripWith({ gapDepth: 0.9 })).likely;
    expect(clear[0]?.probability).toBeGreaterThan(0.98);
    const near = judge(stripWith({ gapDepth: 0.52 })).likely;
    expect(near[0]?.probability).toBeGreaterThan(0.4);
    expect(near[0]?.probability).toBeLessThan(0.7);
    expect(near.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 2);
  });

  it('chooses nothing where no fall reaches half of the contrast', () => {
    const samples = new Float32Array(ROWS * COLUMNS).fill(CORTEX);
    const { depth, candidates } = judge({ ...stripWith({}), samples });
    expect(depth).toBeNaN();
    expect(candidates).toEqual([]);
  });
});
