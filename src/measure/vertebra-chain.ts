/** From the finder's tensors to the chain of vertebral bodies on one film, from top to bottom. Pure. */
import type { PointPx } from '../exam/film.ts';
import type { Letterbox } from '../imaging/prepare-image.ts';
import { bodyFrame, distancePx, dot, minus, plus, type BodyCorners, type BodyFrame } from './body-frame.ts';

/** The finder's answer to one film; cell (i, j) has its centre at input pixel (stride j + 1.5, stride i + 1.5). */
export interface FinderGrid {
  readonly rows: number;
  readonly columns: number;
  /** Input pixels from cell to cell. */
  readonly stridePx: number;
  /** rows x columns probabilities that a body's centre lies in the cell. */
  readonly centre: Float32Array;
  /** 8 planes of rows x columns: dx, dy in input pixels to the four corners. */
  readonly corners: Float32Array;
  /** rows x columns probabilities of the middle of the upper endplate of S1. */
  readonly sacrum: Float32Array;
}

/** Thresholds of the finder's manifest. */
export interface FinderLimits {
  readonly centre: number;
  readonly sacrum: number;
}

/** A body as the finder sees it, in pixels of the film. */
export interface CoarseBody {
  readonly corners: BodyCorners;
  readonly confidence: number;
}

/** The bodies of one spine. */
export interface SpineChain {
  readonly facing: 'left' | 'right';
  /** Share of the bodies, weighed by their confidence, that face this way. */
  readonly facingConfidence: number;
  readonly bodies: readonly CoarseBody[];
  readonly sacrum: { readonly point: PointPx; readonly confidence: number } | null;
}

/** Fewer bodies in a row are as likely something else. */
export const CHAIN_BODIES_MIN = 3;

/** Null where no chain of at least three bodies is found. */
export function findChain(grid: FinderGrid, input: Letterbox, limits: FinderLimits): SpineChain | null {
  const candidates = dropOverlaps(readCandidates(grid, input, limits.centre));
  const vote = candidates.reduce((sum, { corners, confidence }) => sum + confidence * sideOf(corners), 0);
  const facing = vote >= 0 ? 'left' : 'right';
  const agreed = candidates.map((body) => {
    const agrees = sideOf(body.corners) === (facing === 'left' ? 1 : -1);
    return agrees ? body : { ...body, corners: turnedRound(body.corners) };
  });
  const sacrum = findSacrum(grid, input, limits.sacrum);
  const aboveSacrum = agreed.filter(({ corners }) => sacrum === null || liesAbove(corners, sacrum.point));
  const bodies = bestChain(aboveSacrum.map((body) => ({ ...body, frame: bodyFrame(body.corners) })));
  if (bodies.length < CHAIN_BODIES_MIN) return null;
  const whole = candidates.reduce((sum, { confidence }) => sum + confidence, 0);
  return { facing, facingConfidence: (1 + Math.abs(vote) / whole) / 2, bodies, sacrum };
}

/** 1 where the front of the body is left in the picture, else -1. */
function sideOf(corners: BodyCorners): number {
  return bodyFrame(corners).backward[0] >= 0 ? 1 : -1;
}

/** The same outline with front and back exchanged. */
function turnedRound(corners: BodyCorners): BodyCorners {
  return {
    superiorAnterior: corners.superiorPosterior,
    superiorPosterior: corners.superiorAnterior,
    inferiorAnterior: corners.inferiorPosterior,
    inferiorPosterior: corners.inferiorAnterior,
  };
}

/** S1 and what is below it lie beyond the upper endplate of S1 in the direction of the spine. */
export function liesAbove(corners: BodyCorners, sacrumPx: PointPx): boolean {
  const { centrePx, downward, heightPx } = bodyFrame(corners);
  return dot(minus(sacrumPx, centrePx), downward) > 0.15 * heightPx;
}

/** A value of a plane of the grid; 0 beyond it. */
function valueAt(plane: Float32Array, { rows, columns }: FinderGrid, row: number, column: number): number {
  if (row < 0 || column < 0 || row >= rows || column >= columns) return 0;
  return plane[row * columns + column] ?? 0;
}

