import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDataSet } from '../dicom/data-set.ts';
import { readPixelModule } from '../dicom/read-header.ts';
import { part10Prefix } from '../dicom/part10.ts';
import { buildDataSet, buildImage } from '../dicom/synthetic-image.ts';
import { findTransferSyntax, SOP_CLASSES, TRANSFER_SYNTAX_UIDS as SYNTAX } from '../dicom/uids.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { decodeByReference, type ReferenceFrame, requireReference } from '../testing/reference-pixels.ts';
import { firstFrame } from './frame-fragments.ts';
import { encodeFrame, type EncodeOptions, type FrameCodec } from './native-codecs.ts';
import { readPixelFrame } from './pixel-frame.ts';
import { storedValueOf } from './stored-bits.ts';

const reference = requireReference();
const why = reference.available ? '' : ` (${reference.reason})`;
const SAMPLES = join(PROJECT_FOLDER, '..', 'shared', 'data', 'dicom');
const FIXTURES = join(PROJECT_FOLDER, 'dicom-fixtures');

/** Where two right decoders may differ: the cosine transform's rounding, and for JPEG 2000 the wavelet's. */
const LOSSY_ERROR_MAX: Readonly<Record<string, number>> = {
  [SYNTAX.jpegBaseline]: 2,
  [SYNTAX.jpegExtended]: 2,
  [SYNTAX.jpeg2000]: 1,
  [SYNTAX.highThroughputJpeg2000]: 1,
};

interface OwnFrame {
  readonly transferSyntaxUid: string;
  readonly components: number;
  readonly photometric: string;
  readonly values: Int32Array;
}

async function decodeOurselves(path: string): Promise<OwnFrame> {
  const dataSet = parseDataSet(readFileSync(path));
  const frame = await readPixelFrame(dataSet, readPixelModule(dataSet.values), 100e6);
  const values = Int32Array.from(frame.samples, (word) =>
    frame.components === 1 ? storedValueOf(word, frame) : word,
  );
  const pixels = frame.columns * frame.rows;
  return {
    transferSyntaxUid: dataSet.transferSyntax?.uid ?? '',
    components: frame.components,
    photometric: frame.photometric,
    values:
      frame.components === 1 || frame.layout === 'interleaved'
        ? values
        : frame.layout === 'planes'
          ? Int32Array.from(
              { length: pixels * 3 },
              (_, k) => values[(k % 3) * pixels + Math.floor(k / 3)] ?? 0,
            )
          : withoutSubsampling(values, pixels),
  };
}

/** Y1 Y2 Cb Cr of two pixels become Y1 Cb Cr Y2 Cb Cr (PS3.3 C.7.6.3.1.2). */
function withoutSubsampling(values: Int32Array, pixels: number): Int32Array {
  return Int32Array.from({ length: pixels * 3 }, (_, k) => {
    const [pixel, component] = [Math.floor(k / 3), k % 3];
    const at = Math.floor(pixel / 2) * 4 + (component === 0 ? pixel % 2 : component + 1);
    return values[at] ?? 0;
  });
}

/** One value a pixel, so that frames with their colours turned and not turned can be compared. */
function brightness(frame: Pick<OwnFrame, 'components' | 'photometric' | 'values'>): Float64Array {
  if (frame.components === 1) return Float64Array.from(frame.values);
  const isYcc = frame.photometric.startsWith('YBR_FULL');
  const within = (value: number): number => Math.min(255, Math.max(0, value));
  return Float64Array.from({ length: frame.values.length / 3 }, (_, pixel) => {
    const [a = 0, b = 0, c = 0] = frame.values.subarray(pixel * 3, pixel * 3 + 3);
    if (!isYcc) return 0.299 * a + 0.587 * b + 0.114 * c;
    // By way of RGB, for colours outside of it are cut off there (PS3.3 C.7.6.3.1.2).
    const [red, blue] = [within(a + 1.402 * (c - 128)), within(a + 1.772 * (b - 128))];
    return 0.299 * red + 0.587 * within(a - 0.344136 * (b - 128) - 0.714136 * (c - 128)) + 0.114 * blue;
  });
}

function largestDifference(one: ArrayLike<number>, other: ArrayLike<number>): number {
  expect(one.length).toBe(other.length);
  let largest = 0;
  for (let at = 0; at < one.length; at += 1)
    largest = Math.max(largest, Math.abs((one[at] ?? 0) - (other[at] ?? 0)));
  return largest;
}

