import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TriageError } from '../errors.ts';
import { part10Prefix } from './part10.ts';
import { parseAgeYears, parseDate, readHeader, readHeaderFromFile } from './read-header.ts';
import { buildDataSet, buildImage } from './synthetic-image.ts';
import type { SyntheticElement } from './synthetic-image.ts';
import { TRANSFER_SYNTAX_UIDS as SYNTAX } from './uids.ts';

const PATIENT: readonly SyntheticElement[] = [
  [0x00080005, 'CS', 'ISO_IR 192'],
  [0x00080020, 'DA', '20240229'],
  [0x00080030, 'TM', '101500'],
  [0x0008103e, 'LO', 'Panorama käke'],
  [0x00100010, 'PN', 'Åberg^Eva'],
  [0x00100020, 'LO', '19500101-TEST'],
  [0x00100030, 'DA', '19500101'],
  [0x00101010, 'AS', '074Y'],
  [0x00181114, 'DS', '1.25'],
  [0x00181164, 'DS', '0.0959\\0.0960'],
];
const VIEW: SyntheticElement = [
  0x00540220,
  'SQ',
  [
    [
      [0x00080100, 'SH', '399102009'],
      [0x00080104, 'LO', 'postero-anterior'],
    ],
  ],
];

const IMAGE = {
  columns: 20,
  rows: 10,
  bitsStored: 12,
  pixelData: new Uint8Array(400),
  elements: [...PATIENT, VIEW],
};

