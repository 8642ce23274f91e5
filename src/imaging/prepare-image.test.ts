import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Film } from '../exam/film.ts';
import type { DecodedImage } from './decode-pixels.ts';
import { histogramOf, percentilesOf } from './histogram.ts';
import { filmOfValues, valuesOfFilm } from '../testing/value-films.ts';
import { areaAverage } from './area-average.ts';
import { letterbox, toFilm } from './prepare-image.ts';
import type { FilmFields } from './prepare-image.ts';

const PLAIN: FilmFields = {
  modalityLut: null,
  rescaleSlope: null,
  rescaleIntercept: null,
  presentationLutShape: null,
  pixelPaddingValue: null,
  pixelPaddingRangeLimit: null,
};

function decoded(samples: readonly number[], changes: Partial<DecodedImage> = {}): DecodedImage {
  const signed = changes.signed ?? false;
  return {
    columns: samples.length,
    rows: 1,
    bitsStored: 12,
    bitsAllocated: 16,
    highBit: 11,
    signed,
    // A negative number keeps its lowest 16 bits, as in the file.
    words: Uint16Array.from(samples),
    photometric: 'MONOCHROME2',
    frames: 1,
    problems: [],
    ...changes,
  };
}

function filmOf(columns: number, rows: number, valueAt: (column: number, row: number) => number): Film {
  return filmOfValues(
    columns,
    rows,
    Array.from({ length: columns * rows }, (_, i) => valueAt(i % columns, Math.floor(i / columns))),
  );
}

function highestOf(values: Float32Array): number {
  return values.reduce((highest, value) => Math.max(highest, value), Number.NEGATIVE_INFINITY);
}

describe('making a film of stored values', () => {
  it('keeps plain values as they are', () => {
    expect(valuesOfFilm(toFilm(decoded([0, 7, 4095]), PLAIN))).toEqual([0, 7, 4095]);
  });

  it('applies slope and intercept, to signed values too', () => {
    const film = toFilm(decoded([-2048, 0, 5], { signed: true }), {
      ...PLAIN,
      rescaleSlope: 2,
      rescaleIntercept: 10,
    });
    expect(valuesOfFilm(film)).toEqual([-4086, 10, 20]);
  });

  it('turns MONOCHROME1 over within the range of the stored bits', () => {
    const image = decoded([0, 100, 4095], { photometric: 'MONOCHROME1' });
    expect(valuesOfFilm(toFilm(image, PLAIN))).toEqual([4095, 3995, 0]);
    const both = { ...PLAIN, presentationLutShape: 'INVERSE' };
    expect(valuesOfFilm(toFilm(image, both))).toEqual([4095, 3995, 0]);
    expect(valuesOfFilm(toFilm(decoded([0, 100]), both))).toEqual([4095, 3995]);
  });

  it('looks values up in a modality LUT and extends its ends', () => {
    const modalityLut = { firstMapped: 10, bits: 8, entries: Uint16Array.from([5, 50, 255]) };
    const film = toFilm(decoded([0, 10, 11, 12, 4000]), { ...PLAIN, modalityLut });
    expect(valuesOfFilm(film)).toEqual([5, 5, 50, 255, 255]);
  });

  it('makes padding black, not bright, on an inverted film', () => {
    const image = decoded([0, 1, 2, 3000], { photometric: 'MONOCHROME1' });
    const film = toFilm(image, { ...PLAIN, pixelPaddingValue: 0, pixelPaddingRangeLimit: 1 });
    expect(valuesOfFilm(film)).toEqual([0, 0, 4093, 1095]);
  });
});

