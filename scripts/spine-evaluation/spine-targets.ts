import { VIEW_ORDER } from '../../src/decide/view-decision.ts';
import type { SpineFigures } from './spine-figures.ts';

/** What a figure was to reach, and whether it did. */
export interface JudgedFigure {
  readonly name: string;
  /** null where it was not measured in this run, or could not be: nothing was found to reckon it from. */
  readonly value: number | null;
  readonly target: string;
  /** null where it was not measured in this run. */
  readonly met: boolean | null;
}

/** Lays the figures beside what they were to reach; parts that did not run have no figure. */
export function judgeFigures({ kauh, simulated, ct, view, speed }: SpineFigures): readonly JudgedFigure[] {
  const real = kauh?.all;
  const grading = simulated?.grading;
  return [
    least('kauh: labelled bodies found', real?.bodiesFound.value, 0.95),
    most('kauh: finds off any visible body', real?.otherFinds.offBody, 2),
    most('kauh: mean corner error, percent of the body height', real?.cornerErrorPercent.value, 6),
    most('kauh: mean error of the wedge ratio', real?.wedgeRatioError.value, 0.06),
    most('kauh: mean error of the biconcave ratio', real?.biconcaveRatioError.value, 0.08),
    most('simulated: mean loss error, points', grading?.lossErrorPoints.overall.value, 3),
    least('simulated: quadratic weighted kappa of the grades', grading?.grades.kappaQuadratic.value, 0.9),
    most('real CT: largest difference of a loss, points', ct?.largestDifferencePoints, 5),
    least('views: lowest recall of a class, films changed at random', lowestRecall(view), 0.95),
    most('speed: view, finding and measuring of 3000 x 2500, ms', speed?.totalMs, 350),
  ];
}

/** Of the six views, on films that were cropped, padded and rescaled at random. */
function lowestRecall(view: SpineFigures['view']): number | undefined {
  if (view === undefined) return undefined;
  return Math.min(...VIEW_ORDER.map((name) => view.draws.recall[name]?.share ?? 0));
}

function least(name: string, value: number | null | undefined, bound: number): JudgedFigure {
  return judge(name, value, `>= ${bound}`, (measured) => measured >= bound);
}

function most(name: string, value: number | null | undefined, bound: number): JudgedFigure {
  return judge(name, value, `<= ${bound}`, (measured) => measured <= bound);
}

function judge(
  name: string,
  value: number | null | undefined,
  target: string,
  isMet: (value: number) => boolean,
): JudgedFigure {
  if (value === undefined) return { name, value: null, target, met: null };
  return { name, value, target, met: value !== null && isMet(value) };
}
