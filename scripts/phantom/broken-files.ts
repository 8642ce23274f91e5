import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DicomElement, DicomLayout } from './dicom-file.ts';
import { element, encodeDataSet, encodeElement, encodeEncapsulated, encodeHeader, LAYOUTS, wrapPart10 } from './dicom-file.ts'; // prettier-ignore
import type { FilmDescription } from './film-dataset.ts';
import { describeFilm, identifyFilm, SOP_CLASSES } from './film-dataset.ts';
import type { CatalogueEntry, ExpectedOutcome } from './fixture-catalogue.ts';
import { renderPanoramicPhantom } from './panoramic-phantom.ts';
import { encodePixels } from './pixel-encoding.ts';
import { createSeededRandom } from './seeded-random.ts';

/** The whole film that every broken file is made from. */
export interface WholeFilm {
  readonly description: FilmDescription;
  readonly instance: string;
  readonly raw: Buffer;
  readonly encode: (layout: DicomLayout) => Promise<Buffer>;
  readonly elements: (layout?: DicomLayout, pixels?: Uint8Array) => DicomElement[];
  /** A whole file of a data set, whatever it holds. */
  readonly wrap: (dataSet: Buffer, syntaxUid?: string) => Buffer;
}

/** One way of being broken. */
export interface Fault {
  readonly name: string;
  readonly description: string;
  readonly expected: ExpectedOutcome;
  readonly send: boolean;
  readonly make: (film: WholeFilm) => Buffer | Promise<Buffer>;
}

const UNREADABLE: ExpectedOutcome = {
  outcome: 'not-assessable',
  reason: 'pixel-data-unreadable',
  view: 'panoramic',
};
const UNSUPPORTED: ExpectedOutcome = { ...UNREADABLE, reason: 'pixel-data-unsupported' };
const UNMEASURED: ExpectedOutcome = { ...UNREADABLE, reason: 'no-side-assessable' };
const refused = (reason: string): ExpectedOutcome => ({ outcome: 'refused', reason, view: null });
const PIXEL_DATA = 0x7fe00010;
const explicit = LAYOUTS.explicit;

function without(elements: readonly DicomElement[], tag: number): DicomElement[] {
  return elements.filter((item) => item.tag !== tag);
}

function replaced(elements: readonly DicomElement[], ...changed: readonly DicomElement[]): DicomElement[] {
  return [...elements.filter((item) => !changed.some((other) => other.tag === item.tag)), ...changed];
}

/** The data set up to a tag, foreign bytes, and the rest: for what a proper encoder cannot write. */
function spliced(elements: readonly DicomElement[], tag: number, bytes: Buffer): Buffer {
  const before = encodeDataSet(elements.filter((item) => item.tag < tag), explicit); // prettier-ignore
  const after = encodeDataSet(elements.filter((item) => item.tag > tag), explicit); // prettier-ignore
  return Buffer.concat([before, bytes, after]);
}

function compressedFault(
  name: string,
  description: string,
  layout: DicomLayout,
  damage: (stream: Buffer) => Buffer,
): Fault {
  return {
    name,
    description,
    expected: UNREADABLE,
    send: true,
    make: async (film) =>
      film.wrap(encodeDataSet(film.elements(layout, damage(await film.encode(layout))), layout), layout.uid),
  };
}

