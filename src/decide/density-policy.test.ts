import { describe, expect, it } from 'vitest';
import { decideDensity } from './density-policy.ts';
import { reasonText } from './reason-texts.ts';

const SCORE = { model: 'our-model 1.2.0', score: 0.61, limit: 0.6, lowWhen: 'above' } as const;

describe('what follows from a site’s own model', () => {
  it('is a finding beyond the limit of its manifest, and none at the limit', () => {
    expect(decideDensity(SCORE)).toMatchObject({
      outcome: 'positive',
      finding: { score: 0.61, limit: 0.6, isLow: true },
    });
    expect(decideDensity({ ...SCORE, score: 0.6 }).outcome).toBe('negative');
    const tScore = { ...SCORE, lowWhen: 'below', limit: -2.5 } as const;
    expect(decideDensity({ ...tScore, score: -2.6 }).outcome).toBe('positive');
    expect(decideDensity({ ...tScore, score: -2.5 }).outcome).toBe('negative');
  });

  it('names the model in both languages and claims nothing for it', () => {
    const { code, values, text } = decideDensity(SCORE).reason;
    expect(text).toContain('own model our-model 1.2.0 gives 0.61, beyond its limit of 0.60');
    expect(text).toContain('makes no claim');
    expect(reasonText(code, 'sv', values)).toContain('egen modell our-model 1.2.0 ger 0,61');
  });
});
