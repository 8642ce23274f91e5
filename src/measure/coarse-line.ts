/** One column of the model's answer, brought to the film's pixels. */
export interface CoarseBorderPoint {
  readonly xPx: number;
  readonly yPx: number;
  /** Spread of the model's distribution in film pixels. */
  readonly spreadPx: number;
  /** Probability 0..1 that this column holds an inferior border. */
  readonly presence: number;
}

const PRESENCE_MIN = 0.5;
/** Between neighbouring columns the border of a mandible's body is never steeper. */
const TORN_SLOPE = 2.5;
/** Between two pieces that are joined over a gap; a body that is tilted on the film stays below. */
const JOIN_SLOPE = 1.5;
/** A step of so many columns' width between two pieces is a wobble of one border, not another line. */
const STEP_COLUMNS_MAX = 16;
/** A piece shorter than this share of all columns is no piece of border. */
const PIECE_SHARE_MIN = 1 / 100;

type Piece = readonly CoarseBorderPoint[];

/**
 * The model answers column by column, so on a faint border some columns may fall on another line (a ghost, the
 * hyoid, the seam). The columns that hold a border are split where the line jumps, and the chain of pieces is kept
 * that holds most columns and could be one border; what lies between is left to the caller to bridge.
 */
export function chainCoarseLine(coarse: readonly CoarseBorderPoint[]): CoarseBorderPoint[] {
  const shortest = coarse.length * PIECE_SHARE_MIN;
  const stepPx = STEP_COLUMNS_MAX * columnWidth(coarse);
  const pieces = splitAtJumps(coarse).filter((piece) => piece.length >= shortest);
  const lengths: number[] = [];
  const before: number[] = [];
  for (const [i, piece] of pieces.entries()) {
    let best = 0;
    let from = -1;
    for (let j = 0; j < i; j++) {
      if ((lengths[j] ?? 0) <= best || !canJoin(pieces[j] ?? [], piece, stepPx)) continue;
      best = lengths[j] ?? 0;
      from = j;
    }
    lengths.push(best + piece.length);
    before.push(from);
  }
  const kept: Piece[] = [];
  let at = lengths.indexOf(Math.max(...lengths));
  while (at >= 0) {
    kept.unshift(pieces[at] ?? []);
    at = before[at] ?? -1;
  }
  return kept.flat();
}

function splitAtJumps(coarse: readonly CoarseBorderPoint[]): Piece[] {
  const pieces: CoarseBorderPoint[][] = [];
  let last: CoarseBorderPoint | null = null;
  for (const point of coarse) {
    if (point.presence < PRESENCE_MIN) {
      last = null;
      continue;
    }
    const goesOn = last !== null && slopeBetween(last, point) <= TORN_SLOPE;
    if (goesOn) pieces.at(-1)?.push(point);
    else pieces.push([point]);
    last = point;
  }
  return pieces;
}

function columnWidth(coarse: readonly CoarseBorderPoint[]): number {
  const first = coarse[0]?.xPx ?? 0;
  return ((coarse.at(-1)?.xPx ?? 0) - first) / Math.max(coarse.length - 1, 1);
}

function canJoin(left: Piece, right: Piece, stepPx: number): boolean {
  const from = left.at(-1);
  const to = right[0];
  if (from === undefined || to === undefined) return false;
  return Math.abs(to.yPx - from.yPx) <= stepPx + JOIN_SLOPE * (to.xPx - from.xPx);
}

function slopeBetween(from: CoarseBorderPoint, to: CoarseBorderPoint): number {
  return Math.abs(to.yPx - from.yPx) / Math.max(to.xPx - from.xPx, 1e-9);
}