describe('reading a header', () => {
  it.each([SYNTAX.explicitLittleEndian, SYNTAX.implicitLittleEndian, SYNTAX.explicitBigEndian])(
    'reads a file and a bare data set in %s alike',
    (transferSyntaxUid) => {
      const image = { ...IMAGE, transferSyntaxUid };
      const header = readHeader(buildImage(image));
      expect(header).toMatchObject({
        transferSyntaxUid,
        sopInstanceUid: '1.2.3.4.5',
        studyInstanceUid: '1.2.3.4',
        modality: 'PX',
        patientName: 'Åberg^Eva',
        patientId: '19500101-TEST',
        patientBirthDate: '19500101',
        patientAgeYears: 74,
        studyDate: '20240229',
        seriesDescription: 'Panorama käke',
        viewMeaning: 'postero-anterior',
        rows: 10,
        columns: 20,
        bitsStored: 12,
        imagerPixelSpacing: [0.0959, 0.096],
        estimatedRadiographicMagnificationFactor: 1.25,
        hasPixelData: true,
        accessionNumber: null,
      });
      expect(readHeader(buildDataSet(image), { transferSyntaxUid })).toEqual(header);
    },
  );

  it('reads a deflated data set', () => {
    const prefix = part10Prefix({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
      sopInstanceUid: '1.2.3.4.5',
      transferSyntaxUid: SYNTAX.deflatedLittleEndian,
    });
    const file = Buffer.concat([prefix, deflateRawSync(buildDataSet(IMAGE))]);
    expect(readHeader(file)).toMatchObject({ patientName: 'Åberg^Eva', rows: 10 });
    expect(() => readHeader(Buffer.concat([prefix, Buffer.from('rubbish')]))).toThrow(TriageError);
  });

  it('reads implicit VR where the meta group claims explicit', () => {
    const prefix = part10Prefix({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
      sopInstanceUid: '1.2.3.4.5',
      transferSyntaxUid: SYNTAX.explicitLittleEndian,
    });
    const body = buildDataSet({ ...IMAGE, transferSyntaxUid: SYNTAX.implicitLittleEndian });
    expect(readHeader(Buffer.concat([prefix, body]))).toMatchObject({ rows: 10, modality: 'PX' });
  });

  it('needs no more of a file than what stands before its pixels', () => {
    const file = buildImage(IMAGE);
    expect(readHeader(file.subarray(0, file.length - 400))).toEqual(readHeader(file));
  });

  it.each([
    ['no study', [0x0020000d, 'UI', '']],
    ['a path for a series', [0x0020000e, 'UI', '../../../etc']],
    ['letters for an instance', [0x00080018, 'UI', '1.2.abc']],
  ] as const)('refuses %s, in words without the value', (_, element) => {
    const file = buildImage({ ...IMAGE, elements: [...PATIENT, element] });
    expect(() => readHeader(file)).toThrow(expect.objectContaining({ code: 'identifiers-missing' }) as Error);
    expect(() => readHeader(file)).not.toThrow(/etc|abc|berg/);
  });

  it('never throws anything but a TriageError without the patient in it, whatever is spoilt', () => {
    const file = buildImage(IMAGE);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 }),
        fc.nat(file.length),
        (changes, length) => {
          const spoilt = Buffer.from(file);
          for (const [at, byte] of changes) spoilt[at] = byte;
          try {
            readHeader(spoilt.subarray(0, length));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(TriageError);
            expect((thrown as TriageError).message).not.toMatch(/berg|Eva|1950/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is done with a megabyte of rubbish within a second', () => {
    const prefix = buildImage(IMAGE).subarray(0, 400);
    const started = performance.now();
    for (const fill of [0x00, 0x53, 0xfe, 0xff]) {
      expect(() => readHeader(Buffer.concat([prefix, Buffer.alloc(1_000_000, fill)]))).toThrow(TriageError);
    }
    expect(performance.now() - started).toBeLessThan(4000);
  });
});

describe('reading a header from disk', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-header-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('gives what reading the whole file gives, also where the header is longer than the first read', async () => {
    const long: SyntheticElement = [0x00204000, 'UT', 'x'.repeat(600_000)];
    const huge = { ...IMAGE, pixelData: new Uint8Array(2_000_000) };
    for (const image of [IMAGE, huge, { ...IMAGE, elements: [...IMAGE.elements, long] }]) {
      const path = join(folder, 'film.dcm');
      await writeFile(path, buildImage(image));
      expect(await readHeaderFromFile(path)).toEqual(readHeader(buildImage(image)));
    }
  });

  it('inflates no more of a deflated file than its header, and holds one whose pixels are spoilt', async () => {
    const path = join(folder, 'deflated.dcm');
    const prefix = part10Prefix({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
      sopInstanceUid: '1.2.3.4.5',
      transferSyntaxUid: SYNTAX.deflatedLittleEndian,
    });
    const deflated = deflateRawSync(buildDataSet({ ...IMAGE, pixelData: new Uint8Array(200_000_000) }));
    const bytesMax = process.resourceUsage().maxRSS * 1024 + 80_000_000;
    for (const body of [deflated, deflated.subarray(0, 5_000)]) {
      await writeFile(path, Buffer.concat([prefix, body]));
      const header = await readHeaderFromFile(path, { withoutMetaUids: true });
      const transferSyntaxUid = SYNTAX.deflatedLittleEndian;
      expect(header).toMatchObject({ transferSyntaxUid, patientName: 'Åberg^Eva', rows: 10 });
    }
    expect(process.resourceUsage().maxRSS * 1024).toBeLessThan(bytesMax);
    await writeFile(path, Buffer.concat([prefix, Buffer.from('rubbish')]));
    await expect(readHeaderFromFile(path)).rejects.toMatchObject({ code: 'data-set-unreadable' });
  });

  it('says what is wrong by a code', async () => {
    const path = join(folder, 'text.dcm');
    await writeFile(path, 'no film');
    await expect(readHeaderFromFile(path)).rejects.toMatchObject({ code: 'not-part-10' });
    await expect(readHeaderFromFile(join(folder, 'gone'))).rejects.toMatchObject({ code: 'storage-failed' });
  });
});

describe('dates and ages', () => {
  it.each([
    ['20240229', '20240229'],
    ['2023.11.22', '20231122'],
    ['20230229', null],
    ['19991301', null],
    ['1999', null],
    [null, null],
  ])('reads the date %s as %s', (text, wanted) => {
    expect(parseDate(text)).toBe(wanted);
  });

  it.each([
    ['045Y', 45],
    ['30M'.padStart(4, '0'), 2],
    ['100D', 0],
    ['045', null],
    ['', null],
  ])('reads the age %s as %s', (text, wanted) => {
    expect(parseAgeYears(text)).toBe(wanted);
  });
});