async function compare(frame: Extract<ReferenceFrame, { by: string }>): Promise<void> {
  const own = await decodeOurselves(frame.path);
  const errorMax = LOSSY_ERROR_MAX[own.transferSyntaxUid];
  if (errorMax === undefined) {
    // Lossless, and JPEG-LS near-lossless, whose error lies in the encoder: every decoder gives the same.
    expect(largestDifference(own.values, frame.values), frame.by).toBe(0);
  } else {
    const difference = largestDifference(brightness(own), brightness(frame));
    // Colours that were turned and rounded by the reference differ by one more.
    expect(difference, frame.by).toBeLessThanOrEqual(errorMax + (own.components === 3 ? 2 : 0));
  }
}

/** Retired JPEG processes, dose grids of 32 bits, segmentations of one bit, and a palette. */
const UNSUPPORTED = /4\.5[35]\.dcm$|rtdose|_32bit|liver_|palette/;

const folder = mkdtempSync(join(tmpdir(), 'osteotriage-agreement-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SYNTHETIC: readonly (readonly [string, FrameCodec | 'deflate' | 'dcmtk', number, EncodeOptions?])[] = [
  [SYNTAX.deflatedLittleEndian, 'deflate', 12],
  [SYNTAX.jpegBaseline, 'jpeg', 8, { lossy: true }],
  [SYNTAX.jpegExtended, 'dcmtk', 12],
  ...[1, 2, 3, 4, 5, 6, 7].map((predictor) => [SYNTAX.jpegLossless, 'jpeg', 12, { predictor }] as const),
  [SYNTAX.jpegLosslessFirstOrder, 'jpeg', 16],
  [SYNTAX.jpegLosslessFirstOrder, 'jpeg', 8],
  [SYNTAX.jpegLsLossless, 'jpeg-ls', 16],
  [SYNTAX.jpegLsNearLossless, 'jpeg-ls', 12, { lossy: true, allowedError: 3 }],
  [SYNTAX.jpeg2000Lossless, 'jpeg-2000', 16],
  [SYNTAX.jpeg2000, 'jpeg-2000', 12, { lossy: true }],
  [SYNTAX.highThroughputJpeg2000Lossless, 'ht-jpeg-2000', 12],
  [SYNTAX.highThroughputJpeg2000Lossless, 'ht-jpeg-2000', 8],
  [SYNTAX.highThroughputJpeg2000LosslessRpcl, 'ht-jpeg-2000', 16],
  [SYNTAX.highThroughputJpeg2000, 'ht-jpeg-2000', 12, { lossy: true }],
];

/** A picture with a gradient, edges and grain, so that every part of a codec has work. */
function picture(columns: number, rows: number, bits: number): Uint16Array {
  const top = 2 ** bits - 1;
  return Uint16Array.from({ length: columns * rows }, (_, at) => {
    const [x, y] = [at % columns, Math.floor(at / columns)];
    const grain = (((x * 7919 + y * 104_729) % 97) / 97 - 0.5) * 0.05;
    const block = x > 40 && x < 70 && y > 20 && y < 60 ? 0.3 : 0;
    return Math.round(
      top * Math.min(1, Math.max(0, 0.3 + 0.3 * Math.sin(x / 17) * Math.cos(y / 13) + block + grain)),
    );
  });
}

async function writeSynthetic(): Promise<readonly string[]> {
  const [columns, rows] = [131, 97];
  const paths: string[] = [];
  for (const [index, [transferSyntaxUid, codec, bitsStored, options]] of SYNTHETIC.entries()) {
    const bitsAllocated = bitsStored > 8 ? 16 : 8;
    const samples = picture(columns, rows, bitsStored);
    const bytes = bitsAllocated === 16 ? new Uint8Array(samples.buffer) : Uint8Array.from(samples);
    const shape = { columns, rows, bitsAllocated, bitsStored } as const;
    const path = join(folder, `${index}.dcm`);
    if (codec === 'dcmtk') {
      // No encoder of ours writes the extended process of 12 bits.
      const plain = join(folder, 'plain.dcm');
      writeFileSync(plain, buildImage({ ...shape, pixelData: bytes }));
      // Without dcmtk this row stays uncompressed, and the tests that need a reference are skipped.
      if (!reference.available) writeFileSync(path, readFileSync(plain));
      else expect(spawnSync('dcmcjpeg', ['+ee', '+un', plain, path]).status).toBe(0);
    } else if (codec === 'deflate') {
      const dataSet = deflateRawSync(buildDataSet({ ...shape, pixelData: bytes }));
      const names = { sopClassUid: SOP_CLASSES.digitalXRayForPresentation, sopInstanceUid: '1.2.3.4.5' };
      writeFileSync(path, Buffer.concat([part10Prefix({ ...names, transferSyntaxUid }), dataSet]));
    } else {
      const frame = await encodeFrame(codec, bytes, { ...shape, components: 1, signed: false }, options);
      writeFileSync(path, buildImage({ ...shape, transferSyntaxUid, pixelData: [frame] }));
    }
    paths.push(path);
  }
  return paths;
}

describe.skipIf(!reference.available)(`our decoder beside GDCM, OpenJPEG and pydicom${why}`, () => {
  const python = reference.available ? reference.path : '';

  it('agrees on every transfer syntax, to the bit where it is lossless', { timeout: 60_000 }, async () => {
    const frames = decodeByReference(python, await writeSynthetic());
    const seen = new Set<string>();
    for (const [index, frame] of frames.entries()) {
      const name = findTransferSyntax(SYNTHETIC[index]![0])?.name ?? '';
      if ('error' in frame) throw new Error(`${name}: ${frame.error}`);
      await compare(frame);
      seen.add(frame.by);
    }
    expect([...seen].sort()).toEqual(['gdcmconv', 'opj_decompress', 'pydicom']);
  });

  it('agrees on every whole fixture', { timeout: 120_000 }, async () => {
    const files = readdirSync(FIXTURES).filter((file) => /^\d.*\.dcm$/.test(file));
    expect(files.length).toBeGreaterThanOrEqual(24);
    for (const frame of decodeByReference(
      python,
      files.map((file) => join(FIXTURES, file)),
    )) {
      if ('error' in frame) throw new Error(`${basename(frame.path)}: ${frame.error}`);
      await compare(frame);
    }
  });
});

describe('a codestream that is cut off', () => {
  it('is an error in every compressed transfer syntax, wherever it is cut', async () => {
    for (const path of await writeSynthetic()) {
      const bytes = readFileSync(path);
      const { transferSyntax, pixelData, values } = parseDataSet(bytes);
      if (pixelData?.length !== null || transferSyntax === null) continue;
      const frame = firstFrame(bytes, pixelData, 1);
      const { rows, columns, bitsAllocated, bitsStored } = readPixelModule(values);
      for (const share of [0.02, 0.3, 0.6, 0.9, 0.98]) {
        const pixels = [frame.subarray(0, Math.floor(frame.length * share))];
        const shape = {
          rows: rows!,
          columns: columns!,
          bitsAllocated: bitsAllocated!,
          bitsStored: bitsStored!,
        };
        writeFileSync(
          path,
          buildImage({ ...shape, transferSyntaxUid: transferSyntax.uid, pixelData: pixels }),
        );
        await expect(decodeOurselves(path), `${transferSyntax.name} ${share}`).rejects.toMatchObject({
          code: 'pixel-data-unreadable',
        });
      }
    }
  });

  it('is an error of the data set where all of it is deflated', async () => {
    const [deflated = ''] = await writeSynthetic();
    const bytes = readFileSync(deflated);
    for (const share of [0.5, 0.9, 0.99]) {
      writeFileSync(deflated, bytes.subarray(0, Math.floor(bytes.length * share)));
      await expect(decodeOurselves(deflated)).rejects.toMatchObject({ code: 'data-set-unreadable' });
    }
  });
});

// The samples may not be committed (their licences differ), so a fresh clone has none of them.
const hasSamples = existsSync(SAMPLES);
describe.skipIf(!reference.available || !hasSamples)(
  `our decoder beside the reference on the sample files${hasSamples ? why : ` (there is no ${SAMPLES})`}`,
  { timeout: 120_000 },
  () => {
    const files = hasSamples
      ? readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.dcm'))
      : [];
    const frames =
      reference.available && hasSamples
        ? decodeByReference(
            reference.path,
            files.map((file) => join(SAMPLES, file)),
          )
        : [];
    const named = frames
      .filter((frame) => 'by' in frame)
      .map((frame) => [frame.path.slice(SAMPLES.length + 1), frame] as const);

    it.each(named.filter(([name]) => !UNSUPPORTED.test(name)))('on %s', (_, frame) => compare(frame));

    it.each(named.filter(([name]) => UNSUPPORTED.test(name)))(
      'and says that it does not decode %s, which no radiograph is',
      async (_, frame) => {
        await expect(decodeOurselves(frame.path)).rejects.toMatchObject({ code: 'pixel-data-unsupported' });
      },
    );
  },
);
