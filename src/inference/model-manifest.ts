/** What a model's manifest says, and what must stand there: names, shapes, preparation, outputs, thresholds. Pure. */
import { basename } from 'node:path';
import { z } from 'zod';
import { TriageError } from '../errors.ts';
import type { LetterboxTarget } from '../imaging/prepare-image.ts';

type PreparationKind = 'letterbox-area-average' | 'foramen-crop' | 'vertebra-crop' | 'scaled-canvas';

interface TaskNeeds {
  readonly preparation: PreparationKind;
  /** Outputs with the number of values for one film; null where the manifest says it. */
  readonly outputs: Readonly<Record<string, number | null>>;
  readonly thresholds: readonly string[];
}

/** What a model is for, and what whoever measures with it goes by; in the order in which results name models. */
const TASKS = {
  panoramic: {
    preparation: 'letterbox-area-average',
    outputs: { border: null, borderSpread: null, borderPresence: null, foramen: 6, panoramic: 1 },
    thresholds: ['panoramic'],
  },
  'mental-foramen': {
    preparation: 'foramen-crop',
    outputs: { foramen: 2, spread: 2, confidence: 1 },
    thresholds: [],
  },
  'vertebra-finding': {
    preparation: 'letterbox-area-average',
    outputs: { centre: null, corners: null, sacrum: null },
    thresholds: ['centre', 'sacrum'],
  },
  'vertebra-points': {
    preparation: 'vertebra-crop',
    outputs: { points: 12, spread: 6, pointConfidence: 6, body: 1, thoracic: 1 },
    thresholds: ['body'],
  },
  // A site's own: its outputs bear the names that they have in its file.
  'low-bone-density': { preparation: 'scaled-canvas', outputs: {}, thresholds: ['lowBoneDensity'] },
  'film-view': {
    preparation: 'letterbox-area-average',
    outputs: { view: 6, turn: 4, mirrored: 1 },
    thresholds: ['view', 'turn', 'mirrored'],
  },
} as const satisfies Record<string, TaskNeeds>;

/** A task of the manifest. */
export type ModelTask = keyof typeof TASKS;

/** Every task, in the order in which results name models. */
export const MODEL_TASKS = Object.keys(TASKS) as readonly ModelTask[];

/** How the version of a model is written. */
export const VERSION = /^\d+\.\d+\.\d+$/;
/** How the name of a model is written. */
export const NAME = /^[a-z][a-z0-9-]*$/;

const pixels = z.number().int().min(1).max(8192);
const percent = z.number().min(0).max(100);
const shape = z.array(z.number().int().min(1).nullable()).min(1);

const letterboxSchema = z.object({
  kind: z.literal('letterbox-area-average'),
  columns: pixels,
  rows: pixels,
  percentileLow: percent,
  percentileHigh: percent,
});

const foramenCropSchema = z.object({
  kind: z.literal('foramen-crop'),
  columns: pixels,
  rows: pixels,
  /** Millimetres at the detector for one crop pixel. */
  mmPerPx: z.number().positive(),
  /** Where the border below the foramen lies in the crop. */
  centreColumn: z.number(),
  centreRow: z.number(),
  percentileLow: percent,
  percentileHigh: percent,
});

const vertebraCropSchema = z.object({
  kind: z.literal('vertebra-crop'),
  columns: pixels,
  rows: pixels,
  /** Mean distance of the corners from front to back in the crop. */
  bodyWidthPx: z.number().min(1),
  /** Where the mean of the four corners lies in the crop. */
  centreColumn: z.number(),
  centreRow: z.number(),
  percentileLow: percent,
  percentileHigh: percent,
});

const scaledCanvasSchema = z.strictObject({
  kind: z.literal('scaled-canvas'),
  columns: pixels,
  rows: pixels,
  /** Whether the film keeps its proportions in the middle of a black canvas, or fills it. */
  fit: z.enum(['letterbox', 'stretch']),
  /** What becomes 0 and 1: percentiles of the film, or fixed values after its modality LUT or rescale. */
  range: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('percentiles'), low: percent, high: percent }),
    z.strictObject({ kind: z.literal('fixed'), low: z.number(), high: z.number() }),
  ]),
  /** 3: the grey values three times. */
  channels: z.union([z.literal(1), z.literal(3)], { error: 'write 1 or 3' }),
  /** Of each channel, after scaling to 0..1: the input is (value - mean) / standardDeviation. */
  mean: z.array(z.number()),
  standardDeviation: z.array(z.number().positive()),
});

