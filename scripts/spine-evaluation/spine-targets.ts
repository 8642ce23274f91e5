import { VIEW_ORDER } from '../../src/decide/view-decision.ts';
import { atLeast, atMost, type JudgedFigure } from '../evaluation/judged-figure.ts';
import type { SpineFigures } from './spine-figures.ts';

/** Lays the figures beside what they were to reach; parts that did not run have no figure. */
export function judgeFigures({ kauh, simulated, ct, view, speed }: SpineFigures): readonly JudgedFigure[] {
  const real = kauh?.all;
  const grading = simulated?.grading;
  return [
    atLeast('kauh: labelled bodies found', real?.bodiesFound.value, 0.95),
    atMost('kauh: finds off any visible body', real?.otherFinds.offBody, 2),
    atMost('kauh: mean corner error, percent of the body height', real?.cornerErrorPercent.value, 6),
    atMost('kauh: mean error of the wedge ratio', real?.wedgeRatioError.value, 0.06),
    atMost('kauh: mean error of the biconcave ratio', real?.biconcaveRatioError.value, 0.08),
    atMost('simulated: mean loss error, points', grading?.lossErrorPoints.overall.value, 3),
    atLeast('simulated: quadratic weighted kappa of the grades', grading?.grades.kappaQuadratic.value, 0.9),
    atMost('real CT: largest difference of a loss, points', ct?.largestDifferencePoints, 5),
    atLeast('views: lowest recall of a class, films changed at random', lowestRecall(view), 0.95),
    atMost('speed: view, finding and measuring of 3000 x 2500, ms', speed?.totalMs, 350),
  ];
}

/** Of the six views, on films that were cropped, padded and rescaled at random. */
function lowestRecall(view: SpineFigures['view']): number | undefined {
  if (view === undefined) return undefined;
  return Math.min(...VIEW_ORDER.map((name) => view.draws.recall[name]?.share ?? 0));
}
