import type { ViewFigures } from '../evaluate-view.ts';
import type { CtFigures } from './ct-film.ts';
import type { SpeedFigures } from './reading-speed.ts';
import type { RealFigures } from './real-films.ts';
import type { SimulatedFigures } from './simulated-films.ts';

/** Everything that is measured of the spine's way; a part that was not asked for is left out. */
export interface SpineFigures {
  readonly kauh?: RealFigures;
  readonly chest?: RealFigures;
  readonly simulated?: SimulatedFigures;
  readonly ct?: CtFigures;
  readonly view?: ViewFigures;
  readonly speed?: SpeedFigures;
}