const scoreSchema = z.strictObject({
  output: z.string().min(1),
  /** Which of the output's values for a film, from 0. */
  index: z.number().int().min(0),
  /** What is still to be applied to it: softmax goes over all values of the output. */
  activation: z.enum(['none', 'sigmoid', 'softmax']),
  /** On which side of the threshold bone density is low. */
  lowWhen: z.enum(['above', 'below']).default('above'),
});

const manifestSchema = z.object({
  name: z.string().regex(NAME, 'write lower case letters, digits and hyphens'),
  version: z.string().regex(VERSION, 'write three numbers such as 1.0.0'),
  task: z.enum(MODEL_TASKS as [ModelTask, ...ModelTask[]]),
  // A bare file name: a manifest must not reach outside its own folder.
  file: z
    .string()
    .refine(
      (name) => basename(name) === name && name !== '..' && name !== '.',
      'write the bare name of a file beside the manifest',
    ),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'write the SHA-256 of the file (64 hexadecimal digits)'),
  /** null stands for the number of films in the batch. */
  input: z.object({ name: z.string(), shape, type: z.literal('float32') }),
  outputs: z.array(z.object({ name: z.string(), shape })).min(1),
  preparation: z.discriminatedUnion('kind', [
    letterboxSchema,
    foramenCropSchema,
    vertebraCropSchema,
    scaledCanvasSchema,
  ]),
  /** By name; which ones there must be is the task's. */
  thresholds: z.record(z.string(), z.number()),
  /** Of a low-bone-density model: the views that it was made for. */
  views: z.array(z.enum(['spine-frontal', 'chest-frontal', 'spine-lateral', 'chest-lateral'])).optional(),
  /** Of a low-bone-density model: which number is its score. */
  score: scoreSchema.optional(),
  batchSizeMax: z.number().int().min(1),
  golden: z.object({
    input: z.object({
      kind: z.literal('hashed-noise'),
      multiplier: z.number().int(),
      modulus: z.number().int().min(2),
    }),
    /** `panoramic`, `borderMean` for the mean of the output `border`, `view[2]` for its third value, or `score`. */
    outputs: z.record(z.string(), z.number()),
    tolerance: z.record(z.string(), z.number().positive()),
  }),
});

/** What a model's manifest says. */
export type ModelManifest = z.output<typeof manifestSchema>;

/** The crops of the mental regions that the foramina are found on. */
export type ForamenCrop = z.output<typeof foramenCropSchema>;

/** The crops round each body that the points of a vertebra are read from. */
export type VertebraCrop = z.output<typeof vertebraCropSchema>;

/** Where a site's own model has its score. */
export type ScoreRule = z.output<typeof scoreSchema>;

/**
 * Reads a manifest. Throws model-invalid with what is wrong, at which place, and what to write there instead.
 * @param what names the manifest in the message
 */
export function parseManifest(text: string, what: string): ModelManifest {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new TriageError('model-invalid', `${what} is no JSON`);
  }
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) {
    const wrong = parsed.error.issues.slice(0, 3).map(describeIssue).join('; ');
    throw new TriageError('model-invalid', `${what} is wrong at ${wrong}`);
  }
  return parsed.data;
}

/** Checks a manifest against its task. Throws model-invalid. */
export function checkTask(manifest: ModelManifest): void {
  const { name, version, task } = manifest;
  const missing = missingOfTask(manifest);
  if (missing.length > 0) {
    const message = `model ${name} ${version} lacks ${missing.join(' and ')} of its task ${task}`;
    throw new TriageError('model-invalid', message);
  }
  const wrong = [...faultsOfShapes(manifest), ...faultsOfThresholds(manifest), ...faultsOfSite(manifest)];
  if (wrong.length > 0) {
    throw new TriageError('model-invalid', `the manifest of model ${name} ${version}: ${wrong.join('; ')}`);
  }
}

/** The preparation of a model that sees the whole film. Throws model-invalid where it has another one. */
export function letterboxOf({ name, preparation }: ModelManifest): LetterboxTarget {
  if (preparation.kind === 'letterbox-area-average') return preparation;
  throw new TriageError('model-invalid', `model ${name} does not see the whole film in a letterbox`);
}

/** A threshold of the manifest; the registry has seen that the task's own are there. */
export function thresholdOf({ name, thresholds }: ModelManifest, threshold: string): number {
  const value = thresholds[threshold];
  if (value === undefined)
    throw new TriageError('model-invalid', `model ${name} has no threshold ${threshold}`);
  return value;
}

