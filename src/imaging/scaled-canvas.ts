/** A film as the networks of others want it: their size, range, channels and normalisation. Pure. */
import type { Film } from '../exam/film.ts';
import { areaAverage } from './area-average.ts';
import { percentilesOf, type Histogram } from './histogram.ts';

/** How a film becomes the input of a model that a site brings. */
export interface ScaledCanvas {
  readonly columns: number;
  readonly rows: number;
  /** letterbox: the film keeps its proportions in the middle of a canvas of 0; stretch: it fills the canvas. */
  readonly fit: 'letterbox' | 'stretch';
  /** What becomes 0 and 1: percentiles of the film, or fixed values after its modality LUT or rescale. */
  readonly range: { readonly kind: 'percentiles' | 'fixed'; readonly low: number; readonly high: number };
  /** 3: the grey values three times. */
  readonly channels: 1 | 3;
  /** Of each channel: the input is (value - mean) / standardDeviation of a value from 0 to 1. */
  readonly mean: readonly number[];
  readonly standardDeviation: readonly number[];
}

/** Where the channels of a tensor stand: one plane after the other, or together at every pixel. */
export type ChannelOrder = 'planes' | 'pixels';

/** Clips a film to the range, scales it to 0..1, area-averages it into the canvas and normalises each channel. */
export function fillCanvas(
  film: Film,
  canvas: ScaledCanvas,
  order: ChannelOrder,
  histogram: Histogram,
): Float32Array {
  const { columns, rows, fit, channels, mean, standardDeviation } = canvas;
  const scale = Math.min(columns / film.columns, rows / film.rows);
  const inner =
    fit === 'stretch'
      ? { columns, rows }
      : {
          columns: Math.max(1, Math.floor(film.columns * scale + 0.5)),
          rows: Math.max(1, Math.floor(film.rows * scale + 0.5)),
        };
  const left = Math.floor((columns - inner.columns) / 2);
  const top = Math.floor((rows - inner.rows) / 2);
  const grey = areaAverage(film, scaled(film.values, rangeOf(canvas, histogram)), inner);
  const plane = columns * rows;
  const tensor = new Float32Array(channels * plane);
  for (let channel = 0; channel < channels; channel++) {
    const [offset, stride] = order === 'planes' ? [channel * plane, 1] : [channel, channels];
    const [less, by] = [mean[channel] ?? 0, standardDeviation[channel] ?? 1];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [column - left, row - top];
        const isInside = x >= 0 && y >= 0 && x < inner.columns && y < inner.rows;
        const value = isInside ? (grey[y * inner.columns + x] ?? 0) : 0;
        tensor[offset + (row * columns + column) * stride] = (value - less) / by;
      }
    }
  }
  return tensor;
}

function rangeOf({ range }: ScaledCanvas, histogram: Histogram): readonly [number, number] {
  if (range.kind === 'fixed') return [range.low, range.high];
  const [low = 0, high = 0] = percentilesOf(histogram, [range.low, range.high]);
  return [low, high];
}

function scaled(values: Float32Array, [low, high]: readonly [number, number]): Float32Array {
  const factor = 1 / Math.max(high - low, 1e-6);
  return values.map((value) => Math.min(Math.max((value - low) * factor, 0), 1));
}
