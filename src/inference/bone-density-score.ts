import type { ScoreRule } from './model-manifest.ts';

/** The score of a site's own model from its outputs for one film, after the activation that its manifest names. */
export function scoreOf(
  { output, index, activation }: ScoreRule,
  outputs: Readonly<Record<string, Float32Array>>,
): number {
  const values = outputs[output] ?? new Float32Array(0);
  const value = values[index] ?? NaN;
  if (activation === 'none') return value;
  if (activation === 'sigmoid') return 1 / (1 + Math.exp(-value));
  // Less the largest, or a large value would be Infinity by Infinity.
  const largest = Math.max(...values);
  const parts = Array.from(values, (each) => Math.exp(each - largest));
  return Math.exp(value - largest) / parts.reduce((sum, part) => sum + part, 0);
}
