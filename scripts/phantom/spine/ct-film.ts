import { join } from 'node:path';
import type { Canvas } from '../canvas.ts';
import { blurBox, createCanvas } from '../canvas.ts';
import type { Film } from '../film-finish.ts';
import { createNoiseField } from '../noise-field.ts';
import { createSeededRandom } from '../seeded-random.ts';
import type { Heights } from './deformity.ts';
import { gradeBody, measureLosses } from './deformity.ts';
import { digitise } from './digitise.ts';
import type { LookSet } from './film-look.ts';
import { developFilm, drawLook, LOOKS } from './film-look.ts';
import type { Level } from './level-sizes.ts';
import type { MaskPoints } from './mask-points.ts';
import { takeMaskPoints } from './mask-points.ts';
import type { Volume } from './nifti-volume.ts';
import { readNifti } from './nifti-volume.ts';
import type { Projection } from './projection.ts';
import { magnifyAt, projectPoint } from './projection.ts';
import type { SixPointsPx, SpineTruth } from './spine-truth.ts';

/** A film made from a real CT with a mask of its vertebrae, as VerSe publishes them. */
export interface CtFilmOptions {
  /** Folder with `<subject>_ct.nii.gz` and `<subject>_seg-vert_msk.nii.gz`. */
  readonly folder: string;
  readonly subject: string;
  readonly seed: number;
  readonly look: LookSet;
  readonly mmPerPx?: number;
}

/** Labels of VerSe: 1 is C1, 8 is T1, 20 is L1. */
const FIRST_THORACIC = 8;
const NAMES = ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12', 'L1', 'L2', 'L3', 'L4', 'L5'] as const; // prettier-ignore
/** Attenuation of water for each mm, and how much more than its Hounsfield units bone stops at the energies of films. */
const WATER = 0.0165;
const BONE_GAIN = 1.55;
/** What a CT of the spine leaves out on either side of the body. */
const FLANK_MM = 90;

/**
 * Renders the lateral film of a CT: Hounsfield units become attenuation, summed along the same cone of rays and put
 * through the same detector as the simulated spines. The truth are six points of each complete vertebra, from its mask.
 */
export function renderCtFilm(options: CtFilmOptions): { film: Film; truth: SpineTruth } {
  const ct = readNifti(join(options.folder, `${options.subject}_ct.nii.gz`));
  const mask = readNifti(join(options.folder, `${options.subject}_seg-vert_msk.nii.gz`));
  const random = createSeededRandom(options.seed * 103 + 5);
  const set = LOOKS[options.look];
  const mmPerPx = options.mmPerPx ?? random.between(set.mmPerPx[0], set.mmPerPx[1]);
  const [, backs, downs] = ct.size;
  const [widthMm, heightMm] = [(backs - 1) * ct.stepMm[1], (downs - 1) * ct.stepMm[2]];
  const projection: Projection = {
    columns: Math.floor(widthMm / mmPerPx),
    rows: Math.floor(heightMm / mmPerPx),
    mmPerPx,
    focusMm: random.between(set.focusMm[0], set.focusMm[1]),
    centralMm: [widthMm / 2, heightMm / 2],
    originMm: [0, 0],
  };
  const canvas = createCanvas(projection.columns, projection.rows, mmPerPx, 0);
  sumRays(canvas, projection, ct);
  addFlanks(canvas, ct, random.integer());
  const look = { ...drawLook(random, options.look), photographed: false, field: 'none' as const };
  const film = digitise(developFilm(canvas, look, random.integer()), projection, 8);
  return { film, truth: describeMask(mask, projection, options.look) };
}

/** Sums attenuation over sagittal planes 1 mm apart; between the thick slices of the CT values are interpolated. */
function sumRays(canvas: Canvas, projection: Projection, ct: Volume): void {
  const [lefts, backs] = ct.size;
  const span = (lefts - 1) * ct.stepMm[0];
  const attenuation = Float32Array.from({ length: 4096 }, (_, index) => {
    const hounsfield = index - 1024;
    return (
      (WATER * (hounsfield > 150 ? 150 + (hounsfield - 150) * BONE_GAIN : Math.max(-1000, hounsfield))) / 1000
    );
  });
  for (let depth = 0; depth <= span; depth += 1) {
    const plane = interpolatePlane(ct, depth / ct.stepMm[0], attenuation);
    const scale = magnifyAt(projection, depth - span / 2);
    const [cu, cw] = projection.centralMm;
    for (let row = 0; row < canvas.rows; row += 1) {
      const y = (cw + (row * canvas.mmPerPx - cw) / scale) / ct.stepMm[2];
      const down = Math.floor(y);
      if (down < 0 || down >= ct.size[2] - 1) continue;
      for (let column = 0; column < canvas.columns; column += 1) {
        const x = (cu + (column * canvas.mmPerPx - cu) / scale) / ct.stepMm[1];
        const back = Math.floor(x);
        if (back < 0 || back >= backs - 1) continue;
        const at = down * backs + back;
        const upper = (plane[at] ?? 0) + ((plane[at + 1] ?? 0) - (plane[at] ?? 0)) * (x - back);
        const lower =
          (plane[at + backs] ?? 0) + ((plane[at + backs + 1] ?? 0) - (plane[at + backs] ?? 0)) * (x - back);
        const index = row * canvas.columns + column;
        canvas.values[index] = (canvas.values[index] ?? 0) + WATER + upper + (lower - upper) * (y - down);
      }
    }
  }
}

