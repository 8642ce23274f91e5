import { describeTarget, estimateWords, ratioWords } from '../evaluation/figure-words.ts';
import type { JudgedFigure } from '../evaluation/judged-figure.ts';
import type { WorkerSpeed } from '../evaluation/worker-speed.ts';
import type { BorderFigures } from './border-figures.ts';
import type { ClassAgreement, ClassFigures } from './class-figures.ts';
import type { ForamenAgreement, ForamenFigures } from './foramen-figures.ts';
import type { LooksFigures } from './look-figures.ts';
import type { PanoramicFigures } from './panoramic-figures.ts';
import type { PhantomAgreement, PhantomFigures } from './phantom-films.ts';
import type { Coverage, UncertaintyFigures } from './uncertainty-figures.ts';
import type { WidthAgreement, WidthFigures } from './width-figures.ts';

/** The figures for people, part by part, and beside the targets whether they were reached. */
export function describePanoramic(figures: PanoramicFigures, targets: readonly JudgedFigure[]): string {
  const { border, width, foramen, looks, phantoms, uncertainty, speed } = figures;
  const parts: (readonly string[])[] = [
    ['Targets', ...targets.flatMap(describeTarget)],
    border === undefined ? [] : describeBorder(border),
    width === undefined ? [] : describeWidth(width),
    foramen === undefined ? [] : describeForamina(foramen),
    figures.class === undefined ? [] : describeClasses(figures.class),
    looks === undefined ? [] : describeLooks(looks),
    phantoms === undefined ? [] : describePhantoms(phantoms),
    uncertainty === undefined ? [] : describeUncertainty(uncertainty),
    speed === undefined ? [] : describeSpeed(speed),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function describeBorder(border: BorderFigures): readonly string[] {
  const { refusedFilms: refused, sidesNotAssessable: sides, expertsApartMm: apart } = border;
  return [
    `Inferior border, ${border.films} films, mm to the nearer expert`,
    `  median ${estimateWords(border.medianMm)}, nine of ten within ${estimateWords(border.percentile90Mm)}, mean ${estimateWords(border.meanMm)}, within 0.6 mm ${ratioWords(border.filmsWithin06Mm)}; no border on ${border.filmsWithoutBorder}`,
    ...(apart === null
      ? []
      : [`  experts apart: median ${apart.median}, nine of ten within ${apart.percentile90}`]),
    `  films refused ${ratioWords(refused)}${listWords(refused.list.map(({ film, reasons }) => `${film}: ${reasons.join(', ')}`))}`,
    `  sides not assessable ${ratioWords(sides)}${countWords(sides.byReason)}`,
    ...border.folds.map(({ fold, films, medianMm }) => `  fold ${fold}: ${films} films, median ${medianMm}`),
    `  worst films: ${border.worstFilms.map(({ film, errorMm }) => `${film} ${errorMm}`).join(', ')}`,
  ];
}

function describeWidth(width: WidthFigures): readonly string[] {
  const { repeat, notAssessable: missing } = width;
  return [
    `Cortical width, ${width.tracedSites} traced sites, mm at the detector`,
    `  all                     ${agreementWords(width.all)}`,
    `  clear                   ${agreementWords(width.clear)}`,
    `  near decisions          ${agreementWords(width.near)}`,
    `  to the nearer margin    ${agreementWords(width.nearerCandidate)}`,
    ...Object.entries(width.byQuality).map(([name, some]) => `  ${name.padEnd(24)}${agreementWords(some)}`),
    `  at the tracer's foramen ${agreementWords(width.atTracedForamen)}`,
    `  tracer's repeat         ${agreementWords(repeat.all)}`,
    `    clear                 ${agreementWords(repeat.clear)}`,
    `    near decisions        ${agreementWords(repeat.near)}`,
    `  not assessable: ${missing.byService} by the service${countWords(missing.reasons)}, ${missing.byTracer} by the tracer, ${missing.byTracerAlone} by the tracer alone`,
    '  worst sites:',
    ...width.worstSites.map(
      (site) =>
        `    ${site.film} ${site.side}: read ${site.readMm} ± ${site.statedErrorMm ?? '–'}, traced ${site.tracedMm}${site.otherTracedMm === null ? '' : ` or ${site.otherTracedMm}`}, ${site.quality}${site.isNear ? ', near' : ''}, foramen ${site.foramenApartMm ?? '–'} apart`,
    ),
  ];
}

function agreementWords(agreement: WidthAgreement): string {
  const { meanAbsoluteErrorMm, medianErrorMm, percentile90ErrorMm, biasMm, correlation } = agreement;
  return (
    `n ${agreement.sites}: mean ${estimateWords(meanAbsoluteErrorMm)}, median ${estimateWords(medianErrorMm)}, ` +
    `nine of ten ${estimateWords(percentile90ErrorMm)}, bias ${estimateWords(biasMm)}, r ${estimateWords(correlation)}`
  );
}

function describeForamina({ seen, byVisibility, reliability }: ForamenFigures): readonly string[] {
  const words = ({ within3Mm, medianMm, percentile90Mm }: ForamenAgreement): string =>
    `within 3 mm ${ratioWords(within3Mm)}, median ${medianMm ?? '–'}, nine of ten ${percentile90Mm ?? '–'}`;
  return [
    'Mental foramen, mm',
    `  plain or faint: ${words(seen)}`,
    ...Object.entries(byVisibility).map(([name, some]) => `  ${name}: ${words(some)}`),
    '  confidence and share within 3 mm (plain or faint):',
    ...reliability.map(
      (bin) =>
        `    ${bin.from} to ${bin.to}: n ${bin.sites}, confidence ${bin.meanConfidence ?? '–'}, share ${bin.shareWithin3Mm ?? '–'}`,
    ),
  ];
}

function describeClasses({ service, repeat, notRead }: ClassFigures): readonly string[] {
  const words = ({ sites, same, kappa, kappaLinear, table }: ClassAgreement): string =>
    `n ${sites}: same ${ratioWords(same)}, kappa ${estimateWords(kappa)}, linear ${estimateWords(kappaLinear)}, table ${JSON.stringify(table)}`;
  return [
    "Klemetti's class, rows traced first (C1 to C3)",
    `  service: ${words(service)}; not read ${notRead}`,
    `  tracer's repeat: ${words(repeat)}`,
  ];
}

function describeLooks({
  films,
  looks,
  grossErrors,
  reportedAgainstReason,
}: LooksFigures): readonly string[] {
  return [
    `Other looks of ${films.length} films (${films.join(', ')}), mm against the same film as it is`,
    ...looks.map(
      (look) =>
        `  ${look.name.padEnd(14)}border ${look.borderMedianMm ?? '–'} (loss ${look.borderLossMm ?? '–'}); width n ${look.widthSites}: change ${look.widthChangeMm ?? '–'}, nine of ten ${look.widthChange90Mm ?? '–'}, bias ${look.widthBiasMm ?? '–'}; ` +
        `turned not assessable ${look.turnedNotAssessable.count} of ${look.turnedNotAssessable.of}${look.isRefusalRight ? ' (right)' : ''}${countWords(look.reasons)}` +
        `; gross: border ${look.grossBorders.length}${listWords(look.grossBorders)}, width ${look.grossWidths.length}${listWords(look.grossWidths)}, stated ${look.grossWidthsStated}`,
    ),
    `  gross errors ${grossErrors}; reported where nothing can be measured ${reportedAgainstReason.count} of ${reportedAgainstReason.of}`,
  ];
}

function describePhantoms({
  all,
  drawn,
  real,
  paintedIntoFilms,
  byClass,
  worstSides,
}: PhantomFigures): readonly string[] {
  const words = (some: PhantomAgreement): string =>
    `${some.assessable} of ${some.sides} sides: mean absolute error ${estimateWords(some.meanAbsoluteErrorMm)}, bias ${estimateWords(some.biasMm)}, worst ${some.worstMm ?? '–'}${countWords(some.notAssessable)}`;
  return [
    'Phantoms, mm',
    `  all: ${words(all)}`,
    `  drawn jaws: ${words(drawn)}`,
    `  jaws of real films: ${words(real)}`,
    ...Object.entries(byClass).map(([name, some]) => `  ${name}: ${words(some)}`),
    `  bands painted into real films: ${words(paintedIntoFilms)}`,
    '  worst sides:',
    ...worstSides.map(
      (side) =>
        `    ${side.seed} ${side.side} ${side.mciClass}, ${side.trueMm.toFixed(2)}: ${side.errorMm?.toFixed(3) ?? '–'} ± ${side.standardErrorMm?.toFixed(3) ?? '–'}`,
    ),
  ];
}

function describeUncertainty({ phantoms, tracings, repeats }: UncertaintyFigures): readonly string[] {
  const words = ({ sites, within1, within2 }: Coverage): string =>
    `n ${sites}: within one ${shareWords(within1.value)}, within two ${shareWords(within2.value)}`;
  return [
    'Stated standard errors (nominal 68 and 95 %)',
    `  phantoms, true width: ${words(phantoms)}`,
    ...Object.entries(tracings).map(([name, some]) => `  tracings, ${name}: ${words(some)}`),
    ...Object.entries(repeats).map(
      ([name, some]) =>
        `  tracer's repeat, ${name} (against the stated error times root two): ${words(some)}`,
    ),
  ];
}

function describeSpeed({ processor, films, stagesMs, filmMs, processorMs }: WorkerSpeed): readonly string[] {
  const { read, decode, prepare, inference, measure, report } = stagesMs;
  return [
    `Speed, 2900 x 1250 uncompressed, one thread, medians of ${films} films (${processor})`,
    `  read ${read}, decode ${decode}, prepare ${prepare}, inference ${inference}, measure ${measure}: ${filmMs} ms; report ${report} ms; processor time with the report ${processorMs} ms`,
  ];
}

function shareWords(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(0)} %`;
}

function countWords(counts: Readonly<Record<string, number>>): string {
  return listWords(Object.entries(counts).map(([name, count]) => `${name} ${count}`));
}

function listWords(items: readonly string[]): string {
  return items.length === 0 ? '' : ` (${items.join('; ')})`;
}