describe('the area average', () => {
  it('is the mean of whole blocks where the sizes divide', () => {
    const film = filmOf(4, 2, (column, row) => column + 10 * row);
    expect([...areaAverage(film, film.values, { columns: 2, rows: 1 })]).toEqual([5.5, 7.5]);
  });

  it('weighs parts of pixels', () => {
    const film = filmOf(3, 1, (column) => [0, 3, 6][column] ?? 0);
    expect([...areaAverage(film, film.values, { columns: 2, rows: 1 })]).toEqual([1, 5]);
  });

  it('keeps the mean and stays within the range, whatever the sizes', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(sizes, sizes, fc.integer(), ([columns, rows], [targetColumns, targetRows], seed) => {
        const film = filmOf(
          columns,
          rows,
          (column, row) => Math.abs(Math.sin(seed + column * 12.9 + row * 78.2)) * 100,
        );
        const small = areaAverage(film, film.values, { columns: targetColumns, rows: targetRows });
        const mean = (values: readonly number[]) =>
          values.reduce((sum, value) => sum + value, 0) / values.length;
        const values = valuesOfFilm(film);
        expect(mean([...small])).toBeCloseTo(mean(values), 2);
        expect(Math.max(...small)).toBeLessThanOrEqual(Math.max(...values) + 1e-3);
        expect(Math.min(...small)).toBeGreaterThanOrEqual(Math.min(...values) - 1e-3);
      }),
    );
  });
});

describe('the letterbox', () => {
  const TARGET = { columns: 768, rows: 320, percentileLow: 1, percentileHigh: 99.5 };

  it.each([
    [2914, 1220, 0.262295, 2, 0],
    [3100, 1300, 0.246154, 2, 0],
    [2760, 1100, 0.278261, 0, 7],
    [400, 800, 0.4, 304, 0],
  ])('places a film of %i x %i as the training does', (columns, rows, scale, left, top) => {
    const box = letterbox(
      filmOf(columns, rows, (column) => column),
      TARGET,
    );
    expect(box.scale).toBeCloseTo(scale, 5);
    expect({ left: box.left, top: box.top }).toEqual({ left, top });
    expect(box.tensor.length).toBe(768 * 320);
    expect(box.scaleColumns).toBeCloseTo(scale, 2);
  });

  it('scales percentile 1 to 0 and 99.5 to 1, clips, and pads with 0', () => {
    const box = letterbox(
      filmOf(1000, 100, (column) => 500 + column),
      TARGET,
    );
    expect(box.tensor.every((value) => value >= 0)).toBe(true);
    expect(highestOf(box.tensor)).toBeCloseTo(1, 5);
    expect(box.tensor.slice(0, box.top * 768).every((value) => value === 0)).toBe(true);
    const middle = box.tensor[160 * 768 + 384] ?? 0;
    expect(middle).toBeCloseTo((500 - 9.99) / (994.01 - 9.99), 2);
  });

  it('maps a point of the canvas back to the pixel it came from', () => {
    const film = filmOf(1536, 640, (column, row) =>
      column === 700 && row === 400 ? 1000 : (column + row) % 3,
    );
    const box = letterbox(film, { ...TARGET, percentileLow: 0, percentileHigh: 100 });
    const at = box.tensor.indexOf(highestOf(box.tensor));
    const column = ((at % 768) - box.left + 0.5) / box.scaleColumns - 0.5;
    const row = (Math.floor(at / 768) - box.top + 0.5) / box.scaleRows - 0.5;
    expect(Math.abs(column - 700)).toBeLessThanOrEqual(1);
    expect(Math.abs(row - 400)).toBeLessThanOrEqual(1);
  });

  it('survives a flat film', () => {
    const { tensor } = letterbox(
      filmOf(300, 300, () => 77),
      TARGET,
    );
    expect(tensor.every((value) => value === 0)).toBe(true);
  });
});

describe('percentiles', () => {
  it('are what numpy gives', () => {
    const values = Float32Array.from([15, 20, 35, 40, 50]);
    expect(percentilesOf(histogramOf(filmOfValues(values.length, 1, values)), [0, 5, 40, 100])).toEqual([
      15, 16, 29, 50,
    ]);
    expect(percentilesOf(histogramOf(filmOfValues(values.length, 1, values)), [99.5])[0]).toBeCloseTo(
      49.8,
      9,
    );
  });

  it('are close for values that are not whole, and 0 for no values', () => {
    const values = Float32Array.from({ length: 1001 }, (_, i) => i / 1000 - 0.25);
    expect(percentilesOf(histogramOf(filmOfValues(values.length, 1, values)), [50])[0]).toBeCloseTo(0.25, 4);
    expect(percentilesOf(histogramOf(filmOfValues(0, 1, [])), [1, 99])).toEqual([0, 0]);
  });
});
