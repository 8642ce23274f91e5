/** RLE Lossless (PS3.5 Annex G): PackBits segments, one for each byte of a sample, the highest byte first. */
import { TriageError } from '../errors.ts';

const HEADER_BYTES = 64;

/** Decodes one frame to sample planes, component after component, in host (little endian) order. */
export function decodeRle(
  frame: Uint8Array,
  pixelCount: number,
  components: number,
  bytesPerSample: 1 | 2,
): Uint8Array {
  if (frame.length < HEADER_BYTES) throw unreadable('the RLE header is cut off');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const segmentCount = view.getUint32(0, true);
  if (segmentCount !== components * bytesPerSample) {
    throw unreadable(`the RLE frame has ${segmentCount} segments of ${components * bytesPerSample}`);
  }
  const planes = new Uint8Array(pixelCount * components * bytesPerSample);
  for (let segment = 0; segment < segmentCount; segment++) {
    const start = view.getUint32(4 + segment * 4, true);
    const next = segment + 1 < segmentCount ? view.getUint32(8 + segment * 4, true) : frame.length;
    if (start < HEADER_BYTES || next < start || next > frame.length) {
      throw unreadable('an RLE segment lies outside the frame');
    }
    const component = Math.floor(segment / bytesPerSample);
    const byteOfSample = bytesPerSample - 1 - (segment % bytesPerSample);
    const target = { first: component * pixelCount * bytesPerSample + byteOfSample, step: bytesPerSample };
    unpackSegment(frame.subarray(start, next), planes, target, pixelCount);
  }
  return planes;
}

function unpackSegment(
  packed: Uint8Array,
  planes: Uint8Array,
  target: { readonly first: number; readonly step: number },
  count: number,
): void {
  let at = 0;
  let done = 0;
  let out = target.first;
  while (done < count && at < packed.length) {
    const control = packed[at++] ?? 0;
    if (control === 128) continue;
    const isRun = control > 128;
    const runLength = Math.min(isRun ? 257 - control : control + 1, count - done);
    if (at + (isRun ? 1 : runLength) > packed.length) break;
    for (let i = 0; i < runLength; i++, out += target.step) planes[out] = packed[isRun ? at : at + i] ?? 0;
    // A literal run is skipped whole, also where its last bytes are beyond the image.
    at += isRun ? 1 : control + 1;
    done += runLength;
  }
  if (done < count) throw unreadable('an RLE segment ends before the last pixel');
}

function unreadable(message: string): TriageError {
  return new TriageError('pixel-data-unreadable', message);
}
