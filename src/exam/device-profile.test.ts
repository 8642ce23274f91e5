import { describe, expect, it } from 'vitest';
import type { Spacing } from './analysis.ts';
import {
  appliedProfile,
  type DeviceProfile,
  isCalibrationFar,
  isSameDevice,
  magnificationOf,
  profileFor,
} from './device-profile.ts';

const MODEL: DeviceProfile = {
  name: 'any Pano 3',
  manufacturer: 'Invented Dental AB',
  model: 'Pano 3',
  verticalMagnification: 1.3,
  source: 'ball phantom 5.00 mm, ten exposures',
  calibratedOn: '2025-03-01',
};
const STATION: DeviceProfile = { ...MODEL, name: 'room 2', station: 'ROOM2', verticalMagnification: 1.27 };
const DETECTOR: Spacing = { mmPerPx: 0.1, source: 'detector' };

function device(stationName: string | null) {
  return { manufacturer: 'INVENTED  Dental AB ', manufacturerModelName: 'pano 3', stationName };
}

describe('the profile of a device', () => {
  it('is found whatever the case and the spaces, and that of the very station counts first', () => {
    expect(profileFor([MODEL, STATION], device('room2'))).toBe(STATION);
    expect(profileFor([MODEL, STATION], device('room3'))).toBe(MODEL);
    expect(profileFor([MODEL, STATION], device(null))).toBe(MODEL);
    expect(profileFor([STATION], device('room3'))).toBeNull();
    expect(profileFor([MODEL], { ...device(null), manufacturerModelName: 'Pano 30' })).toBeNull();
    expect(profileFor([MODEL], { ...device(null), manufacturer: null })).toBeNull();
  });

  it('is the same as another only for the same unit, or for every unit twice', () => {
    expect(isSameDevice(MODEL, { ...MODEL, model: ' PANO  3' })).toBe(true);
    expect(isSameDevice(STATION, { ...STATION, station: 'room2 ' })).toBe(true);
    expect(isSameDevice(MODEL, STATION)).toBe(false);
    expect(isSameDevice(STATION, { ...STATION, station: 'ROOM3' })).toBe(false);
  });

  it('is far from a film that was exposed more than two years before or after the calibration', () => {
    expect(isCalibrationFar(MODEL, '20250301')).toBe(false);
    expect(isCalibrationFar(MODEL, '20270301')).toBe(false);
    expect(isCalibrationFar(MODEL, '20270304')).toBe(true);
    expect(isCalibrationFar(MODEL, '20220101')).toBe(true);
  });

  it('stands in the result with its source and its day', () => {
    const { name, source, calibratedOn } = MODEL;
    expect(appliedProfile(MODEL)).toEqual({ name, source, calibratedOn, uncertainty: null });
    expect(appliedProfile({ ...MODEL, uncertainty: 0.004 }).uncertainty).toBe(0.004);
  });
});

describe('the magnification of a film', () => {
  const known = { deviceProfiles: [MODEL, STATION], magnification: 1.2 };

  it('is that of its device, else the one of the site, else none', () => {
    expect(magnificationOf(DETECTOR, device('ROOM2'), known)).toEqual({
      magnification: 1.27,
      profile: STATION,
    });
    const other = { ...device(null), manufacturer: 'Another' };
    expect(magnificationOf(DETECTOR, other, known)).toEqual({ magnification: 1.2, profile: null });
    expect(magnificationOf(DETECTOR, null, known)).toEqual({ magnification: 1.2, profile: null });
    expect(magnificationOf(DETECTOR, other, { ...known, magnification: null }).magnification).toBeNull();
  });

  it('is never applied a second time, nor where there are no millimetres', () => {
    const none = { magnification: null, profile: null };
    const corrected: readonly Spacing[] = [
      { mmPerPx: 0.08, source: 'calibrated' },
      { ...DETECTOR, statedMagnification: 1.25 },
      { mmPerPx: null, source: 'none' },
    ];
    for (const spacing of corrected) expect(magnificationOf(spacing, device('ROOM2'), known)).toEqual(none);
  });
});