/** Values of a shape for one film. */
export function sizeOf(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, size) => product * (size ?? 1), 1);
}

/** The shape of the input that a preparation fills, the last two ways in which channels can stand. */
export function inputShapes(preparation: ModelManifest['preparation']): readonly (readonly number[])[] {
  const { columns, rows } = preparation;
  // A crop of a mental region has a second plane, for where along the jaw it lies.
  const own = preparation.kind === 'foramen-crop' ? 2 : 1;
  const channels = preparation.kind === 'scaled-canvas' ? preparation.channels : own;
  const isEither = preparation.kind === 'scaled-canvas';
  return [[channels, rows, columns], ...(isEither ? [[rows, columns, channels]] : [])];
}

function missingOfTask({ task, outputs, thresholds }: ModelManifest): readonly string[] {
  const needs: TaskNeeds = TASKS[task];
  return [
    ...Object.keys(needs.outputs)
      .filter((output) => !outputs.some((given) => given.name === output))
      .map((output) => `the output ${output}`),
    ...needs.thresholds
      .filter((threshold) => thresholds[threshold] === undefined)
      .map((threshold) => `the threshold ${threshold}`),
  ];
}

function faultsOfShapes({ task, input, outputs, preparation }: ModelManifest): readonly string[] {
  const needs: TaskNeeds = TASKS[task];
  if (preparation.kind !== needs.preparation) {
    return [
      `preparation.kind is ${preparation.kind}; a model of the task ${task} needs ${needs.preparation}`,
    ];
  }
  const shapes = inputShapes(preparation);
  const given = input.shape.slice(1).join(' ');
  const isFit = input.shape.length === 4 && shapes.some((each) => each.join(' ') === given);
  const wrongInput = isFit
    ? []
    : [
        `input.shape is ${shown(input.shape)}, but its preparation makes ` +
          `${shapes.map((each) => shown([null, ...each])).join(' or ')}: write that, or change preparation`,
      ];
  const wrongOutputs = outputs.flatMap(({ name, shape: itsShape }) => {
    const size = needs.outputs[name] ?? null;
    if (size === null || sizeOf(itsShape) === size) return [];
    return [`the output ${name} has the shape ${shown(itsShape)}; a film needs ${size} values there`];
  });
  return [...wrongInput, ...wrongOutputs];
}

function faultsOfThresholds({ task, thresholds, score }: ModelManifest): readonly string[] {
  // A score that goes through no function can be anything, a T-score for example.
  const isAnyNumber = task === 'low-bone-density' && score?.activation === 'none';
  return Object.entries(thresholds)
    .filter(([, value]) => !isAnyNumber && (value < 0 || value > 1))
    .map(([name, value]) => `thresholds.${name} is ${value}; write a number from 0 to 1`);
}

function faultsOfSite({
  task,
  views,
  score,
  outputs,
  golden,
  preparation,
}: ModelManifest): readonly string[] {
  if (task !== 'low-bone-density') return [];
  const faults: string[] = [];
  if (views === undefined || views.length === 0)
    faults.push('views is missing: write the views that the model was made for, such as ["chest-frontal"]');
  if (score === undefined) {
    faults.push(
      'score is missing: write { "output": NAME, "index": 0, "activation": "none", "sigmoid" or "softmax" }',
    );
  } else {
    const output = outputs.find(({ name }) => name === score.output);
    const names = outputs.map(({ name }) => name).join(', ');
    if (output === undefined) faults.push(`score.output is ${score.output}; write one of outputs: ${names}`);
    else if (score.index >= sizeOf(output.shape))
      faults.push(
        `score.index is ${score.index}, but a film has ${sizeOf(output.shape)} values in ${output.name}`,
      );
  }
  if (golden.outputs['score'] === undefined || golden.tolerance['score'] === undefined)
    faults.push(
      'golden.outputs.score and golden.tolerance.score are missing: write the score of the golden input and how far it may be off',
    );
  if (preparation.kind === 'scaled-canvas') {
    const { channels, mean, standardDeviation, range } = preparation;
    for (const [name, list] of Object.entries({ mean, standardDeviation })) {
      if (list.length !== channels)
        faults.push(
          `preparation.${name} has ${list.length} numbers; write one for each of ${channels} channels`,
        );
    }
    if (range.low >= range.high) faults.push('preparation.range: low must be below high');
  }
  return faults;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.') || 'top';
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return isMissing ? `${place}: it is missing (${issue.expected} expected)` : `${place}: ${issue.message}`;
}

function shown(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? 'null').join(', ')}]`;
}
