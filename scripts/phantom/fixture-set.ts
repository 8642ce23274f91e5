import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeDataSet, LAYOUTS, wrapPart10 } from './dicom-file.ts';
import type { FilmDescription, FilmSpacing } from './film-dataset.ts';
import { describeFilm, identifyFilm, SOP_CLASSES } from './film-dataset.ts';
import type { Film } from './film-finish.ts';
import type { Catalogue, CatalogueEntry, Recipe } from './fixture-catalogue.ts';
import type { FilmPlan } from './fixture-films.ts';
import { FILM_PLANS } from './fixture-films.ts';
import { renderSpineFixture } from './spine-fixture.ts';
import { SPINE_PLANS } from './spine-films.ts';
import { renderOtherPhantom } from './other-phantoms.ts';
import type { PhantomOptions } from './panoramic-phantom.ts';
import { renderPanoramicPhantom } from './panoramic-phantom.ts';
import { encodePixels } from './pixel-encoding.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Every whole film of the set, in the order of the catalogue. */
export const WHOLE_FILMS: readonly FilmPlan[] = [...FILM_PLANS, ...SPINE_PLANS];

/** What the detector's scale is divided by where a file states a magnification or a calibration. */
const MAGNIFICATION = 1.3;

interface RenderedFilm {
  readonly film: Film;
  readonly recipe: Recipe;
  readonly mmPerPx: number;
  readonly truth: CatalogueEntry['truth'];
  readonly spine: CatalogueEntry['spine'];
}

/** Writes every whole film with phantoms of that seed, and the catalogue, into the directory. */
export async function renderFixtureSet(
  seed: number,
  directory: string,
  onFilm?: (done: number, total: number) => void,
): Promise<Catalogue> {
  await mkdir(directory, { recursive: true });
  const fixtures: CatalogueEntry[] = [];
  for (const [index, plan] of WHOLE_FILMS.entries()) {
    fixtures.push(await writeFilm(plan, seed, index, directory));
    onFilm?.(index + 1, WHOLE_FILMS.length);
  }
  const catalogue: Catalogue = { seed, fixtures };
  await writeCatalogue(catalogue, directory);
  return catalogue;
}

/** Writes `catalogue.json`. */
export async function writeCatalogue(catalogue: Catalogue, directory: string): Promise<void> {
  await writeFile(join(directory, 'catalogue.json'), `${JSON.stringify(catalogue, null, 2)}\n`);
}

async function writeFilm(
  plan: FilmPlan,
  seed: number,
  index: number,
  directory: string,
): Promise<CatalogueEntry> {
  const layout = plan.layout ?? LAYOUTS.explicit;
  const bits = plan.bits ?? 12;
  const rendered = renderPlan(plan, seed, index, bits);
  const description = describePlan(plan, seed, bits, rendered);
  const shown = plan.photometric === 'MONOCHROME1' ? invertFilm(rendered.film, bits) : rendered.film;
  const pixels = await encodePixels(shown, bits, layout);
  const elements = describeFilm(description, pixels, layout);
  if (plan.spacing === 'not-a-number') elements.push({ tag: 0x00181164, vr: 'DS', value: 'NaN\\NaN' });
  const { instance } = identifyFilm(description);
  const file = `${String(index + 1).padStart(2, '0')}-${plan.name}.dcm`;
  const bytes = wrapPart10(encodeDataSet(elements, layout), description.sopClassUid, instance, layout.uid);
  await writeFile(join(directory, file), bytes);
  return {
    file,
    description: plan.description,
    expected: plan.expected,
    person: plan.person.id,
    recipe: rendered.recipe,
    truth: rendered.truth,
    spine: rendered.spine,
    send: true,
  };
}

const SPINE_SEED = 1;

