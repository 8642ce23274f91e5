import { describe, expect, it } from 'vitest';
import { parseDataSet } from '../dicom/data-set.ts';
import { buildImage } from '../dicom/synthetic-image.ts';
import { TRANSFER_SYNTAX_UIDS } from '../dicom/uids.ts';
import { decodeImage } from './decode-pixels.ts';
import { encodeFrame } from './native-codecs.ts';
import { decodeReduced } from './openjpeg-codec.ts';

const [COLUMNS, ROWS] = [161, 95];
const SHAPE = { columns: COLUMNS, rows: ROWS, bitsAllocated: 16, bitsStored: 12 } as const;

/** Smooth, with a bright block whose edges make the wavelet overshoot. */
function picture(): Uint16Array {
  return Uint16Array.from({ length: COLUMNS * ROWS }, (_, at) => {
    const [x, y] = [at % COLUMNS, Math.floor(at / COLUMNS)];
    return x > 60 && x < 90 && y > 30 && y < 60 ? 4095 : Math.round(2000 + 1500 * Math.sin(x / 19 + y / 31));
  });
}

const compress = (codec: 'jpeg-2000' | 'ht-jpeg-2000'): Promise<Uint8Array> =>
  encodeFrame(codec, new Uint8Array(picture().buffer), { ...SHAPE, components: 1, signed: false });

const asWords = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset);

describe('the decoder of JPEG 2000 at reduced size', () => {
  it.each(['jpeg-2000', 'ht-jpeg-2000'] as const)('gives each second pixel of %s, nearly', async (codec) => {
    const frame = await compress(codec);
    const whole = new Uint8Array(picture().buffer);
    expect(Buffer.compare(await decodeReduced(frame, 0), whole)).toBe(0);
    const half = asWords(await decodeReduced(frame, 1));
    const columns = Math.ceil(COLUMNS / 2);
    expect(half.length).toBe(columns * Math.ceil(ROWS / 2));
    const original = picture();
    let worst = 0;
    for (let at = 0; at < half.length; at++) {
      const [x, y] = [(at % columns) * 2, Math.floor(at / columns) * 2];
      const isNearBlock = x > 52 && x < 98 && y > 22 && y < 68;
      if (!isNearBlock) worst = Math.max(worst, Math.abs(half[at]! - original[y * COLUMNS + x]!));
    }
    expect(worst).toBeLessThan(40);
    // The encoder says 16 bits of HTJ2K, and so nothing cuts off what overshoots the 12 that are used.
    expect(Math.max(...half) > 4095).toBe(codec === 'ht-jpeg-2000');
  });

  it('decodes the next frame after one that it cannot decode', async () => {
    const frame = await compress('jpeg-2000');
    const spoilt = frame.map((byte, at) => (at > 20 && at < 60 ? 0x5a : byte));
    for (const broken of [frame.subarray(0, 100), spoilt, Buffer.alloc(500, 0x7f), Buffer.alloc(4)]) {
      await expect(decodeReduced(broken, 1)).rejects.toThrow();
      expect((await decodeReduced(frame, 2)).length).toBe(41 * 24 * 2);
    }
  });

  it('takes no more memory for fifty frames than for ten', async () => {
    const frame = await compress('jpeg-2000');
    const decode = async (times: number): Promise<number> => {
      for (let time = 0; time < times; time++) await decodeReduced(frame, 1);
      // What WebAssembly holds counts as external memory.
      return process.memoryUsage().external - process.memoryUsage().arrayBuffers;
    };
    const after10Bytes = await decode(10);
    expect(await decode(40)).toBeLessThan(after10Bytes + 8 * 1024 * 1024);
  });
});

describe('a data set decoded at reduced size', () => {
  const transferSyntaxUid = TRANSFER_SYNTAX_UIDS.jpeg2000Lossless;
  const decode = async (changes: object, frame: Uint8Array, levels = 1) =>
    decodeImage(
      parseDataSet(buildImage({ ...SHAPE, transferSyntaxUid, pixelData: [frame], ...changes })),
      1e6,
      levels,
    );

  it('is whole where padding or a sign gives values a meaning of their own, or the frame cannot be halved', async () => {
    const overshooting = await compress('ht-jpeg-2000');
    const syntax = TRANSFER_SYNTAX_UIDS.highThroughputJpeg2000Lossless;
    expect((await decode({ transferSyntaxUid: syntax }, overshooting)).columns).toBe(COLUMNS);
    const frame = await compress('jpeg-2000');
    expect((await decode({}, frame)).columns).toBe(81);
    expect((await decode({ elements: [[0x00280120, 'US', [0]]] }, frame)).columns).toBe(COLUMNS);
    expect((await decode({ signed: true }, frame)).columns).toBe(COLUMNS);
    expect((await decode({}, frame, 20)).columns).toBe(COLUMNS);
  });

  it('is an error where the codestream is cut off or of another size', async () => {
    const frame = await compress('jpeg-2000');
    for (const share of [0.02, 0.3, 0.6, 0.98]) {
      const cut = frame.subarray(0, Math.floor(frame.length * share));
      await expect(decode({}, cut)).rejects.toMatchObject({ code: 'pixel-data-unreadable' });
    }
    await expect(decode({ rows: ROWS + 1 }, frame)).rejects.toMatchObject({ code: 'pixel-data-unreadable' });
  });
});
