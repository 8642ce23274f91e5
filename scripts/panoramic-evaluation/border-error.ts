import type { Film, PointPx } from '../../src/exam/film.ts';

/** Grey at which a mask begins. */
const MASK_MIN = 128;
const MIDDLE_SHARE = 0.6;
/** Beyond this along the picture no part of the line can be the nearest to a point of the outline. */
const WINDOW_PX = 120;

/** The lowest pixel of a mask in every column of the middle 60 % of the mandible's width, left to right. */
export function middleOutline(mask: Film): readonly PointPx[] {
  const { columns, rows, samples, values } = mask;
  const outline: PointPx[] = [];
  for (let x = 0; x < columns; x += 1) {
    for (let y = rows - 1; y >= 0; y -= 1) {
      if ((values[samples[y * columns + x] ?? 0] ?? 0) < MASK_MIN) continue;
      outline.push([x, y]);
      break;
    }
  }
  const first = outline[0]?.[0] ?? 0;
  const width = (outline.at(-1)?.[0] ?? 0) - first;
  const left = first + ((1 - MIDDLE_SHARE) / 2) * width;
  return outline.filter(([x]) => x >= left && x <= left + MIDDLE_SHARE * width);
}

/** Mean distance in pixels from an outline to a polyline, both left to right; NaN of an empty outline or line. */
export function meanDistancePx(outline: readonly PointPx[], line: readonly PointPx[]): number {
  if (line.length < 2) return Number.NaN;
  let start = 0;
  let sum = 0;
  for (const point of outline) {
    while (start < line.length - 2 && (line[start + 1]?.[0] ?? 0) < point[0] - WINDOW_PX) start += 1;
    let best = Infinity;
    for (let index = start; index < line.length - 1; index += 1) {
      const [from, to] = [line[index], line[index + 1]];
      if (from === undefined || to === undefined) break;
      if (index > start && from[0] > point[0] + WINDOW_PX) break;
      best = Math.min(best, distanceToSegment(point, from, to));
    }
    sum += best;
  }
  return sum / outline.length;
}

/** The contract's border error of a film, pixels: to the nearer of its experts; NaN where there is none. */
export function borderErrorPx(outlines: readonly (readonly PointPx[])[], line: readonly PointPx[]): number {
  const errors = outlines.map((outline) => meanDistancePx(outline, line));
  return errors.length === 0 ? Number.NaN : Math.min(...errors);
}

function distanceToSegment(point: PointPx, from: PointPx, to: PointPx): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const along = ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / Math.max(dx * dx + dy * dy, 1e-12);
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(point[0] - from[0] - share * dx, point[1] - from[1] - share * dy);
}
