import type { Spacing } from './analysis.ts';

/** Which samples become black and white. */
export interface DisplayWindow {
  readonly center: number;
  readonly width: number;
}

/** What stands before the samples of a film for the screen. */
export interface DisplayHead {
  /** Of the samples; fewer than the film's where it was reduced. */
  readonly columns: number;
  readonly rows: number;
  /** Pixels of the film for one of the samples, along each axis. */
  readonly reduction: number;
  readonly filmColumns: number;
  readonly filmRows: number;
  /** Sample values lie between these. */
  readonly lowest: number;
  readonly highest: number;
  /** By the film's own greys, as the preview has them. */
  readonly window: DisplayWindow;
  /** What the file asks for; null where it says nothing that can be used. */
  readonly fileWindow: DisplayWindow | null;
  /** Of the film as the file states it. */
  readonly spacing: Spacing;
}
