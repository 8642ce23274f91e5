import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRANSFER_SYNTAX_UIDS as SYNTAX } from '../dicom/uids.ts';
import { TriageError } from '../errors.ts';
import { decodePixels } from './decode-pixels.ts';
import { encodeFrame } from './native-codecs.ts';
import type { EncodeOptions, FrameCodec } from './native-codecs.ts';
import { buildImage } from '../dicom/synthetic-image.ts';

const DATA = '/work/shared/data/dicom';
const COLUMNS = 61;
const ROWS = 47;

/** A smooth, not flat, picture: lossy codecs come close to it. */
function picture(bits: number): Uint16Array {
  const top = 2 ** bits - 1;
  return Uint16Array.from({ length: COLUMNS * ROWS }, (_, i) =>
    Math.round(top * (0.5 + 0.4 * Math.sin((i % COLUMNS) / 9) * Math.cos(Math.floor(i / COLUMNS) / 11))),
  );
}

function bytesOf(samples: Uint16Array, wide = true): Uint8Array {
  return wide ? new Uint8Array(samples.buffer.slice(0)) : Uint8Array.from(samples);
}

function rlePlanes(samples: Uint16Array): Uint8Array {
  const segments = [8, 0].map((shift) => {
    const out: number[] = [];
    const plane = [...samples].map((sample) => (sample >> shift) & 0xff);
    for (let i = 0; i < plane.length; i += 128)
      out.push(Math.min(128, plane.length - i) - 1, ...plane.slice(i, i + 128));
    return Buffer.from(out.length % 2 === 0 ? out : [...out, 0]);
  });
  const head = Buffer.alloc(64);
  head.writeUInt32LE(2, 0);
  head.writeUInt32LE(64, 4);
  head.writeUInt32LE(64 + (segments[0]?.length ?? 0), 8);
  return Buffer.concat([head, ...segments]);
}

interface CompressedCase {
  readonly name: string;
  readonly uid: string;
  readonly codec: FrameCodec;
  readonly bits: number;
  readonly options?: EncodeOptions;
  /** Largest difference allowed. */
  readonly errorMax: number;
}

const COMPRESSED: readonly CompressedCase[] = [
  {
    name: 'JPEG baseline 8 bit',
    uid: SYNTAX.jpegBaseline,
    codec: 'jpeg',
    bits: 8,
    options: { lossy: true },
    errorMax: 4,
  },
  {
    name: 'JPEG Lossless SV1 12 bit',
    uid: SYNTAX.jpegLosslessFirstOrder,
    codec: 'jpeg',
    bits: 12,
    errorMax: 0,
  },
  {
    name: 'JPEG Lossless SV1 16 bit',
    uid: SYNTAX.jpegLosslessFirstOrder,
    codec: 'jpeg',
    bits: 16,
    errorMax: 0,
  },
  ...[2, 3, 4, 5, 6, 7].map((predictor): CompressedCase => ({
    name: `JPEG Lossless predictor ${predictor}`,
    uid: SYNTAX.jpegLossless,
    codec: 'jpeg',
    bits: 12,
    options: { predictor },
    errorMax: 0,
  })),
  { name: 'JPEG-LS lossless 12 bit', uid: SYNTAX.jpegLsLossless, codec: 'jpeg-ls', bits: 12, errorMax: 0 },
  { name: 'JPEG-LS lossless 8 bit', uid: SYNTAX.jpegLsLossless, codec: 'jpeg-ls', bits: 8, errorMax: 0 },
  {
    name: 'JPEG-LS near-lossless',
    uid: SYNTAX.jpegLsNearLossless,
    codec: 'jpeg-ls',
    bits: 12,
    options: { lossy: true, allowedError: 3 },
    errorMax: 3,
  },
  {
    name: 'JPEG 2000 lossless 16 bit',
    uid: SYNTAX.jpeg2000Lossless,
    codec: 'jpeg-2000',
    bits: 16,
    errorMax: 0,
  },
  { name: 'JPEG 2000 lossless 10 bit', uid: SYNTAX.jpeg2000, codec: 'jpeg-2000', bits: 10, errorMax: 0 },
  {
    name: 'HTJ2K lossless 12 bit',
    uid: SYNTAX.highThroughputJpeg2000Lossless,
    codec: 'ht-jpeg-2000',
    bits: 12,
    errorMax: 0,
  },
];

