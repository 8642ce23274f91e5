import { describe, expect, it } from 'vitest';
import { viewOfImage } from './view-of-image.ts';

const NOTHING = {
  modality: 'DX',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  bodyPartExamined: null,
  viewPosition: null,
  viewMeaning: null,
  studyDescription: null,
  seriesDescription: null,
  protocolName: null,
};

describe('the view of an image', () => {
  it.each([
    [{ modality: 'PX' }, 'panoramic'],
    [{ seriesDescription: 'OPG adult' }, 'panoramic'],
    [{ studyDescription: 'Panoramaröntgen käkar' }, 'panoramic'],
    [{ bodyPartExamined: 'JAW', protocolName: 'Ortopantomogram' }, 'panoramic'],
    [{ modality: 'OT', seriesDescription: 'PAN_STANDARD' }, 'panoramic'],
    [{ bodyPartExamined: 'LSPINE', viewPosition: 'LL' }, 'spine-lateral'],
    [{ bodyPartExamined: 'TSPINE', viewPosition: 'LATERAL' }, 'spine-lateral'],
    [{ studyDescription: 'Ländrygg', seriesDescription: 'Sida' }, 'spine-lateral'],
    [{ seriesDescription: 'Bröstrygg sidobild' }, 'spine-lateral'],
    [{ bodyPartExamined: 'LSPINE', viewPosition: 'AP' }, 'spine-frontal'],
    [{ bodyPartExamined: 'CHEST', viewPosition: 'PA' }, 'chest-frontal'],
    [{ studyDescription: 'Hjärta/lungor', viewMeaning: 'postero-anterior' }, 'chest-frontal'],
    [{ bodyPartExamined: 'CHEST', viewPosition: 'LL' }, 'chest-lateral'],
    [{ bodyPartExamined: 'LUNG', viewMeaning: 'lateral' }, 'chest-lateral'],
    [{ bodyPartExamined: 'CSPINE', viewPosition: 'LL' }, 'other'],
    [{ bodyPartExamined: 'HAND', viewPosition: 'PA' }, 'other'],
    [{ bodyPartExamined: 'LEG', seriesDescription: 'Panorama ben' }, 'other'],
    [{ modality: 'PX', seriesDescription: 'Cephalometric lateral' }, 'other'],
    [{ modality: 'IO' }, 'other'],
    [{ bodyPartExamined: 'LSPINE' }, 'other'],
    [{}, 'other'],
  ] as const)('of %j is %s', (fields, name) => {
    expect(viewOfImage({ ...NOTHING, ...fields }).name).toBe(name);
  });

  it('is surest of a panoramic modality and unsure of a bare header', () => {
    expect(viewOfImage({ ...NOTHING, modality: 'PX' }).confidence).toBe(0.99);
    expect(viewOfImage(NOTHING).confidence).toBeLessThanOrEqual(0.5);
  });
});
