import { describe, expect, it } from 'vitest';
import { readSpacing, spacingOfOption } from './pixel-spacing.ts';

const NOTHING = {
  pixelSpacing: [],
  calibrationType: null,
  imagerPixelSpacing: [],
  nominalScannedPixelSpacing: [],
  estimatedRadiographicMagnificationFactor: null,
};

describe('the scale of a film', () => {
  it('is calibrated when a calibration type stands by the pixel spacing', () => {
    const fields = {
      ...NOTHING,
      calibrationType: 'FIDUCIAL',
      pixelSpacing: [0.08, 0.08],
      imagerPixelSpacing: [0.1, 0.1],
    };
    expect(readSpacing(fields)).toEqual({ spacing: { mmPerPx: 0.08, source: 'calibrated' }, problem: null });
  });

  it('is detector scale by the imager spacing, over the magnification factor where given', () => {
    const fields = { ...NOTHING, imagerPixelSpacing: [0.1, 0.1], pixelSpacing: [0.08, 0.08] };
    expect(readSpacing(fields).spacing).toEqual({ mmPerPx: 0.1, source: 'detector' });
    const magnified = readSpacing({ ...fields, estimatedRadiographicMagnificationFactor: 1.25 });
    expect(magnified.spacing.source).toBe('detector');
    expect(magnified.spacing.mmPerPx).toBeCloseTo(0.08, 12);
    // Whoever corrects for the device must know that it is done.
    expect(magnified.spacing.statedMagnification).toBe(1.25);
    expect(readSpacing({ ...fields, estimatedRadiographicMagnificationFactor: 0 }).spacing.mmPerPx).toBe(0.1);
  });

  it.each([
    ['spacing-absent', {}],
    ['spacing-not-calibrated', { pixelSpacing: [0.1, 0.1] }],
    ['spacing-not-calibrated', { nominalScannedPixelSpacing: [0.1, 0.1] }],
    ['spacing-not-square', { imagerPixelSpacing: [0.1, 0.12] }],
    ['spacing-absurd', { imagerPixelSpacing: [0, 0] }],
    ['spacing-absurd', { imagerPixelSpacing: [Number.NaN, 0.1] }],
    ['spacing-absurd', { imagerPixelSpacing: [0.1] }],
    ['spacing-absurd', { imagerPixelSpacing: [-0.1, -0.1] }],
    ['spacing-absurd', { calibrationType: 'GEOMETRY', pixelSpacing: [12, 12] }],
  ] as const)('is none, with the reason %s, for %j', (problem, fields) => {
    expect(readSpacing({ ...NOTHING, ...fields })).toEqual({
      spacing: { mmPerPx: null, source: 'none' },
      problem,
    });
  });

  it('can be given by a person', () => {
    expect(spacingOfOption(0.0959).spacing).toEqual({ mmPerPx: 0.0959, source: 'option' });
    expect(spacingOfOption(0).spacing.source).toBe('none');
  });
});
