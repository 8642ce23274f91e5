import type { AnalysisResult } from '../exam/analysis.ts';

/** Films that are answered and that the model in shadow still has to see, by the pool's key. */
export class ShadowReplies {
  readonly #waiting = new Map<number, (analysis: AnalysisResult | null) => void>();

  /** What will be made of a film; the promise never rejects. */
  expect(key: number): Promise<AnalysisResult | null> {
    const { promise, resolve } = Promise.withResolvers<AnalysisResult | null>();
    this.#waiting.set(key, resolve);
    return promise;
  }

  /** Says what was made of a film, null where nothing was. */
  end(key: number, analysis: AnalysisResult | null): void {
    this.#waiting.get(key)?.(analysis);
    this.#waiting.delete(key);
  }
}
