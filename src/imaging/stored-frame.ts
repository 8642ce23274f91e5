/** The first frame of an object as it is stored, without decoding it (PS3.18 8.7.3.3). */
import { parseDataSet } from '../dicom/data-set.ts';
import { readPixelModule } from '../dicom/read-header.ts';
import { TRANSFER_SYNTAX_UIDS as T } from '../dicom/uids.ts';
import { TriageError } from '../errors.ts';
import { firstFrame } from './frame-fragments.ts';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  [T.jpegBaseline]: 'image/jpeg',
  [T.jpegExtended]: 'image/jpeg',
  [T.jpegLossless]: 'image/jpeg',
  [T.jpegLosslessFirstOrder]: 'image/jpeg',
  [T.jpegLsLossless]: 'image/jls',
  [T.jpegLsNearLossless]: 'image/jls',
  [T.jpeg2000Lossless]: 'image/jp2',
  [T.jpeg2000]: 'image/jp2',
  [T.highThroughputJpeg2000Lossless]: 'image/jphc',
  [T.highThroughputJpeg2000LosslessRpcl]: 'image/jphc',
  [T.highThroughputJpeg2000]: 'image/jphc',
  [T.rleLossless]: 'image/dicom-rle',
};

/** Throws pixel-data-unreadable where there are no pixels, or fewer than the header says. */
export function readFirstFrame(file: Uint8Array): { readonly mediaType: string; readonly frame: Buffer } {
  const { bytes, pixelData, transferSyntax, transferSyntaxUid, values } = parseDataSet(file);
  if (pixelData === null) throw new TriageError('pixel-data-unreadable', 'the object has no pixels');
  const { rows, columns, samplesPerPixel, bitsAllocated, numberOfFrames } = readPixelModule(values);
  if (transferSyntax?.encapsulated === true) {
    const mediaType = MEDIA_TYPES[transferSyntaxUid] ?? 'application/octet-stream';
    return { mediaType, frame: Buffer.from(firstFrame(bytes, pixelData, numberOfFrames)) };
  }
  if (transferSyntax?.bigEndian === true) {
    throw new TriageError('not-acceptable', 'big endian pixels are given with the whole object only');
  }
  const frameBytes = Math.ceil(((rows ?? 0) * (columns ?? 0) * samplesPerPixel * (bitsAllocated ?? 0)) / 8);
  const frame = Buffer.from(bytes.subarray(pixelData.offset, pixelData.offset + frameBytes));
  if (frameBytes === 0 || frame.length < frameBytes) {
    throw new TriageError('pixel-data-unreadable', 'the object has fewer pixels than its header says');
  }
  return { mediaType: 'application/octet-stream', frame };
}
