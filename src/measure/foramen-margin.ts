import type { Film } from '../exam/film.ts';
import type { BorderFrame } from './border-frame.ts';
import { meanBetween, smoothProfile } from './margin-path.ts';
import { averageColumns, cutStrip } from './profile-strip.ts';

/** Half the height of a mental foramen on the detector where its outline cannot be seen, millimetres. */
const RADIUS_DEFAULT_MM = 1.8;
const RADIUS_MIN_MM = 0.8;
const RADIUS_MAX_MM = 3.2;

/**
 * How far the inferior margin of the foramen lies below its centre, along the perpendicular to the border:
 * where it brightens most on the way down, or the usual radius where nothing brightens.
 */
export function measureForamenRadius(film: Film, frame: BorderFrame, pxPerMm: number): number {
  const centre = frame.foramenHeightPx;
  const half = 0.8 * pxPerMm;
  const extent = {
    fromPx: -half,
    toPx: half,
    depthFromPx: centre - 5 * pxPerMm,
    depthToPx: centre + pxPerMm,
  };
  const strip = cutStrip(film, frame, extent);
  const axis = Float64Array.from({ length: strip.depths }, (_, k) => strip.depthFromPx + k * strip.stepPx);
  const profile = smoothProfile(averageColumns(strip, 0, strip.alongPx.length - 1), 2 / strip.stepPx);
  const within = meanBetween(axis, profile, centre - 0.5 * pxPerMm, centre + 0.5 * pxPerMm);
  let best = { radius: RADIUS_DEFAULT_MM * pxPerMm, contrast: 0 };
  for (let radius = RADIUS_MIN_MM * pxPerMm; radius <= RADIUS_MAX_MM * pxPerMm; radius += 0.5) {
    const below = meanBetween(axis, profile, centre - radius - 0.9 * pxPerMm, centre - radius);
    const above = meanBetween(axis, profile, centre - radius, centre - radius + 0.9 * pxPerMm);
    if (below - above > best.contrast) best = { radius, contrast: below - above };
  }
  const surround = meanBetween(axis, profile, centre - 4 * pxPerMm, centre - 2.5 * pxPerMm);
  // A foramen is darker than the bone under it; where it is not, the brightest step is only texture.
  return surround > within && best.contrast > 0.4 * (surround - within)
    ? best.radius
    : RADIUS_DEFAULT_MM * pxPerMm;
}