function renderPlan(plan: FilmPlan, seed: number, index: number, bits: number): RenderedFilm {
  const filmSeed = seed * 1000 + index;
  // A grade is measured with an error that reaches its neighbour's, so films that nobody has seen would end either way:
  // `npm run evaluate:spine` counts how they do, and the fixtures stay what they are.
  if (plan.spine !== undefined)
    return { ...renderSpineFixture(plan.spine, SPINE_SEED * 1000 + index, bits), truth: null };
  const [columns, rows] = plan.size ?? [2200, 950];
  if (plan.other !== undefined) {
    const options = { kind: plan.other, seed: filmSeed, columns, rows, bits };
    return {
      film: renderOtherPhantom(options),
      recipe: { kind: 'other', options },
      mmPerPx: 0.15,
      truth: null,
      spine: null,
    };
  }
  const options = drawOptions(plan, filmSeed, columns, rows, bits);
  const { film, truth } = renderPanoramicPhantom(options);
  const stated = correctionOf(plan);
  const [right, left] = truth.sides;
  const cut = right.foramenPx[0] < 0;
  return {
    film,
    recipe: { kind: 'panoramic', options },
    mmPerPx: truth.mmPerPx,
    truth: { R: cut ? null : { mcwMm: right.mcwMm / stated }, L: { mcwMm: left.mcwMm / stated } },
    spine: null,
  };
}

/** Widths stay away from the threshold of 3 mm, so that no measuring error can change the outcome. */
function drawOptions(
  plan: FilmPlan,
  seed: number,
  columns: number,
  rows: number,
  bits: number,
): PhantomOptions {
  const random = createSeededRandom(seed * 71 + 14);
  const base = plan.cortex === 'wide' ? random.between(4.1, 5) : random.between(1.8, 2.4);
  const wander = plan.cortex === 'wide' ? 0.2 : 0.1;
  const stated = correctionOf(plan);
  const draw = (): number => Number(((base + random.between(-wander, wander)) * stated).toFixed(2));
  return {
    seed,
    columns,
    rows,
    bits,
    mcwRightMm: draw(),
    mcwLeftMm: draw(),
    mciRight: plan.mci ?? 'C1',
    mciLeft: plan.mci ?? 'C1',
    dentition: plan.dentition ?? 'full',
    noise: 0.005,
    // The film of a cut jaw keeps the scale of a whole one.
    ...(plan.cropLeftMm === undefined ? {} : { cropLeftMm: plan.cropLeftMm, filmWidthMm: 296 }),
    ...(plan.scale === undefined ? {} : { scale: plan.scale }),
  };
}

function correctionOf(plan: FilmPlan): number {
  return plan.spacing === 'magnified' || plan.spacing === 'calibrated' ? MAGNIFICATION : 1;
}

function describePlan(plan: FilmPlan, seed: number, bits: number, rendered: RenderedFilm): FilmDescription {
  return {
    key: plan.name,
    seed,
    person: plan.person,
    sopClassUid: plan.sopClassUid ?? SOP_CLASSES.digitalXRay,
    modality: plan.modality ?? 'PX',
    studyDate: '20251103',
    ...describeExamination(plan),
    photometric: plan.photometric ?? 'MONOCHROME2',
    columns: rendered.film.columns,
    rows: rendered.film.rows,
    bits,
    spacing: statedSpacing(plan, rendered.mmPerPx),
  };
}

type Examination = Pick<
  FilmDescription,
  'studyDescription' | 'seriesDescription' | 'bodyPart' | 'viewPosition' | 'viewCode' | 'presentationLutShape'
>;

/** What the header says of the view; what a plan leaves open is as on a panoramic film. */
function describeExamination(plan: FilmPlan): Examination {
  const { studyDescription = 'Panoramaröntgen käkar', bodyPart = 'JAW' } = plan;
  const { seriesDescription, viewPosition, viewCode, presentationLutShape } = plan;
  return {
    ...(studyDescription === null ? {} : { studyDescription }),
    ...(bodyPart === null ? {} : { bodyPart }),
    ...(seriesDescription === undefined ? {} : { seriesDescription }),
    ...(viewPosition === undefined ? {} : { viewPosition }),
    ...(viewCode === undefined ? {} : { viewCode }),
    ...(presentationLutShape === undefined ? {} : { presentationLutShape }),
  };
}

function statedSpacing(plan: FilmPlan, mmPerPx: number): FilmSpacing {
  switch (plan.spacing) {
    case 'none':
    case 'not-a-number':
      return {};
    case 'magnified':
      return { imagerMmPerPx: mmPerPx, magnification: MAGNIFICATION };
    case 'calibrated':
      return { imagerMmPerPx: mmPerPx, calibratedMmPerPx: mmPerPx / MAGNIFICATION };
    default:
      return { imagerMmPerPx: mmPerPx };
  }
}

function invertFilm(film: Film, bits: number): Film {
  const largest = 2 ** bits - 1;
  return { ...film, samples: film.samples.map((sample) => largest - sample) };
}
