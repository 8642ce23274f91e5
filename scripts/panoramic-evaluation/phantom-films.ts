import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import type { Film } from '../phantom/film-finish.ts';
import type { RealJaw } from '../phantom/real-jaw.ts';
import { encodePng16 } from '../../src/imaging/raster.ts';
import { mean, rounded } from '../bench/statistics.ts';
import { drawTrainingOptions } from '../phantom/export-training.ts';
import { type PhantomOptions, renderPanoramicPhantom } from '../phantom/panoramic-phantom.ts';
import { type Estimate, estimateOf } from '../evaluation/estimate.ts';
import { countEach } from './border-figures.ts';
import { openShippedReader, type PanoramicReader } from './panoramic-reader.ts';
import { type OverlayFolder, readWithOverlay } from './real-readings.ts';

/** A side of a phantom: its true width and what the service read. */
export interface PhantomReading {
  readonly seed: number;
  readonly geometry: 'drawn' | 'real' | 'painted';
  readonly side: 'R' | 'L';
  readonly mciClass: 'C1' | 'C2' | 'C3';
  readonly readClass: 'C1' | 'C2' | 'C3' | null;
  readonly trueMm: number;
  /** null where the side was not assessable. */
  readonly errorMm: number | null;
  readonly standardErrorMm: number | null;
  readonly reason: string | null;
}

/** Errors of the cortical width on phantoms, millimetres. */
export interface PhantomAgreement {
  readonly sides: number;
  readonly assessable: number;
  readonly meanAbsoluteErrorMm: Estimate;
  readonly biasMm: Estimate;
  readonly worstMm: number | null;
  readonly notAssessable: Readonly<Record<string, number>>;
}

/** Phantoms that nobody trained on, all together and apart. */
export interface PhantomFigures {
  readonly all: PhantomAgreement;
  readonly drawn: PhantomAgreement;
  readonly real: PhantomAgreement;
  /** Bands painted into real films: beside the phantoms, not among them. */
  readonly paintedIntoFilms: PhantomAgreement;
  readonly byClass: Readonly<Record<'C1' | 'C2' | 'C3', PhantomAgreement>>;
  /** The worst first. */
  readonly worstSides: readonly PhantomReading[];
}

const DRAWN = { from: 700, count: 40 };
/** One for each jaw of the file. */
const REAL_FROM = 740;
const REAL_JAWS = join(PROJECT_FOLDER, 'scripts/phantom/real-jaws.json');
const WIDTH_MM = { min: 1.5, max: 6 };
const WORST_SIDES = 8;

/** Draws the phantoms one after the other and reads each with the shipped weights. */
export async function readPhantoms(
  overlays: OverlayFolder,
  onFilm: (done: number, of: number) => void,
): Promise<readonly PhantomReading[]> {
  const reader = await openShippedReader();
  const jaws = JSON.parse(await readFile(REAL_JAWS, 'utf8')) as readonly RealJaw[];
  const readings: PhantomReading[] = [];
  const total = DRAWN.count + jaws.length;
  for (let index = 0; index < DRAWN.count; index += 1) {
    const options = drawOptions(DRAWN.from + index, index / (DRAWN.count - 1));
    readings.push(...(await readPhantom(options, 'drawn', reader, overlays)));
    onFilm(index + 1, total);
  }
  for (const [index, jaw] of jaws.entries()) {
    const { columns, ...options } = drawOptions(REAL_FROM + index, index / (jaws.length - 1));
    const rows = Math.round((columns * jaw.filmMm[1]) / jaw.filmMm[0]);
    readings.push(...(await readPhantom({ ...options, columns, rows, jaw }, 'real', reader, overlays)));
    onFilm(DRAWN.count + index + 1, total);
  }
  return readings;
}

/** Widths run evenly over the range, one side against the other; nothing is cut away, so that both can be judged. */
function drawOptions(seed: number, share: number): PhantomOptions {
  const span = WIDTH_MM.max - WIDTH_MM.min;
  return {
    ...drawTrainingOptions(seed),
    mcwRightMm: WIDTH_MM.min + span * share,
    mcwLeftMm: WIDTH_MM.max - span * share,
    cropLeftMm: 0,
    cropRightMm: 0,
  };
}

async function readPhantom(
  options: PhantomOptions,
  geometry: PhantomReading['geometry'],
  reader: PanoramicReader,
  overlays: OverlayFolder,
): Promise<readonly PhantomReading[]> {
  const { film, truth } = renderPanoramicPhantom(options);
  const content = await encodePhantom(film, options.bits);
  const { mmPerPx } = truth;
  const { seed } = options;
  const analysis = await readWithOverlay(reader, { id: `phantom-${seed}`, content, mmPerPx }, overlays);
  return truth.sides.map((side): PhantomReading => {
    const found = analysis.panoramic?.sides.find((other) => other.side === side.side);
    const isRead = found?.assessable === true && found.widthPx !== null;
    return {
      ...{ seed, geometry, side: side.side, mciClass: side.mciClass, trueMm: side.mcwMm },
      readClass: found?.mci?.class ?? null,
      errorMm: isRead ? found.widthPx * mmPerPx - side.mcwMm : null,
      standardErrorMm: isRead && found.uncertaintyPx !== null ? found.uncertaintyPx * mmPerPx : null,
      reason: isRead ? null : (found?.reason ?? analysis.reasons[0]?.code ?? 'no-reason'),
    };
  });
}

function encodePhantom({ columns, rows, samples }: Film, bits: number): Promise<Buffer> {
  // PNG holds 16 bits; samples are moved up, so that white is white whatever the depth was.
  const moved = samples.map((sample) => sample * 2 ** (16 - bits));
  return encodePng16(moved, columns, rows);
}

/** Sums phantoms up. */
export function summarisePhantoms(
  readings: readonly PhantomReading[],
  painted: readonly PhantomReading[],
): PhantomFigures {
  const ofClass = (wanted: string): PhantomAgreement =>
    agree(readings.filter(({ mciClass }) => mciClass === wanted));
  return {
    all: agree(readings),
    drawn: agree(readings.filter(({ geometry }) => geometry === 'drawn')),
    real: agree(readings.filter(({ geometry }) => geometry === 'real')),
    paintedIntoFilms: agree(painted),
    byClass: { C1: ofClass('C1'), C2: ofClass('C2'), C3: ofClass('C3') },
    worstSides: [...readings]
      .sort((one, other) => Math.abs(other.errorMm ?? 0) - Math.abs(one.errorMm ?? 0))
      .slice(0, WORST_SIDES),
  };
}

function agree(readings: readonly PhantomReading[]): PhantomAgreement {
  const read = readings.flatMap((reading) =>
    reading.errorMm === null ? [] : [{ ...reading, errorMm: reading.errorMm }],
  );
  const films = [...Map.groupBy(read, ({ seed }) => seed).values()];
  const errors = (some: readonly (typeof read)[]): readonly number[] =>
    some.flat().map(({ errorMm }) => errorMm);
  return {
    sides: readings.length,
    assessable: read.length,
    meanAbsoluteErrorMm: estimateOf(films, (some) => mean(errors(some).map(Math.abs))),
    biasMm: estimateOf(films, (some) => mean(errors(some))),
    worstMm: read.length === 0 ? null : rounded(Math.max(...errors(films).map(Math.abs))),
    notAssessable: countEach(readings.flatMap(({ reason }) => reason ?? [])),
  };
}