/** Faults of the pixels and the image module: the film is identified, so it is held and not assessable. */
const PIXEL_FAULTS: readonly (Omit<Fault, 'expected' | 'send'> & { readonly expected?: ExpectedOutcome })[] = [
  { name: 'pixel-data-truncated', description: 'the file ends in the middle of the pixel data', make: (film) => { const whole = film.wrap(encodeDataSet(film.elements(), explicit)); return whole.subarray(0, whole.length - 100_000); } },
  { name: 'pixel-data-short', description: 'half the samples that rows x columns ask for', make: (film) => film.wrap(encodeDataSet(film.elements(explicit, film.raw.subarray(0, film.raw.length / 2)), explicit)) },
  { name: 'pixel-data-missing', description: 'no pixel data', make: (film) => film.wrap(encodeDataSet(without(film.elements(), PIXEL_DATA), explicit)) },
  { name: 'pixel-data-empty', description: 'pixel data of length zero', make: (film) => film.wrap(encodeDataSet(film.elements(explicit, Buffer.alloc(0)), explicit)) },
  { name: 'pixel-data-length-huge', description: 'pixel data claims 4 GB and has half a film', make: (film) => film.wrap(spliced(film.elements(), PIXEL_DATA, Buffer.concat([encodeHeader(PIXEL_DATA, 'OW', 0xfffffff0, explicit), film.raw.subarray(0, film.raw.length / 2)]))) },
  { name: 'header-cut-before-image', description: 'the file ends after the UIDs, before the image module', make: (film) => film.wrap(encodeDataSet(film.elements().filter((item) => item.tag < 0x00280000), explicit)) },
  { name: 'rows-missing', description: 'no Rows', make: (film) => film.wrap(encodeDataSet(without(film.elements(), 0x00280010), explicit)) },
  { name: 'rows-zero', description: 'Rows is 0', make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x00280010, 'US', [0])), explicit)) },
  { name: 'bits-allocated-zero', description: 'Bits Allocated is 0', expected: UNSUPPORTED, make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x00280100, 'US', [0])), explicit)) },
  { name: 'bits-stored-above-allocated', description: 'Bits Stored 24 of 16 allocated: read as 16, and too small to measure', expected: UNMEASURED, make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x00280101, 'US', [24]), element(0x00280102, 'US', [23])), explicit)) },
  { name: 'samples-three-monochrome', description: 'three samples a pixel, MONOCHROME2, pixels for one', expected: UNSUPPORTED, make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x00280002, 'US', [3])), explicit)) },
  { name: 'rows-length-wrong', description: 'Rows (US) with a length of 1', make: (film) => film.wrap(spliced(film.elements(), 0x00280010, Buffer.concat([encodeHeader(0x00280010, 'US', 1, explicit), Buffer.from([7])]))) },
]; // prettier-ignore

const STREAM_FAULTS: readonly Fault[] = [
  compressedFault('jpeg-cut-off', 'a JPEG Lossless stream that ends half way', LAYOUTS.jpegLossless, (stream) => stream.subarray(0, stream.length >> 1)),
  compressedFault('jpeg-ls-rubbish', 'random bytes for a JPEG-LS stream', LAYOUTS.jpegLs, (stream) => randomBytes(stream.length, 3)),
  compressedFault('jpeg-2000-cut-off', 'a JPEG 2000 stream without its second half', LAYOUTS.jpeg2000, (stream) => stream.subarray(0, stream.length >> 1)),
  compressedFault('rle-segment-table-bad', 'RLE segments that begin beyond the end of the frame', LAYOUTS.rle, (stream) => {
    const damaged = Buffer.from(stream);
    damaged.writeUInt32LE(2, 0);
    damaged.writeUInt32LE(0x7fffff00, 4);
    damaged.writeUInt32LE(0x0000000c, 8);
    return damaged;
  }),
  { name: 'fragments-none', description: 'encapsulated pixel data without a fragment', expected: UNREADABLE, send: true, make: (film) => film.wrap(Buffer.concat([encodeDataSet(without(film.elements(), PIXEL_DATA), explicit), encodeEncapsulated([])]), LAYOUTS.jpegLs.uid) },
  { name: 'codestream-size-differs', description: 'a JPEG-LS stream of another size than Rows and Columns', expected: UNREADABLE, send: true, make: async (film) => {
    const elements = replaced(film.elements(LAYOUTS.jpegLs, await film.encode(LAYOUTS.jpegLs)), element(0x00280010, 'US', [film.description.rows * 2]));
    return film.wrap(encodeDataSet(elements, LAYOUTS.jpegLs), LAYOUTS.jpegLs.uid);
  } },
]; // prettier-ignore

