/** `osteotriage device calibrate`: from films of a phantom to the vertical magnification of their device. */
import { readFile } from 'node:fs/promises';
import { isPart10 } from '../dicom/part10.ts';
import { type DicomHeader, readImage } from '../dicom/read-header.ts';
import { TriageError } from '../errors.ts';
import { type DeviceProfile, isCorrectedByFilm } from '../exam/device-profile.ts';
import type { Film, PointPx } from '../exam/film.ts';
import { decodeImage } from '../imaging/decode-pixels.ts';
import { readSpacing, spacingOfOption } from '../imaging/pixel-spacing.ts';
import { toFilm } from '../imaging/prepare-image.ts';
import { readPicture } from '../imaging/read-picture.ts';
import { measureBalls } from '../measure/ball-phantom.ts';
import { type PassedOver, PHANTOM_PIXELS_MIN } from '../measure/phantom-object.ts';
import { measureBars } from '../measure/step-phantom.ts';

/** What is on the films: steel balls of one diameter, or bars of one height. */
export interface Phantom {
  readonly kind: 'ball' | 'step';
  readonly sizeMm: number;
  /** How many each film must show; null: at least one. */
  readonly count: number | null;
}

/** What calibrating is told besides. */
export interface CalibrationSettings {
  /** Scale of a plain picture. */
  readonly mmPerPx: number | undefined;
  /** Largest rows x columns that are decoded. */
  readonly filmPixelsMax: number;
}

/** One ball or bar. */
export interface CalibrationObject {
  readonly file: string;
  readonly centerPx: PointPx;
  readonly heightPx: number;
  readonly verticalMagnification: number;
  /** One standard error, from the image of this one alone. */
  readonly uncertainty: number;
  /** null for a bar, whose width nobody stated. */
  readonly horizontalMagnification: number | null;
  readonly isClipped: boolean;
}

/** What the films say of their device. */
export interface CalibrationReport {
  readonly objects: readonly CalibrationObject[];
  readonly verticalMagnification: number;
  /** One standard error of the mean; null where one object alone says nothing of the spread. */
  readonly uncertainty: number | null;
  readonly horizontalMagnification: number | null;
  /** As the films' headers agree on it; null for plain pictures. */
  readonly device: Pick<DeviceProfile, 'manufacturer' | 'model' | 'station'> | null;
  /** Latest day of the films, YYYY-MM-DD; null where none says it. */
  readonly exposedOn: string | null;
  /** What a reader should know. */
  readonly notes: readonly string[];
}

const FILMS_MAX = 100;
/** Balls that differ more from their median were not exposed alike, or are not of one size. */
const DISAGREEMENT_MAX = 0.03;
/** A ball that is this much wider or narrower than high lay beside the layer that the device shows sharply. */
const ASPECT_DIFFERENCE_MAX = 0.1;

const PROBLEMS: Readonly<Record<PassedOver['problem'], string>> = {
  'cut-off': 'is cut off by the edge of the film',
  'not-round': 'is not round: two that touch, a marker or a holder',
  'not-straight': 'leans by more than 5 degrees or has edges that are not parallel',
  'of-another-size': 'is of another size than asked for',
  'edge-unclear':
    'has no edge that can be measured: a neighbour too near, white through and through, or too faint',
};