/** Cells that no neighbour exceeds; of equal neighbours the first one. */
function peaksOf(grid: FinderGrid, plane: Float32Array, limit: number): { row: number; column: number }[] {
  const peaks: { row: number; column: number }[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const own = valueAt(plane, grid, row, column);
      if (own < limit) continue;
      const isPeak = NEIGHBOURS.every(([down, right]) => {
        const other = valueAt(plane, grid, row + down, column + right);
        return down < 0 || (down === 0 && right < 0) ? own > other : own >= other;
      });
      if (isPeak) peaks.push({ row, column });
    }
  }
  return peaks;
}

const BLOCK = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => [down, right] as const));
const NEIGHBOURS = BLOCK.filter(([down, right]) => down !== 0 || right !== 0);

/** A mean over the block round a cell, weighed by the plane's probability. */
function blockMean(
  grid: FinderGrid,
  plane: Float32Array,
  peak: { readonly row: number; readonly column: number },
  placeAt: (row: number, column: number) => PointPx,
): PointPx {
  let [x, y, whole] = [0, 0, 0];
  for (const [down, right] of BLOCK) {
    const [row, column] = [peak.row + down, peak.column + right];
    const weight = valueAt(plane, grid, row, column);
    if (weight === 0) continue;
    const place = placeAt(row, column);
    [x, y, whole] = [x + weight * place[0], y + weight * place[1], whole + weight];
  }
  return [x / whole, y / whole];
}

function readCandidates(grid: FinderGrid, input: Letterbox, limit: number): CoarseBody[] {
  const size = grid.rows * grid.columns;
  return peaksOf(grid, grid.centre, limit).map((peak) => {
    const corner = (index: number): PointPx => {
      const across = grid.corners.subarray(2 * index * size, (2 * index + 1) * size);
      const down = grid.corners.subarray((2 * index + 1) * size, (2 * index + 2) * size);
      const place = blockMean(grid, grid.centre, peak, (row, column) =>
        plus(cellCentre(grid, row, column), [
          valueAt(across, grid, row, column),
          valueAt(down, grid, row, column),
        ]),
      );
      return inputToFilm(place, input);
    };
    return {
      corners: {
        superiorAnterior: corner(0),
        superiorPosterior: corner(1),
        inferiorAnterior: corner(2),
        inferiorPosterior: corner(3),
      },
      confidence: valueAt(grid.centre, grid, peak.row, peak.column),
    };
  });
}

function findSacrum(grid: FinderGrid, input: Letterbox, limit: number): SpineChain['sacrum'] {
  const confidenceAt = (peak: { row: number; column: number }): number =>
    valueAt(grid.sacrum, grid, peak.row, peak.column);
  const [best] = peaksOf(grid, grid.sacrum, limit).sort((a, b) => confidenceAt(b) - confidenceAt(a));
  if (best === undefined) return null;
  const place = blockMean(grid, grid.sacrum, best, (row, column) => cellCentre(grid, row, column));
  return { point: inputToFilm(place, input), confidence: confidenceAt(best) };
}

function cellCentre({ stridePx }: FinderGrid, row: number, column: number): PointPx {
  return [stridePx * column + (stridePx - 1) / 2, stridePx * row + (stridePx - 1) / 2];
}

function inputToFilm([column, row]: PointPx, input: Letterbox): PointPx {
  return [
    (column - input.left + 0.5) / input.scaleColumns - 0.5,
    (row - input.top + 0.5) / input.scaleRows - 0.5,
  ];
}

/** Of two bodies that lie in each other the surer one stays. */
function dropOverlaps(candidates: readonly CoarseBody[]): CoarseBody[] {
  const kept: { body: CoarseBody; frame: BodyFrame }[] = [];
  for (const body of candidates.toSorted((a, b) => b.confidence - a.confidence)) {
    const frame = bodyFrame(body.corners);
    if (kept.every((other) => !overlap(frame, other.frame))) kept.push({ body, frame });
  }
  return kept.map(({ body }) => body);
}

