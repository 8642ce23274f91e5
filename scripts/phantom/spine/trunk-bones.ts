import type { Canvas } from '../canvas.ts';
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
  const steep = random.between(0.3, 0.65);
  const hump = random.between(22, 36);
  spine.vertebrae.forEach((vertebra, index) => {
    if (!isThoracic(vertebra.level)) return;
    const { pose } = vertebra;
    const start = vertebra.depthMm[0] / 2;
    const reach = index === 11 ? 50 : index === 10 ? 110 : 90 + 14 * Math.min(index, 7);
    const half = 60 + 9 * Math.min(index, 7);
    for (const side of [-1, 1]) {
      const sag = steep * random.between(0.9, 1.1);
      const points = Array.from({ length: 15 }, (_, step): TubePoint => {
        const t = step / 14;
        // The angle runs from the spine round the side; most of the back lies near its first third.
        const turn = -0.25 + t * (index === 11 ? 1.5 : 2.7);
        const u =
          pose.u +
          start -
          8 +
          hump * Math.sin(Math.min(1.6, 2.2 * (turn + 0.25))) -
          (reach * Math.max(0, turn - 0.35) ** 1.5) / 2.4;
        const w = pose.w - 6 + 14 * t + (sag * (reach * Math.max(0, turn - 0.2))) / 2;
        const d = side * (16 + (half - 16) * Math.sin(Math.min(Math.PI / 2, 1.15 * (turn + 0.25))));
        const [x, y] = projectPoint(projection, u, w, d);
        const scale = magnifyAt(projection, d);
        const tangential = Math.abs(turn - 0.35) < 0.45 ? 6.5 : 3.2;
        return { x, y, radiusMm: (5.4 - 1.6 * t) * scale, halfDepthMm: tangential };
      });
      addTube(canvas, points, matter);
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
    const crest = [
      at(58, 42, 5, 5),
      at(46, 8 - rise, 4.5, 5),
      at(22, -12 - rise, 4, 5),
      at(-16, -20 - rise, 4, 5),
      at(-48, -4 - rise, 4, 5),
      at(-62, 30, 4.5, 6),
      at(-60, 70, 4, 6),
    ];
    addTube(canvas, crest, { ...tube, shell: tube.shell * 0.6, shellMm: 1.2 });
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