/** Measures the films. Throws request-invalid with what to do where they do not say one magnification. */
export async function calibrateDevice(
  files: readonly string[],
  phantom: Phantom,
  settings: CalibrationSettings,
): Promise<CalibrationReport> {
  if (files.length === 0 || files.length > FILMS_MAX)
    throw refusal(`name 1 to ${FILMS_MAX} films of the phantom`);
  const headers: (DicomHeader | null)[] = [];
  const objects: CalibrationObject[] = [];
  for (const file of files) {
    const film = await openFilm(file, settings);
    headers.push(film.header);
    // Before anything is measured: another device's film would only make the balls disagree.
    deviceOf(headers);
    objects.push(...measureFilm(file, film, phantom));
  }
  const verticals = objects.map((object) => object.verticalMagnification);
  const verticalMagnification = meanOf(verticals);
  checkAgreement(verticals, phantom);
  if (verticalMagnification < 1 || verticalMagnification > 2) {
    throw refusal(
      `a magnification of ${verticalMagnification.toFixed(3)} is none of a panoramic device: check the size of the phantom and the scale of the film`,
    );
  }
  const horizontals = objects.flatMap((object) => object.horizontalMagnification ?? []);
  const horizontalMagnification = horizontals.length === 0 ? null : meanOf(horizontals);
  const device = deviceOf(headers);
  return {
    objects,
    verticalMagnification,
    uncertainty: uncertaintyOf(objects),
    horizontalMagnification,
    device,
    exposedOn: latestDay(headers),
    notes: notesOf(objects, verticalMagnification, horizontalMagnification),
  };
}

interface PhantomFilm {
  readonly film: Film;
  readonly header: DicomHeader | null;
  readonly mmPerPx: number;
}

async function openFilm(file: string, settings: CalibrationSettings): Promise<PhantomFilm> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new TriageError('not-found', `${file} cannot be read`, { cause });
  });
  const { filmPixelsMax } = settings;
  if (!isPart10(bytes)) {
    const { film } = await readPicture(bytes, filmPixelsMax);
    return { film, header: null, mmPerPx: scaleOf(file, null, settings) };
  }
  const { header, dataSet } = readImage(bytes);
  const mmPerPx = scaleOf(file, header, settings);
  return { film: toFilm(await decodeImage(dataSet, filmPixelsMax), header), header, mmPerPx };
}

/** Millimetres a pixel at the detector: what a profile is applied to. */
function scaleOf(file: string, header: DicomHeader | null, { mmPerPx: given }: CalibrationSettings): number {
  const read = header === null ? null : readSpacing(header).spacing;
  if (read !== null && isCorrectedByFilm(read)) {
    throw refusal(
      `${file} corrects its own scale (a calibrated Pixel Spacing, or an Estimated Radiographic Magnification Factor): films of this device need no profile, and none would be applied`,
    );
  }
  const { mmPerPx } =
    read?.mmPerPx == null && given !== undefined ? spacingOfOption(given).spacing : { ...read };
  if (mmPerPx == null) throw refusal(`${file} states no scale at the detector: give it with --mm-per-px`);
  return mmPerPx;
}

function measureFilm(
  file: string,
  { film, mmPerPx }: PhantomFilm,
  { kind, sizeMm, count }: Phantom,
): readonly CalibrationObject[] {
  const sizePx = sizeMm / mmPerPx;
  const name = kind === 'ball' ? 'ball' : 'bar';
  if (sizePx < PHANTOM_PIXELS_MIN)
    throw refusal(`a ${name} of ${sizeMm} mm has ${sizePx.toFixed(0)} pixels on ${file}: take a larger one`);
  const { objects, passedOver } = readObjects(file, film, { kind, sizeMm, mmPerPx });
  const skipped = passedOver.map(
    ({ centerPx: [x, y], problem }) => `what lies at ${x.toFixed(0)}, ${y.toFixed(0)} ${PROBLEMS[problem]}`,
  );
  const because = skipped.length === 0 ? '' : `: ${skipped.join('; ')}`;
  if (objects.length === 0) {
    throw refusal(
      `${file} shows no ${name} of ${sizeMm} mm that can be measured${because}. Expose it free of all else, whole and with a margin round it`,
    );
  }
  if (count !== null && objects.length !== count)
    throw refusal(
      `${file} shows ${objects.length} ${name}${objects.length === 1 ? '' : 's'} that can be measured, not ${count}${because}`,
    );
  return objects;
}

