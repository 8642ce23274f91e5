import type { Film } from '../film-finish.ts';
import type { Projection } from './projection.ts';

/** Turns brightness from 0 to 1 into samples of so many bits. */
export function digitise(brightness: Float32Array, { columns, rows }: Projection, bits: number): Film {
  const largest = 2 ** bits - 1;
  const samples = new Uint16Array(brightness.length);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = Math.round(Math.min(1, Math.max(0, brightness[index] ?? 0)) * largest);
  }
  return { columns, rows, samples };
}
