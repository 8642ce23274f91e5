/** Frame 1 as it is stored: unpacked and decompressed, but with its colours and bits as they are. */
import type { DataSet, PixelDataElement } from '../dicom/data-set.ts';
import type { PixelModule } from '../dicom/read-header.ts';
import { TRANSFER_SYNTAX_UIDS } from '../dicom/uids.ts';
import type { TransferSyntax } from '../dicom/uids.ts';
import { TriageError } from '../errors.ts';
import type { ImageHeader } from '../exam/exam.ts';
import { holdsYcc, readJpeg2000Size, readJpegSize } from './codestream.ts';
import type { CodestreamSize } from './codestream.ts';
import { firstFrame } from './frame-fragments.ts';
import { decodeFrame } from './native-codecs.ts';
import type { FrameCodec } from './native-codecs.ts';
import { decodeReduced } from './openjpeg-codec.ts';
import { decodeRle } from './rle.ts';

/** How the components of a colour frame lie in memory. */
type ComponentLayout = 'interleaved' | 'planes' | 'ybr-422';

/** The samples of frame 1 in host byte order. */
export interface PixelFrame {
  readonly columns: number;
  readonly rows: number;
  readonly components: 1 | 3;
  readonly layout: ComponentLayout;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  readonly photometric: string;
  readonly samples: Uint8Array | Uint16Array;
}

type Pixels = PixelModule & Pick<ImageHeader, 'rows' | 'columns' | 'bitsStored'>;
type Shape = Omit<PixelFrame, 'samples' | 'layout'>;

/**
 * Reads frame 1; throws pixel-data-unreadable, pixel-data-unsupported or film-too-large.
 * @param levels how often its size may be halved, where its compression makes that cheap
 */
export async function readPixelFrame(
  dataSet: DataSet,
  pixels: Pixels,
  pixelsMax: number,
  levels = 0,
): Promise<PixelFrame> {
  const { transferSyntax, pixelData } = dataSet;
  const shape = shapeOf(pixels, pixelsMax);
  if (pixelData === null || pixelData.length === 0) throw unreadable('the object has no pixel data');
  if (transferSyntax?.decodable !== true) throw unsupported('the transfer syntax is not decoded here');
  if (!transferSyntax.encapsulated) {
    return readUncompressed(dataSet.bytes, pixelData, shape, { transferSyntax, pixels });
  }
  const frame = firstFrame(dataSet.bytes, pixelData, pixels.numberOfFrames);
  if (transferSyntax.uid === TRANSFER_SYNTAX_UIDS.rleLossless) return readRle(frame, shape);
  const codec = codecOf(transferSyntax.uid);
  const reduced = levels === 0 ? null : await readReduced(frame, codec, shape, levels);
  return reduced ?? readCompressed(frame, codec, shape, pixels);
}

/** null where the frame has to be decoded as a whole, or does not say right away what is wrong with it. */
async function readReduced(
  frame: Uint8Array,
  codec: FrameCodec,
  shape: Shape,
  levels: number,
): Promise<PixelFrame | null> {
  if (codec !== 'jpeg-2000' && codec !== 'ht-jpeg-2000') return null;
  const size = readJpeg2000Size(frame);
  requireSameSize(size, shape);
  // The wavelet overshoots at edges: what is cut off at the codestream's bits must be cut off at the stored ones too.
  const { bitsStored, highBit } = shape;
  const isGrey = shape.components === 1 && !shape.signed && size.isPlain === true;
  if (!isGrey || size.precision <= 8 || size.precision !== bitsStored || highBit !== bitsStored - 1)
    return null;
  const [columns, rows] = [Math.ceil(shape.columns / 2 ** levels), Math.ceil(shape.rows / 2 ** levels)];
  // Frames of fewer wavelet levels cannot be halved as often.
  const decoded = await decodeReduced(frame, levels).catch(() => null);
  if (decoded?.length !== columns * rows * 2) return null;
  return {
    ...shape,
    columns,
    rows,
    bitsAllocated: 16,
    layout: 'interleaved',
    samples: asSamples(decoded, true),
  };
}

function shapeOf(pixels: Pixels, pixelsMax: number): Shape {
  const { rows, columns, samplesPerPixel, bitsAllocated } = pixels;
  if (rows === null || columns === null || rows === 0 || columns === 0) {
    throw unreadable('Rows or Columns is missing');
  }
  if (rows * columns > pixelsMax) {
    throw new TriageError('film-too-large', `the film has ${columns} x ${rows} pixels`);
  }
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw unsupported('Bits Allocated is neither 8 nor 16');
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3)
    throw unsupported('Samples per Pixel is neither 1 nor 3');
  const photometric = pixels.photometricInterpretation ?? (samplesPerPixel === 1 ? 'MONOCHROME2' : 'RGB');
  if (photometric.startsWith('MONOCHROME') !== (samplesPerPixel === 1)) {
    throw unsupported('the photometric interpretation does not fit Samples per Pixel');
  }
  const bitsStored = Math.min(Math.max(pixels.bitsStored ?? bitsAllocated, 1), bitsAllocated);
  const highBit = Math.min(Math.max(pixels.highBit ?? bitsStored - 1, bitsStored - 1), bitsAllocated - 1);
  const signed = pixels.pixelRepresentation === 1;
  return {
    columns,
    rows,
    components: samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit,
    signed,
    photometric,
  };
}