function readObjects(
  file: string,
  film: Film,
  { kind, sizeMm, mmPerPx }: Pick<Phantom, 'kind' | 'sizeMm'> & { readonly mmPerPx: number },
): { readonly objects: readonly CalibrationObject[]; readonly passedOver: readonly PassedOver[] } {
  const scale = mmPerPx / sizeMm;
  if (kind === 'step') {
    const { bars, passedOver } = measureBars(film, 1 / scale);
    const objects = bars.map(({ centerPx, heightPx, heightErrorPx }) => ({
      ...{ file, centerPx, heightPx, isClipped: false, horizontalMagnification: null },
      verticalMagnification: heightPx * scale,
      uncertainty: heightErrorPx * scale,
    }));
    return { objects, passedOver };
  }
  const { balls, passedOver } = measureBalls(film, 1 / scale);
  const objects = balls.map(({ centerPx, verticalPx, horizontalPx, verticalErrorPx, isClipped }) => ({
    ...{ file, centerPx, isClipped, heightPx: verticalPx },
    verticalMagnification: verticalPx * scale,
    uncertainty: verticalErrorPx * scale,
    horizontalMagnification: horizontalPx * scale,
  }));
  return { objects, passedOver };
}

function checkAgreement(verticals: readonly number[], { kind }: Phantom): void {
  const sorted = [...verticals].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 1;
  const furthest = Math.max(...verticals.map((value) => Math.abs(value / median - 1)));
  if (furthest <= DISAGREEMENT_MAX) return;
  throw refusal(
    `the ${kind === 'ball' ? 'balls' : 'bars'} disagree by ${(100 * furthest).toFixed(1)} % (${sorted.map((value) => value.toFixed(3)).join(', ')}): ` +
      'stand all of them in the layer where teeth would stand, of one size and upright, and leave out films of other devices',
  );
}

/** The spread between the balls, or what the images say of themselves where that is more. */
function uncertaintyOf(objects: readonly CalibrationObject[]): number | null {
  const count = objects.length;
  if (count < 2) return null;
  const verticals = objects.map((object) => object.verticalMagnification);
  const mean = meanOf(verticals);
  const variance = verticals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const own = meanOf(objects.map(({ uncertainty }) => uncertainty ** 2));
  return Math.sqrt(Math.max(variance, own) / count);
}

function deviceOf(headers: readonly (DicomHeader | null)[]): CalibrationReport['device'] {
  const names = headers.map((header) =>
    [header?.manufacturer, header?.manufacturerModelName, header?.stationName].map((name) => name ?? ''),
  );
  const [first = []] = names;
  if (names.some((other) => other.join('\\') !== first.join('\\'))) {
    throw refusal(
      'the films are of different devices by their headers (manufacturer, model, station): calibrate one device at a time',
    );
  }
  const [manufacturer = '', model = '', station = ''] = first;
  if (manufacturer === '' || model === '') return null;
  return { manufacturer, model, ...(station === '' ? {} : { station }) };
}

function latestDay(headers: readonly (DicomHeader | null)[]): string | null {
  const day = headers
    .flatMap((header) => header?.studyDate ?? [])
    .sort()
    .at(-1);
  return day === undefined ? null : `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;
}

function notesOf(
  objects: readonly CalibrationObject[],
  vertical: number,
  horizontal: number | null,
): readonly string[] {
  const clipped = objects.filter(({ isClipped }) => isClipped).length;
  const isAside = horizontal !== null && Math.abs(horizontal / vertical - 1) > ASPECT_DIFFERENCE_MAX;
  return [
    ...(objects.length === 1
      ? [
          'one object says nothing of the spread: expose several, in front and at both sides, and several times',
        ]
      : []),
    ...(clipped === 0
      ? []
      : [
          `${clipped} of ${objects.length} are white through and through: such a diameter is good to about 1 %; expose less, or export without a window`,
        ]),
    ...(isAside
      ? [
          `the balls are ${horizontal > vertical ? 'wider' : 'narrower'} than high by ${(100 * Math.abs(horizontal / vertical - 1)).toFixed(0)} %: they stood beside the sharp layer, where the vertical magnification is another, too`,
        ]
      : []),
  ];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function refusal(message: string): TriageError {
  return new TriageError('request-invalid', message);
}
