import { join } from 'node:path';
import { plainFilm } from '../../src/imaging/prepare-image.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { mean, rounded } from '../bench/statistics.ts';
import { renderCtFilm } from '../phantom/spine/ct-film.ts';
import { compareFilm, type BodyComparison } from './film-comparison.ts';
import type { OverlayWriter } from './overlay-writer.ts';
import { labelsOf, type SimulatedBody } from './simulated-truth.ts';
import { openSpineReader } from './spine-reader.ts';

const SUBJECT = 'sub-verse012';
/** The data set's own grades, which its readers gave by eye. */
const SET_GRADES: Readonly<Record<string, number>> = { L1: 3, L3: 1 };
const LOSSES = ['wedge', 'biconcave', 'crush'] as const;
/** A real CT is one spine: it is rendered with several looks, so that one grain does not decide. */
const RENDERINGS = (['training', 'held-out'] as const).flatMap((look) =>
  [1, 2, 3].map((seed) => ({ look, seed })),
);

type Losses = Readonly<Record<(typeof LOSSES)[number], number | null>>;

/** One vertebra of the CT: what its mask says, and what is read from the pictures. */
interface CtBody {
  readonly level: string;
  /** By six points of the middle slices of its mask. */
  readonly maskLossPercent: Losses;
  readonly maskGrade: number;
  /** Mean over the renderings in which it was found and measured. */
  readonly readLossPercent: Losses;
  readonly readGrades: readonly (number | null)[];
  /** Read less mask, of the means. */
  readonly differencePoints: Losses;
  readonly setGrade: number | null;
  readonly found: number;
}

/** The renderings of the real CT, which training never saw. */
export interface CtFigures {
  readonly renderings: number;
  readonly bodies: readonly CtBody[];
  /** Of wedge and biconcave, over all bodies, of the means; null while a body was found in no rendering. */
  readonly largestDifferencePoints: number | null;
  /** The same with crush, whose reference the service corrects for the level and the rule does not. */
  readonly largestCrushDifferencePoints: number | null;
}

/** Renders the CT, reads the pictures with the shipped weights and lays the losses beside those of the mask. */
export async function evaluateCt(data: string, overlays: OverlayWriter | null): Promise<CtFigures> {
  const reader = await openSpineReader(join(PROJECT_FOLDER, 'models'));
  const comparisons: BodyComparison<SimulatedBody>[] = [];
  for (const { look, seed } of RENDERINGS) {
    const folder = join(data, 'spine-ct/verse012');
    const { film, truth } = renderCtFilm({ folder, subject: SUBJECT, look, seed });
    const picture = plainFilm(film.columns, film.rows, film.samples);
    const reading = await reader(picture, 'spine-lateral');
    const file = `${SUBJECT}-${look}-${seed}`;
    await overlays?.(file, picture, 'spine-lateral', reading);
    comparisons.push(...compareFilm(labelsOf(file, truth), reading.spine).bodies);
  }
  const levels = [...new Set(comparisons.map(({ label }) => label.level))];
  const bodies = levels.map((level) =>
    describeBody(comparisons.filter(({ label }) => label.level === level)),
  );
  return {
    renderings: RENDERINGS.length,
    bodies,
    largestDifferencePoints: largest(bodies, ['wedge', 'biconcave']),
    largestCrushDifferencePoints: largest(bodies, ['crush']),
  };
}

function describeBody(readings: readonly BodyComparison<SimulatedBody>[]): CtBody {
  const [first] = readings;
  if (first === undefined) throw new RangeError('no vertebra');
  const { level, genantGrade } = first.label;
  const byLoss = (valueOf: (loss: (typeof LOSSES)[number]) => number | null): Losses => ({
    wedge: valueOf('wedge'),
    biconcave: valueOf('biconcave'),
    crush: valueOf('crush'),
  });
  const read = byLoss((loss) => {
    const found = readings.flatMap(({ find }) => find?.lossPercent?.[loss] ?? []);
    return found.length === 0 ? null : rounded(mean(found));
  });
  const mask = byLoss((loss) => rounded(mean(readings.map(({ label }) => label.lossPercent[loss]))));
  return {
    ...{ level, maskLossPercent: mask, maskGrade: genantGrade, readLossPercent: read },
    readGrades: readings.map(({ find }) => find?.genantGrade ?? null),
    differencePoints: byLoss((loss) => {
      const [own, other] = [read[loss], mask[loss]];
      return own === null || other === null ? null : rounded(own - other);
    }),
    setGrade: SET_GRADES[level] ?? null,
    found: readings.filter(({ find }) => find !== null).length,
  };
}

function largest(bodies: readonly CtBody[], losses: readonly (typeof LOSSES)[number][]): number | null {
  const differences = bodies.flatMap(({ differencePoints }) => losses.map((loss) => differencePoints[loss]));
  return differences.includes(null) || differences.length === 0
    ? null
    : Math.max(...differences.map((points) => Math.abs(points ?? 0)));
}
