const BINS = 65536;

/**
 * Percentiles (0 to 100) as numpy gives them, linear between neighbours. Whole values over a range of 65,536,
 * which is every film straight from its detector, are exact; others are exact to 1/65,536 of their range.
 */
export function percentilesOf(samples: Float32Array, percentiles: readonly number[]): number[] {
  if (samples.length === 0) return percentiles.map(() => 0);
  const { lowest, highest, isWhole } = rangeOf(samples);
  const binWidth = isWhole && highest - lowest < BINS ? 1 : (highest - lowest) / (BINS - 1) || 1;
  const counts = new Uint32Array(BINS);
  const perBin = 1 / binWidth;
  for (const sample of samples) {
    const bin = Math.round((sample - lowest) * perBin);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return percentiles.map((percentile) => {
    const position = (Math.min(Math.max(percentile, 0), 100) / 100) * (samples.length - 1);
    const rank = Math.floor(position);
    const below = binAt(counts, rank);
    const above = binAt(counts, Math.min(rank + 1, samples.length - 1));
    return lowest + (below + (above - below) * (position - rank)) * binWidth;
  });
}

function rangeOf(samples: Float32Array) {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let isWhole = true;
  for (const sample of samples) {
    if (sample < lowest) lowest = sample;
    if (sample > highest) highest = sample;
    if (isWhole && !Number.isInteger(sample)) isWhole = false;
  }
  return { lowest, highest, isWhole };
}

function binAt(counts: Uint32Array, rank: number): number {
  let seen = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    seen += counts[bin] ?? 0;
    if (seen > rank) return bin;
  }
  return counts.length - 1;
}
