/** Bodies and spines drawn by numbers, for tests of what is found and measured on them. */
import type { PointPx } from '../exam/film.ts';
import { forEachPoint } from '../exam/film-scale.ts';
import type { Letterbox } from '../imaging/prepare-image.ts';
import { CORNERS, bodyFrame, type SixPoints } from '../measure/body-frame.ts';
import type { FoundBody, FoundSpine } from '../measure/found-spine.ts';
import type { FinderGrid } from '../measure/vertebra-chain.ts';

/** How a body differs from an even one of 40 by 30 pixels that faces left. */
export interface BodyShape {
  readonly centre?: PointPx;
  readonly widthPx?: number;
  readonly anterior?: number;
  readonly middle?: number;
  readonly posterior?: number;
  /** How far the upper endplate's middle lies lower than half the middle loss would put it. */
  readonly upperDepressionPx?: number;
  readonly facing?: 'left' | 'right';
  readonly turnDegrees?: number;
}

/** The six points of a body: its heights are what is asked for, evenly above and below its centre. */
export function bodyPoints(shape: BodyShape = {}): SixPoints {
  const { centre = [0, 0], widthPx = 40, posterior = 30, upperDepressionPx = 0 } = shape;
  const { anterior = posterior, middle = posterior } = shape;
  const front = shape.facing === 'right' ? widthPx / 2 : -widthPx / 2;
  const angle = ((shape.turnDegrees ?? 0) * Math.PI) / 180;
  const place = (x: number, y: number): PointPx => [
    centre[0] + x * Math.cos(angle) - y * Math.sin(angle),
    centre[1] + x * Math.sin(angle) + y * Math.cos(angle),
  ];
  return {
    superiorAnterior: place(front, -anterior / 2),
    superiorMiddle: place(0, -middle / 2 + upperDepressionPx),
    superiorPosterior: place(-front, -posterior / 2),
    inferiorAnterior: place(front, anterior / 2),
    inferiorMiddle: place(0, middle / 2 + upperDepressionPx),
    inferiorPosterior: place(-front, posterior / 2),
  };
}

/** A body that was found, clear and with small errors. */
export function foundBody(shape: BodyShape = {}, differing: Partial<FoundBody> = {}): FoundBody {
  return {
    pointsPx: bodyPoints(shape),
    pointErrorsPx: forEachPoint(() => 0.4),
    pointConfidences: forEachPoint(() => 0.9),
    confidence: 0.95,
    isClear: true,
    thoracic: 0.1,
    ...differing,
  };
}

/** Bodies one below the other, 38 pixels from centre to centre, the uppermost at (100, 40). */
export function foundColumn(
  shapes: readonly BodyShape[],
  differing: (index: number) => Partial<FoundBody> = () => ({}),
): FoundBody[] {
  return shapes.map((shape, index) =>
    foundBody({ centre: [100, 40 + 38 * index], ...shape }, differing(index)),
  );
}

/** A spine of these bodies that faces left and shows no sacrum. */
export function foundSpine(bodies: readonly FoundBody[], differing: Partial<FoundSpine> = {}): FoundSpine {
  return { facing: 'left', facingConfidence: 1, sacrum: null, bodies, ...differing };
}

/** A film that lies in the finder's canvas as it is. */
export const UNSCALED: Letterbox = {
  tensor: new Float32Array(0),
  scale: 1,
  scaleColumns: 1,
  scaleRows: 1,
  left: 0,
  top: 0,
};

/** What a finder without a fault answers: a hill of probability at each centre and exact offsets round it. */
export function finderGrid(
  bodies: readonly { readonly points: SixPoints; readonly confidence?: number }[],
  sacrum: PointPx | null = null,
): FinderGrid {
  const [rows, columns, stridePx] = [112, 96, 4];
  const size = rows * columns;
  const grid = {
    centre: new Float32Array(size),
    corners: new Float32Array(8 * size),
    sacrum: new Float32Array(size),
  };
  const paint = (
    place: PointPx,
    height: number,
    plane: Float32Array,
    write?: (cell: number, at: PointPx) => void,
  ) => {
    for (let cell = 0; cell < size; cell++) {
      const at: PointPx = [stridePx * (cell % columns) + 1.5, stridePx * Math.floor(cell / columns) + 1.5];
      const value = height * Math.exp(-((at[0] - place[0]) ** 2 + (at[1] - place[1]) ** 2) / (2 * 5 ** 2));
      if (value < 0.02 || value < (plane[cell] ?? 0)) continue;
      plane[cell] = value;
      write?.(cell, at);
    }
  };
  for (const { points, confidence = 0.9 } of bodies) {
    paint(bodyFrame(points).centrePx, confidence, grid.centre, (cell, at) => {
      CORNERS.forEach((corner, index) => {
        grid.corners[2 * index * size + cell] = points[corner][0] - at[0];
        grid.corners[(2 * index + 1) * size + cell] = points[corner][1] - at[1];
      });
    });
  }
  if (sacrum !== null) paint(sacrum, 0.9, grid.sacrum);
  return { rows, columns, stridePx, ...grid };
}
