/** What balls and bars of a calibration phantom have in common. */
import type { PointPx } from '../exam/film.ts';

/** A bright object that might have been meant, and why it is not measured. */
export interface PassedOver {
  readonly centerPx: PointPx;
  readonly problem: 'cut-off' | 'not-round' | 'not-straight' | 'of-another-size' | 'edge-unclear';
}

/** An object is looked for in the sizes that these magnifications give it; profiles hold 1 to 2. */
export const PHANTOM_MAGNIFICATION = { least: 0.95, most: 2.05 };

/** An object with fewer pixels across is measured too coarsely. */
export const PHANTOM_PIXELS_MIN = 12;
