/** From a data set to one plane of stored words: frame 1, colour turned to luminance. */
import { parseDataSet } from '../dicom/data-set.ts';
import type { DataSet, ReadOptions } from '../dicom/data-set.ts';
import { readPixelModule } from '../dicom/read-header.ts';
import { TriageError } from '../errors.ts';
import { luminanceOf } from './luminance.ts';
import { readPixelFrame } from './pixel-frame.ts';
import type { PixelFrame } from './pixel-frame.ts';
import { storedValueOf } from './stored-bits.ts';
import type { WordBits } from './stored-bits.ts';

/** Rows x columns allowed when the caller names no limit. */
const PIXELS_MAX_DEFAULT = 64_000_000;

/** One plane of words as they are stored, and where the value lies in each. */
export interface DecodedImage extends WordBits {
  readonly columns: number;
  readonly rows: number;
  /** Bits that carry the value; the highest is the sign where `signed`. */
  readonly bitsStored: number;
  readonly bitsAllocated: 8 | 16;
  /** columns x rows words; may be a view of the file's own bytes. */
  readonly words: Uint8Array | Uint16Array;
  readonly photometric: 'MONOCHROME1' | 'MONOCHROME2';
  readonly frames: number;
  /**
   * Codes of what a reader should know: colour-converted, multi-frame-first-only, lossy-compression,
   * reduced-resolution where a JPEG 2000 film was decoded at a half or a quarter of its size.
   */
  readonly problems: readonly string[];
}

/** The same with what the words are worth. */
export interface DecodedPixels extends DecodedImage {
  /** columns x rows stored values, masked to bitsStored and sign-extended. */
  readonly samples: Uint16Array | Int16Array;
}

/** Limits of decoding. */
export interface DecodeOptions extends ReadOptions {
  /** Largest rows x columns; above it film-too-large. */
  readonly pixelsMax?: number;
}

/**
 * Decodes the pixels of a Part 10 file, or of a bare data set when `transferSyntaxUid` is given. Throws
 * pixel-data-unreadable, pixel-data-unsupported or film-too-large, besides what parsing throws.
 */
export async function decodePixels(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedPixels> {
  const image = await decodeImage(parseDataSet(bytes, options), options.pixelsMax);
  const samples = new (image.signed ? Int16Array : Uint16Array)(image.words.length);
  image.words.forEach((word, i) => (samples[i] = storedValueOf(word, image)));
  return { ...image, samples };
}

/**
 * The words alone, of a data set that is parsed already.
 * @param levels how often the size may be halved, where the compression makes that cheap (JPEG 2000)
 */
export async function decodeImage(
  dataSet: DataSet,
  pixelsMax: number = PIXELS_MAX_DEFAULT,
  levels = 0,
): Promise<DecodedImage> {
  const pixels = readPixelModule(dataSet.values);
  // Padding and tables give single values a meaning of their own, which a mean of neighbours does not have.
  const mayReduce = pixels.pixelPaddingValue === null && pixels.modalityLut === null;
  const frame = await readPixelFrame(dataSet, pixels, pixelsMax, mayReduce ? levels : 0);
  const words = isColour(frame) ? luminanceOf(frame) : frame.samples;
  const bits: WordBits = isColour(frame)
    ? { bitsStored: frame.bitsAllocated, highBit: frame.bitsAllocated - 1, signed: false }
    : { bitsStored: frame.bitsStored, highBit: frame.highBit, signed: frame.signed };
  const problems = [
    ...(isColour(frame) ? ['colour-converted'] : []),
    ...(pixels.numberOfFrames > 1 ? ['multi-frame-first-only'] : []),
    ...(pixels.lossyImageCompression === '01' ? ['lossy-compression'] : []),
    ...(frame.columns === pixels.columns ? [] : ['reduced-resolution']),
  ];
  return {
    columns: frame.columns,
    rows: frame.rows,
    bitsAllocated: frame.bitsAllocated,
    words,
    ...bits,
    photometric: frame.photometric === 'MONOCHROME1' ? 'MONOCHROME1' : 'MONOCHROME2',
    frames: pixels.numberOfFrames,
    problems,
  };
}

function isColour(frame: PixelFrame): boolean {
  if (frame.photometric.startsWith('MONOCHROME')) return false;
  if (/^(?:RGB|YBR_FULL|YBR_FULL_422|YBR_RCT|YBR_ICT)$/.test(frame.photometric)) return true;
  throw new TriageError('pixel-data-unsupported', 'the photometric interpretation is not supported');
}