/** Whether two upright boxes share much of their area, seen along the first one's own axes. */
export function overlap(a: BodyFrame, b: BodyFrame): boolean {
  const between = minus(b.centrePx, a.centrePx);
  const down = Math.abs(dot(between, a.downward)) / ((a.heightPx + b.heightPx) / 2);
  const across = Math.abs(dot(between, a.backward)) / ((a.widthPx + b.widthPx) / 2);
  return down < 0.6 && across < 0.6;
}

interface FramedBody extends CoarseBody {
  readonly frame: BodyFrame;
}

/**
 * The chain with the largest sum of confidences less what its steps cost (dynamic programming from the top). A body
 * off the chain is dropped; a step may leave out up to two bodies that were missed.
 */
function bestChain(candidates: readonly FramedBody[]): CoarseBody[] {
  const bodies = candidates.toSorted((a, b) => a.frame.centrePx[1] - b.frame.centrePx[1]);
  const scores: number[] = [];
  const before: number[] = [];
  bodies.forEach((body, index) => {
    let [best, from] = [0, -1];
    for (let above = 0; above < index; above++) {
      const other = bodies[above];
      if (other === undefined) continue;
      const score = (scores[above] ?? 0) - stepCost(other.frame, body.frame);
      if (score > best) [best, from] = [score, above];
    }
    scores.push(best + body.confidence);
    before.push(from);
  });
  const chain: CoarseBody[] = [];
  for (let at = scores.indexOf(Math.max(...scores)); at >= 0; at = before[at] ?? -1) {
    const body = bodies[at];
    if (body !== undefined) chain.unshift({ corners: body.corners, confidence: body.confidence });
  }
  return chain;
}

/** Distance from body to body in heights of the taller one; 1.0 to 1.6 between all labelled neighbours. */
export const PITCH_USUAL = 1.22;
const PITCH = { least: 0.8, most: 1.9 } as const;
/** Bodies that may be missing in a step, and what each costs. */
const MISSED = { most: 2, cost: 0.35 } as const;

function stepCost(upper: BodyFrame, lower: BodyFrame): number {
  const step = minus(lower.centrePx, upper.centrePx);
  const lengthPx = Math.hypot(...step);
  const direction: PointPx = [step[0] / lengthPx, step[1] / lengthPx];
  const axis = plus(upper.downward, lower.downward);
  const axisLength = Math.hypot(...axis);
  const lean = angleDegrees(dot(direction, axis) / Math.max(axisLength, 1e-6));
  const turn = angleDegrees(dot(upper.downward, lower.downward));
  const growth = Math.abs(Math.log(lower.widthPx / upper.widthPx));
  // A flattened body is short, so the taller of the two says what a level measures; width holds it in bounds.
  const tallPx = Math.max(upper.heightPx, lower.heightPx, 0.45 * Math.min(upper.widthPx, lower.widthPx));
  const pitches = lengthPx / tallPx;
  const missed = Math.max(0, Math.round(pitches / PITCH_USUAL) - 1);
  const pitch = pitches / (missed + 1);
  if (missed > MISSED.most || pitch < PITCH.least || pitch > PITCH.most) return Infinity;
  if (lean > 50 || turn > 45 * (missed + 1) || growth > 0.5) return Infinity;
  return (
    0.25 * (lean / 25) ** 2 +
    0.25 * (turn / (25 * (missed + 1))) ** 2 +
    0.25 * (growth / 0.25) ** 2 +
    0.25 * (Math.log(pitch / PITCH_USUAL) / 0.35) ** 2 +
    MISSED.cost * missed
  );
}

function angleDegrees(cosine: number): number {
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
}

/** How many bodies lie unseen between two of a chain, by their distance. */
export function missedBetween(upper: BodyFrame, lower: BodyFrame): number {
  const tallPx = Math.max(upper.heightPx, lower.heightPx);
  return Math.max(0, Math.round(distancePx(upper.centrePx, lower.centrePx) / tallPx / PITCH_USUAL) - 1);
}