async function compress(entry: CompressedCase): Promise<Uint8Array> {
  const wide = entry.bits > 8;
  return encodeFrame(
    entry.codec,
    bytesOf(picture(entry.bits), wide),
    {
      columns: COLUMNS,
      rows: ROWS,
      components: 1,
      bitsAllocated: wide ? 16 : 8,
      bitsStored: entry.bits,
      signed: false,
    },
    entry.options,
  );
}

function wrap(entry: CompressedCase, fragments: readonly Uint8Array[], changes: object = {}): Buffer {
  return buildImage({
    transferSyntaxUid: entry.uid,
    columns: COLUMNS,
    rows: ROWS,
    bitsAllocated: entry.bits > 8 ? 16 : 8,
    bitsStored: entry.bits,
    pixelData: fragments,
    ...changes,
  });
}

describe('decoding compressed frames', () => {
  it.each(COMPRESSED)('gives $name back as it was, in one fragment or three', async (entry) => {
    const frame = await compress(entry);
    const third = Math.floor(frame.length / 6) * 2;
    const fragments = [frame.subarray(0, third), frame.subarray(third, 2 * third), frame.subarray(2 * third)];
    for (const pixelData of [[frame], fragments]) {
      const image = await decodePixels(wrap(entry, pixelData));
      const wanted = picture(entry.bits);
      const worst = [...image.samples].reduce(
        (max, value, i) => Math.max(max, Math.abs(value - (wanted[i] ?? 0))),
        0,
      );
      expect(image).toMatchObject({ columns: COLUMNS, rows: ROWS, bitsStored: entry.bits, signed: false });
      expect(worst).toBeLessThanOrEqual(entry.errorMax);
    }
  });

  it.each(COMPRESSED)('says unreadable when $name is cut off anywhere', async (entry) => {
    const frame = await compress(entry);
    for (const share of [0.02, 0.3, 0.6, 0.9, 0.98]) {
      const cut = frame.subarray(0, Math.floor(frame.length * share));
      await expect(decodePixels(wrap(entry, [cut]))).rejects.toMatchObject({ code: 'pixel-data-unreadable' });
    }
    const file = wrap(entry, [frame]);
    await expect(decodePixels(file.subarray(0, file.length - 20))).rejects.toMatchObject({
      code: 'pixel-data-unreadable',
    });
  });

  it.each(COMPRESSED)('refuses $name whose size is not Rows and Columns', async (entry) => {
    const frame = await compress(entry);
    for (const changes of [{ rows: ROWS + 1 }, { columns: COLUMNS - 1 }]) {
      await expect(decodePixels(wrap(entry, [frame], changes))).rejects.toMatchObject({
        code: 'pixel-data-unreadable',
      });
    }
  });

  it.each(COMPRESSED)('survives rubbish inside $name and decodes the next film', async (entry) => {
    const frame = await compress(entry);
    const spoilt = Uint8Array.from(frame, (byte, i) =>
      i > frame.length * 0.4 && i < frame.length - 2 ? (byte * 31 + i * 7) % 251 : byte,
    );
    const outcome = await decodePixels(wrap(entry, [spoilt])).catch((thrown: unknown) => thrown);
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'pixel-data-unreadable' });
    const next = await decodePixels(wrap(entry, [frame]));
    expect(next.samples.length).toBe(COLUMNS * ROWS);
  });
});

