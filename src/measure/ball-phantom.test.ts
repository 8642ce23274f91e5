import { describe, expect, it } from 'vitest';
import { type CalibrationFilm, type DrawnBall, renderCalibrationFilm } from '../testing/calibration-film.ts';
import { measureBalls } from './ball-phantom.ts';

const BALL_PX = 50;
const BALLS: readonly DrawnBall[] = [
  { x: 100.3, y: 100.7, radiusX: 31.2, radiusY: 32.1 },
  { x: 270.6, y: 120.2, radiusX: 28, radiusY: 31.9 },
  { x: 430.9, y: 110.4, radiusX: 35, radiusY: 32.3 },
];

function read(film: CalibrationFilm) {
  return measureBalls(renderCalibrationFilm({ balls: BALLS, ...film }), BALL_PX);
}

describe('balls of a phantom', { timeout: 120_000 }, () => {
  it.each<[string, CalibrationFilm]>([
    ['as on a film', {}],
    ['grainy and unsharp', { blurPx: 2.5, noise: 120, seed: 2 }],
    ['of a light metal', { density: 0.3, seed: 3 }],
    ['on a background that is black in part', { gradient: -900, seed: 6 }],
    ['that let nothing through', { density: 15, seed: 4 }],
  ])('%s are measured to half a percent, high and wide', (_, film) => {
    const { balls, passedOver } = read(film);
    expect(passedOver).toEqual([]);
    expect(balls).toHaveLength(BALLS.length);
    for (const [index, { x, y, radiusX, radiusY }] of BALLS.entries()) {
      const ball = balls[index]!;
      expect(Math.abs(ball.verticalPx / (2 * radiusY) - 1)).toBeLessThan(0.005);
      expect(Math.abs(ball.horizontalPx / (2 * radiusX) - 1)).toBeLessThan(0.005);
      expect(Math.hypot(ball.centerPx[0] - x, ball.centerPx[1] - y)).toBeLessThan(0.2);
      expect(ball.isClipped).toBe(false);
    }
  });

  it('that are white through and through are said to be, and measured to about a percent', () => {
    const { balls } = read({ ceiling: 2700, gradient: 200 });
    expect(balls.map(({ isClipped }) => isClipped)).toEqual([true, true, true]);
    for (const [index, { radiusY }] of BALLS.entries())
      expect(Math.abs(balls[index]!.verticalPx / (2 * radiusY) - 1)).toBeLessThan(0.012);
  });

  it('that are cut off, touch, or are of another size are passed over with the reason; bars and grain are not balls', () => {
    const whole = BALLS[0]!;
    const round = (x: number, y: number, radius: number) => ({ x, y, radiusX: radius, radiusY: radius });
    const { balls, passedOver } = read({
      columns: 700,
      balls: [whole, round(690, 100, 32), round(250, 100, 32), round(310, 100, 32), round(480, 120, 21)],
      bars: [{ x: 600, y: 60, width: 50, height: 50 }],
    });
    expect(balls).toHaveLength(1);
    expect(Math.abs(balls[0]!.verticalPx / (2 * whole.radiusY) - 1)).toBeLessThan(0.005);
    expect(passedOver.map(({ problem }) => problem).sort()).toEqual([
      'cut-off',
      'not-round',
      'not-round',
      'of-another-size',
    ]);
  });

  it('are none on an empty film, on noise alone, or where one would have too few pixels', () => {
    expect(read({ balls: [] })).toEqual({ balls: [], passedOver: [] });
    expect(read({ balls: [], noise: 0, gradient: 0 })).toEqual({ balls: [], passedOver: [] });
    expect(measureBalls(renderCalibrationFilm({ balls: BALLS }), 10)).toEqual({ balls: [], passedOver: [] });
  });
});
