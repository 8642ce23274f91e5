import codecs from 'dcmjs-codecs';
import type { DicomLayout } from './dicom-file.ts';
import { LAYOUTS } from './dicom-file.ts';
import type { Film } from './film-finish.ts';

/** The package is CommonJS, so its names come by its default export. */
const { Context, NativeCodecs } = codecs;

/** The bytes of a film in the form that a transfer syntax wants; 8-bit films take one byte a sample. */
export async function encodePixels(film: Film, bits: number, layout: DicomLayout): Promise<Buffer> {
  const raw = bits <= 8 ? Buffer.from(film.samples) : Buffer.from(film.samples.buffer.slice(0));
  if (!layout.encapsulated) return layout.littleEndian || bits <= 8 ? raw : raw.swap16();
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync();
  const context = new Context({
    width: film.columns,
    height: film.rows,
    bitsAllocated: bits <= 8 ? 8 : 16,
    bitsStored: bits,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: raw,
  });
  const encoded = encodeWith(context, layout).getEncodedBuffer();
  if (encoded === undefined) throw new RangeError(`no codec for ${layout.uid}`);
  return Buffer.from(encoded);
}

function encodeWith(context: codecs.Context, layout: DicomLayout): codecs.Context {
  switch (layout.uid) {
    case LAYOUTS.rle.uid:
      return NativeCodecs.encodeRle(context);
    case LAYOUTS.jpegBaseline.uid:
      return NativeCodecs.encodeJpeg(context, { lossy: true, quality: 95 });
    case LAYOUTS.jpegLossless.uid:
      return NativeCodecs.encodeJpeg(context, { lossy: false, predictor: 1, pointTransform: 0 });
    case LAYOUTS.jpegLs.uid:
      return NativeCodecs.encodeJpegLs(context, { lossy: false });
    case LAYOUTS.jpeg2000.uid:
      return NativeCodecs.encodeJpeg2000(context, { lossy: false });
    default:
      throw new RangeError(`no codec for ${layout.uid}`);
  }
}
