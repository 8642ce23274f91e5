/** What the settings of the environment are made of. */
import { z } from 'zod';

// An empty text would count as 0: no worker, a free port, no watermark.
const numeral = z
  .string()
  .trim()
  .regex(/^\d+(?:\.\d+)?$/, 'write a number')
  .transform(Number);

/** A whole number between two bounds. */
export const count = (low: number, high: number) => numeral.pipe(z.number().int().min(low).max(high));

/** A number between two bounds. */
export const amount = (low: number, high: number) => numeral.pipe(z.number().min(low).max(high));

/** A TCP port; 0 takes a free one. */
export const port = count(0, 65_535);

/** Several values separated by commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** One setting: its environment variable, its rule, its default as text, and its meaning with the unit. */
export function setting<Rule extends z.ZodType>(
  variable: string,
  rule: Rule,
  fallback: string,
  meaning: string,
) {
  return { variable, rule, fallback, meaning };
}
