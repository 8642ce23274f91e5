import dicomParser from 'dicom-parser';
import { describe, expect, it } from 'vitest';
import { deriveUid, element, encodeDataSet, LAYOUTS, wrapPart10 } from './dicom-file.ts';

const PIXELS = Uint8Array.from([1, 2, 3, 4]);

function fileOf(layout: (typeof LAYOUTS)[keyof typeof LAYOUTS]): dicomParser.DataSet {
  const elements = [
    element(0x7fe00010, 'OW', PIXELS),
    element(0x00280010, 'US', [2]),
    element(0x00100010, 'PN', 'Påhitt^Åsa'),
    element(0x00080018, 'UI', '2.25.7'),
    element(0x00081140, 'SQ', [[element(0x00081155, 'UI', '2.25.8')]]),
  ];
  const bytes = wrapPart10(
    encodeDataSet(elements, layout),
    '1.2.840.10008.5.1.4.1.1.7',
    '2.25.7',
    layout.uid,
  );
  return dicomParser.parseDicom(bytes);
}

describe('a fixture file', () => {
  it.each(Object.entries(LAYOUTS))('in %s is read back by another parser', (_, layout) => {
    const dataSet = fileOf(layout);
    expect(dataSet.string('x00020010')).toBe(layout.uid);
    expect(dataSet.string('x00080018')).toBe('2.25.7');
    expect(dataSet.uint16('x00280010')).toBe(2);
    expect(dataSet.elements['x7fe00010']?.encapsulatedPixelData ?? false).toBe(layout.encapsulated);
  });

  it('keeps its elements in the order of their tags, whatever order they came in', () => {
    const bytes = encodeDataSet(
      [element(0x00280010, 'US', [1]), element(0x00080018, 'UI', '1')],
      LAYOUTS.explicit,
    );
    expect(bytes.readUInt16LE(0)).toBe(0x0008);
  });

  it('writes values of even length, UIDs padded with a null and text with a blank', () => {
    const uid = encodeDataSet([element(0x00080018, 'UI', '2.25.7')], LAYOUTS.explicit);
    const name = encodeDataSet([element(0x00100010, 'PN', 'Abc')], LAYOUTS.explicit);
    expect([uid.at(-1), uid.length % 2, name.at(-1)]).toEqual([0x37, 0, 0x20]);
    expect(encodeDataSet([element(0x00080018, 'UI', '2.25')], LAYOUTS.explicit).at(-1)).toBe(0x35);
    expect(encodeDataSet([element(0x00080018, 'UI', '2.2')], LAYOUTS.explicit).at(-1)).toBe(0);
  });

  it('derives UIDs that are valid, stay the same and differ by name', () => {
    expect(deriveUid('a', 1)).toBe(deriveUid('a', 1));
    expect(deriveUid('a', 1)).not.toBe(deriveUid('a', 2));
    expect(deriveUid('a', 1)).toMatch(/^2\.25\.[1-9][0-9]{0,38}$/u);
  });
});
