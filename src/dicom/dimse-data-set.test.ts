import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TriageError } from '../errors.ts';
import { requireTool } from '../testing/services.ts';
import { decodeDataSet, encodeDataSet } from './dimse-data-set.ts';
import type { DicomDataset } from './write-part10.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const IMPLICIT = '1.2.840.10008.1.2';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';

function roundTrip(dataset: DicomDataset, syntax: string): DicomDataset {
  return decodeDataSet(encodeDataSet(dataset, syntax), syntax);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/#.*$/gm, '').replace(/\s+/g, ''), 'hex');
}

/** One element in Explicit VR Little Endian with a short length. */
function element(tag: string, vr: string, value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  Buffer.from(tag, 'hex').swap16().copy(head);
  head.write(vr, 4, 'latin1');
  head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

const EVERY_KIND: DicomDataset = {
  SpecificCharacterSet: 'ISO_IR 192',
  SOPInstanceUID: '1.2.3',
  ModalitiesInStudy: ['PX', 'BMD'],
  StudyDate: '20260101',
  PatientName: 'Åkerö^Örjan=山田^太郎',
  PatientBirthDate: null,
  PatientWeight: 61.5,
  PatientComments: 'one \\ two',
  FrameIncrementPointer: ['00181063', '00181065'],
  Rows: 512,
  LongitudinalTemporalOffsetFromEvent: -2.5,
  GraphicData: [1.5, -2.25],
  PixelPaddingValue: 7,
  NumberOfFrames: 3,
  ScheduledProcedureStepSequence: [{ Modality: 'BMD', ScheduledProtocolCodeSequence: [] }, {}],
  ReferencedSOPSequence: [],
  EncapsulatedDocument: new Uint8Array([1, 2, 3, 4]),
};

describe('a data set of a message', () => {
  it.each([EXPLICIT, IMPLICIT])('is read as it was written, in %s', (syntax) => {
    expect(roundTrip(EVERY_KIND, syntax)).toEqual(EVERY_KIND);
  });

  it('is written in ascending order, with even lengths and the padding of each representation', () => {
    const bytes = encodeDataSet({ PatientID: 'P', SOPClassUID: '1.2', PatientName: null }, IMPLICIT);
    expect(bytes).toEqual(
      hex(`
        08001600 04000000 312e3200  # SOP Class UID, padded with a zero
        10001000 00000000           # Patient's Name, no value
        10002000 02000000 5020      # Patient ID, padded with a space
      `),
    );
  });

  it('reads sequences and items of undefined length, and what is sent as unknown', () => {
    const sequence = hex(`
      08001111 5351 0000 ffffffff  # Referenced Performed Procedure Step Sequence
        feff00e0 ffffffff
          08005011 5549 0400 312e3200
        feff0de0 00000000
      feffdde0 00000000
      10002000 554e 0000 02000000 5031  # Patient ID as UN
      40000001 554e 0000 ffffffff       # Scheduled Procedure Step Sequence as UN: implicit within
        feff00e0 0c000000
          08006000 04000000 424d4420
      feffdde0 00000000
    `);
    expect(decodeDataSet(sequence, EXPLICIT)).toEqual({
      ReferencedPerformedProcedureStepSequence: [{ ReferencedSOPClassUID: '1.2' }],
      PatientID: 'P1',
      ScheduledProcedureStepSequence: [{ Modality: 'BMD' }],
    });
  });

  it('leaves out private elements and group lengths', () => {
    const bytes = Buffer.concat([
      element('00080000', 'UL', Buffer.from([4, 0, 0, 0])),
      element('00091001', 'LO', Buffer.from('kept')),
      element('00100020', 'LO', Buffer.from('P1')),
    ]);
    expect(decodeDataSet(bytes, EXPLICIT)).toEqual({ PatientID: 'P1' });
  });

  it.each<[string, string, Buffer, string]>([
    ['Latin-1', 'ISO_IR 100', Buffer.from('Åkerö^Örjan', 'latin1'), 'Åkerö^Örjan'],
    ['Latin-9', 'ISO_IR 203', Buffer.from([0xa4, 0xbc, 0xbd, 0xbe]), '€ŒœŸ'],
    ['UTF-8', 'ISO_IR 192', Buffer.from('Åkerö^Örjan'), 'Åkerö^Örjan'],
    [
      'code extensions',
      '\\ISO 2022 IR 100',
      Buffer.concat([Buffer.from('1b2d41', 'hex'), Buffer.from('Å^Ö', 'latin1')]),
      'Å^Ö',
    ],
  ])('decodes text in %s', (_, characterSet, name, expected) => {
    const bytes = Buffer.concat([
      element(
        '00080005',
        'CS',
        Buffer.from(characterSet.padEnd(characterSet.length + (characterSet.length % 2))),
      ),
      element('00100010', 'PN', name.length % 2 === 0 ? name : Buffer.concat([name, Buffer.from(' ')])),
    ]);
    expect(decodeDataSet(bytes, EXPLICIT)['PatientName']).toBe(expected);
  });

  it('decodes an item by its own character set, else by that of what holds it', () => {
    const item = (content: Buffer): Buffer => {
      const head = hex('feff00e0 00000000');
      head.writeUInt32LE(content.length, 4);
      return Buffer.concat([head, content]);
    };
    const items = Buffer.concat([
      item(element('00100010', 'PN', Buffer.from('Å^', 'latin1'))),
      item(
        Buffer.concat([
          element('00080005', 'CS', Buffer.from('ISO_IR 192')),
          element('00100010', 'PN', Buffer.from('Ö')),
        ]),
      ),
    ]);
    const head = hex('40000001 5351 0000 00000000');
    head.writeUInt32LE(items.length, 8);
    const bytes = Buffer.concat([element('00080005', 'CS', Buffer.from('ISO_IR 100')), head, items]);
    expect(decodeDataSet(bytes, EXPLICIT)['ScheduledProcedureStepSequence']).toEqual([
      { PatientName: 'Å^' },
      { SpecificCharacterSet: 'ISO_IR 192', PatientName: 'Ö' },
    ]);
  });

  it('is written in the character set it names, where that holds every letter', () => {
    const latin = { SpecificCharacterSet: 'ISO_IR 100', PatientName: 'Åkerö' };
    expect(encodeDataSet(latin, IMPLICIT).includes(Buffer.from('Åkerö', 'latin1'))).toBe(true);
    expect(roundTrip(latin, IMPLICIT)).toEqual(latin);
    const polish = { SpecificCharacterSet: 'ISO_IR 100', PatientName: 'Łucja' };
    expect(roundTrip(polish, IMPLICIT)).toEqual({ SpecificCharacterSet: 'ISO_IR 192', PatientName: 'Łucja' });
    const nested = { ScheduledProcedureStepSequence: [{ ScheduledPerformingPhysicianName: 'Åsa' }] };
    expect(roundTrip(nested, EXPLICIT)).toEqual({ SpecificCharacterSet: 'ISO_IR 192', ...nested });
    expect(roundTrip({ PatientName: 'Plain' }, EXPLICIT)).toEqual({ PatientName: 'Plain' });
  });

  it('writes decimal strings of at most sixteen characters', () => {
    const numbers = [1 / 3, -1e-7 / 3, 123456789.12345678, 1e300 / 7, 0.1];
    const bytes = encodeDataSet({ PixelSpacing: numbers }, IMPLICIT).subarray(8).toString('latin1');
    const words = bytes.trim().split('\\');
    expect(words.every((word) => word.length <= 16)).toBe(true);
    for (const [index, word] of words.entries()) {
      expect(Math.abs(Number(word) / numbers[index]! - 1)).toBeLessThan(1e-6);
    }
  });

  it.each<[string, DicomDataset]>([
    ['a keyword that does not exist', { PatientNmae: 'x' }],
    ['text where a number belongs', { Rows: 'many' }],
    ['a number out of range', { Rows: 70_000 }],
    ['text where a sequence belongs', { ReferencedSOPSequence: ['x'] }],
    ['an item where text belongs', { PatientID: [{}] }],
    ['text longer than a length field can say', { PatientID: 'x'.repeat(70_000) }],
  ])('is not written with %s', (_, dataset) => {
    expect(() => encodeDataSet(dataset, EXPLICIT)).toThrow(TriageError);
  });

  it.each<[string, Buffer, string]>([
    ['is cut off within a header', hex('100020'), IMPLICIT],
    ['is cut off within a value', hex('10002000 08000000 5031'), IMPLICIT],
    [
      'has an element longer than its item',
      hex('40000001 10000000 feff00e0 08000000 10002000 40000000'),
      IMPLICIT,
    ],
    ['has a sequence longer than itself', hex('40000001 10000000 feff00e0'), IMPLICIT],
    ['has something else where an item belongs', hex('40000001 08000000 10002000 00000000'), IMPLICIT],
    ['has a number cut in half', hex('28001000 01000000 05'), IMPLICIT],
    ['has no value representation', hex('10002000 01020200 5031'), EXPLICIT],
    ['has text of undefined length', hex('28001000 ffffffff 0500'), IMPLICIT],
    [
      'is nested a thousand deep',
      Buffer.concat(Array.from({ length: 1000 }, () => hex('40000001 ffffffff feff00e0 ffffffff'))),
      IMPLICIT,
    ],
    ['is big endian', hex('00100020 4c4f 0002 5031'), BIG_ENDIAN],
  ])('is refused when it %s', (_, bytes, syntax) => {
    expect(() => decodeDataSet(bytes, syntax)).toThrow(TriageError);
  });

  it('meets rubbish with an error of ours or with a data set, never with anything else', () => {
    const valid = encodeDataSet(EVERY_KIND, EXPLICIT);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
          fc
            .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
            .map((changes) => {
              const changed = Buffer.from(valid);
              for (const [at, byte] of changes) changed[at] = byte;
              return changed;
            }),
        ),
        fc.constantFrom(EXPLICIT, IMPLICIT),
        (bytes, syntax) => {
          try {
            decodeDataSet(bytes, syntax);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(TriageError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

const folder = mkdtempSync(join(tmpdir(), 'dimse-data-set-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const dcmdump = requireTool('dcmdump');

describe.skipIf(!dcmdump.available)('a data set of a message, read by dcmdump', () => {
  it.each([
    [EXPLICIT, '-te'],
    [IMPLICIT, '-ti'],
  ])('means the same in %s', (syntax, option) => {
    const path = join(folder, `set${option}`);
    writeFileSync(path, encodeDataSet(EVERY_KIND, syntax));
    const tool = dcmdump.available ? dcmdump.path : '';
    const dump = execFileSync(tool, ['-f', option, '-Un', path], { encoding: 'utf8' });
    for (const line of [
      '(0008,0061) CS [PX\\BMD]',
      '(0010,1030) DS [61.5]',
      '(0028,0009) AT (0018,1063)\\(0018,1065)',
      '(0028,0010) US 512',
      '(0070,0022) FL 1.5\\-2.25',
      '(0008,0060) CS [BMD]',
      'Åkerö^Örjan=山田^太郎',
    ]) {
      expect(dump).toContain(line);
    }
  });
});
