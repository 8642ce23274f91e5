import { createCanvas } from '../canvas.ts';
import type { Film } from '../film-finish.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { createSeededRandom } from '../seeded-random.ts';
import { addArch } from './arch.ts';
import type { BoneMatter } from './body-projection.ts';
import { projectBody } from './body-projection.ts';
import { addBowelGas, addFolds, addMetal, addVessels } from './clutter.ts';
import { coverField, drawField } from './film-field.ts';
import { digitise } from './digitise.ts';
import type { LookSet } from './film-look.ts';
import { developFilm, drawLook, LOOKS } from './film-look.ts';
import { addMarkings } from './markings.ts';
import type { Projection } from './projection.ts';
import { addSoftTissue, drawTrunk } from './soft-tissue.ts';
import type { Spine, WantedDeformity } from './spine-shape.ts';
import { drawSpine } from './spine-shape.ts';
import type { SpineTruth } from './spine-truth.ts';
import { describeTruth } from './spine-truth.ts';
import { addPelvis, addRibs, addSacrum } from './trunk-bones.ts';
import { drawSurface } from './vertebra-shape.ts';
import { drawDeformities } from './wanted-deformities.ts';

/** What kind of lateral film. */
export type SpineFilmKind = 'spine-lateral' | 'chest-lateral';

/** A film to be rendered; what is not given is drawn from the seed. */
export interface SpineFilmOptions {
  readonly seed: number;
  readonly kind: SpineFilmKind;
  readonly look: LookSet;
  /** The film's deformities; an empty list asks for a healthy spine. */
  readonly vertebrae?: readonly WantedDeformity[];
  readonly columns?: number;
  readonly rows?: number;
  readonly mmPerPx?: number;
  readonly facing?: 'left' | 'right';
  readonly bits?: 8 | 12;
}

/** Renders a simulated lateral radiograph: attenuation summed along a cone of rays, with the truth about every body. */
export function renderSpine(options: SpineFilmOptions): { film: Film; truth: SpineTruth } {
  const random = createSeededRandom(options.seed * 101 + 17);
  const wanted = options.vertebrae ?? drawDeformities(random);
  const spine = drawSpine(random, wanted);
  const projection = frame(random, options, spine);
  const look = drawLook(random, options.look);
  const canvas = createCanvas(projection.columns, projection.rows, projection.mmPerPx, 0);
  paintBody(canvas, projection, spine, options, random);
  const brightness = developFilm(canvas, look, random.integer());
  const facing = options.facing ?? (random.next() < 0.8 ? 'left' : 'right');
  const shown = facing === 'left' ? brightness : mirror(brightness, projection.columns);
  const field = drawField(random, look, projection.columns, projection.rows);
  coverField(shown, projection.columns, projection.rows, field, look, random);
  addMarkings({ ...projection, midlinePx: 0, mmPerPx: 1, values: shown }, random);
  const bits = options.bits ?? 8;
  const film = digitise(shown, projection, bits);
  const truth = describeTruth({
    kind: options.kind,
    style: `${options.look} ${look.field}`,
    facing,
    spine,
    projection,
    film,
    white: 2 ** bits - 1,
    field,
  });
  return { film, truth };
}

/** Which part of the body the film shows. */
function frame(random: SeededRandom, options: SpineFilmOptions, spine: Spine): Projection {
  const chest = options.kind === 'chest-lateral';
  const set = LOOKS[options.look];
  const rows = options.rows ?? Math.round(random.between(900, 1400));
  const drawn = random.between(set.mmPerPx[0], set.mmPerPx[1]);
  const w = (index: number): number => spine.vertebrae[index]?.pose.w ?? spine.sacrum.w;
  const long = !chest && random.next() < 0.45;
  const top = chest
    ? w(0) - random.between(0, 45)
    : long
      ? w(Math.round(random.between(7, 10)))
      : w(Math.round(random.between(9, 12)));
  const end = chest ? w(12) + random.between(0, 60) : spine.sacrum.w + random.between(20, 150);
  const start = top - random.between(5, 30);
  const mmPerPx =
    options.mmPerPx ??
    (options.rows === undefined
      ? Math.max(0.6 * drawn, Math.min(drawn, (end - start) / 900))
      : (end - start) / rows);
  const fitted = options.rows ?? Math.min(1400, Math.round((end - start) / mmPerPx));
  const columns =
    options.columns ?? Math.round(fitted * (chest ? random.between(0.52, 0.8) : random.between(0.42, 0.95)));
  const widthMm = columns * mmPerPx;
  const middle =
    spine.vertebrae.slice(chest ? 3 : 10, chest ? 12 : 17).reduce((sum, one) => sum + one.pose.u, 0) /
    (chest ? 9 : 7);
  const share = chest ? random.between(0.62, 0.74) : random.between(0.4, 0.68);
  const originMm = [middle - widthMm * share, start] as const;
  return {
    columns,
    rows: fitted,
    mmPerPx,
    focusMm: random.between(set.focusMm[0], set.focusMm[1]),
    centralMm: [
      originMm[0] + widthMm * random.between(0.35, 0.65),
      start + fitted * mmPerPx * random.between(0.35, 0.65),
    ],
    originMm,
  };
}

/** Attenuation of soft tissue for each mm. */
const WATER = 0.0165;

function paintBody(
  canvas: ReturnType<typeof createCanvas>,
  projection: Projection,
  spine: Spine,
  options: SpineFilmOptions,
  random: SeededRandom,
): void {
  const chest = options.kind === 'chest-lateral';
  const thin = random.next() < 0.35;
  const net = LOOKS[options.look].netScale;
  const matter: BoneMatter = {
    trabecular: thin ? random.between(0.0015, 0.0045) : random.between(0.004, 0.0115),
    cortical: random.between(0.03, 0.05),
    netContrast: thin ? random.between(0.15, 0.5) : random.between(0.06, 0.25),
    netScale: random.between(net[0], net[1]) * (thin ? 1.25 : 1),
  };
  const tube = {
    shellMm: random.between(0.7, 1.1),
    shell: matter.cortical * 0.75,
    filling: matter.trabecular * 1.4,
  };
  const age = random.next();
  addSoftTissue(canvas, projection, spine, drawTrunk(random, chest), WATER, random.integer());
  if (chest) addVessels(canvas, projection, spine, random);
  addBowelGas(canvas, projection, spine, WATER, random);
  addFolds(canvas, random);
  for (const vertebra of spine.vertebrae) {
    addArch(canvas, projection, vertebra, tube, random);
    projectBody(
      canvas,
      projection,
      vertebra,
      drawSurface(random, vertebra, age),
      matter,
      random.integer() % 99991,
    );
  }
  addRibs(canvas, projection, spine, { ...tube, shellMm: 0.7 }, random);
  addSacrum(canvas, projection, spine, matter, tube, random);
  if (!chest) addPelvis(canvas, projection, spine, tube, random);
  addMetal(canvas, projection, spine, random);
}

function mirror(values: Float32Array, columns: number): Float32Array {
  for (let start = 0; start < values.length; start += columns)
    values.subarray(start, start + columns).reverse();
  return values;
}