function readUncompressed(
  bytes: Uint8Array,
  element: PixelDataElement,
  shape: Shape,
  source: { readonly transferSyntax: TransferSyntax; readonly pixels: Pixels },
): PixelFrame {
  if (element.length === null) throw unreadable('the pixel data has no length');
  const bytesPerSample = shape.bitsAllocated / 8;
  const is422 = shape.photometric === 'YBR_FULL_422';
  // 4:2:2 keeps two chroma samples for two pixels (PS3.3 C.7.6.3.1.2), so two samples a pixel in all.
  const samplesPerPixel = is422 ? 2 : shape.components;
  const byteCount = shape.columns * shape.rows * samplesPerPixel * bytesPerSample;
  const end = Math.min(element.offset + element.length, bytes.length);
  if (end - element.offset < byteCount) throw unreadable('the pixel data is cut off');
  const isBigEndian = source.transferSyntax.bigEndian;
  // Bytes within OW are swapped in pairs as well when the stream is big endian (PS3.5 Annex A.3).
  const isSwapped = isBigEndian && (bytesPerSample === 2 || element.vr === 'OW');
  const raw = bytes.subarray(element.offset, Math.min(element.offset + byteCount + (byteCount % 2), end));
  const samples = isSwapped ? swappedPairs(raw) : raw;
  const planes = shape.components === 3 && source.pixels.planarConfiguration === 1 && !is422;
  return {
    ...shape,
    layout: is422 ? 'ybr-422' : planes ? 'planes' : 'interleaved',
    samples: asSamples(samples.subarray(0, byteCount), bytesPerSample === 2),
  };
}

function readRle(frame: Uint8Array, shape: Shape): PixelFrame {
  const bytesPerSample = shape.bitsAllocated === 16 ? 2 : 1;
  const planes = decodeRle(frame, shape.columns * shape.rows, shape.components, bytesPerSample);
  return { ...shape, layout: 'planes', samples: asSamples(planes, bytesPerSample === 2) };
}

async function readCompressed(
  frame: Uint8Array,
  codec: FrameCodec,
  shape: Shape,
  pixels: Pixels,
): Promise<PixelFrame> {
  const size = codec === 'jpeg' || codec === 'jpeg-ls' ? readJpegSize(frame) : readJpeg2000Size(frame);
  requireSameSize(size, shape);
  const bitsAllocated = size.precision > 8 ? 16 : 8;
  const decoded = await decodeFrame(codec, frame, {
    columns: shape.columns,
    rows: shape.rows,
    components: shape.components,
    bitsAllocated,
    bitsStored: size.precision,
    signed: shape.signed,
  });
  const byteCount = shape.columns * shape.rows * shape.components * (bitsAllocated / 8);
  if (decoded.length !== byteCount) throw unreadable('the compressed frame decodes to another size');
  // A codestream of fewer bits than the data set claims carries no more than its own.
  const bitsStored = Math.min(shape.bitsStored, size.precision);
  const isPadded = size.precision > shape.highBit && shape.highBit >= bitsStored;
  return {
    ...shape,
    bitsAllocated,
    bitsStored,
    highBit: isPadded ? shape.highBit : bitsStored - 1,
    photometric: colourOf(frame, codec, shape.photometric),
    layout: codec === 'jpeg-ls' && pixels.planarConfiguration === 1 ? 'planes' : 'interleaved',
    samples: asSamples(decoded, bitsAllocated === 16),
  };
}

/** A JPEG that says itself whether it holds YCbCr is believed more than the data set: exporters mix it up. */
function colourOf(frame: Uint8Array, codec: FrameCodec, photometric: string): string {
  if (codec !== 'jpeg' || photometric.startsWith('MONOCHROME')) return photometric;
  const isYcc = holdsYcc(frame);
  if (isYcc === null) return photometric;
  return isYcc ? 'YBR_FULL' : 'RGB';
}

function requireSameSize(size: CodestreamSize, shape: Shape): void {
  if (size.columns !== shape.columns || size.rows !== shape.rows) {
    throw unreadable('the compressed frame has another size than Rows and Columns');
  }
  if (size.components !== shape.components) {
    throw unreadable('the compressed frame has another number of components than Samples per Pixel');
  }
  if (size.precision < 2 || size.precision > 16)
    throw unsupported('the compressed frame has a rare bit depth');
}

function codecOf(transferSyntaxUid: string): FrameCodec {
  const family = transferSyntaxUid.slice('1.2.840.10008.1.2.4.'.length);
  if (/^8[01]$/.test(family)) return 'jpeg-ls';
  if (/^9[01]$/.test(family)) return 'jpeg-2000';
  return /^20[123]$/.test(family) ? 'ht-jpeg-2000' : 'jpeg';
}

function swappedPairs(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  return copy.swap16();
}

function asSamples(bytes: Uint8Array, isWide: boolean): Uint8Array | Uint16Array {
  if (!isWide) return bytes;
  const count = bytes.length >> 1;
  if (bytes.byteOffset % 2 === 0) return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  // A 16-bit view needs an even offset; pixel data lies where the header happens to end.
  return new Uint16Array(bytes.slice().buffer, 0, count);
}

function unreadable(message: string): TriageError {
  return new TriageError('pixel-data-unreadable', message);
}

function unsupported(message: string): TriageError {
  return new TriageError('pixel-data-unsupported', message);
}
