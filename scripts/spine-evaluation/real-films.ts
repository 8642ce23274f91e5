import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ViewName } from '../../src/exam/analysis.ts';
import { decideFracture } from '../../src/decide/fracture-policy.ts';
import { readPicture } from '../../src/imaging/read-picture.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { mean, rounded } from '../bench/statistics.ts';
import { compareFilm, type FilmComparison } from './film-comparison.ts';
import { type FindingFigures, summariseFilms } from './finding-figures.ts';
import { type LabelledPicture, readLabels } from './labelled-films.ts';
import type { OverlayWriter } from './overlay-writer.ts';
import { openSpineReader, type SpineReader } from './spine-reader.ts';

const TRAINING = join(PROJECT_FOLDER, 'models/training/vertebrae');
const SHIPPED = join(PROJECT_FOLDER, 'models');
/** No film here is larger. */
export const PIXELS_MAX = 40_000_000;

/** A film on one line: what is worth looking at. */
interface FilmLine {
  readonly file: string;
  readonly fold: number | null;
  readonly bodies: number;
  readonly found: number;
  readonly offBody: number;
  readonly cornerErrorPercent: number | null;
  readonly wedgeRatioError: number | null;
  readonly biconcaveRatioError: number | null;
  readonly levels: readonly string[];
  readonly worstGrade: number | null;
}

/** How many films would be findings by a policy, all of people whose labels call their bodies sound or borderline. */
interface PositiveFilms {
  readonly gradeMin1: number;
  readonly gradeMin2: number;
  readonly of: number;
}

/** Figures of films with labels by hand. */
export interface RealFigures {
  readonly all: FindingFigures;
  readonly folds: readonly (FindingFigures & { readonly fold: number; readonly models: string })[];
  readonly positiveFilms: PositiveFilms;
  /** The worst first. */
  readonly worstFilms: readonly FilmLine[];
}

interface Folds {
  readonly folds: readonly (readonly string[])[];
  readonly shippedHeldOut: readonly number[];
}

/** The kauh films, each read by weights that never saw it: five-fold. */
export async function evaluateKauh(data: string, overlays: OverlayWriter | null): Promise<RealFigures> {
  const { folds, shippedHeldOut } = JSON.parse(await readFile(join(TRAINING, 'folds.json'), 'utf8')) as Folds;
  const labels = await readLabels(
    join(data, 'spine-lateral/labels.jsonl'),
    join(TRAINING, 'labels/visible-unlabelled.jsonl'),
  );
  const images = join(data, 'spine-lateral/images');
  const read: { fold: number; models: string; films: FilmComparison[] }[] = [];
  for (const [fold, files] of folds.entries()) {
    const isShipped = shippedHeldOut.includes(fold);
    const reader = await openSpineReader(isShipped ? SHIPPED : join(TRAINING, 'folds', `fold${fold}`));
    const films: FilmComparison[] = [];
    for (const label of labels.filter(({ file }) => files.includes(file)))
      films.push(await compareWith(reader, label, images, 'spine-lateral', overlays));
    read.push({ fold, models: isShipped ? 'shipped' : `fold ${fold}`, films });
  }
  return {
    ...summariseReal(read.flatMap(({ fold, films }) => films.map((film) => ({ fold, film })))),
    folds: read.map(({ fold, models, films }) => ({ fold, models, ...summariseFilms(films) })),
  };
}

/** The lateral chest films that the labels keep for validation, by the shipped weights. */
export async function evaluateChest(data: string, overlays: OverlayWriter | null): Promise<RealFigures> {
  const labels = await readLabels(
    join(TRAINING, 'labels/lateral-chest.jsonl'),
    join(TRAINING, 'labels/lateral-chest-visible-unlabelled.jsonl'),
  );
  const reader = await openSpineReader(SHIPPED);
  const films: FilmComparison[] = [];
  for (const label of labels.filter(({ split }) => split === 'validation'))
    films.push(await compareWith(reader, label, join(data, 'chest/lateral'), 'chest-lateral', overlays));
  return { ...summariseReal(films.map((film) => ({ fold: null, film }))), folds: [] };
}

async function compareWith(
  reader: SpineReader,
  label: LabelledPicture,
  folder: string,
  view: ViewName,
  overlays: OverlayWriter | null,
): Promise<FilmComparison> {
  const { film } = await readPicture(await readFile(join(folder, label.file)), PIXELS_MAX);
  const reading = await reader(film, view);
  await overlays?.(label.file, film, view, reading);
  return compareFilm(label, reading.spine);
}

function summariseReal(
  films: readonly { readonly fold: number | null; readonly film: FilmComparison }[],
): Omit<RealFigures, 'folds'> {
  const comparisons = films.map(({ film }) => film);
  const positives = (gradeMin: 1 | 2): number =>
    comparisons.filter(
      ({ finding }) =>
        finding !== null &&
        decideFracture(finding, { gradeMin, standardErrorsMin: 1 }).outcome === 'positive',
    ).length;
  return {
    all: summariseFilms(comparisons),
    positiveFilms: { gradeMin1: positives(1), gradeMin2: positives(2), of: comparisons.length },
    worstFilms: films.map(({ fold, film }) => lineOf(film, fold)).sort((a, b) => badness(b) - badness(a)),
  };
}

function lineOf({ file, bodies, finding, finds }: FilmComparison, fold: number | null): FilmLine {
  const errors = bodies.flatMap((body) => (body.errors === null ? [] : [body.errors]));
  const meanOf = (name: keyof (typeof errors)[number]): number | null =>
    errors.length === 0 ? null : rounded(mean(errors.map((error) => error[name])));
  return {
    ...{ file, fold, bodies: bodies.length, found: errors.length, offBody: finds.offBody },
    cornerErrorPercent: meanOf('cornersPercent'),
    wedgeRatioError: meanOf('wedgeRatio'),
    biconcaveRatioError: meanOf('biconcaveRatio'),
    levels: finding?.vertebrae.map(({ level }) => level) ?? [],
    worstGrade: finding?.worstGrade ?? null,
  };
}

/** A missed body or a find off any body counts more than the largest error of a corner. */
function badness({ bodies, found, offBody, cornerErrorPercent }: FilmLine): number {
  return 100 * (bodies - found + offBody) + (cornerErrorPercent ?? 100);
}
