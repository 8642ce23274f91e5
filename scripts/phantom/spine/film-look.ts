import type { Canvas } from '../canvas.ts';
import { blurBox } from '../canvas.ts';
import { blurGaussian } from '../film-finish.ts';
import { enlarge } from '../noise-field.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { createSeededRandom, pickOne } from '../seeded-random.ts';

/** Which set of settings a film is drawn from. */
export type LookSet = 'training' | 'held-out';
/** What lies beyond the exposed field. */
export type FieldStyle = 'none' | 'black' | 'white' | 'curved' | 'grey' | 'rounded';

type Range = readonly [number, number];

/** The settings that differ between the two sets: no value of one is ever drawn for the other. */
export const LOOKS: Readonly<
  Record<
    LookSet,
    {
      readonly sigmoid: Range;
      readonly gamma: Range;
      readonly noise: Range;
      readonly scatter: Range;
      readonly edgeKernelMm: Range;
      readonly mmPerPx: Range;
      readonly focusMm: Range;
      readonly netScale: Range;
      readonly fields: readonly FieldStyle[];
    }
  >
> = {
  training: {
    sigmoid: [1.2, 4.2],
    gamma: [0.75, 1.18],
    noise: [0.006, 0.036],
    scatter: [0.4, 1.7],
    edgeKernelMm: [0.7, 2.2],
    mmPerPx: [0.25, 0.44],
    focusMm: [900, 1250],
    netScale: [0.6, 1.05],
    fields: ['none', 'none', 'black', 'white', 'curved'],
  },
  'held-out': {
    sigmoid: [4.5, 5.5],
    gamma: [1.22, 1.5],
    noise: [0.002, 0.0055],
    scatter: [1.9, 2.5],
    edgeKernelMm: [2.5, 3.5],
    mmPerPx: [0.46, 0.56],
    focusMm: [1300, 1500],
    netScale: [1.12, 1.4],
    fields: ['grey', 'rounded'],
  },
};

/** Everything between the rays and the picture. */
export interface FilmLook {
  readonly sigmoid: number;
  readonly gamma: number;
  readonly noise: number;
  /** Scattered rays for each ray that came straight. */
  readonly scatter: number;
  readonly edgeKernelMm: number;
  readonly edgeGain: number;
  readonly blurMm: number;
  /** Share of the large differences in brightness that is kept. */
  readonly latitude: number;
  /** Attenuation that is black and that is white, as percentiles of the film. */
  readonly window: Range;
  readonly field: FieldStyle;
  readonly photographed: boolean;
}

/** Draws a look from a set. */
export function drawLook(random: SeededRandom, set: LookSet): FilmLook {
  const from = (range: Range): number => random.between(range[0], range[1]);
  const look = LOOKS[set];
  const processed = random.next() < 0.6;
  return {
    sigmoid: from(look.sigmoid),
    gamma: from(look.gamma),
    noise: from(look.noise),
    scatter: from(look.scatter),
    edgeKernelMm: from(look.edgeKernelMm),
    edgeGain: processed ? random.between(0.2, 1.4) : random.between(0, 0.25),
    blurMm: random.between(0.15, 0.5),
    latitude: processed ? random.between(0.35, 0.75) : random.between(0.75, 1),
    window: [random.between(0.2, 14), random.between(95, 99.9)],
    field: pickOne(random, look.fields),
    photographed: random.next() < 0.3,
  };
}

/** Turns attenuation into brightness from 0 to 1: scatter, grain, processing, tone curve. */
export function developFilm(canvas: Canvas, look: FilmLook, seed: number): Float32Array {
  const { columns, rows, mmPerPx } = canvas;
  const signal = blurGaussian(canvas.values, columns, rows, look.blurMm / mmPerPx);
  // The unit sets exposure and window by the body, not by the air beside it.
  const body = sampleBody(canvas.values, canvas.values);
  const usual = Math.exp(-percentile(body, 55));
  exposeDetector(signal, look, columns, rows, mmPerPx, usual, seed);
  sharpen(signal, look, columns, rows, mmPerPx);
  applyTone(signal, sampleBody(signal, canvas.values), look);
  return signal;
}

/** Attenuation becomes the negative logarithm of what arrives: straight rays, scattered ones, and grain. */
function exposeDetector(
  signal: Float32Array,
  look: FilmLook,
  columns: number,
  rows: number,
  mmPerPx: number,
  usual: number,
  seed: number,
): void {
  const rays = new Float32Array(signal.length);
  const most = Math.fround(3 * usual);
  for (let index = 0; index < rays.length; index += 1) {
    // Open air beside the body scatters nothing.
    rays[index] = Math.min(most, Math.exp(-(signal[index] ?? 0)));
  }
  const veil = blurWide(rays, columns, rows, 30 / mmPerPx);
  const grain = drawGrain(createSeededRandom(seed), columns, rows, 0.12 / mmPerPx);
  const straight = 1 / (1 + look.scatter);
  const noise = look.noise * Math.sqrt(usual);
  for (let index = 0; index < rays.length; index += 1) {
    const capped = rays[index] ?? 0;
    const own = capped < most ? capped : Math.exp(-(signal[index] ?? 0));
    const arriving = straight * own + (1 - straight) * (veil[index] ?? 0);
    const sigma = noise / Math.sqrt(arriving + 0.02 * usual);
    signal[index] = -Math.log(arriving * Math.max(0.05, 1 + sigma * (grain[index] ?? 0)));
  }
}

