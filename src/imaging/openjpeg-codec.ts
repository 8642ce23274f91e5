/**
 * The only importer of OpenJPEG, in WebAssembly, for what dcmjs-codecs cannot do: JPEG 2000 and HTJ2K at a half, a
 * quarter ... of the size. It offers no way to decode a region alone.
 */
import type { OpenjpegModule } from '@cornerstonejs/codec-openjpeg/decodewasmjs';

/** Memory of WebAssembly never shrinks: after a film that took more, the module is given up. */
const HEAP_BYTES_MAX = 256 * 1024 * 1024;

let loading: Promise<OpenjpegModule> | null = null;

/**
 * Samples of a grey frame of 9 to 16 bits, unsigned, whose size is halved `levels` times, odd sizes rounded up; sample
 * i lies where sample i * 2 ** levels of the whole frame lies. Throws where it cannot be decoded. Frames of 8 signed
 * bits and of images that do not begin at 0 it decodes wrongly: they must not come here.
 */
export async function decodeReduced(frame: Uint8Array, levels: number): Promise<Uint8Array> {
  try {
    const openjpeg = await (loading ??= load());
    const decoder = new openjpeg.J2KDecoder();
    decoder.getEncodedBuffer(frame.length).set(frame);
    decoder.decodeSubResolution(levels, 0);
    const samples = decoder.getDecodedBuffer();
    decoder.delete();
    if (samples.length === 0) throw new Error('nothing decoded');
    if (openjpeg.HEAPU8.length > HEAP_BYTES_MAX) loading = null;
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  } catch {
    // Rubbish can trap and leave the memory as it was: the next film gets a fresh module.
    loading = null;
    throw new Error('not a JPEG 2000 frame that can be decoded');
  }
}

async function load(): Promise<OpenjpegModule> {
  const { default: loadOpenjpeg } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
  // Standard output belongs to the analysis result.
  const silent = (): void => undefined;
  return loadOpenjpeg({ print: silent, printErr: silent });
}
