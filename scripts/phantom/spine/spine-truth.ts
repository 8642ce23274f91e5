import type { Film } from '../film-finish.ts';
import type { Deformity, Heights, Losses } from './deformity.ts';
import type { Field } from './film-field.ts';
import type { Level } from './level-sizes.ts';
import type { Projection } from './projection.ts';
import { projectFrom, projectPoint } from './projection.ts';
import type { Spine, Vertebra } from './spine-shape.ts';

/** A position in pixels; the centre of the top left pixel is 0, 0. */
type PointPx = readonly [number, number];

/** The six points of a body on the film. */
export interface SixPointsPx {
  readonly superiorAnterior: PointPx;
  readonly superiorMiddle: PointPx;
  readonly superiorPosterior: PointPx;
  readonly inferiorAnterior: PointPx;
  readonly inferiorMiddle: PointPx;
  readonly inferiorPosterior: PointPx;
}

/** The names of the six points, in the order of a reader. */
const SIX_POINTS = [
  'superiorAnterior',
  'superiorMiddle',
  'superiorPosterior',
  'inferiorAnterior',
  'inferiorMiddle',
  'inferiorPosterior',
] as const;

/** What is true about one body. */
export interface VertebraTruth {
  readonly level: Level;
  /** Whether anything of its endplates can be told from what surrounds them. */
  readonly visible: boolean;
  readonly wholeInPicture: boolean;
  readonly pointsPx: SixPointsPx;
  readonly heightsMm: Heights;
  readonly lossPercent: Losses;
  readonly genantGrade: 0 | 1 | 2 | 3;
  readonly deformity: Deformity;
}

/** What is true about a simulated film; vertebrae from the top. */
export interface SpineTruth {
  readonly kind: string;
  readonly style: string;
  readonly mmPerPx: number;
  readonly facing: 'left' | 'right';
  readonly sacrumPx: PointPx | null;
  readonly vertebrae: readonly VertebraTruth[];
}

/** A finished film and what it was made from. */
interface Scene {
  readonly kind: string;
  readonly style: string;
  readonly facing: 'left' | 'right';
  readonly spine: Spine;
  readonly projection: Projection;
  readonly film: Film;
  /** The brightest sample that the film can hold. */
  readonly white: number;
  readonly field: Field | undefined;
}

/** Projects the middle slice's six points of every body that the picture shows in part at least. */
export function describeTruth(scene: Scene): SpineTruth {
  const { projection, spine } = scene;
  const { mmPerPx, columns } = projection;
  const toPx = ([x, y]: readonly [number, number]): PointPx => {
    const column = x / mmPerPx;
    return [round(scene.facing === 'left' ? column : columns - 1 - column), round(y / mmPerPx)];
  };
  const vertebrae = spine.vertebrae.flatMap((vertebra): VertebraTruth[] => {
    const pointsPx = projectSixPoints(projection, vertebra, toPx);
    const inside = SIX_POINTS.filter((name) => isShown(scene, pointsPx[name])).length;
    if (inside === 0) return [];
    return [
      {
        level: vertebra.level,
        visible: isVisible(scene, pointsPx, mmPerPx),
        wholeInPicture: inside === 6,
        pointsPx,
        heightsMm: vertebra.heights,
        lossPercent: vertebra.losses,
        genantGrade: vertebra.genantGrade,
        deformity: vertebra.deformity,
      },
    ];
  });
  const { sacrum } = spine;
  const sacrumPx = toPx(projectPoint(projection, sacrum.u, sacrum.w, sacrum.d));
  return {
    kind: scene.kind,
    style: scene.style,
    mmPerPx,
    facing: scene.facing,
    sacrumPx: isShown(scene, sacrumPx) ? sacrumPx : null,
    vertebrae,
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function projectSixPoints(
  projection: Projection,
  { pose, depthMm: [upper, lower], rims, concavityMm }: Vertebra,
  toPx: (point: readonly [number, number]) => PointPx,
): SixPointsPx {
  const at = (u: number, w: number): PointPx => toPx(projectFrom(projection, pose, u, w, 0));
  return {
    superiorAnterior: at(-upper / 2, rims[0]),
    superiorMiddle: at(0, (rims[0] + rims[1]) / 2 + concavityMm[0]),
    superiorPosterior: at(upper / 2, rims[1]),
    inferiorAnterior: at(-lower / 2, rims[2]),
    inferiorMiddle: at(0, (rims[2] + rims[3]) / 2 - concavityMm[1]),
    inferiorPosterior: at(lower / 2, rims[3]),
  };
}

function isShown({ film, field }: Scene, [x, y]: PointPx): boolean {
  const room = Math.min(x, y, film.columns - 1 - x, film.rows - 1 - y);
  return room >= 1 && (field === undefined || field.depthPx(x, y) > field.softPx + 1);
}

/** Compares the endplates with what lies 3 mm above and below them; what differs by less than 1.2 % of white cannot be seen. */
function isVisible({ film, white }: Scene, points: SixPointsPx, mmPerPx: number): boolean {
  let difference = 0;
  let count = 0;
  const away = 3 / mmPerPx;
  for (const [a, b] of [
    [points.superiorAnterior, points.superiorPosterior],
    [points.inferiorAnterior, points.inferiorPosterior],
  ] as const) {
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const [nx, ny] = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
    const profile = [-2, -1, 0, 1, 2].map((offset) => {
      let sum = 0;
      for (let step = 1; step < 20; step += 1) {
        const x = Math.round(a[0] + ((b[0] - a[0]) * step) / 20 + (nx * offset * away) / 2);
        const y = Math.round(a[1] + ((b[1] - a[1]) * step) / 20 + (ny * offset * away) / 2);
        sum +=
          x < 0 || y < 0 || x >= film.columns || y >= film.rows
            ? 0
            : (film.samples[y * film.columns + x] ?? 0);
      }
      return sum / 19 / white;
    });
    const [above = 0, , , , below = 0] = profile;
    // A slope of the background is no contrast.
    const bent = profile.map((value, index) => Math.abs(value - above - ((below - above) * index) / 4));
    difference += Math.max(...bent);
    count += 1;
  }
  return difference / count > 0.012;
}
