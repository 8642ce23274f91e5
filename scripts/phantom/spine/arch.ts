import type { Canvas } from '../canvas.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { TubeMatter, TubePoint } from './bone-tubes.ts';
import { addTube } from './bone-tubes.ts';
import { isThoracic } from './level-sizes.ts';
import type { Projection } from './projection.ts';
import { magnifyAt, projectFrom } from './projection.ts';
import type { Vertebra } from './spine-shape.ts';

/** A point of a process in the vertebra's axes: backwards from the back wall, downwards, depth, radius. */
type ProcessPoint = readonly [number, number, number, number];

/** Adds pedicles, articular, transverse and spinous processes, on both sides as the cone of rays shows them. */
export function addArch(
  canvas: Canvas,
  projection: Projection,
  vertebra: Vertebra,
  matter: TubeMatter,
  random: SeededRandom,
): void {
  const back = vertebra.depthMm[0] / 2;
  const h = vertebra.heights.posterior;
  const k = vertebra.widthMm / 42;
  const wobble = (): number => random.between(0.88, 1.12);
  const draw = (halfDepthMm: number, points: readonly ProcessPoint[]): void => {
    const tube = points.map(([u, w, d, radiusMm]): TubePoint => {
      const [x, y] = projectFrom(projection, vertebra.pose, back + u, w, d);
      const scale = magnifyAt(projection, vertebra.pose.d + d);
      return { x, y, radiusMm: radiusMm * scale, halfDepthMm };
    });
    addTube(canvas, tube, matter);
  };
  const thoracic = isThoracic(vertebra.level);
  const below = h * 0.5 + vertebra.discMm;
  for (const side of [-1, 1]) {
    const d = side * (thoracic ? 12 : 14) * k * wobble();
    const high = (thoracic ? 0.24 : 0.27) * h * wobble();
    // Pedicles begin behind the upper half of the back wall.
    draw(5.5 * k * wobble(), [
      [high * 0.7, -0.17 * h, d, high],
      [high * 0.75 + 3 * k, -0.15 * h, d, high * 0.8 * wobble()],
      [high * 0.75 + 6 * k, -0.1 * h, d, high * 0.7],
    ]);
    // The joints stand behind the openings: up to the neighbour above, down behind the disc below.
    const joint = (thoracic ? 10 : 13.5) * k;
    draw(5 * k, [
      [joint, -0.05 * h, d, 5.8 * k],
      [joint + 1.5 * k, -0.4 * h, d * 1.15, 5 * k],
      [joint + (thoracic ? 2 : 4) * k, -0.66 * h, d * 1.2, 3.2 * k],
    ]);
    draw(5 * k, [
      [joint + 1 * k, 0, d, 6.2 * k],
      [joint + 4 * k, 0.3 * h, d, 4.6 * k * wobble()],
      [joint + (thoracic ? 3 : 3.5) * k, below * 0.8, d, 5.4 * k * wobble()],
      [joint + (thoracic ? 2 : 2) * k, below * 0.8 + 5 * k, d, 3 * k],
    ]);
    // Transverse processes are seen end on.
    draw(2.6 * k * wobble(), [
      [joint - 1 * k, -0.16 * h, d * 2.1, 3.6 * k],
      [joint + (thoracic ? 6 : 2) * k, -0.2 * h, d * 2.5, 3.4 * k],
    ]);
    draw(2.5, [
      [joint + 2 * k, 0.05 * h, d, 5.5 * k],
      [joint + 12 * k, 0.22 * h, side * 3, 6 * k],
    ]);
  }
  drawSpinous(draw, vertebra, k, h, wobble);
}

function drawSpinous(
  draw: (halfDepthMm: number, points: readonly ProcessPoint[]) => void,
  vertebra: Vertebra,
  k: number,
  h: number,
  wobble: () => number,
): void {
  if (isThoracic(vertebra.level)) {
    const fall = vertebra.level === 'T11' || vertebra.level === 'T12' ? 0.5 : 1;
    draw(3, [
      [22 * k, 0.2 * h, 0, 5 * k],
      [34 * k * wobble(), (0.2 + 0.7 * fall) * h, 0, 4 * k],
      [44 * k * wobble(), (0.3 + 1.1 * fall) * h, 0, 3.4 * k],
    ]);
    return;
  }
  const high = (vertebra.level === 'L5' ? 5.5 : 8) * k * wobble();
  draw(4, [
    [22 * k, 0.25 * h, 0, high * 0.8],
    [34 * k, 0.38 * h, 0, high],
    [46 * k * wobble(), 0.48 * h, 0, high * 1.1],
  ]);
}
