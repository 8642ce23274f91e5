/** A picture in another file format. */
import { decodeRaster, encodeJpeg } from './raster.ts';

const PIXELS_MAX = 50_000_000;

/** A PNG of 8 bits as a JPEG. */
export async function pngToJpeg(png: Uint8Array): Promise<Buffer> {
  const { columns, rows, channels, samples } = await decodeRaster(png, PIXELS_MAX);
  return encodeJpeg(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), columns, rows, {
    channels,
  });
}
