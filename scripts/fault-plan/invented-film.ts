import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitPart10 } from '../../src/dicom/part10.ts';
import { readHeader } from '../../src/dicom/read-header.ts';
import type { Catalogue, ExpectedOutcome } from '../phantom/fixture-catalogue.ts';

/** A fixture that films are made from: the smaller ones, so that a run costs little. */
const TEMPLATE_FILES: readonly string[] = [
  '16-baseline-jpeg.dcm',
  '24-ultrasound.dcm',
  '21-no-panoramic.dcm',
  '22-hand-as-panoramic.dcm',
  '23-spine-frontal.dcm',
  '07-toothless-wide.dcm',
  '08-side-cut-off.dcm',
  '09-child.dcm',
  '18-spacing-not-a-number.dcm',
  'broken-jpeg-ls-rubbish.dcm',
];

/** A phantom that can be given new names. */
export interface FilmTemplate {
  readonly file: string;
  readonly bytes: Buffer;
  readonly expected: ExpectedOutcome;
  /** What is replaced, each by something of the same length. */
  readonly names: {
    readonly study: string;
    readonly series: string;
    readonly instance: string;
    readonly person: string;
  };
}

/** A film that was made from a template. */
export interface InventedFilm {
  readonly template: FilmTemplate;
  readonly serial: number;
  readonly sopInstanceUid: string;
  readonly person: string;
  readonly dataSetSha256: string;
}

/** Reads the templates. */
export async function readTemplates(fixtures: string): Promise<readonly FilmTemplate[]> {
  const catalogue = JSON.parse(await readFile(join(fixtures, 'catalogue.json'), 'utf8')) as Catalogue;
  return Promise.all(
    TEMPLATE_FILES.map(async (file) => {
      const bytes = await readFile(join(fixtures, file));
      const header = readHeader(bytes);
      const entry = catalogue.fixtures.find((fixture) => fixture.file === file);
      if (entry === undefined || header.patientId === null) throw new Error(`${file} cannot be a template`);
      return {
        ...{ file, bytes, expected: entry.expected },
        names: {
          study: header.studyInstanceUid,
          series: header.seriesInstanceUid,
          instance: header.sopInstanceUid,
          person: header.patientId,
        },
      };
    }),
  );
}

/** The film of a serial number and its bytes; the same every time. People have about three films each. */
export function inventFilm(
  template: FilmTemplate,
  serial: number,
  seed: number,
): { readonly film: InventedFilm; readonly bytes: Buffer } {
  const { names } = template;
  const bytes = Buffer.from(template.bytes);
  const sopInstanceUid = replaceAll(bytes, names.instance, uidLike(names.instance, seed, serial, 'instance'));
  replaceAll(bytes, names.series, uidLike(names.series, seed, serial, 'series'));
  replaceAll(bytes, names.study, uidLike(names.study, seed, serial, 'study'));
  const person = replaceAll(
    bytes,
    names.person,
    `F${String(Math.floor(serial / 3)).padStart(names.person.length - 1, '0')}`,
  );
  const dataSet = bytes.subarray(splitPart10(bytes).datasetOffset);
  const dataSetSha256 = createHash('sha256').update(dataSet).digest('hex');
  return { film: { template, serial, sopInstanceUid, person, dataSetSha256 }, bytes };
}

/** A UID below 2.25 of exactly the same length, so that no length field changes. */
function uidLike(model: string, ...names: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(names.join('/')).digest('hex');
  const digits = BigInt(`0x${digest}`)
    .toString()
    .replace(/^[^1-9]+/, '');
  return `2.25.${digits.slice(0, model.length - '2.25.'.length)}`;
}

function replaceAll(bytes: Buffer, from: string, to: string): string {
  if (from.length !== to.length) throw new RangeError('a name can only be replaced by one as long');
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + from.length)) {
    bytes.write(to, at, 'latin1');
    count += 1;
  }
  if (count === 0) throw new RangeError('a name of the template is not in its bytes');
  return to;
}
