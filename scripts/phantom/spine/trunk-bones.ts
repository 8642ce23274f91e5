import type { Canvas } from '../canvas.ts';
import { smoothCurve } from '../canvas.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { createSeededRandom } from '../seeded-random.ts';
import type { BoneMatter } from './body-projection.ts';
import { projectBody } from './body-projection.ts';
import type { TubeMatter, TubePoint } from './bone-tubes.ts';
import { addTube } from './bone-tubes.ts';
import { isThoracic } from './level-sizes.ts';
import type { Pose, Projection } from './projection.ts';
import { magnifyAt, placePoint, projectFrom, projectPoint } from './projection.ts';
import type { Spine, Vertebra } from './spine-shape.ts';
import { drawSurface } from './vertebra-shape.ts';

/** Adds twelve pairs of ribs: back from the spine, round the back, then forwards and down. */
export function addRibs(
  canvas: Canvas,
  projection: Projection,
  spine: Spine,
  matter: TubeMatter,
  random: SeededRandom,
): void {
  const steep = random.between(0.42, 0.8);
  const hump = random.between(24, 40);
  spine.vertebrae.forEach((vertebra, index) => {
    if (!isThoracic(vertebra.level)) return;
    const { pose } = vertebra;
    const behind = pose.u + vertebra.depthMm[0] / 2;
    const reach = (90 + 14 * Math.min(index, 7)) * random.between(0.95, 1.05);
    const half = 60 + 10 * Math.min(index, 7);
    // The two lowest ribs end at the side.
    const last = index === 11 ? 0.9 : index === 10 ? 1.5 : 2.5;
    for (const side of [-1, 1]) {
      const sag = (steep * random.between(0.92, 1.08) * reach) / 2.2;
      const at = (u: number, w: number, d: number, radiusMm: number, halfDepthMm: number): TubePoint => {
        const [x, y] = projectPoint(projection, u, w, d);
        return { x, y, radiusMm: radiusMm * magnifyAt(projection, d), halfDepthMm };
      };
      const head = at(behind - 6, pose.w - 7, side * 17, 4, 4);
      const bow = Array.from({ length: 16 }, (_, step) => {
        const turn = 0.3 + ((last - 0.3) * step) / 15;
        const u = behind + hump - (reach / 2) * (1 - Math.cos(turn));
        // Behind, where the rib runs along the rays, it is seen on end and is bright.
        return at(
          u,
          pose.w - 4 + sag * turn,
          side * half * Math.sin(turn),
          5.6 - 0.7 * turn,
          3 + 5 * Math.exp(-((turn / 0.8) ** 2)),
        );
      });
      addTube(canvas, [head, ...bow], matter);
    }
  });
}

/** Adds the sacrum: S1 as a body with its promontory, the lower ones as a tapering bow, and the wings behind it. */
export function addSacrum(
  canvas: Canvas,
  projection: Projection,
  spine: Spine,
  matter: BoneMatter,
  tube: TubeMatter,
  random: SeededRandom,
): void {
  const { sacrum, sacrumDepthMm } = spine;
  const faint = { ...matter, trabecular: matter.trabecular * 0.6, cortical: matter.cortical * 0.7 };
  const bodies = layOutSacrum(sacrum, sacrumDepthMm, random);
  bodies.forEach((body, index) => {
    const surface = drawSurface(createSeededRandom(random.integer()), body, 0);
    projectBody(
      canvas,
      projection,
      body,
      { ...surface, cornerRadiusMm: 1.2, endplateMm: index === 0 ? 0.7 : 0.3 },
      index === 0 ? matter : faint,
      random.integer() % 99991,
    );
  });
  const wing = (side: number): TubePoint[] =>
    bodies.slice(0, 4).map((body, index) => {
      const [x, y] = projectFrom(projection, body.pose, 5, 2, side * 32);
      return { x, y, radiusMm: [17, 17, 13, 8][index] ?? 8, halfDepthMm: [17, 16, 12, 8][index] ?? 8 };
    });
  const soft = { ...tube, shell: tube.shell * 0.35, filling: tube.filling * 0.5 };
  for (const side of [-1, 1]) addTube(canvas, wing(side), soft);
  // The crest behind the canal.
  const crest = bodies.map((body, index): TubePoint => {
    const [x, y] = projectFrom(projection, body.pose, body.depthMm[0] / 2 + 16 - 2.5 * index, 3, 0);
    return { x, y, radiusMm: 4.5 - 0.6 * index, halfDepthMm: 6 };
  });
  addTube(canvas, crest, tube);
}

