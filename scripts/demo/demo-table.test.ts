import { describe, expect, it } from 'vitest';
import { exampleSpineReport } from '../../src/testing/example-spine.ts';
import { describeFinding, describeTruth, formatTable } from './demo-table.ts';

describe("the demo's table", () => {
  it('says the worst vertebra in words, found and drawn in the same ones', () => {
    const { analysis } = exampleSpineReport();
    expect(describeFinding({ analysis })).toBe('L1 wedge grade 2 (moderate), 31 %');
    const spine = { level: 'L1', deformity: 'wedge', genantGrade: 2, lossPercent: 33 } as const;
    expect(describeTruth({ truth: null, spine })).toBe('L1 wedge grade 2 (moderate), 33 %');
  });

  it('calls a spine without a deformity so, whatever its bodies lose', () => {
    const spine = { level: 'L5', deformity: 'none', genantGrade: 0, lossPercent: 14 } as const;
    expect(describeTruth({ truth: null, spine })).toBe('no deformity');
  });

  it('says the cortical widths of both sides, and a dash where a side is cut away', () => {
    expect(describeTruth({ truth: { R: null, L: { mcwMm: 2.2 } }, spine: null })).toBe('– / 2.20 mm');
    expect(describeFinding({ analysis: null })).toBe('');
  });

  it('has a column for what was found and one for what was drawn', () => {
    const row = {
      ...{ file: '28-x.dcm', view: 'spine-lateral', outcome: 'positive', reason: 'vertebra-wedge-severe' },
      ...{ found: 'L1 wedge grade 3 (severe), 47 %', drawn: 'L1 wedge grade 3 (severe), 48 %', ms: 412.4 },
      asExpected: true,
    };
    const [head, , line] = formatTable([row]).split('\n');
    expect(head).toMatch(/^exam +view +outcome +reason +found +drawn \(truth\) +ms$/);
    expect(line).toMatch(/47 % +L1 wedge grade 3 \(severe\), 48 % +412 +as expected$/);
  });
});
