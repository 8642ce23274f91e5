import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PANORAMIC_MODEL } from '../inference/model-registry.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';

const SHIPPED = join(PROJECT_FOLDER, 'models', PANORAMIC_MODEL, '1.1.0');

/** Puts the shipped model of the foramina, which panoramic films need as well, into a models folder. */
export function installForamenModel(modelsFolder: string): void {
  const shipped = join(PROJECT_FOLDER, 'models', 'mental-foramen');
  cpSync(shipped, join(modelsFolder, 'mental-foramen'), { recursive: true });
}

/** How a version differs from the shipped one. */
export interface VersionChange {
  /** Calls nothing a panoramic film that is not at least so sure; above 1 is refused by the manifest. */
  readonly panoramicThreshold?: number;
  /** What the golden run is said to give: a version that does not reproduce it cannot be loaded. */
  readonly goldenPanoramic?: number;
  /** Changes the file after its digest was written down. */
  readonly spoilt?: boolean;
  /** Changes values within the graph; the digest is that of what comes out. */
  readonly editGraph?: (bytes: Buffer) => void;
}

/** Puts a version into a models folder that is the shipped one but for what is changed; answers its folder. */
export function installVersion(modelsFolder: string, version: string, change: VersionChange = {}): string {
  const folder = join(modelsFolder, PANORAMIC_MODEL, version);
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(SHIPPED, 'model.json'), 'utf8')) as {
    sha256: string;
    version: string;
    thresholds: Record<string, number>;
    golden: { outputs: Record<string, number> };
  };
  manifest.version = version;
  const bytes = readFileSync(join(SHIPPED, 'model.onnx'));
  change.editGraph?.(bytes);
  manifest.sha256 = createHash('sha256').update(bytes).digest('hex');
  if (change.panoramicThreshold !== undefined) manifest.thresholds['panoramic'] = change.panoramicThreshold;
  if (change.goldenPanoramic !== undefined) manifest.golden.outputs['panoramic'] = change.goldenPanoramic;
  if (change.spoilt === true) bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(join(folder, 'model.onnx'), bytes);
  // Last, and whole at once: a folder without its manifest is not looked at as a version that can be used.
  writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
  return folder;
}