describe('decoding uncompressed and run-length frames', () => {
  const shape = { columns: COLUMNS, rows: ROWS, bitsStored: 12 };
  const wanted = [...picture(12)];

  it.each([SYNTAX.explicitLittleEndian, SYNTAX.implicitLittleEndian])(
    'reads 16-bit samples in %s',
    async (uid) => {
      const file = buildImage({ ...shape, transferSyntaxUid: uid, pixelData: bytesOf(picture(12)) });
      expect([...(await decodePixels(file)).samples]).toEqual(wanted);
    },
  );

  it('swaps the bytes of big endian samples', async () => {
    const swapped = Buffer.from(bytesOf(picture(12))).swap16();
    const file = buildImage({ ...shape, transferSyntaxUid: SYNTAX.explicitBigEndian, pixelData: swapped });
    expect([...(await decodePixels(file)).samples]).toEqual(wanted);
  });

  it('reads RLE of 16 bits, and refuses it cut off', async () => {
    const frame = rlePlanes(picture(12));
    const build = (pixelData: Uint8Array) =>
      buildImage({ ...shape, transferSyntaxUid: SYNTAX.rleLossless, pixelData: [pixelData] });
    expect([...(await decodePixels(build(frame))).samples]).toEqual(wanted);
    for (const length of [20, 70, frame.length >> 1, frame.length - 40]) {
      await expect(decodePixels(build(frame.subarray(0, length)))).rejects.toMatchObject({
        code: 'pixel-data-unreadable',
      });
    }
  });

  it('extends the sign from bits stored and drops overlay bits above them', async () => {
    const stored = Uint16Array.from([0x0800, 0x07ff, 0xf001, 0x0fff]);
    const file = buildImage({
      columns: 2,
      rows: 2,
      bitsStored: 12,
      signed: true,
      pixelData: bytesOf(stored),
    });
    expect([...(await decodePixels(file)).samples]).toEqual([-2048, 2047, 1, -1]);
  });

  it('moves samples down whose high bit is not the highest stored bit', async () => {
    const stored = Uint16Array.from([0x0010, 0xfff0, 0x1230, 0x0000]);
    const file = buildImage({ columns: 2, rows: 2, bitsStored: 12, highBit: 15, pixelData: bytesOf(stored) });
    expect([...(await decodePixels(file)).samples]).toEqual([1, 0xfff, 0x123, 0]);
  });

  it('turns RGB into luminance, interleaved and in planes alike', async () => {
    const interleaved = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30]);
    const planes = Uint8Array.from([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30]);
    for (const [pixelData, planarConfiguration] of [
      [interleaved, 0],
      [planes, 1],
    ] as const) {
      const image = await decodePixels(
        buildImage({
          columns: 2,
          rows: 2,
          bitsAllocated: 8,
          samplesPerPixel: 3,
          photometric: 'RGB',
          planarConfiguration,
          pixelData,
        }),
      );
      expect([...image.samples]).toEqual([76, 150, 29, 18]);
      expect(image.problems).toContain('colour-converted');
    }
  });

  it('takes the first of several frames and says so', async () => {
    const two = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const file = buildImage({ columns: 2, rows: 2, bitsAllocated: 8, numberOfFrames: 2, pixelData: two });
    const image = await decodePixels(file);
    expect([...image.samples]).toEqual([1, 2, 3, 4]);
    expect(image).toMatchObject({ frames: 2, problems: ['multi-frame-first-only'] });
  });

  it('refuses pixel data that is shorter than the film, or absent', async () => {
    const short = buildImage({ columns: 4, rows: 4, bitsAllocated: 8, pixelData: new Uint8Array(14) });
    await expect(decodePixels(short)).rejects.toMatchObject({ code: 'pixel-data-unreadable' });
    await expect(decodePixels(buildImage({ columns: 4, rows: 4 }))).rejects.toMatchObject({
      code: 'pixel-data-unreadable',
    });
  });

  it('refuses a film above the limit before it touches the pixels', async () => {
    const file = buildImage({ columns: 60000, rows: 60000, pixelData: new Uint8Array(2) });
    await expect(decodePixels(file)).rejects.toMatchObject({ code: 'film-too-large' });
    const small = buildImage({ columns: 10, rows: 10, bitsAllocated: 8, pixelData: new Uint8Array(100) });
    await expect(decodePixels(small, { pixelsMax: 99 })).rejects.toMatchObject({ code: 'film-too-large' });
  });

  it.each([
    ['a palette', { photometric: 'PALETTE COLOR', bitsAllocated: 8 }],
    ['32 bits', { bitsAllocated: 32 }],
    ['one bit', { bitsAllocated: 1 }],
    ['an unknown transfer syntax', { transferSyntaxUid: '1.2.840.10008.1.2.4.55' }],
  ])('says unsupported of %s', async (_, changes) => {
    const file = buildImage({ columns: 2, rows: 2, pixelData: new Uint8Array(16), ...changes });
    await expect(decodePixels(file)).rejects.toMatchObject({ code: 'pixel-data-unsupported' });
  });
});

