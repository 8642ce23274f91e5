import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnalysisResult, CorticalIndex, Side, SideMeasurement } from '../../src/exam/analysis.ts';
import type { PointPx } from '../../src/exam/film.ts';
import { readPicture } from '../../src/imaging/read-picture.ts';
import type { CorticalIndexModel } from '../../src/measure/cortical-index-model.ts';
import { measureCorticalWidth } from '../../src/measure/cortical-width.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { middleOutline } from './border-error.ts';
import type { LabelledFile, LabelledFolder } from './labelled-folder.ts';
import { openFoldReader, openShippedReader, type PanoramicReader } from './panoramic-reader.ts';

/** A film with labels and what the service made of it. */
export interface RealReading extends LabelledFile {
  readonly fold: number | null;
  readonly mmPerPx: number;
  /** Middle outline of each expert. */
  readonly outlines: readonly (readonly PointPx[])[];
  readonly analysis: AnalysisResult;
  /** The same border, measured below the tracer's foramen of the first reading; null where there is none. */
  readonly atTracedForamen: Readonly<Record<Side, SideMeasurement | null>>;
  /** Klemetti's class at the service's own foramen, by the coefficients of the fold; null where there is none. */
  readonly classOfFold: Readonly<Record<Side, CorticalIndex | null>>;
}

/** Draws what was read of a picture; without one nothing is drawn. */
export type OverlayFolder = string | null;

/** Larger pictures are refused by the service, too. */
export const PIXELS_MAX = 64_000_000;

/** Reads every film by weights that never saw it, one after the other. */
export async function readRealFilms(
  folder: LabelledFolder,
  overlays: OverlayFolder,
  onFilm: (done: number, of: number) => void,
): Promise<readonly RealReading[]> {
  const readings: RealReading[] = [];
  const indexModels = folder.folds === null ? [] : await readIndexModels();
  const folds = folder.folds ?? [folder.films.map(({ film }) => film)];
  for (const [fold, names] of folds.entries()) {
    const reader = folder.folds === null ? await openShippedReader() : await openFoldReader(fold);
    for (const file of folder.films.filter(({ film }) => names.includes(film))) {
      readings.push({
        ...(await readFilm(file, folder.mmPerPx, { reader, indexModel: indexModels[fold] }, overlays)),
        fold: folder.folds === null ? null : fold,
      });
      onFilm(readings.length, folder.films.length);
    }
  }
  return readings;
}

/** What reads a fold's films without having seen them. */
interface FoldTools {
  readonly reader: PanoramicReader;
  /** undefined: the shipped coefficients. */
  readonly indexModel: CorticalIndexModel | undefined;
}

async function readIndexModels(): Promise<readonly CorticalIndexModel[]> {
  const path = join(PROJECT_FOLDER, 'models/training/cortical-index/folds.json');
  const { folds } = JSON.parse(await readFile(path, 'utf8')) as {
    readonly folds: readonly CorticalIndexModel[];
  };
  return folds;
}

async function readFilm(
  file: LabelledFile,
  mmPerPx: number,
  { reader, indexModel }: FoldTools,
  overlays: OverlayFolder,
): Promise<Omit<RealReading, 'fold'>> {
  const analysis = await readWithOverlay(reader, { id: file.film, content: file.path, mmPerPx }, overlays);
  const outlines: (readonly PointPx[])[] = [];
  for (const path of file.maskPaths)
    outlines.push(middleOutline((await readPicture(await readFile(path), PIXELS_MAX)).film));
  const { film } = await readPicture(await readFile(file.path), PIXELS_MAX);
  const atTraced = (side: Side): SideMeasurement | null => {
    const tracing = file.tracings.find((one) => one.reading === 1 && one.side === side);
    const border = analysis.panoramic?.inferiorBorderPx;
    if (tracing === undefined || border === undefined) return null;
    const [xPx, yPx] = tracing.foramenPx;
    return measureCorticalWidth({ film, border, foramen: { xPx, yPx, confidence: 1 }, side, mmPerPx });
  };
  const classOf = (side: Side): CorticalIndex | null => {
    const found = analysis.panoramic?.sides.find((one) => one.side === side);
    if (found?.mci == null || found.foramenPx === null || indexModel === undefined) return found?.mci ?? null;
    const [xPx, yPx] = found.foramenPx;
    const border = analysis.panoramic?.inferiorBorderPx ?? [];
    const foramen = { xPx, yPx, confidence: 1 };
    return measureCorticalWidth({ film, border, foramen, side, mmPerPx, indexModel }).mci;
  };
  return {
    classOfFold: { R: classOf('R'), L: classOf('L') },
    ...{ ...file, mmPerPx, outlines, analysis },
    atTracedForamen: { R: atTraced('R'), L: atTraced('L') },
  };
}

/** Reads a picture and puts the service's own overlay of it into the folder, under the picture's name. */
export async function readWithOverlay(
  reader: PanoramicReader,
  picture: Omit<Parameters<PanoramicReader>[0], 'scratchFolder'>,
  overlays: OverlayFolder,
): Promise<AnalysisResult> {
  if (overlays === null) return (await reader({ ...picture, scratchFolder: null })).analysis;
  await mkdir(overlays, { recursive: true });
  // Beside its place, so that it can be moved there whatever disk that is on.
  const scratchFolder = await mkdtemp(join(overlays, '.scratch-'));
  try {
    const { analysis, artefacts } = await reader({ ...picture, scratchFolder });
    if (artefacts?.overlayPath != null)
      await rename(artefacts.overlayPath, join(overlays, `${picture.id}.png`));
    return analysis;
  } finally {
    await rm(scratchFolder, { recursive: true, force: true });
  }
}
