/** The models on disk: models/<name>/<version>/model.json beside the model file that it describes. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { TriageError } from '../errors.ts';
import type { ModelIdentity } from '../exam/analysis.ts';

/** What a model is for, and the outputs and thresholds that whoever measures with it goes by. */
const TASKS = {
  panoramic: {
    outputs: ['border', 'borderSpread', 'borderPresence', 'foramen', 'panoramic'],
    thresholds: ['panoramic'],
  },
} as const;

/** A task of the manifest. */
export type ModelTask = keyof typeof TASKS;

const VERSION = /^\d+\.\d+\.\d+$/;
const NAME = /^[a-z][a-z0-9-]*$/;

const shape = z.array(z.number().int().min(1).nullable()).min(1);

const manifestSchema = z.object({
  name: z.string().regex(NAME),
  version: z.string().regex(VERSION),
  task: z.enum(Object.keys(TASKS) as [ModelTask, ...ModelTask[]]),
  // A bare file name: a manifest must not reach outside its own folder.
  file: z.string().refine((name) => basename(name) === name && name !== '..' && name !== '.'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** null stands for the number of films in the batch. */
  input: z.object({ name: z.string(), shape, type: z.literal('float32') }),
  outputs: z.array(z.object({ name: z.string(), shape })).min(1),
  preparation: z.object({
    kind: z.literal('letterbox-area-average'),
    columns: z.number().int().min(1),
    rows: z.number().int().min(1),
    percentileLow: z.number().min(0).max(100),
    percentileHigh: z.number().min(0).max(100),
  }),
  /** By name; which ones there must be is the task's. */
  thresholds: z.record(z.string(), z.number().min(0).max(1)),
  batchSizeMax: z.number().int().min(1),
  golden: z.object({
    input: z.object({
      kind: z.literal('hashed-noise'),
      multiplier: z.number().int(),
      modulus: z.number().int().min(2),
    }),
    /** `panoramic`, or `borderMean` for the mean of the output `border`. */
    outputs: z.record(z.string(), z.number()),
    tolerance: z.record(z.string(), z.number().positive()),
  }),
});

/** The model that reads panoramic films. */
export const PANORAMIC_MODEL = 'mandible-contour';

/** What a model's manifest says. */
export type ModelManifest = z.output<typeof manifestSchema>;

/** A model that was found whole on disk. */
export interface RegisteredModel {
  readonly identity: ModelIdentity;
  readonly manifest: ModelManifest;
  /** The bytes whose digest was checked, so that nothing can change between the check and the load. */
  readonly bytes: Uint8Array;
}

/**
 * Finds a model, the newest version unless one is pinned, and checks its digest. Throws model-missing where
 * there is none and model-invalid where manifest and file do not fit.
 */
export async function findModel(modelsFolder: string, name: string, pin?: string): Promise<RegisteredModel> {
  const version = pin ?? (await newestVersion(join(modelsFolder, name), name));
  const folder = join(modelsFolder, name, version);
  const manifest = await readManifest(folder, name, version);
  checkTask(manifest);
  const bytes = await readPart(join(folder, manifest.file), `the file of model ${name} ${version}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== manifest.sha256) {
    throw new TriageError(
      'model-invalid',
      `model ${name} ${version} does not have the digest of its manifest`,
    );
  }
  return { identity: { name, version, sha256 }, manifest, bytes };
}

/** A threshold of the manifest; the registry has seen that the task's own are there. */
export function thresholdOf({ name, thresholds }: ModelManifest, threshold: string): number {
  const value = thresholds[threshold];
  if (value === undefined)
    throw new TriageError('model-invalid', `model ${name} has no threshold ${threshold}`);
  return value;
}

/** Every version of every model in the folder, whole or not, by name and from old to new. */
export async function listVersions(
  modelsFolder: string,
): Promise<readonly { readonly name: string; readonly version: string }[]> {
  const names = (await readdir(modelsFolder).catch(() => [])).filter((entry) => NAME.test(entry)).sort();
  const lists = await Promise.all(
    names.map(async (name) =>
      (await versionsIn(join(modelsFolder, name))).map((version) => ({ name, version })),
    ),
  );
  return lists.flat();
}

/** Orders versions by number, not by letter: 1.10.0 is newer than 1.9.0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let part = 0; part < 3; part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function versionsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries.filter((entry) => VERSION.test(entry)).sort(compareVersions);
}

async function newestVersion(folder: string, name: string): Promise<string> {
  const newest = (await versionsIn(folder)).at(-1);
  if (newest === undefined) throw new TriageError('model-missing', `there is no model ${name}`);
  return newest;
}

function checkTask({ name, version, task, outputs, thresholds }: ModelManifest): void {
  const needs = TASKS[task];
  const missing = [
    ...needs.outputs
      .filter((output) => !outputs.some((given) => given.name === output))
      .map((output) => `the output ${output}`),
    ...needs.thresholds
      .filter((threshold) => thresholds[threshold] === undefined)
      .map((threshold) => `the threshold ${threshold}`),
  ];
  if (missing.length > 0) {
    throw new TriageError(
      'model-invalid',
      `model ${name} ${version} lacks ${missing.join(' and ')} of its task ${task}`,
    );
  }
}

async function readManifest(folder: string, name: string, version: string): Promise<ModelManifest> {
  const text = await readPart(join(folder, 'model.json'), `the manifest of model ${name} ${version}`);
  let content: unknown;
  try {
    content = JSON.parse(text.toString());
  } catch {
    throw new TriageError('model-invalid', `the manifest of model ${name} ${version} is no JSON`);
  }
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const what = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
    throw new TriageError('model-invalid', `the manifest of model ${name} ${version} is wrong at ${what}`);
  }
  if (parsed.data.name !== name || parsed.data.version !== version) {
    throw new TriageError('model-invalid', `the manifest in ${name}/${version} describes another model`);
  }
  return parsed.data;
}

async function readPart(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw new TriageError('model-missing', `${what} cannot be read`, { cause: thrown });
  }
}
