import type { KeyboardEvent, PointerEvent } from 'react';
import type { PointPx } from '../../exam/film.ts';
import { fillWords } from '../words.ts';
import { useViewerWords } from './viewer-language.ts';

/** A point that can be dragged, or chosen and moved by keys. */
export interface Handle {
  readonly key: string;
  readonly label: string;
  /** On the film. */
  readonly at: PointPx;
  readonly kind: 'ruler' | 'border' | 'foramen' | 'vertebra';
}

/** How places of the film and of the element are turned into each other. */
export interface PlaneOfFilm {
  toElement(at: PointPx): PointPx;
  toFilm(at: PointPx): PointPx;
}

/** How far the arrow keys move a chosen point; with Shift the second. */
export const STEPS_PX = [1, 10] as const;

const ARROWS: Readonly<Record<string, PointPx>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Which way an arrow key points; null for any other key. */
export function arrowOf(key: string): PointPx | null {
  return ARROWS[key] ?? null;
}

/** The handles of points over a film: each takes the pointer and the keys for itself. */
export function PointHandles(properties: {
  readonly handles: readonly Handle[];
  readonly chosen: string | null;
  readonly plane: PlaneOfFilm;
  readonly choose: (key: string) => void;
  readonly move: (key: string, to: PointPx) => void;
}) {
  const { handles, chosen, plane, choose, move } = properties;
  return handles.map((handle) => (
    <PointHandle
      key={handle.key}
      handle={handle}
      isChosen={handle.key === chosen}
      plane={plane}
      choose={() => choose(handle.key)}
      move={(to) => move(handle.key, to)}
    />
  ));
}

const GRIP_PX = 14;
const RING_PX = 6;

function PointHandle(properties: {
  readonly handle: Handle;
  readonly isChosen: boolean;
  readonly plane: PlaneOfFilm;
  readonly choose: () => void;
  readonly move: (to: PointPx) => void;
}) {
  const { said } = useViewerWords();
  const { handle, isChosen, plane, choose, move } = properties;
  const [x, y] = plane.toElement(handle.at);
  const label = fillWords(said.pointPlace, {
    name: handle.label,
    x: Math.round(handle.at[0]),
    y: Math.round(handle.at[1]),
  });
  const drag = (event: PointerEvent<SVGGElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    if (box === undefined) return;
    move(plane.toFilm([event.clientX - box.left, event.clientY - box.top]));
  };
  const answerKey = (event: KeyboardEvent): void => {
    const arrow = arrowOf(event.key);
    if (arrow === null) return;
    event.preventDefault();
    event.stopPropagation();
    const step = STEPS_PX[event.shiftKey ? 1 : 0];
    choose();
    move([handle.at[0] + arrow[0] * step, handle.at[1] + arrow[1] * step]);
  };
  return (
    <g
      className={`handle handle-${handle.kind}${isChosen ? ' handle-chosen' : ''}`}
      role="button"
      aria-label={label}
      aria-pressed={isChosen}
      tabIndex={0}
      onFocus={choose}
      onKeyDown={answerKey}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        choose();
      }}
      onPointerMove={drag}
    >
      <circle className="handle-grip" cx={x} cy={y} r={GRIP_PX} />
      <circle className="handle-ring" cx={x} cy={y} r={RING_PX} />
      <path className="handle-cross" d={`M${x - 3} ${y}h6M${x} ${y - 3}v6`} />
    </g>
  );
}
