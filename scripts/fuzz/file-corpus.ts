import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../../src/dicom/synthetic-image.ts';
import { TRANSFER_SYNTAX_UIDS as SYNTAX } from '../../src/dicom/uids.ts';
import { encodeFrame, type FrameCodec } from '../../src/imaging/native-codecs.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';

const [COLUMNS, ROWS] = [24, 18];

/** Small broken fixtures, which a mutation may bring nearer to something that nobody thought of. */
const FIXTURES: readonly string[] = [
  'broken-data-set-empty.dcm',
  'broken-header-cut-before-image.dcm',
  'broken-header-cut-off.dcm',
  'broken-length-huge.dcm',
  'broken-sequence-never-closed.dcm',
];

const CODECS: readonly (readonly [string, FrameCodec])[] = [
  [SYNTAX.jpegLosslessFirstOrder, 'jpeg'],
  [SYNTAX.jpegLsLossless, 'jpeg-ls'],
  [SYNTAX.jpeg2000Lossless, 'jpeg-2000'],
  [SYNTAX.highThroughputJpeg2000Lossless, 'ht-jpeg-2000'],
];

/** Small whole films in every family of transfer syntaxes, with sequences in them, and small broken files. */
export async function readFileCorpus(): Promise<readonly Buffer[]> {
  const samples = Uint16Array.from({ length: COLUMNS * ROWS }, (_, index) => (index * 37) % 4096);
  const pixels = new Uint8Array(samples.buffer);
  const shape = { columns: COLUMNS, rows: ROWS, bitsAllocated: 16, bitsStored: 12 } as const;
  const plain = [SYNTAX.explicitLittleEndian, SYNTAX.implicitLittleEndian, SYNTAX.explicitBigEndian];
  const compressed = await Promise.all(
    CODECS.map(async ([transferSyntaxUid, codec]) => {
      const frame = await encodeFrame(codec, pixels, { ...shape, components: 1, signed: false });
      const half = frame.length >> 1;
      return buildImage({
        ...shape,
        transferSyntaxUid,
        pixelData: [frame.subarray(0, half), frame.subarray(half)],
      });
    }),
  );
  const fixtures = FIXTURES.map((file) => readFile(join(PROJECT_FOLDER, 'dicom-fixtures', file)));
  return [
    ...plain.map((transferSyntaxUid) =>
      buildImage({ ...shape, transferSyntaxUid, pixelData: pixels, elements: NESTED }),
    ),
    buildImage({ ...shape, transferSyntaxUid: SYNTAX.rleLossless, pixelData: [runLengths(pixels)] }),
    buildImage({ ...shape, numberOfFrames: 2, pixelData: Buffer.concat([pixels, pixels]) }),
    ...compressed,
    ...(await Promise.all(fixtures)),
  ];
}

const NESTED = [
  [0x00080005, 'CS', '\\ISO 2022 IR 100'],
  [0x00100010, 'PN', 'Fuzz^Fia'],
  [0x00082218, 'SQ', [[[0x00080100, 'SH', 'T-11180'], [0x00080104, 'LO', 'Jaw']]]],
  [0x00283010, 'SQ', [[[0x00283002, 'US', [2, 0, 16]], [0x00283006, 'US', [1, 2]]]]],
] as const; // prettier-ignore

/** Two literal segments, high bytes and low bytes (PS3.5 Annex G). */
function runLengths(pixels: Uint8Array): Uint8Array {
  const segments = [1, 0].map((offset) => {
    const plane = pixels.filter((_, index) => index % 2 === offset);
    const runs: number[] = [];
    for (let at = 0; at < plane.length; at += 128) {
      const run = plane.subarray(at, at + 128);
      runs.push(run.length - 1, ...run);
    }
    return Buffer.from(runs.length % 2 === 0 ? runs : [...runs, 0]);
  });
  const head = Buffer.alloc(64);
  head.writeUInt32LE(2, 0);
  head.writeUInt32LE(64, 4);
  head.writeUInt32LE(64 + (segments[0]?.length ?? 0), 8);
  return Buffer.concat([head, ...segments]);
}
