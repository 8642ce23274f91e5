/** The two models of the panoramic way: the border and about where the foramina are, then each foramen on a crop of its own. */
import type { Clock } from '../src/clock.ts';
import { TriageError } from '../src/errors.ts';
import type { Side } from '../src/exam/analysis.ts';
import type { PointPx } from '../src/exam/film.ts';
import { reductionOf } from '../src/exam/film-scale.ts';
import { type Letterbox, letterbox } from '../src/imaging/prepare-image.ts';
import {
  letterboxOf,
  thresholdOf,
  type ForamenCrop,
  type ModelManifest,
} from '../src/inference/model-manifest.ts';
import type { CoarseBorderPoint } from '../src/measure/coarse-line.ts';
import type { CorticalWidthInput } from '../src/measure/cortical-width.ts';
import { cutForamenCrop, placeForamenCrop } from '../src/measure/foramen-crop.ts';
import { type PlacedForamen, settleForamen } from '../src/measure/foramen-place.ts';
import { type RefinedBorder, refineInferiorBorder } from '../src/measure/inferior-border.ts';
import { cropToFilm, type CropFrame } from '../src/measure/vertebra-crop.ts';
import { isWholeBorder } from '../src/measure/whole-border.ts';
import type { ViewedFilm } from './look-at-view.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';
import { runInBatches, runTogether, withoutForeignText } from './run-together.ts';
import { startStopwatch } from './stopwatch.ts';

/** The models of the panoramic way; one of them alone is of no use. */
export interface PanoramicModels {
  readonly contour: ModelSession;
  readonly foramen: ModelSession;
}

/** What the models found on a film. */
export interface FoundMandible {
  /** How sure the model is that this is a panoramic film, 0 to 1. */
  readonly panoramic: number;
  /** null where it is surely none: nothing was looked for. */
  readonly border: RefinedBorder | null;
  /** null where the border does not pass below one. */
  readonly foramina: Readonly<Record<Side, CorticalWidthInput['foramen']>>;
  readonly prepareMs: number;
  readonly inferenceMs: number;
  readonly refineMs: number;
}

const NO_FORAMINA = { R: null, L: null };
const SIDES = ['R', 'L'] as const;

/** One side that the second model looks at. */
interface SideCrop {
  readonly side: Side;
  readonly frame: CropFrame;
  readonly values: Float32Array;
}

type MandibleOutline = FoundMandible & { readonly crops: readonly SideCrop[] };

/** Runs both models over the films of a batch, in their order; a film that one fails on is answered with that. */
export async function findMandibles(
  films: readonly ViewedFilm[],
  models: PanoramicModels,
  clock: Clock,
): Promise<readonly (FoundMandible | TriageError)[]> {
  const outlines = await findOutlines(films, models, clock);
  const whole = outlines.filter((outline) => 'crops' in outline);
  const canvas = foramenCropOf(models.foramen.model.manifest);
  const answers = await runTogether(
    whole,
    async (batch) => {
      const crops = batch.flatMap((outline) => outline.crops);
      const outputs = await runInBatches(
        models.foramen,
        crops.map(({ values }) => values),
      );
      const found = crops.map((crop, index) => foramenOf(outputs[index] ?? {}, crop.frame, canvas));
      return batch.map(({ crops: own, border }) => {
        const settled = own.map((crop) => {
          const seen = found[crops.indexOf(crop)];
          return [
            crop.side,
            seen === undefined ? null : settleForamen(seen, border?.points ?? [], crop.side),
          ];
        });
        return Object.fromEntries(settled) as Partial<FoundMandible['foramina']>;
      });
    },
    clock,
  );
  return outlines.map((outline) => {
    if (outline instanceof TriageError) return outline;
    const answer =
      answers[whole.indexOf(outline)] ?? new TriageError('inference-failed', 'the model gave no answer');
    if (answer instanceof TriageError) return answer;
    const { panoramic, border, prepareMs, refineMs } = outline;
    return {
      ...{ panoramic, border, prepareMs, refineMs },
      foramina: { ...outline.foramina, ...answer.output },
      inferenceMs: outline.inferenceMs + answer.runMs,
    };
  });
}

async function findOutlines(
  films: readonly ViewedFilm[],
  models: PanoramicModels,
  clock: Clock,
): Promise<readonly (MandibleOutline | TriageError)[]> {
  const target = letterboxOf(models.contour.model.manifest);
  const inputs = films.map(({ film, histogram }) => {
    const stopwatch = startStopwatch(clock);
    return { input: letterbox(film, target, histogram), prepareMs: stopwatch() };
  });
  const answers = await runTogether(
    inputs.map(({ input }) => input.tensor),
    (tensors) => models.contour.run(tensors),
    clock,
  );
  return films.map((film, index) => {
    const [answer, prepared] = [answers[index], inputs[index]];
    if (answer instanceof TriageError) return answer;
    if (answer === undefined || prepared === undefined) return new TriageError('unexpected', 'no film');
    const { output, runMs: inferenceMs } = answer;
    try {
      return { ...outlineOf(film, prepared, output, models, clock), inferenceMs };
    } catch (thrown) {
      return withoutForeignText(thrown, 'unexpected');
    }
  });
}

