import type { Estimate, Share } from './estimate.ts';
import type { JudgedFigure } from './judged-figure.ts';

/** A line for people; nothing for what was not measured. */
export function describeTarget({ name, value, target, met }: JudgedFigure): string[] {
  if (met === null) return [];
  const measured = value === null ? 'nothing to reckon it from' : numberWords(value);
  return [`  ${met ? 'met    ' : 'NOT MET'}  ${name}: ${measured} (${target})`];
}

/** Some of so many, with the interval of the share. */
export function ratioWords({ count, of, interval95 }: Share): string {
  return `${count} of ${of}${intervalWords(interval95)}`;
}

/** A figure with its interval. */
export function estimateWords({ value, interval95 }: Estimate): string {
  return value === null ? '–' : `${numberWords(value)}${intervalWords(interval95)}`;
}

function intervalWords(bounds: readonly [number, number] | null): string {
  return bounds === null ? '' : ` [${numberWords(bounds[0])}, ${numberWords(bounds[1])}]`;
}

/** To three digits that count. */
export function numberWords(value: number): string {
  return String(Number(value.toPrecision(3)));
}
