/** What stands in the models folder at this moment, whole or not. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asTriageError } from '../errors.ts';
import { findModel, listVersions } from './model-registry.ts';
import { slotsOf } from './model-slots.ts';

/** A version in the models folder. */
export interface InstalledModel {
  readonly name: string;
  readonly version: string;
  /** Digest of the file, where manifest and file fit; else null. */
  readonly sha256: string | null;
  /** Why it cannot be used; null where it is whole. */
  readonly fault: string | null;
  /** What it is for (model-slots.ts); nothing where it is not whole. */
  readonly slots: readonly string[];
}

/** Looks at the models folder; a version that has not changed since the last look is not read again. */
export class ModelShelf {
  readonly folder: string;
  #known = new Map<string, InstalledModel>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Every version by name, from old to new. */
  async look(): Promise<readonly InstalledModel[]> {
    const seen = new Map<string, InstalledModel>();
    const found: InstalledModel[] = [];
    for (const { name, version } of await listVersions(this.folder)) {
      const mark = await this.#markOf(name, version);
      const known = mark === null ? undefined : this.#known.get(mark);
      const model = known ?? (await this.#read(name, version));
      found.push(model);
      if (mark !== null) seen.set(mark, model);
    }
    this.#known = seen;
    return found;
  }

  async #read(name: string, version: string): Promise<InstalledModel> {
    try {
      const { identity, manifest } = await findModel(this.folder, name, version);
      return { name, version, sha256: identity.sha256, fault: null, slots: slotsOf(manifest) };
    } catch (thrown) {
      const fault = asTriageError(thrown, 'model-invalid').message;
      return { name, version, sha256: null, fault, slots: [] };
    }
  }

  /** Changes when a file of the version does: names, sizes and times of everything in its folder; null: it changes now. */
  async #markOf(name: string, version: string): Promise<string | null> {
    const folder = join(this.folder, name, version);
    const entries = (await readdir(folder).catch(() => [])).sort();
    const marks = await Promise.all(
      entries.map(async (entry) => {
        const { size, mtimeMs, ctimeMs } = await stat(join(folder, entry));
        return `${entry} ${size} ${mtimeMs} ${ctimeMs}`;
      }),
    ).catch(() => null);
    return marks === null ? null : [name, version, ...marks].join('\n');
  }
}
