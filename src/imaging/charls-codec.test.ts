import { describe, expect, it } from 'vitest';
import { decodeJpegLs } from './charls-codec.ts';
import { encodeFrame } from './native-codecs.ts';

const [COLUMNS, ROWS] = [320, 200];

function picture(phase: number): Uint16Array {
  return Uint16Array.from({ length: COLUMNS * ROWS }, (_, at) =>
    Math.round(2047 + 2000 * Math.sin((at % COLUMNS) / 31 + phase) * Math.cos(at / COLUMNS / 17)),
  );
}

async function compress(samples: Uint16Array): Promise<Uint8Array> {
  const shape = { columns: COLUMNS, rows: ROWS, components: 1, bitsAllocated: 16, bitsStored: 12 } as const;
  return encodeFrame('jpeg-ls', new Uint8Array(samples.buffer), { ...shape, signed: false });
}

const asWords = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset);

describe('the decoder of JPEG-LS', () => {
  it('gives samples that the next frame does not overwrite', async () => {
    const [first, second] = [picture(0), picture(2)];
    const decoded = await decodeJpegLs(await compress(first));
    const next = await decodeJpegLs(await compress(second));
    expect(Buffer.compare(decoded, new Uint8Array(first.buffer))).toBe(0);
    expect(asWords(next)).toEqual(second);
  });

  it('decodes the next frame after one that it cannot decode', async () => {
    const frame = await compress(picture(1));
    const cut = frame.subarray(0, frame.length / 2);
    const headerOnly = Buffer.concat([frame.subarray(0, 30), Buffer.from([0xff, 0xd9])]);
    for (const broken of [cut, headerOnly, Buffer.alloc(5000, 0x7f), Buffer.alloc(0)]) {
      await expect(decodeJpegLs(broken)).rejects.toThrow();
      expect(asWords(await decodeJpegLs(frame))).toEqual(picture(1));
    }
  });

  it('takes no more memory for fifty frames than for ten', async () => {
    const frame = await compress(picture(3));
    const decode = async (times: number): Promise<number> => {
      for (let time = 0; time < times; time++) await decodeJpegLs(frame);
      // What WebAssembly holds counts as external memory.
      return process.memoryUsage().external - process.memoryUsage().arrayBuffers;
    };
    const after10Bytes = await decode(10);
    expect(await decode(40)).toBeLessThan(after10Bytes + 8 * 1024 * 1024);
  });
});
