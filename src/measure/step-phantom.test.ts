import { describe, expect, it } from 'vitest';
import { type CalibrationFilm, renderCalibrationFilm } from '../testing/calibration-film.ts';
import { measureBars } from './step-phantom.ts';

const BARS = [
  { x: 120.4, y: 110.2, width: 120, height: 65.3 },
  { x: 380.7, y: 120.6, width: 160, height: 64.8, slope: 0.03 },
];

function read(film: CalibrationFilm) {
  return measureBars(renderCalibrationFilm({ bars: BARS, ...film }), 50);
}

describe('bars of a step phantom', () => {
  it.each([
    ['as on a film', {}],
    ['grainy and unsharp', { blurPx: 2.5, noise: 120, seed: 5 }],
  ])('%s are measured to half a percent, also where they lean a little', (_, film) => {
    const { bars, passedOver } = read(film);
    expect(passedOver).toEqual([]);
    expect(bars).toHaveLength(2);
    for (const [index, { height }] of BARS.entries())
      expect(Math.abs(bars[index]!.heightPx / height - 1)).toBeLessThan(0.005);
  });

  it('that are cut off or lean too much are passed over with the reason; balls are not bars', () => {
    const { bars, passedOver } = read({
      bars: [
        { x: 20, y: 110, width: 120, height: 65 },
        { x: 230, y: 120, width: 130, height: 65, slope: 0.1 },
      ],
      balls: [{ x: 430, y: 120, radiusX: 32, radiusY: 32 }],
    });
    expect(bars).toEqual([]);
    expect(passedOver.map(({ problem }) => problem).sort()).toEqual(['cut-off', 'not-straight']);
  });
});
