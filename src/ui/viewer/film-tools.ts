/** What the buttons and keys of the viewer do to a film. */
import type { DisplayHead, DisplayWindow } from '../../exam/display-head.ts';
import type { PointPx } from '../../exam/film.ts';
import type { OpenFilm } from './film-pane.tsx';

/** Settings of the greys that can be chosen by name. */
export const GREYS = ['film', 'file', 'bone', 'full'] as const;

/** One of them. */
export type Greys = (typeof GREYS)[number];

const ZOOM_STEP = 1.25;
/** Share of the element that a key or button moves the film by. */
const MOVE_SHARE = 0.12;
/** Share of the width of the greys that a key changes. */
const GREY_STEP = 0.08;

/** The window of a named setting; null where the file says nothing. */
export function windowOf(
  greys: Greys,
  { window, fileWindow, lowest, highest }: DisplayHead,
): DisplayWindow | null {
  switch (greys) {
    case 'film':
      return window;
    case 'file':
      return fileWindow;
    case 'bone':
      // The brighter half: a thin cortex stands out and soft tissue goes black.
      return { center: window.center + window.width / 4, width: window.width / 2 };
    case 'full':
      return { center: (lowest + highest) / 2, width: Math.max(1, highest - lowest) };
  }
}

/** The name of the setting that a window is; null where it was set by hand. */
export function greysOf(shown: DisplayWindow, head: DisplayHead): Greys | null {
  const isShown = (greys: Greys): boolean => {
    const window = windowOf(greys, head);
    return (
      window !== null &&
      Math.abs(window.center - shown.center) < 0.5 &&
      Math.abs(window.width - shown.width) < 0.5
    );
  };
  return GREYS.find(isShown) ?? null;
}

/** Larger or smaller about the middle. */
export function zoom({ stage }: OpenFilm, way: 1 | -1): void {
  const { center, scale } = stage.place();
  stage.setPlace(center, scale * ZOOM_STEP ** way);
}

/** Film pixel by screen pixel. */
export function showFullSize({ stage }: OpenFilm): void {
  stage.setPlace(stage.place().center, 1);
}

/** Moves what is seen the way of an arrow. */
export function move({ stage }: OpenFilm, [dx, dy]: PointPx, elementPx: number): void {
  const { center, scale } = stage.place();
  const step = (MOVE_SHARE * elementPx) / scale;
  stage.setPlace([center[0] + dx * step, center[1] + dy * step], scale);
}

/** More or less contrast or brightness. */
export function changeGreys({ stage }: OpenFilm, what: 'contrast' | 'brightness', way: 1 | -1): void {
  const { center, width } = stage.window();
  if (what === 'contrast') stage.setWindow({ center, width: width * (1 - way * GREY_STEP) });
  else stage.setWindow({ center: center - way * GREY_STEP * width, width });
}
