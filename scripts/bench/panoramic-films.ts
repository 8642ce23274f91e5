import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readHeader } from '../../src/dicom/read-header.ts';
import type { ImageHeader } from '../../src/exam/exam.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { type FilmTemplate, inventFilm } from '../fault-plan/invented-film.ts';
import { encodeDataSet, LAYOUTS, wrapPart10 } from '../phantom/dicom-file.ts';
import { describeFilm, identifyFilm, SOP_CLASSES } from '../phantom/film-dataset.ts';
import type { Catalogue } from '../phantom/fixture-catalogue.ts';
import { renderPanoramicPhantom } from '../phantom/panoramic-phantom.ts';
import { encodePixels } from '../phantom/pixel-encoding.ts';

/** A panoramic film of an invented person that the bench works with. */
export interface BenchFilm extends FilmTemplate {
  readonly header: ImageHeader;
  readonly dataSetSha256: string;
}

const COLUMNS = 2900;
const ROWS = 1250;
const BITS = 12;
/** One that is referred and one that is not: drawing a film takes seconds. The seeds were never trained on. */
const WIDTHS_MM = [2.1, 4.5];
const SEED_FIRST = 900;

const SEED_NAMES = 4;

let serial = 0;
let phantoms: Promise<readonly FilmTemplate[]> | undefined;

/** Uncompressed panoramic phantoms of the size and depth that a modern device makes. They are drawn once a run. */
export function drawPhantoms(): Promise<readonly FilmTemplate[]> {
  phantoms ??= Promise.all(WIDTHS_MM.map((widthMm, index) => drawPhantom(SEED_FIRST + index, widthMm)));
  return phantoms;
}

/** The fixtures that are whole panoramic films of someone old enough, in all their transfer syntaxes. */
export async function readFixtureFilms(): Promise<readonly FilmTemplate[]> {
  const folder = join(PROJECT_FOLDER, 'dicom-fixtures');
  const catalogue = JSON.parse(await readFile(join(folder, 'catalogue.json'), 'utf8')) as Catalogue;
  const measured = catalogue.fixtures.filter(
    ({ truth, expected }) => truth !== null && ['positive', 'negative'].includes(expected.outcome),
  );
  return Promise.all(
    measured.map(async ({ file, expected }) =>
      templateOf(file, await readFile(join(folder, file)), expected),
    ),
  );
}

/** A film of its own, with new names, that looks like one of the templates; they are taken in turn. */
export function nextFilm(templates: readonly FilmTemplate[], index: number): BenchFilm {
  const template = templates[index % templates.length];
  if (template === undefined) throw new RangeError('there is no film to begin with');
  const { film, bytes } = inventFilm(template, (serial += 1), SEED_NAMES);
  const { names, header } = templateOf(template.file, bytes, template.expected);
  return { ...template, bytes, names, header, dataSetSha256: film.dataSetSha256 };
}

async function drawPhantom(seed: number, widthMm: number): Promise<FilmTemplate> {
  const size = { columns: COLUMNS, rows: ROWS, bits: BITS };
  const { film, truth } = renderPanoramicPhantom({
    ...{ seed, ...size, mcwRightMm: widthMm, mcwLeftMm: widthMm, noise: 0.005 },
  });
  const description = {
    ...{ key: `bench-${seed}`, seed, sopClassUid: SOP_CLASSES.digitalXRay, modality: 'PX' },
    person: { id: `FANTOM-${seed}`, name: 'Mätfilm^Mona', birthDate: '19500101', sex: 'F' as const },
    ...{ studyDate: '20251103', studyDescription: 'Panoramaröntgen käkar', bodyPart: 'JAW' },
    photometric: 'MONOCHROME2' as const,
    ...size,
    spacing: { imagerMmPerPx: truth.mmPerPx },
  };
  const pixels = await encodePixels(film, BITS, LAYOUTS.explicit);
  const dataSet = encodeDataSet(describeFilm(description, pixels, LAYOUTS.explicit), LAYOUTS.explicit);
  const { instance } = identifyFilm(description);
  const bytes = wrapPart10(dataSet, description.sopClassUid, instance, LAYOUTS.explicit.uid);
  const expected =
    widthMm < 3
      ? { outcome: 'positive' as const, reason: 'pmi-below-threshold', view: 'panoramic' as const }
      : { outcome: 'negative' as const, reason: 'pmi-at-or-above-threshold', view: 'panoramic' as const };
  return templateOf(`${description.key}.dcm`, bytes, expected);
}

/** A film with its header and the names in it, which are replaced in each film made from it. */
export function templateOf(
  file: string,
  bytes: Buffer,
  expected: FilmTemplate['expected'],
): FilmTemplate & Pick<BenchFilm, 'header'> {
  const header = readHeader(bytes);
  const names = {
    study: header.studyInstanceUid,
    series: header.seriesInstanceUid,
    instance: header.sopInstanceUid,
    person: header.patientId ?? '',
  };
  return { file, bytes, expected, names, header };
}
