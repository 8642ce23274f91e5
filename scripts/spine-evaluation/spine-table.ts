import type { CtFigures } from './ct-film.ts';
import { describeTarget, estimateWords, ratioWords } from '../evaluation/figure-words.ts';
import type { JudgedFigure } from '../evaluation/judged-figure.ts';
import type { FindingFigures } from './finding-figures.ts';
import type { GradingFigures } from './grading-figures.ts';
import type { RealFigures } from './real-films.ts';
import type { SpineFigures } from './spine-figures.ts';

const WORST_FILMS = 8;

/** The figures for people, part by part, and beside the targets whether they were reached. */
export function describeFigures(figures: SpineFigures, targets: readonly JudgedFigure[]): string {
  const { kauh, chest, simulated, ct, view, speed } = figures;
  const parts: string[][] = [
    ['Targets', ...targets.flatMap(describeTarget)],
    kauh === undefined ? [] : ['kauh films, five-fold', ...describeReal(kauh)],
    chest === undefined ? [] : ['Lateral chest films, validation', ...describeReal(chest)],
    simulated === undefined
      ? []
      : [
          `Simulated films, held-out looks (${simulated.films})`,
          ...describeFinding(simulated.finding),
          ...describeGrading(simulated.grading),
        ],
    ct === undefined
      ? []
      : [`Real CT, means of ${ct.renderings} renderings`, ...ct.bodies.map(describeCtBody)],
    view === undefined
      ? []
      : [
          'Views, recall by cross-validation: as they are / changed at random',
          ...Object.entries(view.plain.recall).map(
            ([name, recall]) =>
              `  ${name}: ${recall.right} of ${recall.of} / ${view.draws.recall[name]?.right ?? 0} of ${view.draws.recall[name]?.of ?? 0}`,
          ),
        ],
    speed === undefined
      ? []
      : [
          `Speed, 2500 x 3000 uncompressed, one thread (${speed.processor})`,
          `  view, finding and measuring: ${speed.totalMs} ms; apart: view ${speed.stepsMs.view}, finding ${speed.stepsMs.finding}, measuring ${speed.stepsMs.measuring} ms`,
          `  read ${speed.serviceStagesMs.read}, decode ${speed.serviceStagesMs.decode}, report ${speed.serviceStagesMs.report} ms`,
        ],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function describeReal({ all, folds, positiveFilms, worstFilms }: RealFigures): string[] {
  return [
    ...describeFinding(all),
    ...folds.map(
      (fold) =>
        `  fold ${fold.fold} (${fold.models}): found ${ratioWords(fold.bodiesFound)}, off any body ${fold.otherFinds.offBody}, ` +
        `corners ${estimateWords(fold.cornerErrorPercent)} %, wedge ${estimateWords(fold.wedgeRatioError)}, biconcave ${estimateWords(fold.biconcaveRatioError)}`,
    ),
    `  films that would be findings: ${positiveFilms.gradeMin1} from grade 1, ${positiveFilms.gradeMin2} from grade 2, of ${positiveFilms.of}`,
    '  worst films:',
    ...worstFilms
      .slice(0, WORST_FILMS)
      .map(
        (film) =>
          `    ${film.file}: ${film.found} of ${film.bodies} found, ${film.offBody} off any body, corners ${film.cornerErrorPercent?.toFixed(1) ?? '–'} %`,
      ),
  ];
}

function describeFinding(figures: FindingFigures): string[] {
  const { otherFinds: other, falseGrades: wrong } = figures;
  return [
    `  bodies found ${ratioWords(figures.bodiesFound)}; graded ${ratioWords(figures.bodiesGraded)}; films without a spine ${figures.filmsWithoutSpine} of ${figures.films}`,
    `  other finds: off any body ${other.offBody}, doubled ${other.doubled}, on a visible body ${other.onVisibleBody}, on the sacrum ${other.onSacrum}`,
    `  corner error ${estimateWords(figures.cornerErrorPercent)} % of the height, six points ${estimateWords(figures.sixPointErrorPercent)} %`,
    `  wedge ratio error ${estimateWords(figures.wedgeRatioError)}, biconcave ratio error ${estimateWords(figures.biconcaveRatioError)}`,
    `  levels right ${ratioWords(figures.levelsRight)}, of confident ones ${ratioWords(figures.confidentLevelsRight)}; facing right ${ratioWords(figures.facingRight)}`,
    `  of ${wrong.soundBodies} sound bodies graded 1 or more: ${wrong.grade1}, 2 or more: ${wrong.grade2}`,
  ];
}

function describeGrading({
  lossErrorPoints: loss,
  grades,
  areaUnderCurve,
  ...rest
}: GradingFigures): string[] {
  return [
    `  loss error, points: wedge ${estimateWords(loss.wedge)}, biconcave ${estimateWords(loss.biconcave)}, crush ${estimateWords(loss.crush)}, overall ${estimateWords(loss.overall)}`,
    '  grades, rows true 0 to 3, columns found 0 to 3 (not graded, missed):',
    ...grades.confusion.map(
      (row, grade) =>
        `    ${row.map((count) => String(count).padStart(4)).join('')}  (${grades.notGraded[grade] ?? 0}, ${grades.missed[grade] ?? 0})`,
    ),
    `  weighted kappa: quadratic ${estimateWords(grades.kappaQuadratic)}, linear ${estimateWords(grades.kappaLinear)}`,
    `  AUC for grade 1 or more ${estimateWords(areaUnderCurve)} (${areaUnderCurve.cases} cases, ${areaUnderCurve.controls} controls)`,
    ...(['wedge', 'biconcave', 'crush'] as const).map(
      (name) =>
        `  true ${name} loss within one stated error ${ratioWords(rest.coverage[name].within1)}, within 1.96 ${ratioWords(rest.coverage[name].within196)}`,
    ),
    ...rest.filmsByPolicy.map(
      ({ gradeMin, positiveOfFractured, positiveOfOthers }) =>
        `  policy from grade ${gradeMin}: positive ${ratioWords(positiveOfFractured)} films with such a body, ${ratioWords(positiveOfOthers)} others`,
    ),
  ];
}

function describeCtBody(body: CtFigures['bodies'][number]): string {
  const losses = (['wedge', 'biconcave', 'crush'] as const).map((loss) => {
    const [mask, read] = [body.maskLossPercent[loss], body.readLossPercent[loss]];
    return `${loss} ${mask?.toFixed(1) ?? '–'} by the mask, ${read?.toFixed(1) ?? '–'} read`;
  });
  const grade = body.setGrade === null ? '' : `; the set calls it grade ${body.setGrade}`;
  return `  ${body.level}: ${losses.join('; ')}${grade}`;
}
