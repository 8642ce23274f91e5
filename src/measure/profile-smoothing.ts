/** Gaussian smoothing that steps over samples outside the film. */
export function smoothProfile(profile: Float64Array, sigma: number): Float64Array {
  const radius = Math.ceil(2.5 * sigma);
  const kernel = new Float64Array(2 * radius + 1);
  for (let k = -radius; k <= radius; k += 1) kernel[k + radius] = Math.exp((-k * k) / (2 * sigma * sigma));
  const smoothed = new Float64Array(profile.length).fill(NaN);
  for (let index = 0; index < profile.length; index += 1) {
    if (Number.isNaN(profile[index] ?? NaN)) continue;
    const [first, last] = [Math.max(0, index - radius), Math.min(profile.length - 1, index + radius)];
    let sum = 0;
    let weights = 0;
    for (let at = first; at <= last; at += 1) {
      const value = profile[at] ?? NaN;
      if (Number.isNaN(value)) continue;
      const weight = kernel[at - index + radius] ?? 0;
      sum += weight * value;
      weights += weight;
    }
    smoothed[index] = sum / weights;
  }
  return smoothed;
}
