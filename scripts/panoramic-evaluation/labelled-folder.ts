import { access, readdir, readFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { type ForamenLabel, readForamina, readTracings, type Tracing } from './tracings.ts';

/** Films with labels, and who may read them. */
export interface LabelledFolder {
  readonly films: readonly LabelledFile[];
  readonly mmPerPx: number;
  /** null: a site's own films, read by the shipped weights, which never saw any of them. */
  readonly folds: readonly (readonly string[])[] | null;
}

/** A film, its outlines and everything that was traced on it. */
export interface LabelledFile {
  /** The file's name without its ending. */
  readonly film: string;
  readonly path: string;
  /** Masks of the experts, those that there are. */
  readonly maskPaths: readonly string[];
  readonly tracings: readonly Tracing[];
  /** One for each side at most; what was placed on its own is believed before what came with a tracing. */
  readonly foramina: readonly ForamenLabel[];
}

const TRAINING = join(PROJECT_FOLDER, 'models/training/mandible-contour');
const DETECTOR_MM_PER_PX = 0.0959;
const PICTURE = /\.(png|tiff?|jpe?g)$/i;
const EXPERTS = ['mask-expert1', 'mask-expert2'];

/** The 89 films of the training, in their five folds. */
export async function openTrainingFilms(folder: string): Promise<LabelledFolder> {
  const { folds } = JSON.parse(await readFile(join(TRAINING, 'folds.json'), 'utf8')) as {
    readonly folds: readonly (readonly number[])[];
  };
  const tracings = await readTracings(join(TRAINING, 'labels/cortical-tracings.csv'));
  const foramina = await readForamina(join(TRAINING, 'labels/mental-foramen.csv'));
  return {
    films: await collectFilms(folder, tracings, foramina),
    mmPerPx: DETECTOR_MM_PER_PX,
    folds: folds.map((films) => films.map(String)),
  };
}

/**
 * A site's own films in the same layout: `images`, `mask-expert1`, and where there are any `mask-expert2` and
 * `cortical-tracings.csv`. Throws what to do where a folder or a mask is missing.
 */
export async function openSiteFilms(folder: string, mmPerPx: number): Promise<LabelledFolder> {
  const path = join(folder, 'cortical-tracings.csv');
  const tracings = (await exists(path)) ? await readTracings(path) : [];
  const films = await collectFilms(folder, tracings, []);
  const unknown = tracings.find(({ film }) => films.every((one) => one.film !== film));
  if (unknown !== undefined)
    throw new Error(`${path}: there is no film ${unknown.film} in images; write its name without the ending`);
  return { films, mmPerPx, folds: null };
}

async function collectFilms(
  folder: string,
  tracings: readonly Tracing[],
  foramina: readonly ForamenLabel[],
): Promise<readonly LabelledFile[]> {
  const images = join(folder, 'images');
  const files = (await readdir(images).catch(() => [])).filter((file) => PICTURE.test(file)).sort(byNumber);
  if (files.length === 0) throw new Error(`${images} has no films: put PNG, TIFF or JPEG pictures there`);
  return Promise.all(
    files.map(async (file): Promise<LabelledFile> => {
      const film = parse(file).name;
      const masks = EXPERTS.map((expert) => join(folder, expert, `${film}.png`));
      const isThere = await Promise.all(masks.map(exists));
      const maskPaths = masks.filter((_, index) => isThere[index]);
      if (maskPaths.length === 0)
        throw new Error(`${masks[0] ?? ''} is missing: outline the mandible in a mask of the film's size`);
      const own = tracings.filter((tracing) => tracing.film === film);
      return {
        film,
        path: join(images, file),
        maskPaths,
        tracings: own,
        foramina: foraminaOf(film, own, foramina),
      };
    }),
  );
}

function foraminaOf(
  film: string,
  tracings: readonly Tracing[],
  placed: readonly ForamenLabel[],
): readonly ForamenLabel[] {
  return (['R', 'L'] as const).flatMap((side) => {
    const label =
      placed.find((one) => one.film === film && one.side === side) ??
      tracings.find((one) => one.reading === 1 && one.side === side);
    return label === undefined ? [] : [label];
  });
}

function byNumber(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
