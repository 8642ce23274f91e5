/** What this service needs to know of an image, from its data set. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { constants, createInflateRaw } from 'node:zlib';
import { TriageError } from '../errors.ts';
import type { ImageHeader } from '../exam/exam.ts';
import { parseDataSet } from './data-set.ts';
import type { DataSet, ElementReader, PixelDataElement, ReadOptions } from './data-set.ts';
import { readModalityLut, readVoiLut } from './modality-lut.ts';
import type { ModalityLut } from './modality-lut.ts';
import { splitPart10 } from './part10.ts';
import { findTransferSyntax, isValidUid, TRANSFER_SYNTAX_UIDS } from './uids.ts';

/** The header of almost every film ends well before this; longer ones cause a second read. */
const HEADER_BYTES_GUESS = 256 * 1024;
/** A deflated data set is inflated no further than this: a few kilobytes could otherwise fill the memory. */
const INFLATED_BYTES_MAX = 16 * 1024 * 1024;
/** The last of those that need much memory; they take turns, for a few at once could fill it. */
let lastTurn: Promise<unknown> = Promise.resolve();

/** The image pixel, modality LUT and spacing attributes (PS3.3 C.7.6.3, C.11.1, 10.7). */
export interface PixelModule {
  readonly samplesPerPixel: number;
  readonly photometricInterpretation: string | null;
  readonly planarConfiguration: number;
  readonly bitsAllocated: number | null;
  readonly highBit: number | null;
  readonly pixelRepresentation: number;
  readonly numberOfFrames: number;
  readonly pixelPaddingValue: number | null;
  readonly pixelPaddingRangeLimit: number | null;
  readonly presentationLutShape: string | null;
  readonly rescaleSlope: number | null;
  readonly rescaleIntercept: number | null;
  readonly modalityLut: ModalityLut | null;
  readonly windowCenter: readonly number[];
  readonly windowWidth: readonly number[];
  readonly voiLutFunction: string | null;
  readonly voiLut: ModalityLut | null;
  /** Row spacing (vertical) first, then column spacing, mm. */
  readonly pixelSpacing: readonly number[];
  readonly calibrationType: string | null;
  readonly imagerPixelSpacing: readonly number[];
  readonly nominalScannedPixelSpacing: readonly number[];
  readonly estimatedRadiographicMagnificationFactor: number | null;
  readonly pixelAspectRatio: readonly number[];
  readonly lossyImageCompression: string | null;
}

type FileReadOptions = Pick<ReadOptions, 'withoutMetaUids'>;

/** The header with what decoding and reporting need besides. */
export interface DicomHeader extends ImageHeader, PixelModule {
  readonly studyId: string | null;
  readonly referringPhysicianName: string | null;
  readonly seriesNumber: number | null;
  readonly instanceNumber: number | null;
  /** True when the object has pixel data. */
  readonly hasPixelData: boolean;
}

/** A header together with the bytes it was read from, for decoding. */
export interface ParsedImage {
  readonly header: DicomHeader;
  readonly dataSet: DataSet;
}

/**
 * Reads the header of a Part 10 file, or of a bare data set when `transferSyntaxUid` is given.
 * Throws not-part-10, data-set-unreadable or identifiers-missing; no message holds anything of the patient.
 */
export function readHeader(bytes: Uint8Array, options: ReadOptions = {}): DicomHeader {
  return readImage(bytes, options).header;
}

/** The same, with the data set itself. */
export function readImage(bytes: Uint8Array, options: ReadOptions = {}): ParsedImage {
  const dataSet = parseDataSet(bytes, options);
  return { header: headerOf(dataSet), dataSet };
}

/**
 * Reads the header of a Part 10 file on disk without reading its pixels, where that is possible; without opening the
 * file where the `start` of it, which is in memory already, says enough.
 */
