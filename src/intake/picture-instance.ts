/** A JPEG or PNG with metadata, made an instance (PS3.18 10.5.1.2.1): the metadata is the caller's, the pixels are the picture's. */
import { encodeDataSet } from '../dicom/dimse-data-set.ts';
import { SOP_CLASSES, TRANSFER_SYNTAX_UIDS } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { TriageError } from '../errors.ts';
import { holdsYcc, readJpegSize } from '../imaging/codestream.ts';

/** Larger pictures than this are no radiographs. */
const PICTURE_PIXELS_MAX = 50_000_000;

/** What the metadata must say, for neither we nor a PACS can guess it; a value may be empty only where type 2. */
const REQUIRED: readonly string[] = [
  'SOPClassUID',
  'SOPInstanceUID',
  'StudyInstanceUID',
  'SeriesInstanceUID',
  'PatientID',
  'PatientName',
  'PatientBirthDate',
  'StudyDate',
  'Modality',
];

/** The pictures that can come with metadata. */
export type PictureType = 'image/jpeg' | 'image/png';

/** An instance that was put together here. */
export interface PictureInstance {
  readonly transferSyntaxUid: string;
  readonly dataSet: Buffer;
}

/** Throws identifiers-missing naming every required attribute that the metadata lacks. */
export function requireMetadata(metadata: DicomDataset): void {
  const missing = REQUIRED.filter((keyword) => (metadata[keyword] ?? '') === '');
  if (missing.length === 0) return;
  throw new TriageError('identifiers-missing', `the metadata lacks ${missing.join(', ')}`);
}

/**
 * Builds the data set. A JPEG is encapsulated as it is, a PNG becomes native pixels at its full depth. Throws
 * pixel-data-unreadable or pixel-data-unsupported.
 */
export function buildPictureInstance(
  metadata: DicomDataset,
  picture: Buffer,
  type: PictureType,
): Promise<PictureInstance> {
  return type === 'image/jpeg'
    ? Promise.resolve(encapsulateJpeg(metadata, picture))
    : unpackPng(metadata, picture);
}

function encapsulateJpeg(metadata: DicomDataset, jpeg: Buffer): PictureInstance {
  const { columns, rows, components, precision, process } = readJpegSize(jpeg);
  const transferSyntaxUid =
    process === 0xc0
      ? TRANSFER_SYNTAX_UIDS.jpegBaseline
      : process === 0xc1
        ? TRANSFER_SYNTAX_UIDS.jpegExtended
        : undefined;
  if (transferSyntaxUid === undefined) {
    throw new TriageError('pixel-data-unsupported', 'only sequential JPEG is taken in: save it as baseline');
  }
  if (components !== 1 && components !== 3) {
    throw new TriageError('pixel-data-unsupported', `a JPEG of ${components} components is not taken in`);
  }
  const colours = holdsYcc(jpeg) === false ? 'RGB' : 'YBR_FULL_422';
  const bitsAllocated = precision > 8 ? 16 : 8;
  const ratio = (rows * columns * components * bitsAllocated) / 8 / jpeg.length;
  const dataset = {
    ...described(metadata, {
      rows,
      columns,
      samples: components,
      colours,
      bitsAllocated,
      bitsStored: precision,
    }),
    // What was once compressed with loss stays so (PS3.3 section C.7.6.1.1.5).
    LossyImageCompression: '01',
    LossyImageCompressionMethod: 'ISO_10918_1',
    LossyImageCompressionRatio: Math.max(1, Math.round(ratio * 100) / 100),
  };
  const header = encodeDataSet(dataset, TRANSFER_SYNTAX_UIDS.explicitLittleEndian);
  return { transferSyntaxUid, dataSet: Buffer.concat([header, encapsulated(jpeg)]) };
}

async function unpackPng(metadata: DicomDataset, png: Buffer): Promise<PictureInstance> {
  // Loaded when first needed: most sites never send a picture, and the listener stays small.
  const { decodeRaster } = await import('../imaging/raster.ts');
  const { rows, columns, channels, bitsAllocated, samples } = await decodeRaster(png, PICTURE_PIXELS_MAX);
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const shape = {
    rows,
    columns,
    samples: channels,
    colours: 'RGB',
    bitsAllocated,
    bitsStored: bitsAllocated,
  };
  const dataset = { ...described(metadata, shape), PixelData: bytes };
  const transferSyntaxUid = TRANSFER_SYNTAX_UIDS.explicitLittleEndian;
  return { transferSyntaxUid, dataSet: encodeDataSet(dataset, transferSyntaxUid) };
}

interface PixelShape {
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
  readonly colours: string;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
}

/** What the picture says of its own pixels goes before what the metadata says of them. */
function described(metadata: DicomDataset, shape: PixelShape): DicomDataset {
  const isInverted = metadata['PhotometricInterpretation'] === 'MONOCHROME1';
  const isCapture = metadata['SOPClassUID'] === SOP_CLASSES.secondaryCapture;
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    // Type 1 of a Secondary Capture: a digital interface is how a picture file comes (PS3.3 section C.8.6.1).
    ...(isCapture ? { ConversionType: 'DI' } : {}),
    ...metadata,
    SamplesPerPixel: shape.samples,
    PhotometricInterpretation:
      shape.samples === 3 ? shape.colours : isInverted ? 'MONOCHROME1' : 'MONOCHROME2',
    ...(shape.samples === 3 ? { PlanarConfiguration: 0 } : {}),
    Rows: shape.rows,
    Columns: shape.columns,
    BitsAllocated: shape.bitsAllocated,
    BitsStored: shape.bitsStored,
    HighBit: shape.bitsStored - 1,
    PixelRepresentation: 0,
  };
}

/** The pixel data element with an empty offset table and one fragment (PS3.5 section A.4). */
function encapsulated(frame: Buffer): Buffer {
  const even = frame.length % 2 === 0 ? frame : Buffer.concat([frame, Buffer.from([0])]);
  const head = Buffer.from('e07f10004f420000ffffffff' + 'feff00e000000000' + 'feff00e0', 'hex');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(even.length);
  return Buffer.concat([head, length, even, Buffer.from('feffdde000000000', 'hex')]);
}
