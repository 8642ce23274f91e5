import { describe, expect, it } from 'vitest';
import { parseDeviceProfiles } from './device-profiles.ts';

const PROFILE = {
  name: 'room 1',
  manufacturer: 'Invented Dental AB',
  model: 'Pano 3',
  verticalMagnification: 1.3,
  source: 'ball phantom 5.00 mm, ten exposures',
  calibratedOn: '2024-02-29',
};

function parse(...profiles: readonly unknown[]) {
  return parseDeviceProfiles(JSON.stringify({ deviceProfiles: profiles }), '/etc/devices.json');
}

describe('a file of device profiles', () => {
  it('tells units of one model apart by their station, beside one for all others', () => {
    const stations = ['A', 'B'].map((station) => ({
      ...PROFILE,
      name: station,
      station,
      uncertainty: 0.004,
    }));
    expect(parse(PROFILE, ...stations).map(({ name }) => name)).toEqual(['room 1', 'A', 'B']);
    expect(parse()).toEqual([]);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    [
      'two of the same model',
      [PROFILE, { ...PROFILE, name: 'b', model: 'PANO  3' }],
      /room 1 and b are of the same/,
    ],
    ['two of one name', [PROFILE, { ...PROFILE, station: 'B' }], /two device profiles are named room 1/],
    ['no such day', [{ ...PROFILE, calibratedOn: '2023-02-29' }], /0\.calibratedOn: write a day/],
    ['a day as DICOM writes it', [{ ...PROFILE, calibratedOn: '20230201' }], /write a day as YYYY-MM-DD/],
    ['a day to come', [{ ...PROFILE, calibratedOn: '9999-01-01' }], /lies in the future/],
    ['a magnification below 1', [{ ...PROFILE, verticalMagnification: 0.9 }], /0\.verticalMagnification/],
    ['a magnification in words', [{ ...PROFILE, verticalMagnification: '1.3' }], /0\.verticalMagnification/],
    ['a station that no header could hold', [{ ...PROFILE, station: 'A'.repeat(17) }], /0\.station/],
    ['no source', [{ ...PROFILE, source: ' ' }], /0\.source/],
    ['a field that is not known', [{ ...PROFILE, magnification: 1.3 }], /magnification/],
    [
      'more than 200',
      Array.from({ length: 201 }, (_, i) => ({ ...PROFILE, name: `${i}`, station: `${i}` })),
      /200/,
    ],
  ])('with %s is refused with the place', (_, profiles, message) => {
    expect(() => parse(...profiles)).toThrow(message);
    expect(() => parse(...profiles)).toThrow(
      expect.objectContaining({ code: 'configuration-invalid' }) as Error,
    );
  });

  it('that is no JSON is refused', () => {
    expect(() => parseDeviceProfiles('{', '/etc/devices.json')).toThrow('/etc/devices.json are not JSON');
  });
});
