import type { PointPx } from '../exam/film.ts';
import type { SixPoints } from './body-frame.ts';

/** A body as the points model sees it, in pixels of the film. */
export interface FoundBody {
  readonly pointsPx: SixPoints;
  /** One standard error of each point along the height of the body. */
  readonly pointErrorsPx: SixPoints<number>;
  readonly pointConfidences: SixPoints<number>;
  /** That a whole vertebral body is there, 0 to 1. */
  readonly confidence: number;
  /** False in the middle of a chain where the model does not take it for a whole body. */
  readonly isClear: boolean;
  /** That it bears ribs, 0 to 1. */
  readonly thoracic: number;
  /** A person says that it cannot be graded; left out where nobody does. */
  readonly isSetAside?: boolean;
}

/** The spine of one film before it is measured. */
export interface FoundSpine {
  readonly facing: 'left' | 'right';
  readonly facingConfidence: number;
  /** Middle of the upper endplate of S1 and how sure it is; null where it was not seen. */
  readonly sacrum: { readonly point: PointPx; readonly confidence: number } | null;
  /** From top to bottom. */
  readonly bodies: readonly FoundBody[];
}
