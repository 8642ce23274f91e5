/** The smallest and the largest of some numbers. */
export interface Spread {
  readonly min: number;
  readonly max: number;
}

/** The middle of the numbers, of an even count the mean of the two in the middle; NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The smallest number that at least `percent` of them do not exceed (the nearest rank); NaN of none. */
export function percentile(numbers: readonly number[], percent: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The arithmetic mean; NaN of none. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** From the smallest to the largest; NaN of none. */
export function spreadOf(numbers: readonly number[]): Spread {
  if (numbers.length === 0) return { min: Number.NaN, max: Number.NaN };
  return { min: rounded(Math.min(...numbers)), max: rounded(Math.max(...numbers)) };
}

/** The number below which a share of them lies, between two of them in proportion (as numpy does); NaN of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? Number.NaN) - low);
}

/** To three digits behind the point, for printing. */
export function rounded(number: number): number {
  return Number(number.toFixed(3));
}