function layOutSacrum(sacrum: Pose, depthMm: number, random: SeededRandom): Vertebra[] {
  const bend = random.between(0.12, 0.3);
  const bodies: Vertebra[] = [];
  let { u, w, tilt } = sacrum;
  let depth = depthMm;
  for (let index = 0; index < 5; index += 1) {
    const height = [30, 25, 21, 18, 15][index] ?? 15;
    const next = depth * (index === 0 ? 0.68 : 0.8);
    // The back wall runs on smoothly, so what is lost in depth is lost in front.
    const middle = (depth - next) / 4;
    const pose = {
      ...sacrum,
      u: u + (height / 2) * Math.sin(tilt) + middle * Math.cos(tilt),
      w: w + (height / 2) * Math.cos(tilt) - middle * Math.sin(tilt),
      tilt,
    };
    bodies.push({
      level: 'L5', heights: { anterior: height, middle: height - 1.5, posterior: height * 0.86 },
      losses: { wedge: 0, biconcave: 0, crush: 0 }, genantGrade: 0, deformity: 'none',
      widthMm: 46 - 6 * index, depthMm: [depth, next],
      rims: [-height / 2, -height / 2, height / 2, height * 0.4],
      concavityMm: [index === 0 ? 1 : 0.5, 0.5], pose, discMm: 2,
    }); // prettier-ignore
    const gap = index === 0 ? 2 : 0.6;
    u += (height + gap) * Math.sin(tilt) + 2 * middle * Math.cos(tilt);
    w += (height + gap) * Math.cos(tilt) - 2 * middle * Math.sin(tilt);
    tilt += index === 0 ? bend * 0.5 : index < 3 ? bend : -bend * 2;
    depth = next;
  }
  return bodies;
}

/** Adds both hip bones as plates with a dense rim, whose crests cross L4 to S1, and the heads of the femora. */
export function addPelvis(
  canvas: Canvas,
  projection: Projection,
  spine: Spine,
  tube: TubeMatter,
  random: SeededRandom,
): void {
  const rise = random.between(12, 42);
  const plate = { shellMm: 1.6, shell: tube.shell * 0.5, filling: tube.filling * 1.3 };
  const { sacrum } = spine;
  const upright = { ...sacrum, tilt: sacrum.tilt * 0.35 };
  for (const side of [-1, 1]) {
    const depth = side * random.between(95, 125);
    const at = (u: number, w: number, radiusMm: number, halfDepthMm: number): TubePoint => {
      const [x, y] = projectPoint(
        projection,
        ...placePoint({ ...upright, coronalSlope: 0, axialSlope: 0 }, u, w, depth),
      );
      return { x, y, radiusMm: radiusMm * magnifyAt(projection, depth), halfDepthMm };
    };
    // The wing is broad above; its rim is the crest.
    addTube(
      canvas,
      [at(22, 30 - rise, 34, 6), at(-14, 26 - rise, 44, 5), at(-28, 66, 34, 6), at(-24, 98, 30, 10)],
      plate,
    );
    const along = smoothCurve(
      [[60, 50], [46, 8 - rise], [18, -14 - rise], [-18, -18 - rise], [-46, 0 - rise], [-60, 34], [-58, 76]],
      5,
      false,
    ).map(([u, w]) => at(u, w, 3.6, 4)); // prettier-ignore
    addTube(canvas, along, { ...tube, shell: tube.shell * 0.5, shellMm: 1 });
    const head = at(-28, 104, 25, 24);
    addTube(canvas, [head, { ...head, y: head.y + 0.5 }], {
      ...tube,
      shell: tube.shell * 0.6,
      filling: tube.filling * 0.5,
    });
    addTube(canvas, [head, at(-20, 140, 22, 20), at(-10, 240, 16, 16)], {
      ...tube,
      shellMm: 3,
      shell: tube.shell * 0.6,
      filling: tube.filling * 0.4,
    });
    addTube(canvas, [at(-2, 100, 20, 12), at(14, 150, 15, 12), at(-20, 170, 11, 8)], tube);
  }
}
