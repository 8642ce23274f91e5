/**
 * The picture of one mental region that the foramen model sees, in the frame of the inferior border: step for step what
 * `plain_crop` of models/training/mental-foramen/crops.py makes. Pure.
 */
import type { Side } from '../exam/analysis.ts';
import type { Film, PointPx } from '../exam/film.ts';
import { fitBorderFrame } from './border-frame.ts';
import { cropToFilm, cutCrop, reduceForCrops, type CropCanvas, type CropFrame } from './vertebra-crop.ts';

/** The canvas of the foramen model: the border runs through its centre, distal is right and the teeth are up. */
export interface ForamenCanvas extends CropCanvas {
  /** Millimetres at the detector for one crop pixel. */
  readonly mmPerPx: number;
}

/** Where a mental region is looked for. */
export interface MentalRegion {
  /** Periosteal inferior border in film pixels, left to right. */
  readonly border: readonly PointPx[];
  /** About where the foramen is. */
  readonly roughPx: PointPx;
  readonly side: Side;
  /** Detector scale; null where the film has none, then it is guessed from the length of the border. */
  readonly mmPerPx: number | null;
}

/** From one end of the border to the other, in 89 films 241 mm with a deviation of 13; only sizes crops. */
const BORDER_WIDTH_MM = 241;
const HALF_TANGENT_MM = 6;
/** Share of the border, from its end, at which foramina lie: 0.27 to 0.37 in 119 labelled ones. */
const SHARE_MIN = 0.22;
const SHARE_MAX = 0.42;

/** Places the crop of one side; null where the border does not pass below the foramen. */
export function placeForamenCrop(region: MentalRegion, canvas: ForamenCanvas): CropFrame | null {
  const { border, side, mmPerPx } = region;
  const ends = endsOf(border);
  if (ends === null) return null;
  const pxPerMm = mmPerPx === null ? (ends.right - ends.left) / BORDER_WIDTH_MM : 1 / mmPerPx;
  const frame = fitBorderFrame(border, withinShare(region, ends), HALF_TANGENT_MM * pxPerMm);
  if (frame === null) return null;
  const scale = canvas.mmPerPx * pxPerMm;
  const distal = side === 'L' ? scale : -scale;
  return {
    originPx: frame.originPx,
    right: [frame.along[0] * distal, frame.along[1] * distal],
    down: [-frame.up[0] * scale, -frame.up[1] * scale],
    scale,
  };
}

/**
 * Cuts the crop: two planes of rows x columns. The first holds grey values from 0 to 1, the second where along the jaw
 * each pixel lies: 0 in the middle of the border, 1 at its end on this side.
 */
export function cutForamenCrop(
  film: Film,
  frame: CropFrame,
  { border, side }: Pick<MentalRegion, 'border' | 'side'>,
  canvas: ForamenCanvas,
): Float32Array {
  const { columns, rows } = canvas;
  const planes = new Float32Array(2 * columns * rows);
  planes.set(cutCrop(reduceForCrops(film, [frame], canvas), frame, canvas));
  const { left, right } = endsOf(border) ?? { left: 0, right: film.columns };
  const perPx = (side === 'L' ? 2 : -2) / (right - left);
  for (let row = 0; row < rows; row++) {
    const [x] = cropToFilm(frame, canvas, [0, row]);
    const start = (x - (left + right) / 2) * perPx;
    const at = (rows + row) * columns;
    for (let column = 0; column < columns; column++)
      planes[at + column] = start + frame.right[0] * perPx * column;
  }
  return planes;
}

/** First and last column of a border; null where it has no length. */
function endsOf(border: readonly PointPx[]): { readonly left: number; readonly right: number } | null {
  const [first, last] = [border[0], border.at(-1)];
  return first === undefined || last === undefined || last[0] <= first[0]
    ? null
    : { left: first[0], right: last[0] };
}

/** A place that no foramen can have, beside the chin or below the ramus, is moved to where one may be. */
function withinShare(
  { roughPx: [x, y], side }: MentalRegion,
  { left, right }: { readonly left: number; readonly right: number },
): PointPx {
  const width = right - left;
  const share = side === 'R' ? (x - left) / width : (right - x) / width;
  const moved = Math.min(Math.max(share, SHARE_MIN), SHARE_MAX);
  return moved === share ? [x, y] : [side === 'R' ? left + moved * width : right - moved * width, y];
}