function outlineOf(
  { film, spacing, header }: ViewedFilm,
  { input, prepareMs }: { readonly input: Letterbox; readonly prepareMs: number },
  output: ModelOutputs,
  { contour, foramen }: PanoramicModels,
  clock: Clock,
): Omit<MandibleOutline, 'inferenceMs'> {
  const panoramic = output['panoramic']?.[0] ?? 0;
  // Strictly above it, so that a threshold of 1 lets nothing through though the network's answer can round to 1.
  if (!(panoramic > thresholdOf(contour.model.manifest, 'panoramic')))
    return { panoramic, border: null, foramina: NO_FORAMINA, crops: [], prepareMs, refineMs: 0 };
  const refining = startStopwatch(clock);
  const border = refineInferiorBorder(film, coarseBorder(output, input));
  const refineMs = refining();
  // The second model knows whole jaws: on a film that shows a part of one, what the first saw must do.
  if (!isWholeBorder(border.points)) {
    const foramina = { R: seenByContour(output, input, 'R'), L: seenByContour(output, input, 'L') };
    return { panoramic, border, foramina, crops: [], prepareMs, refineMs };
  }
  const cutting = startStopwatch(clock);
  const canvas = foramenCropOf(foramen.model.manifest);
  const mmPerPx = spacing.mmPerPx === null ? null : spacing.mmPerPx * reductionOf(film, header);
  const crops = SIDES.flatMap((side): SideCrop[] => {
    const region = { border: border.points, roughPx: roughForamen(output, input, side), side, mmPerPx };
    const frame = placeForamenCrop(region, canvas);
    return frame === null ? [] : [{ side, frame, values: cutForamenCrop(film, frame, region, canvas) }];
  });
  return { panoramic, border, foramina: NO_FORAMINA, crops, prepareMs: prepareMs + cutting(), refineMs };
}

function foramenCropOf({ name, preparation }: ModelManifest): ForamenCrop {
  if (preparation.kind === 'foramen-crop') return preparation;
  throw new TriageError('model-invalid', `model ${name} does not see crops of mental regions`);
}

function foramenOf(
  { foramen, spread, confidence }: ModelOutputs,
  frame: CropFrame,
  canvas: ForamenCrop,
): PlacedForamen {
  const [xPx, yPx] = cropToFilm(frame, canvas, [foramen?.[0] ?? NaN, foramen?.[1] ?? NaN]);
  const [along, across] = [(spread?.[0] ?? NaN) * frame.scale, (spread?.[1] ?? NaN) * frame.scale];
  return { xPx, yPx, confidence: confidence?.[0] ?? 0, spreadPx: { along, across } };
}

/** The border as the panoramic model gives it, in film pixels. */
export function coarseBorder(outputs: ModelOutputs, input: Letterbox): CoarseBorderPoint[] {
  const spread = outputs['borderSpread'];
  const presence = outputs['borderPresence'];
  return Array.from(outputs['border'] ?? [], (row, column) => ({
    xPx: toFilmPx(column, input.left, input.scaleColumns),
    yPx: toFilmPx(row, input.top, input.scaleRows),
    spreadPx: (spread?.[column] ?? 0) / input.scaleRows,
    presence: presence?.[column] ?? 0,
  }));
}

/** About where the panoramic model sees a foramen, in film pixels. */
export function roughForamen(outputs: ModelOutputs, input: Letterbox, side: Side): PointPx {
  // The patient's right comes first in the model's output: column, row and confidence of each.
  const at = side === 'R' ? 0 : 3;
  const [column, row] = (outputs['foramen'] ?? new Float32Array(6)).subarray(at, at + 2);
  return [
    toFilmPx(column ?? 0, input.left, input.scaleColumns),
    toFilmPx(row ?? 0, input.top, input.scaleRows),
  ];
}

/** A foramen as the panoramic model gives it: with a confidence that orders, and is not calibrated. */
function seenByContour(outputs: ModelOutputs, input: Letterbox, side: Side): CorticalWidthInput['foramen'] {
  const [xPx, yPx] = roughForamen(outputs, input, side);
  return { xPx, yPx, confidence: outputs['foramen']?.[side === 'R' ? 2 : 5] ?? 0 };
}

function toFilmPx(canvasPx: number, offsetPx: number, scale: number): number {
  return (canvasPx - offsetPx + 0.5) / scale - 0.5;
}