/** Faults that leave it unknown which film it is: the sender gets a failure status. */
const IDENTITY_FAULTS: readonly Fault[] = [
  { name: 'instance-uid-missing', description: 'no SOP Instance UID in the data set', expected: refused('identifiers-missing'), send: true, make: (film) => film.wrap(encodeDataSet(without(film.elements(), 0x00080018), explicit)) },
  { name: 'study-uid-missing', description: 'no Study Instance UID', expected: refused('identifiers-missing'), send: true, make: (film) => film.wrap(encodeDataSet(without(film.elements(), 0x0020000d), explicit)) },
  { name: 'study-uid-climbs', description: 'a Study Instance UID that would leave the folder', expected: refused('identifiers-missing'), send: true, make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x0020000d, 'UI', '../../../etc/x')), explicit)) },
  { name: 'sop-class-differs', description: 'the data set says CR, the request DX', expected: refused('sop-class-mismatch'), send: true, make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x00080016, 'UI', SOP_CLASSES.computedRadiography)), explicit)) },
  { name: 'instance-uid-differs', description: 'the data set has another SOP Instance UID than the request', expected: refused('sop-class-mismatch'), send: true, make: (film) => film.wrap(encodeDataSet(replaced(film.elements(), element(0x00080018, 'UI', '2.25.1')), explicit)) },
  { name: 'header-cut-off', description: 'the data set ends in the middle of its first elements', expected: refused('data-set-unreadable'), send: true, make: (film) => film.wrap(encodeDataSet(film.elements(), explicit).subarray(0, 45)) },
  { name: 'data-set-empty', description: 'nothing after the file meta information', expected: refused('data-set-unreadable'), send: true, make: (film) => film.wrap(Buffer.alloc(0)) },
  { name: 'sequence-never-closed', description: 'a sequence of undefined length that never ends, before the Study Instance UID', expected: refused('data-set-unreadable'), send: true, make: (film) => film.wrap(spliced(film.elements(), 0x00081140, Buffer.concat([encodeHeader(0x00081140, 'SQ', 0xffffffff, explicit), encodeHeader(0xfffee000, '', 0xffffffff, LAYOUTS.implicit)]))) },
  { name: 'length-huge', description: 'a text that claims 2 GB, before the Study Instance UID', expected: refused('data-set-unreadable'), send: true, make: (film) => film.wrap(spliced(film.elements(), 0x00081195, encodeElement(element(0x00081195, 'UT', 'x'), explicit, 0x7ffffffe))) },
  { name: 'syntax-unknown', description: 'a transfer syntax that does not exist', expected: UNSUPPORTED, send: false, make: (film) => film.wrap(encodeDataSet(film.elements(), explicit), '1.2.3.4.5.6.7') },
  { name: 'meta-cut-off', description: 'the file ends inside the file meta information', expected: refused('data-set-unreadable'), send: false, make: (film) => film.wrap(encodeDataSet(film.elements(), explicit)).subarray(0, 170) },
  { name: 'length-zero', description: 'an empty file', expected: refused('not-part-10'), send: false, make: () => Buffer.alloc(0) },
  { name: 'random-bytes', description: 'random bytes', expected: refused('not-part-10'), send: false, make: () => randomBytes(4096, 5) },
]; // prettier-ignore

function randomBytes(length: number, seed: number): Buffer {
  const random = createSeededRandom(seed);
  return Buffer.from(Uint8Array.from({ length }, () => random.integer() & 0xff));
}

/** Every way of being broken, in the order of the catalogue. */
export const FAULTS: readonly Fault[] = [
  ...PIXEL_FAULTS.map((fault) => ({ expected: UNREADABLE, send: true, ...fault })),
  ...STREAM_FAULTS,
  ...IDENTITY_FAULTS,
];

/** Writes one small file for each way of being broken, and tells what is expected of each. */
export async function renderBrokenFiles(directory: string): Promise<CatalogueEntry[]> {
  await mkdir(directory, { recursive: true });
  const entries: CatalogueEntry[] = [];
  for (const fault of FAULTS) {
    const film = createWholeFilm(fault.name);
    const file = `broken-${fault.name}.dcm`;
    await writeFile(join(directory, file), await fault.make(film));
    entries.push({
      file,
      description: fault.description,
      expected: fault.expected,
      person: film.description.person.id,
      recipe: { kind: 'broken', fault: fault.name },
      truth: null,
      spine: null,
      send: fault.send,
    });
  }
  return entries;
}

const [COLUMNS, ROWS, BITS] = [512, 224, 12];
const picture = renderPanoramicPhantom({ seed: 77, columns: COLUMNS, rows: ROWS, bits: BITS, mcwRightMm: 4, mcwLeftMm: 4 }); // prettier-ignore

/** A small film of its own for a fault, so that no two broken files share an identity. */
export function createWholeFilm(key: string): WholeFilm {
  const description: FilmDescription = {
    key,
    seed: 0,
    person: { id: 'FANTOM-TRASIG', name: 'Trasig^Fil', birthDate: '19500101', sex: 'O' },
    sopClassUid: SOP_CLASSES.digitalXRay,
    modality: 'PX',
    studyDate: '20251103',
    studyDescription: 'Panoramaröntgen käkar',
    bodyPart: 'JAW',
    photometric: 'MONOCHROME2',
    columns: COLUMNS,
    rows: ROWS,
    bits: BITS,
    spacing: { imagerMmPerPx: 0.58 },
  };
  const { instance } = identifyFilm(description);
  const raw = Buffer.from(picture.film.samples.buffer.slice(0));
  return {
    description,
    instance,
    raw,
    encode: (layout) => encodePixels(picture.film, BITS, layout),
    elements: (layout = explicit, pixels = raw) => describeFilm(description, pixels, layout),
    wrap: (dataSet, syntaxUid = explicit.uid) =>
      wrapPart10(dataSet, description.sopClassUid, instance, syntaxUid),
  };
}
