import { describe, expect, it } from 'vitest';
import type { AnalysisResult, Outcome } from '../exam/analysis.ts';
import { unreadAnalysis } from '../exam/analysis.ts';
import { compareReadings, type FilmPair } from './shadow-comparison.ts';

function reading(outcome: Outcome, meanWidthMm: number | null = null, pmi: readonly (number | null)[] = []) {
  const base = unreadAnalysis('film', { outcome, reason: { code: 'x', text: 'x' }, problems: [] });
  const sides = (['R', 'L'] as const).map((side, at) => ({ side, pmi: pmi[at] ?? null }));
  return { ...base, panoramic: { meanWidthMm, sides } } as unknown as AnalysisResult;
}

function films(pairs: readonly (readonly [AnalysisResult, AnalysisResult])[]): AsyncIterable<FilmPair> {
  return (async function* () {
    await Promise.resolve();
    for (const [at, [active, shadow]] of pairs.entries()) yield { examId: `exam ${at}`, active, shadow };
  })();
}

describe('two versions compared', () => {
  it('counts outcomes that agree and films that only one calls positive', async () => {
    const report = await compareReadings(
      films([
        [reading('positive'), reading('positive')],
        [reading('negative'), reading('negative')],
        [reading('negative'), reading('positive')],
        [reading('positive'), reading('not-assessable')],
        [reading('negative'), reading('not-assessable')],
      ]),
    );
    expect(report).toMatchObject({ films: 5, sameOutcome: 2, agreement: 0.4 });
    expect(report.onlyShadowPositive).toEqual({ films: 1, examIds: ['exam 2'] });
    expect(report.onlyActivePositive).toEqual({ films: 1, examIds: ['exam 3'] });
  });

  it('gives mean and standard deviation of the difference, of films that have the number in both', async () => {
    const report = await compareReadings(
      films([
        [reading('negative', 3, [0.3, null]), reading('negative', 3.1, [0.32, 0.2])],
        [reading('negative', 4, [0.2, 0.4]), reading('negative', 4.3, [0.3, 0.5])],
        [reading('negative', 2), reading('not-assessable')],
        [reading('negative', 2, [0.1]), reading('negative', 2.2, [0.13])],
      ]),
    );
    expect(report.corticalWidthMm).toMatchObject({ films: 3 });
    expect(report.corticalWidthMm.mean).toBeCloseTo(0.2, 10);
    expect(report.corticalWidthMm.spread).toBeCloseTo(0.1, 10);
    expect(report.pmi.films).toBe(3);
    expect(report.pmi.mean).toBeCloseTo(0.05, 10);
  });

  it('says nothing of no films', async () => {
    expect(await compareReadings(films([]))).toMatchObject({
      films: 0,
      agreement: null,
      corticalWidthMm: { films: 0, mean: null, spread: null },
    });
  });
});
