/** How often each value occurs; bin i stands for lowest + i x binWidth. */
export interface Histogram {
  readonly counts: Uint32Array;
  readonly lowest: number;
  readonly binWidth: number;
  readonly total: number;
}

const WHOLE_MIN = -32768;
const WHOLE_MAX = 65535;
const BINS = 65536;

/**
 * Counts the values of a film. Whole values of 16 bits, which is every film straight from its detector, are
 * counted exactly; others go to 65,536 bins over their range.
 */
export function histogramOf(samples: Float32Array): Histogram {
  return wholeHistogram(samples) ?? binnedHistogram(samples);
}

/** Percentiles (0 to 100) as numpy gives them, linear between neighbours. */
export function percentilesOf(histogram: Histogram, percentiles: readonly number[]): number[] {
  const { counts, lowest, binWidth, total } = histogram;
  return percentiles.map((percentile) => {
    const position = (Math.min(Math.max(percentile, 0), 100) / 100) * (total - 1);
    const rank = Math.max(0, Math.floor(position));
    const below = binAt(counts, rank);
    const above = binAt(counts, Math.min(rank + 1, total - 1));
    return total === 0 ? 0 : lowest + (below + (above - below) * (position - rank)) * binWidth;
  });
}

/** One pass, and it gives up at the first value that is not whole: nearly every film needs no second pass. */
function wholeHistogram(samples: Float32Array): Histogram | null {
  const counts = new Uint32Array(WHOLE_MAX - WHOLE_MIN + 1);
  const { length } = samples;
  for (let i = 0; i < length; i++) {
    const sample = samples[i] ?? 0;
    const whole = sample | 0;
    if (whole !== sample || whole < WHOLE_MIN || whole > WHOLE_MAX) return null;
    const bin = whole - WHOLE_MIN;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, lowest: WHOLE_MIN, binWidth: 1, total: length };
}

function binnedHistogram(samples: Float32Array): Histogram {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  const { length } = samples;
  for (let i = 0; i < length; i++) {
    const sample = samples[i] ?? 0;
    if (sample < lowest) lowest = sample;
    if (sample > highest) highest = sample;
  }
  const binWidth = (highest - lowest) / (BINS - 1) || 1;
  const perBin = 1 / binWidth;
  const counts = new Uint32Array(BINS);
  for (let i = 0; i < length; i++) {
    const bin = (((samples[i] ?? 0) - lowest) * perBin + 0.5) | 0;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, lowest, binWidth, total: length };
}

function binAt(counts: Uint32Array, rank: number): number {
  let seen = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    seen += counts[bin] ?? 0;
    if (seen > rank) return bin;
  }
  return counts.length - 1;
}