/** Noise of standard deviation 1 that neighbours share. */
function drawGrain(random: SeededRandom, columns: number, rows: number, sigmaPx: number): Float32Array {
  const grain = new Float32Array(columns * rows);
  for (let index = 0; index < grain.length; index += 1) {
    const bits = random.integer();
    grain[index] = ((bits & 0xffff) + (bits >>> 16)) / 65536 - 1;
  }
  const blurred = blurGaussian(grain, columns, rows, Math.max(0.45, sigmaPx));
  let squares = 0;
  for (let index = 0; index < 20000; index += 1) squares += (blurred[index] ?? 0) ** 2;
  const gain = 1 / Math.sqrt(squares / 20000 || 1);
  for (let index = 0; index < blurred.length; index += 1) blurred[index] = (blurred[index] ?? 0) * gain;
  return blurred;
}

/** What a unit's processing does: large differences are flattened, edges are raised. */
function sharpen(signal: Float32Array, look: FilmLook, columns: number, rows: number, mmPerPx: number): void {
  const wide = blurWide(signal, columns, rows, 14 / mmPerPx);
  const near = blurWide(signal, columns, rows, look.edgeKernelMm / mmPerPx);
  const lost = 1 - look.latitude;
  for (let index = 0; index < signal.length; index += 1) {
    const value = signal[index] ?? 0;
    signal[index] = value - lost * (wide[index] ?? 0) + look.edgeGain * (value - (near[index] ?? 0));
  }
}

/** A wide blur: made small, blurred, and enlarged. */
function blurWide(source: Float32Array, columns: number, rows: number, sigmaPx: number): Float32Array {
  const step = Math.max(1, Math.floor(sigmaPx / 3));
  if (step === 1 && sigmaPx < 1.5) return blurGaussian(source, columns, rows, sigmaPx);
  if (step === 1) {
    const radius = Math.round(sigmaPx * 1.1);
    return blurBox(blurBox(source, columns, rows, radius), columns, rows, radius);
  }
  const across = Math.ceil(columns / step) + 1;
  const down = Math.ceil(rows / step) + 1;
  let small: Float32Array = new Float32Array(across * down);
  const half = step >> 1;
  for (let row = 0; row < down; row += 1) {
    for (let column = 0; column < across; column += 1) {
      let sum = 0;
      for (const dy of [-half, 0, half]) {
        const y = Math.min(rows - 1, Math.max(0, row * step + dy));
        for (const dx of [-half, 0, half]) {
          sum += source[y * columns + Math.min(columns - 1, Math.max(0, column * step + dx))] ?? 0;
        }
      }
      small[row * across + column] = sum / 9;
    }
  }
  const radius = Math.max(1, Math.round(sigmaPx / step));
  for (let pass = 0; pass < 3; pass += 1) small = blurBox(small, across, down, radius);
  return enlarge(small, across, step, step, columns, rows);
}

/** Some of the values, from where the body is. */
function sampleBody(values: Float32Array, attenuation: Float32Array): Float32Array {
  const step = Math.max(1, Math.floor(values.length / 9000));
  const sample: number[] = [];
  for (let index = 0; index < values.length; index += step) {
    if ((attenuation[index] ?? 0) > 0.5) sample.push(values[index] ?? 0);
  }
  return Float32Array.from(sample).sort();
}

/** The value below which the given share of sorted values lies. */
function percentile(sorted: Float32Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((share / 100) * sorted.length))] ?? 0;
}

/** Steps of the tone curve's table. */
const TONES = 4096;

function applyTone(signal: Float32Array, body: Float32Array, look: FilmLook): void {
  const black = percentile(body, look.window[0]);
  const reach = Math.max(0.3, percentile(body, look.window[1]) - black);
  const ends = 1 / (1 + Math.exp(look.sigmoid / 2));
  const tones = Float32Array.from({ length: TONES + 2 }, (_, index) => {
    const rise = 1 / (1 + Math.exp(-look.sigmoid * (index / TONES - 0.5)));
    return Math.max(0, (rise - ends) / (1 - 2 * ends)) ** (1.25 * look.gamma);
  });
  for (let index = 0; index < signal.length; index += 1) {
    const t = Math.min(1, Math.max(0, ((signal[index] ?? 0) - black) / reach)) * TONES;
    const below = tones[t | 0] ?? 0;
    signal[index] = below + (t - (t | 0)) * ((tones[(t | 0) + 1] ?? 0) - below);
  }
}
