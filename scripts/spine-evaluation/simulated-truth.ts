import type { GenantGrade } from '../../src/exam/analysis.ts';
import { bodyFrame } from '../../src/measure/body-frame.ts';
import { LEVELS } from '../../src/measure/vertebral-level.ts';
import type { SpineFilmKind, SpineFilmOptions } from '../phantom/spine/spine-phantom.ts';
import type { WantedDeformity } from '../phantom/spine/spine-shape.ts';
import type { SpineTruth } from '../phantom/spine/spine-truth.ts';
import { createSeededRandom, pickOne, type SeededRandom } from '../phantom/seeded-random.ts';
import type { VisibleBody } from './body-matching.ts';
import type { LabelledBody, LabelledFilm } from './film-comparison.ts';

/** A body that was drawn, so that all is known of it. */
export interface SimulatedBody extends LabelledBody {
  readonly lossPercent: { readonly wedge: number; readonly biconcave: number; readonly crush: number };
}

/** Films of training lie below; these seeds are used for nothing else. */
const SEED_FIRST = 200_000;
const CHEST_LEVELS = ['T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12'] as const;
const SPINE_LEVELS = ['T11', 'T12', 'L1', 'L2', 'L3', 'L4'] as const;

/**
 * What the film of a number is rendered from: a look that training never used, every fourth a chest film, every third
 * a sound spine, the others with one or two deformities that lose 10 to 60 percent.
 */
export function drawEvaluationFilm(index: number): SpineFilmOptions {
  const seed = SEED_FIRST + index;
  const random = createSeededRandom(seed * 7 + 3);
  const kind: SpineFilmKind = index % 4 === 3 ? 'chest-lateral' : 'spine-lateral';
  const count = index % 3 === 0 ? 0 : pickOne(random, [1, 1, 2]);
  const vertebrae: WantedDeformity[] = [];
  while (vertebrae.length < count) {
    const wanted = drawDeformity(random, kind);
    if (!vertebrae.some(({ level }) => level === wanted.level)) vertebrae.push(wanted);
  }
  return { seed, kind, look: 'held-out', vertebrae };
}

function drawDeformity(random: SeededRandom, kind: SpineFilmKind): WantedDeformity {
  return {
    level: pickOne<WantedDeformity['level']>(random, kind === 'chest-lateral' ? CHEST_LEVELS : SPINE_LEVELS),
    deformity: pickOne(random, ['wedge', 'biconcave', 'crush'] as const),
    lossPercent: random.between(10, 60),
  };
}

/** The labels of a film that was drawn: its whole bodies from T4 to L5; what is cut off or hidden is only visible. */
export function labelsOf(
  file: string,
  { facing, sacrumPx, vertebrae }: SpineTruth,
): LabelledFilm<SimulatedBody> {
  const isLabelled = ({ level, visible, wholeInPicture }: SpineTruth['vertebrae'][number]): boolean =>
    visible && wholeInPicture && LEVELS.indexOf(level) >= LEVELS.indexOf('T4');
  const frames = vertebrae.map((body) => ({ body, frame: bodyFrame(body.pointsPx) }));
  const others = frames.filter(({ body }) => !isLabelled(body));
  const heightPx = frames.at(-1)?.frame.heightPx ?? 0;
  const sacrum: VisibleBody[] = sacrumPx === null ? [] : [{ centrePx: sacrumPx, heightPx, isSacrum: true }];
  return {
    ...{ file, facing },
    bodies: vertebrae.filter(isLabelled).map(({ level, pointsPx, genantGrade, lossPercent }) => ({
      ...{ level, pointsPx, lossPercent },
      genantGrade: genantGrade satisfies GenantGrade,
    })),
    visible: [
      ...others.map(({ frame }) => ({ centrePx: frame.centrePx, heightPx: frame.heightPx, isSacrum: false })),
      ...sacrum,
    ],
  };
}
