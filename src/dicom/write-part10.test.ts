import { parseDicom } from 'dicom-parser';
import { describe, expect, it } from 'vitest';
import { writePart10 } from './write-part10.ts';

const NAMES = {
  SpecificCharacterSet: 'ISO_IR 192',
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
  SOPInstanceUID: '2.25.5',
} as const;

describe('a written DICOM file', () => {
  it('is Explicit VR Little Endian with the names of its data set in the meta group', () => {
    const file = parseDicom(writePart10(NAMES));
    expect(file.string('x00020010')).toBe('1.2.840.10008.1.2.1');
    expect(file.string('x00020002')).toBe(NAMES.SOPClassUID);
    expect(file.string('x00020003')).toBe(NAMES.SOPInstanceUID);
  });

  it('holds names of every alphabet as UTF-8', () => {
    const name = 'Åström^Örjan=山田^太郎';
    const bytes = writePart10({ ...NAMES, PatientName: name });
    expect(bytes.includes(Buffer.from(name, 'utf8'))).toBe(true);
  });

  it('writes elements without a value, sequences and numbers', () => {
    const file = parseDicom(
      writePart10({
        ...NAMES,
        PatientID: '',
        PerformedProcedureCodeSequence: null,
        Rows: 7,
        GraphicData: [1.5, 2.25],
        SourceImageSequence: { ReferencedSOPInstanceUID: '2.25.6' },
      }),
    );
    expect(file.elements['x00100020']?.length).toBe(0);
    expect(file.elements['x0040a372']).toBeDefined();
    expect(file.uint16('x00280010')).toBe(7);
    expect([file.float('x00700022', 0), file.float('x00700022', 1)]).toEqual([1.5, 2.25]);
    expect(file.elements['x00082112']?.items?.[0]?.dataSet?.string('x00081155')).toBe('2.25.6');
  });

  it('writes pixels as they are, padded to an even length', () => {
    const file = parseDicom(writePart10({ ...NAMES, PixelData: new Uint8Array([1, 2, 3]) }));
    const element = file.elements['x7fe00010']!;
    expect([...file.byteArray.subarray(element.dataOffset, element.dataOffset + element.length)]).toEqual([
      1, 2, 3, 0,
    ]);
  });

  it('is refused with an unknown keyword, a bad UID or without UTF-8', () => {
    expect(() => writePart10({ ...NAMES, PatientNmae: 'x' })).toThrow(/PatientNmae/);
    expect(() => writePart10({ ...NAMES, SOPInstanceUID: 'x' })).toThrow(/SOPInstanceUID/);
    expect(() => writePart10({ ...NAMES, SpecificCharacterSet: 'ISO_IR 100' })).toThrow(/UTF-8/);
  });
});
