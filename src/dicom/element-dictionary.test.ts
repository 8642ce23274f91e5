import { data } from 'dcmjs';
import { describe, expect, it } from 'vitest';
import { elementOfKeyword, elementOfTag } from './element-dictionary.ts';

describe('the data dictionary', () => {
  it('has every element that the library has, under the same tag', () => {
    const missing = Object.entries(data.DicomMetaDictionary.nameMap).filter(([name, entry]) => {
      const tag = Number.parseInt(entry!.tag.replace(/[(),]/g, ''), 16);
      const isPlain = /^\([0-9A-F]{4},[0-9A-F]{4}\)$/i.test(entry!.tag) && entry!.vr !== 'na';
      return isPlain && elementOfTag(tag)?.keyword !== name.replace(/^RETIRED_/, '');
    });
    expect(missing).toEqual([]);
  });

  it('tells tags and representations that PS3.6 prints', () => {
    expect(elementOfKeyword('PatientName')).toEqual({ keyword: 'PatientName', tag: 0x00100010, vr: 'PN' });
    expect(elementOfKeyword('TransactionUID')).toMatchObject({ tag: 0x00081195, vr: 'UI' });
    expect(elementOfKeyword('PixelData')).toMatchObject({ tag: 0x7fe00010, vr: 'OB' });
    expect(elementOfTag(0x00400100)?.keyword).toBe('ScheduledProcedureStepSequence');
    expect(elementOfKeyword('PatientNmae')).toBeUndefined();
  });
});