export async function readHeaderFromFile(
  path: string,
  options: FileReadOptions = {},
  start: Uint8Array = new Uint8Array(),
): Promise<DicomHeader> {
  if (start.length > 0 && !isDeflated(start)) {
    const known = headerOfStart(start, options);
    if (known !== null) return known;
  }
  let file: FileHandle | null = null;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const bytes = await readStart(file, Math.min(size, HEADER_BYTES_GUESS));
    if (isDeflated(bytes)) return await inTurn(() => readDeflatedHeader(path, bytes, options));
    const early = headerOfStart(bytes, options);
    if (early !== null) return early;
    const opened = file;
    return await inTurn(async () => readHeader(await readStart(opened, size), options));
  } catch (thrown) {
    if (thrown instanceof TriageError) throw thrown;
    throw new TriageError('storage-failed', 'the file cannot be read');
  } finally {
    await file?.close();
  }
}

function inTurn<T>(read: () => Promise<T>): Promise<T> {
  const mine = lastTurn.then(read);
  lastTurn = mine.catch(() => undefined);
  return mine;
}

function isDeflated(start: Uint8Array): boolean {
  return findTransferSyntax(splitPart10(start).transferSyntaxUid)?.deflated === true;
}

/** Inflates no more than a header can be long; whether the rest can be decoded is for whoever decodes it. */
async function readDeflatedHeader(
  path: string,
  start: Uint8Array,
  options: FileReadOptions,
): Promise<DicomHeader> {
  const { transferSyntaxUid, datasetOffset, sopClassUid, sopInstanceUid } = splitPart10(start);
  const source = createReadStream(path, { start: datasetOffset });
  const inflater = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  source.once('error', (error) => inflater.destroy(error));
  const chunks: Buffer[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of source.pipe(inflater) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      byteCount += chunk.length;
      if (byteCount >= INFLATED_BYTES_MAX) break;
    }
  } catch {
    // What came before the fault may hold the header.
  } finally {
    source.destroy();
  }
  const inflated = { transferSyntaxUid: TRANSFER_SYNTAX_UIDS.explicitLittleEndian };
  const dataSet = parseDataSet(Buffer.concat(chunks), inflated);
  const isMetaBelieved = options.withoutMetaUids !== true;
  return headerOf({
    ...dataSet,
    transferSyntaxUid,
    metaSopClassUid: isMetaBelieved ? sopClassUid : null,
    metaSopInstanceUid: isMetaBelieved ? sopInstanceUid : null,
  });
}

