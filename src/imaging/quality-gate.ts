import type { Film } from '../exam/film.ts';
import { histogramOf, percentilesOf } from './histogram.ts';
import type { Histogram } from './histogram.ts';

/** Problems of a film before any model looks at it. */
type QualityProblem = 'too-small' | 'flat-image' | 'mostly-clipped' | 'partly-clipped' | 'few-grey-levels';

/** Whether a film is worth reading, and what is wrong with it. */
export interface QualityReading {
  readonly usable: boolean;
  readonly problems: readonly QualityProblem[];
}

const COLUMNS_MIN = 300;
const ROWS_MIN = 150;
const GREY_LEVELS_MIN = 16;
/** Share of pixels at one end of the scale: black surround is normal, so the bright end counts alone. */
const CLIPPED_SHARE_MAX = 0.5;
const CLIPPED_SHARE_NOTED = 0.1;

const FATAL: readonly QualityProblem[] = ['too-small', 'flat-image', 'mostly-clipped'];

/** A mild gate: it stops only what no one could read, and notes the rest. */
export function assessQuality(film: Film, histogram: Histogram = histogramOf(film)): QualityReading {
  const problems: QualityProblem[] = [];
  if (film.columns < COLUMNS_MIN || film.rows < ROWS_MIN) problems.push('too-small');
  const [low = 0, high = 0] = percentilesOf(histogram, [1, 99.5]);
  const levels = histogram.values.length;
  const clippedShare = (histogram.counts.at(-1) ?? 0) / Math.max(histogram.total, 1);
  if (high <= low || levels < 4) {
    problems.push('flat-image');
  } else {
    if (levels < GREY_LEVELS_MIN) problems.push('few-grey-levels');
    if (clippedShare > CLIPPED_SHARE_MAX) problems.push('mostly-clipped');
    else if (clippedShare > CLIPPED_SHARE_NOTED) problems.push('partly-clipped');
  }
  return { usable: !problems.some((problem) => FATAL.includes(problem)), problems };
}
