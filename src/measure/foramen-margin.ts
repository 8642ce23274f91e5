import type { Film } from '../exam/film.ts';
import type { FootPoint } from './border-path.ts';
import { smoothProfile } from './profile-smoothing.ts';
import { sampleFilm } from './site-strip.ts';

/** Half the height of a mental foramen on the detector where its outline cannot be seen, millimetres. */
const RADIUS_DEFAULT_MM = 1.8;
const RADIUS_MIN_MM = 0.8;
const RADIUS_MAX_MM = 3.2;

const DEPTH_STEP_PX = 0.5;

/**
 * How far the inferior margin of the foramen lies below its centre, along the perpendicular to the border:
 * where it brightens most on the way down, or the usual radius where nothing brightens.
 */
export function measureForamenRadius(film: Film, foot: FootPoint, pxPerMm: number): number {
  const profile = smoothProfile(profileBelow(film, foot, pxPerMm), 2 / DEPTH_STEP_PX);
  /** Mean over a range of distances below the centre. */
  const mean = (fromPx: number, toPx: number): number => {
    const zero = Math.round(pxPerMm / DEPTH_STEP_PX);
    const [first, last] = [fromPx, toPx].map((px) => zero + Math.round(px / DEPTH_STEP_PX));
    const part = profile.subarray(first, (last ?? 0) + 1);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  };
  let best = { radius: RADIUS_DEFAULT_MM * pxPerMm, contrast: 0 };
  for (let radius = RADIUS_MIN_MM * pxPerMm; radius <= RADIUS_MAX_MM * pxPerMm; radius += 0.5) {
    const contrast = mean(radius, radius + 0.9 * pxPerMm) - mean(radius - 0.9 * pxPerMm, radius);
    if (contrast > best.contrast) best = { radius, contrast };
  }
  const within = mean(-0.5 * pxPerMm, 0.5 * pxPerMm);
  const surround = mean(2.5 * pxPerMm, 4 * pxPerMm);
  // A foramen is darker than the bone under it; where it is not, the brightest step is only texture.
  return surround > within && best.contrast > 0.4 * (surround - within)
    ? best.radius
    : RADIUS_DEFAULT_MM * pxPerMm;
}

/** From 1 mm above the centre to 5 mm below it on the perpendicular, each value a mean over 1.6 mm across it. */
function profileBelow(
  film: Film,
  { point, normal, foramenHeightPx }: FootPoint,
  pxPerMm: number,
): Float64Array {
  const half = Math.round(0.8 * pxPerMm);
  return Float64Array.from({ length: Math.round((6 * pxPerMm) / DEPTH_STEP_PX) + 1 }, (_, index) => {
    const height = foramenHeightPx + pxPerMm - index * DEPTH_STEP_PX;
    let sum = 0;
    for (let across = -half; across <= half; across += 1) {
      const x = point[0] + normal[0] * height - normal[1] * across;
      const y = point[1] + normal[1] * height + normal[0] * across;
      sum += sampleFilm(film, x, y);
    }
    return sum / (2 * half + 1);
  });
}
