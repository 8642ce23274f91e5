/** v = height + slope s + bend s s. */
export interface Parabola {
  readonly height: number;
  readonly slope: number;
  readonly bend: number;
}

/** Robust least squares; points far from the curve lose their weight round by round. Null below 5 points. */
export function fitParabola(points: readonly (readonly [number, number])[]): Parabola | null {
  if (points.length < 5) return null;
  let weights = points.map(() => 1);
  let fit: Parabola = { height: 0, slope: 0, bend: 0 };
  for (let round = 0; round < 10; round += 1) {
    const solved = solveParabola(points, weights);
    if (solved === null) return null;
    fit = solved;
    const { height, slope, bend } = solved;
    const residuals = points.map(([s, v]) => Math.abs(v - height - slope * s - bend * s * s));
    const sorted = [...residuals].sort((a, b) => a - b);
    const limit = Math.max(0.5, 2.5 * (sorted[Math.floor(sorted.length / 2)] ?? 0));
    weights = residuals.map((residual) => (residual <= limit ? 1 : (limit / residual) ** 3));
  }
  return fit;
}

/** The curve's value at s. */
export function valueAt(parabola: Parabola, s: number): number {
  return parabola.height + parabola.slope * s + parabola.bend * s * s;
}

function solveParabola(
  points: readonly (readonly [number, number])[],
  weights: readonly number[],
): Parabola | null {
  const m = [0, 0, 0, 0, 0];
  const r = [0, 0, 0];
  // The frame is scaled to about one so that the normal equations stay well conditioned.
  const scale = Math.max(1, ...points.map(([s]) => Math.abs(s)));
  points.forEach(([raw, v], index) => {
    const s = raw / scale;
    const w = weights[index] ?? 1;
    for (let power = 0; power < 5; power += 1) m[power] = (m[power] ?? 0) + w * s ** power;
    for (let power = 0; power < 3; power += 1) r[power] = (r[power] ?? 0) + w * v * s ** power;
  });
  const [m0 = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0] = m;
  const [r0 = 0, r1 = 0, r2 = 0] = r;
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
