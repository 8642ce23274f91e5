import { describe, expect, it } from 'vitest';
import { ASSESSMENTS } from '../exam/assessment.ts';
import { exampleReport } from '../testing/example-report.ts';
import { exampleSpineReport } from '../testing/example-spine.ts';
import { assessmentsOf } from './assessments.ts';
import { reasonText } from './reason-texts.ts';

const BONE_DENSITY = { score: 0.8, limit: 0.5, isLow: true };

describe('what a film asks for', () => {
  it('is treatment and DXA after a vertebral fracture', () => {
    expect(assessmentsOf(exampleSpineReport().analysis)).toEqual(['treatment', 'dxa']);
  });

  it('is FRAX and DXA after a thin cortex', () => {
    expect(assessmentsOf(exampleReport().analysis)).toEqual(['frax', 'dxa']);
  });

  it('is DXA alone where a site’s own model speaks of density', () => {
    const analysis = { ...exampleReport().analysis, panoramic: null, boneDensity: BONE_DENSITY };
    expect(assessmentsOf(analysis)).toEqual(['dxa']);
  });

  it('is nothing where there is no finding', () => {
    const { analysis } = exampleSpineReport();
    for (const outcome of ['negative', 'not-assessable', 'not-eligible', 'refused'] as const) {
      expect(assessmentsOf({ ...analysis, outcome })).toEqual([]);
    }
    expect(assessmentsOf({ ...analysis, spine: null })).toEqual([]);
  });

  it('is said in words in each language', () => {
    for (const assessment of ASSESSMENTS) {
      const texts = (['en', 'sv'] as const).map((language) => reasonText(`asks-${assessment}`, language));
      expect(new Set(texts).size).toBe(2);
      expect(texts[0]).toContain('suggested');
      expect(texts[1]).toContain('föreslås');
    }
  });
});
