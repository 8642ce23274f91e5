import { createCanvas } from './canvas.ts';
import type { Film } from './film-finish.ts';
import { finishFilm, paintRightMarker } from './film-finish.ts';
import type { CortexClass, JawShape } from './jaw-geometry.ts';
import { createJawShape } from './jaw-geometry.ts';
import { createRealJaw, type RealJaw } from './real-jaw.ts';
import { paintMandible, paintRamusLines } from './mandible-painting.ts';
import { createSeededRandom } from './seeded-random.ts';
import { paintBackground, paintMidface, paintNeck } from './skull-painting.ts';
import type { Dentition } from './tooth-painting.ts';
import { paintTeeth } from './tooth-painting.ts';

/** What a panoramic phantom is asked to show; all else follows from the seed. */
export interface PhantomOptions {
  readonly seed: number;
  readonly columns: number;
  readonly rows: number;
  /** The course of a border and the place of foramina as on a real film; left out, they are drawn from the seed. */
  readonly jaw?: RealJaw;
  /** Bits of a sample, 8 to 16. */
  readonly bits: number;
  /** Cortical width on the perpendicular through the foramen, millimetres at the detector. */
  readonly mcwRightMm: number;
  readonly mcwLeftMm: number;
  readonly mciRight?: CortexClass;
  readonly mciLeft?: CortexClass;
  readonly dentition?: Dentition;
  /** Millimetres of the film that are cut away on a side of the picture. */
  readonly cropLeftMm?: number;
  readonly cropRightMm?: number;
  /** Width of the whole film before it is cut. */
  readonly filmWidthMm?: number;
  /** Size of the jaw, 1 for an adult. */
  readonly scale?: number;
  readonly foramenHeightMm?: number;
  readonly blurPx?: number;
  readonly noise?: number;
  readonly gamma?: number;
  readonly exposure?: number;
  /** How much darker than the bone the foramen is drawn. */
  readonly foramenDepth?: number;
}

/** The truth of one side; positions are pixels of the film, and may lie outside a film that was cut. */
export interface PhantomSide {
  readonly side: 'R' | 'L';
  readonly foramenPx: [number, number];
  readonly mcwMm: number;
  readonly outerPx: [number, number];
  readonly innerPx: [number, number];
  readonly mciClass: CortexClass;
  /** From the border to the lower margin of the foramen on the same line. */
  readonly foramenMarginMm: number;
}

/** All that is known of a phantom. */
export interface PhantomTruth {
  readonly mmPerPx: number;
  /** The periosteal inferior border, left to right; points outside a film that was cut are left out. */
  readonly borderPx: [number, number][];
  readonly sides: [PhantomSide, PhantomSide];
}

/** Renders a panoramic film whose cortical widths are known; the same options give the same film. */
export function renderPanoramicPhantom(options: PhantomOptions): { film: Film; truth: PhantomTruth } {
  const { seed, columns, rows, bits } = options;
  const random = createSeededRandom(seed * 3 + 1);
  const filmWidthMm = options.jaw?.filmMm[0] ?? options.filmWidthMm ?? random.between(290, 302);
  const cropLeftMm = options.cropLeftMm ?? 0;
  const shownMm = filmWidthMm - cropLeftMm - (options.cropRightMm ?? 0);
  const mmPerPx = shownMm / columns;
  const drawnMidlineMm = filmWidthMm / 2 + random.between(-3, 3);
  const midlineMm = (options.jaw?.midlineMm ?? drawnMidlineMm) - cropLeftMm;
  const canvas = createCanvas(columns, rows, mmPerPx, midlineMm / mmPerPx);
  const request = {
    seed,
    filmHeightMm: rows * mmPerPx,
    widthRightMm: options.mcwRightMm,
    widthLeftMm: options.mcwLeftMm,
    classRight: options.mciRight ?? 'C1',
    classLeft: options.mciLeft ?? 'C1',
    toothless: options.dentition === 'none',
    scale: options.scale ?? random.between(0.97, 1.02),
    foramenHeightMm: options.foramenHeightMm ?? 16.5,
  };
  const jaw = options.jaw === undefined ? createJawShape(request) : createRealJaw(request, options.jaw);
  const dentition = options.dentition ?? 'full';
  paintBackground(canvas, jaw, seed);
  paintMidface(canvas, jaw, seed, dentition === 'none');
  paintNeck(canvas, jaw, seed);
  paintRamusLines(canvas, jaw, 0.05);
  paintMandible(canvas, jaw, {
    seed,
    body: random.between(0.2, 0.27),
    cortex: random.between(0.15, 0.22),
    edgeBlurMm: random.between(0.16, 0.26),
    trabeculae: random.between(0.07, 0.12),
    foramenDepth: options.foramenDepth ?? random.between(0.07, 0.13),
  });
  paintTeeth(canvas, jaw, dentition, seed);
  const markerXMm = Math.max(-filmWidthMm / 2 + 6, -midlineMm + 6);
  paintRightMarker(canvas, [markerXMm, jaw.chinYMm - random.between(8, 20)], 7);
  const film = finishFilm(canvas, {
    seed,
    bits,
    blurPx: options.blurPx ?? random.between(0.7, 1.3),
    noise: options.noise ?? random.between(0.008, 0.015),
    gamma: options.gamma ?? random.between(0.92, 1.08),
    exposure: options.exposure ?? random.between(1, 1.18),
  });
  return { film, truth: describeTruth(jaw, mmPerPx, canvas.midlinePx, columns, rows) };
}

function describeTruth(
  jaw: JawShape,
  mmPerPx: number,
  midlinePx: number,
  columns: number,
  rows: number,
): PhantomTruth {
  const place = (point: readonly [number, number]): [number, number] => [
    point[0] / mmPerPx + midlinePx,
    point[1] / mmPerPx,
  ];
  const [right, left] = jaw.sides.map((side): PhantomSide => ({
    side: side.side,
    foramenPx: place(side.foramenMm),
    mcwMm: side.corticalWidthMm,
    outerPx: place(side.outerMm),
    innerPx: place(side.innerMm),
    mciClass: side.cortexClass,
    foramenMarginMm:
      Math.hypot(side.foramenMm[0] - side.outerMm[0], side.foramenMm[1] - side.outerMm[1]) -
      side.foramenRadiusMm,
  }));
  if (!right || !left) throw new RangeError('a jaw has two sides');
  const borderPx = jaw.outlineMm
    .slice(jaw.borderFrom, jaw.borderTo + 1)
    .map(place)
    .filter(([x, y]) => x >= 0 && y >= 0 && x <= columns - 1 && y <= rows - 1);
  return { mmPerPx, borderPx, sides: [right, left] };
}
