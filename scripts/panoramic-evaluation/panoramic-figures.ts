import type { WorkerSpeed } from '../evaluation/worker-speed.ts';
import type { BorderFigures } from './border-figures.ts';
import type { ClassFigures } from './class-figures.ts';
import type { ForamenFigures } from './foramen-figures.ts';
import type { LooksFigures } from './look-figures.ts';
import type { PhantomFigures } from './phantom-films.ts';
import type { UncertaintyFigures } from './uncertainty-figures.ts';
import type { WidthFigures } from './width-figures.ts';

/** Everything that is measured of the panoramic way; a part that was not asked for is left out. */
export interface PanoramicFigures {
  readonly border?: BorderFigures;
  readonly width?: WidthFigures;
  readonly foramen?: ForamenFigures;
  readonly looks?: LooksFigures;
  readonly phantoms?: PhantomFigures;
  readonly uncertainty?: UncertaintyFigures;
  readonly class?: ClassFigures;
  readonly speed?: WorkerSpeed;
}
