/** v = height + slope s + bend s s. */
export interface Parabola {
  readonly height: number;
  readonly slope: number;
  readonly bend: number;
}

const WEIGHT_CHANGE_MIN = 1e-3;

/** Robust least squares; points far from the curve lose their weight round by round. Null below 5 points. */
export function fitParabola(points: readonly (readonly [number, number])[]): Parabola | null {
  const count = points.length;
  if (count < 5) return null;
  const s = Float64Array.from(points, ([along]) => along);
  const v = Float64Array.from(points, ([, height]) => height);
  const weights = new Float64Array(count).fill(1);
  const residuals = new Float64Array(count);
  let fit: Parabola = { height: 0, slope: 0, bend: 0 };
  for (let round = 0; round < 10; round += 1) {
    const solved = solveParabola(s, v, weights);
    if (solved === null) return null;
    fit = solved;
    for (let i = 0; i < count; i += 1) residuals[i] = Math.abs((v[i] ?? 0) - valueAt(solved, s[i] ?? 0));
    const usual = Float64Array.from(residuals).sort()[Math.floor(count / 2)] ?? 0;
    const limit = Math.max(0.5, 2.5 * usual);
    let change = 0;
    for (let i = 0; i < count; i += 1) {
      const residual = residuals[i] ?? 0;
      const weight = residual <= limit ? 1 : (limit / residual) ** 3;
      change = Math.max(change, Math.abs(weight - (weights[i] ?? 0)));
      weights[i] = weight;
    }
    // The same weights give the same curve again.
    if (change < WEIGHT_CHANGE_MIN) break;
  }
  return fit;
}

/** The curve's value at s. */
export function valueAt(parabola: Parabola, s: number): number {
  return parabola.height + parabola.slope * s + parabola.bend * s * s;
}

function solveParabola(places: Float64Array, values: Float64Array, weights: Float64Array): Parabola | null {
  // The frame is scaled to about one so that the normal equations stay well conditioned.
  let scale = 1;
  for (const place of places) scale = Math.max(scale, Math.abs(place));
  let [m0, m1, m2, m3, m4] = [0, 0, 0, 0, 0];
  let [r0, r1, r2] = [0, 0, 0];
  for (let i = 0; i < places.length; i += 1) {
    const s = (places[i] ?? 0) / scale;
    const w = weights[i] ?? 1;
    const v = values[i] ?? 0;
    m0 += w;
    m1 += w * s;
    m2 += w * s * s;
    m3 += w * s * s * s;
    m4 += w * s * s * s * s;
    r0 += w * v;
    r1 += w * v * s;
    r2 += w * v * s * s;
  }
  const det = determinant([m0, m1, m2], [m1, m2, m3], [m2, m3, m4]);
  if (!(Math.abs(det) > 1e-12)) return null;
  return {
    height: determinant([r0, m1, m2], [r1, m2, m3], [r2, m3, m4]) / det,
    slope: determinant([m0, r0, m2], [m1, r1, m3], [m2, r2, m4]) / det / scale,
    bend: determinant([m0, m1, r0], [m1, m2, r1], [m2, m3, r2]) / det / (scale * scale),
  };
}

type Row = readonly [number, number, number];

function determinant(a: Row, b: Row, c: Row): number {
  return (
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0])
  );
}
