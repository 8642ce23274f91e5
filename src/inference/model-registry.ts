/** The models on disk: models/<name>/<version>/model.json beside the model file that it describes. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TriageError } from '../errors.ts';
import type { ModelIdentity } from '../exam/analysis.ts';
import { checkTask, type ModelManifest, NAME, parseManifest, VERSION } from './model-manifest.ts';

/** The model that reads panoramic films. */
export const PANORAMIC_MODEL = 'mandible-contour';

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
      `model ${name} ${version} does not have the digest of its manifest: the file's is ${sha256}`,
    );
  }
  return { identity: { name, version, sha256 }, manifest, bytes };
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

/** The newest version of every model in the folder, by name. */
export async function newestVersions(modelsFolder: string): Promise<Readonly<Record<string, string>>> {
  const versions = await listVersions(modelsFolder);
  return Object.fromEntries(versions.map(({ name, version }) => [name, version]));
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

async function readManifest(folder: string, name: string, version: string): Promise<ModelManifest> {
  const text = await readPart(join(folder, 'model.json'), `the manifest of model ${name} ${version}`);
  const manifest = parseManifest(text.toString(), `the manifest of model ${name} ${version}`);
  if (manifest.name !== name || manifest.version !== version) {
    throw new TriageError(
      'model-invalid',
      `the manifest in ${name}/${version} describes another model: write "name": "${name}" and "version": "${version}"`,
    );
  }
  return manifest;
}

async function readPart(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw new TriageError('model-missing', `${what} cannot be read`, { cause: thrown });
  }
}