function interpolatePlane(ct: Volume, left: number, attenuation: Float32Array): Float32Array {
  const [lefts, backs, downs] = ct.size;
  const below = Math.min(lefts - 2, Math.floor(left));
  const share = left - below;
  const plane = new Float32Array(backs * downs);
  for (let pixel = 0; pixel < plane.length; pixel += 1) {
    const a = attenuation[Math.min(4095, Math.max(0, (ct.values[pixel * lefts + below] ?? 0) + 1024))] ?? 0;
    const b =
      attenuation[Math.min(4095, Math.max(0, (ct.values[pixel * lefts + below + 1] ?? 0) + 1024))] ?? 0;
    plane[pixel] = a + (b - a) * share;
  }
  return plane;
}

/** Beside the volume the body goes on as its outermost slices are, blurred: soft tissue, or lung above the diaphragm. */
function addFlanks(canvas: Canvas, ct: Volume, seed: number): void {
  const [lefts, backs, downs] = ct.size;
  let flank: Float32Array = new Float32Array(backs * downs);
  for (const left of [0, 1, lefts - 2, lefts - 1]) {
    for (let pixel = 0; pixel < flank.length; pixel += 1) {
      const hounsfield = Math.min(40, Math.max(-1000, ct.values[pixel * lefts + left] ?? 0));
      flank[pixel] = (flank[pixel] ?? 0) + (WATER * (1 + hounsfield / 1000) * 2 * FLANK_MM) / 4;
    }
  }
  for (let pass = 0; pass < 2; pass += 1) flank = blurBox(flank, backs, downs, 4);
  const uneven = createNoiseField(
    seed,
    canvas.columns,
    canvas.rows,
    24 / canvas.mmPerPx,
    18 / canvas.mmPerPx,
  );
  for (let index = 0; index < canvas.values.length; index += 1) {
    const back = Math.min(backs - 1, Math.round(((index % canvas.columns) * canvas.mmPerPx) / ct.stepMm[1]));
    const down = Math.min(
      downs - 1,
      Math.round((Math.floor(index / canvas.columns) * canvas.mmPerPx) / ct.stepMm[2]),
    );
    const added = (flank[down * backs + back] ?? 0) * (1 + 0.04 * (uneven[index] ?? 0));
    canvas.values[index] = (canvas.values[index] ?? 0) + added;
  }
}

function describeMask(mask: Volume, projection: Projection, style: string): SpineTruth {
  const found = NAMES.flatMap((level, index): { level: Level; points: MaskPoints }[] => {
    const points = takeMaskPoints(mask, FIRST_THORACIC + index);
    return points === undefined ? [] : [{ level, points }];
  });
  const heights = found.map(({ points }): Heights => {
    const between = (at: 0 | 1 | 2): number =>
      Math.hypot(
        points.superior[at][0] - points.inferior[at][0],
        points.superior[at][1] - points.inferior[at][1],
      );
    return { anterior: between(0), middle: between(1), posterior: between(2) };
  });
  const fractured = heights.map((own) => Math.min(own.anterior, own.middle) <= 0.8 * own.posterior);
  const losses = measureLosses(heights, fractured);
  const halfMm = ((mask.size[0] - 1) * mask.stepMm[0]) / 2;
  return {
    kind: 'spine-lateral',
    style: `ct ${style}`,
    mmPerPx: projection.mmPerPx,
    facing: 'left',
    sacrumPx: null,
    vertebrae: found.map(({ level, points }, index) => {
      const lossPercent = losses[index] ?? { wedge: 0, biconcave: 0, crush: 0 };
      return {
        level,
        visible: true,
        wholeInPicture: true,
        pointsPx: projectMaskPoints(points, projection, points.leftMm - halfMm),
        heightsMm: heights[index] ?? { anterior: 0, middle: 0, posterior: 0 },
        lossPercent,
        ...gradeBody(lossPercent),
      };
    }),
  };
}

function projectMaskPoints(
  { superior, inferior }: MaskPoints,
  projection: Projection,
  depthMm: number,
): SixPointsPx {
  const toPx = ([u, w]: readonly [number, number]): readonly [number, number] => {
    const [x, y] = projectPoint(projection, u, w, depthMm);
    return [x / projection.mmPerPx, y / projection.mmPerPx];
  };
  return {
    superiorAnterior: toPx(superior[0]),
    superiorMiddle: toPx(superior[1]),
    superiorPosterior: toPx(superior[2]),
    inferiorAnterior: toPx(inferior[0]),
    inferiorMiddle: toPx(inferior[1]),
    inferiorPosterior: toPx(inferior[2]),
  };
}