async function readStart(file: FileHandle, byteCount: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(byteCount);
  let filled = 0;
  while (filled < byteCount) {
    const { bytesRead } = await file.read(buffer, filled, byteCount - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** null when the start of the file does not reach the pixel data, so that nothing can be said yet. */
function headerOfStart(start: Uint8Array, options: ReadOptions): DicomHeader | null {
  try {
    const dataSet = parseDataSet(start, options);
    return dataSet.pixelData === null ? null : headerOf(dataSet);
  } catch (thrown) {
    if (thrown instanceof TriageError && thrown.code === 'data-set-unreadable') return null;
    throw thrown;
  }
}

function headerOf(dataSet: DataSet): DicomHeader {
  const { values } = dataSet;
  return {
    ...identifiersOf(dataSet),
    ...patientOf(values),
    ...seriesOf(values),
    ...readPixelModule(values),
    hasPixelData: hasPixels(dataSet.pixelData),
  };
}

function hasPixels(element: PixelDataElement | null): boolean {
  return element !== null && element.length !== 0;
}

function identifiersOf(dataSet: DataSet) {
  const { values } = dataSet;
  const uid = (name: string, tag: string, fallback: string | null = null): string => {
    const text = values.text(tag) ?? fallback;
    if (text === null) throw new TriageError('identifiers-missing', `${name} is missing`);
    if (!isValidUid(text)) throw new TriageError('identifiers-missing', `${name} is not a valid UID`);
    return text;
  };
  return {
    transferSyntaxUid: dataSet.transferSyntaxUid,
    sopClassUid: uid('SOP Class UID', '00080016', dataSet.metaSopClassUid),
    sopInstanceUid: uid('SOP Instance UID', '00080018', dataSet.metaSopInstanceUid),
    studyInstanceUid: uid('Study Instance UID', '0020000d'),
    seriesInstanceUid: uid('Series Instance UID', '0020000e'),
  };
}

function patientOf(values: ElementReader) {
  return {
    patientId: values.text('00100020'),
    issuerOfPatientId: values.text('00100021'),
    patientName: values.text('00100010'),
    patientBirthDate: parseDate(values.text('00100030')),
    patientAgeYears: parseAgeYears(values.text('00101010')),
    patientSex: values.text('00100040'),
  };
}

function seriesOf(values: ElementReader) {
  return {
    modality: values.text('00080060'),
    studyDate: parseDate(values.text('00080020')),
    studyTime: values.text('00080030'),
    accessionNumber: values.text('00080050'),
    studyDescription: values.text('00081030'),
    seriesDescription: values.text('0008103e'),
    protocolName: values.text('00181030'),
    bodyPartExamined: values.text('00180015'),
    viewPosition: values.text('00185101'),
    viewMeaning: codeMeanings(values),
    manufacturer: values.text('00080070'),
    manufacturerModelName: values.text('00081090'),
    stationName: values.text('00081010'),
    studyId: values.text('00200010'),
    referringPhysicianName: values.text('00080090'),
    seriesNumber: wholeNumber(values.decimal('00200011')),
    instanceNumber: wholeNumber(values.decimal('00200013')),
  };
}

/** The pixel module alone: decoding needs no identifiers. */
export function readPixelModule(
  values: ElementReader,
): PixelModule & Pick<ImageHeader, 'rows' | 'columns' | 'bitsStored'> {
  const pixelRepresentation = values.uint16('00280103') ?? 0;
  const padding = (tag: string): number | null =>
    pixelRepresentation === 1 ? values.int16(tag) : values.uint16(tag);
  return {
    rows: values.uint16('00280010'),
    columns: values.uint16('00280011'),
    bitsStored: values.uint16('00280101'),
    bitsAllocated: values.uint16('00280100'),
    highBit: values.uint16('00280102'),
    pixelRepresentation,
    samplesPerPixel: values.uint16('00280002') ?? 1,
    photometricInterpretation: values.text('00280004'),
    planarConfiguration: values.uint16('00280006') ?? 0,
    numberOfFrames: Math.max(1, wholeNumber(values.decimal('00280008')) ?? 1),
    pixelPaddingValue: padding('00280120'),
    pixelPaddingRangeLimit: padding('00280121'),
    presentationLutShape: values.text('20500020'),
    rescaleSlope: values.decimal('00281053'),
    rescaleIntercept: values.decimal('00281052'),
    modalityLut: readModalityLut(values),
    windowCenter: values.decimals('00281050'),
    windowWidth: values.decimals('00281051'),
    voiLutFunction: values.text('00281056'),
    voiLut: readVoiLut(values),
    pixelSpacing: values.decimals('00280030'),
    calibrationType: values.text('00280a02'),
    imagerPixelSpacing: values.decimals('00181164'),
    nominalScannedPixelSpacing: values.decimals('00182010'),
    estimatedRadiographicMagnificationFactor: values.decimal('00181114'),
    pixelAspectRatio: values.decimals('00280034'),
    lossyImageCompression: values.text('00282110'),
  };
}

/** Code meanings of View Code (0054,0220), its modifiers and Anatomic Region (0008,2218), joined. */
function codeMeanings(values: ElementReader): string | null {
  const views = values.items('00540220');
  const items = [...views, ...views.flatMap((view) => view.items('00540222')), ...values.items('00082218')];
  const meanings = items.map((item) => item.text('00080104')).filter((meaning) => meaning !== null);
  return meanings.length === 0 ? null : meanings.join('; ');
}

function wholeNumber(value: number | null): number | null {
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

/** YYYYMMDD of a DA value, also of the retired YYYY.MM.DD (PS3.5 6.2); null when it is no day. */
export function parseDate(text: string | null): string | null {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? '');
  const [, year, month, day] = match ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isDay && Number(year) >= 1850 ? year + month + day : null;
}

/** Whole years of an AS value, 045Y; months, weeks and days count as the years they fill (PS3.5 6.2). */
export function parseAgeYears(text: string | null): number | null {
  const [, digits, unit] = /^(\d{1,3})([DWMY])$/.exec(text ?? '') ?? [];
  if (digits === undefined || unit === undefined) return null;
  const perYear = { D: 365.25, W: 52.18, M: 12, Y: 1 }[unit] ?? 1;
  return Math.floor(Number(digits) / perYear);
}
