/**
 * The only importer of sharp: PNG, TIFF and JPEG in and out, and drawing an SVG over a film.
 * sharp is held to one thread and no cache, so that two workers on two cores do not fight (runtime-facts).
 */
import sharp from 'sharp';
import { TriageError } from '../errors.ts';

sharp.concurrency(1);
sharp.cache(false);

/** Samples of a picture file, interleaved by channel, at the depth the file holds. */
export interface RasterPicture {
  readonly columns: number;
  readonly rows: number;
  /** 1 grey, 3 RGB; alpha is dropped. */
  readonly channels: 1 | 3;
  readonly bitsAllocated: 8 | 16;
  readonly samples: Uint8Array | Uint16Array;
}

/** Decodes PNG, TIFF or JPEG without loss of depth, without turning by EXIF and without applying a profile. */
export async function decodeRaster(input: string | Uint8Array, pixelsMax: number): Promise<RasterPicture> {
  try {
    const image = sharp(input, { limitInputPixels: false, failOn: 'truncated', ignoreIcc: true });
    const header = await image.metadata();
    if (header.width * header.height > pixelsMax) {
      throw new TriageError('film-too-large', `the picture has ${header.width} x ${header.height} pixels`);
    }
    const channels = header.channels <= 2 ? 1 : 3;
    const deep = header.depth !== 'uchar' && header.depth !== 'char';
    // Without an explicit 16-bit space sharp silently gives 8 bits (runtime-facts, Decoding).
    const space = deep ? (channels === 1 ? 'grey16' : 'rgb16') : channels === 1 ? 'b-w' : 'srgb';
    const { data, info } = await image
      .removeAlpha()
      .toColourspace(space)
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`got ${info.channels} channels of ${channels}`);
    const samples = deep ? asUint16(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { columns: info.width, rows: info.height, channels, bitsAllocated: deep ? 16 : 8, samples };
  } catch (thrown) {
    if (thrown instanceof TriageError) throw thrown;
    // The library's message can hold the path as given, and a path can hold a name: so it is not passed on.
    throw new TriageError('pixel-data-unreadable', 'the picture cannot be decoded');
  }
}

/** Encodes 8-bit grey, RGB or RGBA samples as PNG. */
export async function encodePng(
  pixels: Uint8Array,
  columns: number,
  rows: number,
  channels: 1 | 3 | 4 = 1,
): Promise<Buffer> {
  const image = sharp(pixels, { raw: { width: columns, height: rows, channels } });
  // The lowest level: the next one takes twice the time for a third less, and a film's noise hardly compresses.
  return (channels === 1 ? image.toColourspace('b-w') : image).png({ compressionLevel: 1 }).toBuffer();
}

/** Encodes 16-bit grey samples as PNG at full depth. */
export async function encodePng16(pixels: Uint16Array, columns: number, rows: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width: columns, height: rows, channels: 1 } })
    .toColourspace('grey16')
    .png({ compressionLevel: 2 })
    .toBuffer();
}

/** Encodes 8-bit grey or RGB samples as baseline JPEG. */
export async function encodeJpeg(
  pixels: Uint8Array,
  columns: number,
  rows: number,
  options: { readonly channels?: 1 | 3; readonly quality?: number } = {},
): Promise<Buffer> {
  const channels = options.channels ?? 1;
  const image = sharp(pixels, { raw: { width: columns, height: rows, channels } });
  return (channels === 1 ? image.toColourspace('b-w') : image)
    .jpeg({ quality: options.quality ?? 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** An SVG as RGBA pixels of its own size, 4 bytes a pixel. */
export async function rasterizeSvg(svg: string): Promise<Uint8Array> {
  const data = await sharp(Buffer.from(svg, 'utf8')).ensureAlpha().toColourspace('srgb').raw().toBuffer();
  // A copy only where the library hands out a part of a pool that does not begin at a whole word.
  return data.byteOffset % 4 === 0
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** Lays RGBA pixels over grey ones of the same size; returns interleaved RGB, 3 bytes a pixel. */
export function layOver(grey: Uint8Array, rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  const drawn = new Uint32Array(rgba.buffer, rgba.byteOffset, grey.length);
  for (let i = 0, o = 0; i < grey.length; i++, o += 3) {
    const under = grey[i] ?? 0;
    const colour = drawn[i] ?? 0;
    const opacity = colour >>> 24;
    if (opacity === 0) {
      rgb[o] = under;
      rgb[o + 1] = under;
      rgb[o + 2] = under;
    } else {
      rgb[o] = blend(under, colour & 255, opacity);
      rgb[o + 1] = blend(under, (colour >>> 8) & 255, opacity);
      rgb[o + 2] = blend(under, (colour >>> 16) & 255, opacity);
    }
  }
  return rgb;
}

function blend(under: number, over: number, opacity: number): number {
  return Math.floor((under * (255 - opacity) + over * opacity + 127) / 255);
}

function asUint16(data: Buffer): Uint16Array {
  // A pooled Buffer may start at an odd offset, where a 16-bit view is not allowed.
  if (data.byteOffset % 2 === 0) {
    return new Uint16Array(data.buffer, data.byteOffset, data.byteLength >> 1);
  }
  return new Uint16Array(new Uint8Array(data).buffer);
}
