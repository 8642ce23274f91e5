/** The models on disk: models/<name>/<version>/model.json beside the model file that it describes. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { TriageError } from '../errors.ts';
import type { ModelIdentity } from '../exam/analysis.ts';

const shape = z.array(z.number().int().min(1).nullable()).min(1);

const manifestSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
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
  threshold: z.object({
    panoramic: z.number().min(0).max(1),
    borderPresence: z.number().min(0).max(1),
    foramen: z.number().min(0).max(1),
  }),
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

async function newestVersion(folder: string, name: string): Promise<string> {
  const entries = await readdir(folder).catch(() => []);
  const versions = entries.filter((entry) => /^\d+\.\d+\.\d+$/.test(entry)).sort(compareVersions);
  const newest = versions.at(-1);
  if (newest === undefined) throw new TriageError('model-missing', `there is no model ${name}`);
  return newest;
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
