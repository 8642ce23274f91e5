import { describe, expect, it } from 'vitest';
import type { Film } from '../../src/exam/film.ts';
import { plainFilm } from '../../src/imaging/prepare-image.ts';
import { cutPart, drawFilm } from './film-draws.ts';

/** Dark above left, bright below right, with a bright bar on the left: every turn and side looks different. */
function slantedFilm(): Film {
  const samples = new Uint16Array(300 * 400);
  for (let i = 0; i < samples.length; i++) {
    const [column, row] = [i % 300, Math.floor(i / 300)];
    samples[i] = column + row + (column > 60 && column < 90 ? 200 : 0);
  }
  return plainFilm(300, 400, samples);
}

function meanOf(film: Film, part: { left: number; right: number; top: number; bottom: number }): number {
  let sum = 0;
  let count = 0;
  for (let row = Math.floor(film.rows * part.top); row < film.rows * part.bottom; row++) {
    for (let column = Math.floor(film.columns * part.left); column < film.columns * part.right; column++) {
      sum += film.samples[row * film.columns + column] ?? 0;
      count++;
    }
  }
  return sum / count;
}

const TOP_LEFT = { left: 0.2, right: 0.5, top: 0.2, bottom: 0.5 };
const BOTTOM_RIGHT = { left: 0.5, right: 0.8, top: 0.5, bottom: 0.8 };

describe('a film drawn anew from a seed', () => {
  it('is the same picture for the same seed and another one for another', async () => {
    const once = await drawFilm(slantedFilm(), 5, { turns: 0, mirrored: false });
    const again = await drawFilm(slantedFilm(), 5, { turns: 0, mirrored: false });
    const other = await drawFilm(slantedFilm(), 6, { turns: 0, mirrored: false });
    expect(again).toEqual(once);
    expect(other.columns * other.rows).not.toBe(once.columns * once.rows);
  });

  it('stays upright unless it is asked to turn, and turns clockwise', async () => {
    const upright = await drawFilm(slantedFilm(), 5, { turns: 0, mirrored: false });
    const halfTurned = await drawFilm(slantedFilm(), 5, { turns: 2, mirrored: false });
    const turned = await drawFilm(slantedFilm(), 5, { turns: 1, mirrored: false });
    expect(meanOf(upright, TOP_LEFT)).toBeLessThan(meanOf(upright, BOTTOM_RIGHT));
    expect(meanOf(halfTurned, TOP_LEFT)).toBeGreaterThan(meanOf(halfTurned, BOTTOM_RIGHT));
    expect([turned.columns, turned.rows]).toEqual([upright.rows, upright.columns]);
    // Clockwise: the dark corner above left comes to lie above right.
    const topRight = { left: 0.5, right: 0.8, top: 0.2, bottom: 0.5 };
    const bottomLeft = { left: 0.2, right: 0.5, top: 0.5, bottom: 0.8 };
    expect(meanOf(turned, topRight)).toBeLessThan(meanOf(turned, bottomLeft));
  });

  it('keeps its longer side between 250 pixels and 900 with its borders', async () => {
    for (let seed = 0; seed < 8; seed++) {
      const { columns, rows } = await drawFilm(slantedFilm(), seed, { turns: 0, mirrored: true });
      expect(Math.max(columns, rows)).toBeGreaterThanOrEqual(250);
      expect(Math.max(columns, rows)).toBeLessThanOrEqual(900 * 1.3);
    }
  });

  it('leaves of a part a tenth to a quarter of each side', () => {
    const { columns, rows } = cutPart(slantedFilm(), 3);
    expect(columns).toBeGreaterThanOrEqual(30);
    expect(columns).toBeLessThanOrEqual(75);
    expect(rows).toBeGreaterThanOrEqual(40);
    expect(rows).toBeLessThanOrEqual(100);
  });
});
