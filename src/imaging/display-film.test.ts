import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImage } from '../dicom/read-header.ts';
import type { Film } from '../exam/film.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { decodeImage } from './decode-pixels.ts';
import { type DisplayFilm, displayFilm } from './display-film.ts';
import { isInverse, plainFilm, toFilm } from './prepare-image.ts';

/** One of each way that a film can be written: sign, inversion, bits, padding and compression. */
const FILES = [
  '02-thin-cortex.dcm',
  '11-monochrome1.dcm',
  '12-rle.dcm',
  '13-sixteen-bit.dcm',
  '14-implicit-vr.dcm',
  '15-big-endian.dcm',
  '16-baseline-jpeg.dcm',
  '27-spine-wedge-2.dcm',
  '28-spine-wedge-3.dcm',
  '35-spine-turned.dcm',
];
const NO_SPACING = { mmPerPx: null, source: 'none' } as const;

async function shown(name: string, pixelsMax = 16e6): Promise<{ film: Film; display: DisplayFilm }> {
  const { header, dataSet } = readImage(readFileSync(join(PROJECT_FOLDER, 'dicom-fixtures', name)));
  const image = await decodeImage(dataSet);
  const film = toFilm(image, header);
  const options = { isInverse: isInverse(image, header), spacing: NO_SPACING, pixelsMax };
  return { film, display: displayFilm(film, header, options) };
}

describe('a film for the screen', () => {
  it.each(FILES)('has the greys that are measured, in their order, of %s', async (name) => {
    const { film, display } = await shown(name);
    const { head, samples } = display;
    expect(samples).toHaveLength(film.columns * film.rows);
    const valueOf = (index: number): number => film.values[film.samples[index]!]!;
    // All samples lie on one line over the film's values: bone is bright on both, and padding black.
    const lowest = film.samples.reduce((least, word) => Math.min(least, film.values[word]!), Infinity);

    const differing = Array.from(
      { length: Math.floor(samples.length / 997) },
      (_, place) => place * 997,
    ).filter((index) => samples[index] !== valueOf(index) - lowest);
    expect(differing).toEqual([]);
    expect(head.window.width).toBeGreaterThan(0);
    expect(head.window.center).toBeLessThan(head.highest);
  });

  it('turns the window of an inverted film round with it', () => {
    // Words 0 to 4 of a file in which bone is dark; its window is about word 1.
    const film: Film = {
      ...{ columns: 5, rows: 1, samples: Uint16Array.of(0, 1, 2, 3, 4) },
      values: Float32Array.of(4, 3, 2, 1, 0),
    };
    const fields = { windowCenter: [1], windowWidth: [2] };
    const options = { isInverse: true, spacing: NO_SPACING, pixelsMax: 10 };
    const { head, samples } = displayFilm(film, fields, options);
    expect(Array.from(samples)).toEqual([4, 3, 2, 1, 0]);
    expect(head.fileWindow).toEqual({ center: 3, width: 2 });
    expect(displayFilm(film, fields, { ...options, isInverse: false }).head.fileWindow?.center).toBe(1);
  });

  it('is reduced by whole numbers to what a screen can show, each sample the mean of its square', async () => {
    const { film, display } = await shown('02-thin-cortex.dcm', 300_000);
    const { head, samples } = display;
    expect(head.reduction).toBe(3);
    expect([head.columns, head.rows]).toEqual([Math.floor(film.columns / 3), Math.floor(film.rows / 3)]);
    expect([head.filmColumns, head.filmRows]).toEqual([film.columns, film.rows]);
    const whole = (await shown('02-thin-cortex.dcm')).display.samples;
    const at = (column: number, row: number): number => {
      const nine = [0, 1, 2].flatMap((dy) =>
        [0, 1, 2].map((dx) => whole[(3 * row + dy) * film.columns + 3 * column + dx]!),
      );
      return nine.reduce((sum, value) => sum + value, 0) / 9;
    };
    for (const [column, row] of [
      [100, 50],
      [333, 211],
      [head.columns - 1, head.rows - 1],
    ] as const) {
      expect(Math.abs(samples[row * head.columns + column]! - at(column, row))).toBeLessThanOrEqual(0.51);
    }
  });

  it('spreads values that are no whole numbers over sixteen bits', () => {
    const plain = plainFilm(2, 1, Uint16Array.of(0, 4));
    const film = { ...plain, values: plain.values.map((value) => value / 8) };
    const { head, samples } = displayFilm(film, null, {
      isInverse: false,
      spacing: NO_SPACING,
      pixelsMax: 10,
    });
    expect(Array.from(samples)).toEqual([0, 65_535]);
    expect(head).toMatchObject({ lowest: 0, highest: 65_535, fileWindow: null });
  });
});