describe('decoding rubbish', () => {
  it('never throws anything but a TriageError, whatever bytes of a file are spoilt', async () => {
    const files = [
      buildImage({ columns: 8, rows: 8, pixelData: new Uint8Array(128) }),
      wrap(COMPRESSED[1]!, [await compress(COMPRESSED[1]!)]),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(100_000), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        fc.nat(100_000),
        async (file, changes, length) => {
          const spoilt = Buffer.from(file).subarray(0, 132 + (length % file.length));
          for (const [at, byte] of changes)
            if (spoilt.length > 132) spoilt[132 + (at % (spoilt.length - 132))] = byte;
          const outcome = await decodePixels(spoilt, { pixelsMax: 1e6 }).catch((thrown: unknown) => thrown);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(TriageError);
        },
      ),
      { numRuns: 300 },
    );
  });
});

interface Reference {
  readonly columns: number;
  readonly rows: number;
  readonly sha256: string;
  readonly mean: number;
  readonly deviation: number;
  readonly exact: boolean;
}

const REFERENCES = JSON.parse(
  readFileSync(new URL('decode-pixels.reference.json', import.meta.url), 'utf8'),
) as Record<string, Reference>;

// The sample files may not be committed (their licences differ), so a fresh clone has only the numbers.
describe.skipIf(!existsSync(DATA))(`decoding the sample files (skipped without ${DATA})`, () => {
  it.each(Object.entries(REFERENCES))('agrees with pydicom and dcmtk on %s', async (name, reference) => {
    const image = await decodePixels(readFileSync(`${DATA}/${name}`));
    const values = Int32Array.from(image.samples);
    expect(image).toMatchObject({ columns: reference.columns, rows: reference.rows });
    if (reference.exact) {
      const sha256 = createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
      expect(sha256).toBe(reference.sha256);
    } else {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(mean - reference.mean)).toBeLessThan(0.05);
    }
  });

  it('reads the big endian colour file as its little endian twin', async () => {
    const [little, big] = await Promise.all(
      ['SC_rgb_small_odd.dcm', 'SC_rgb_small_odd_big_endian.dcm'].map((name) =>
        decodePixels(readFileSync(`${DATA}/pydicom/${name}`)),
      ),
    );
    expect([...(big?.samples ?? [])]).toEqual([...(little?.samples ?? [0])]);
  });

  it.each([
    ['pydicom/MR_truncated.dcm', 'pixel-data-unreadable'],
    ['pydicom/JPEG2000-embedded-sequence-delimiter.dcm', 'pixel-data-unreadable'],
    ['pydicom/examples_palette.dcm', 'pixel-data-unsupported'],
    ['pydicom/SC_rgb_rle_32bit.dcm', 'pixel-data-unsupported'],
    ['pydicom/rtstruct.dcm', 'not-part-10'],
    ['pydicom/rtplan_truncated.dcm', 'data-set-unreadable'],
  ])('refuses %s as %s', async (name, code) => {
    await expect(decodePixels(readFileSync(`${DATA}/${name}`))).rejects.toMatchObject({ code });
  });
});
