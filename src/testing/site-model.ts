import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TinyNetwork, writeTinyOnnx } from './tiny-onnx.ts';

/** The name that a site gave its model. */
export const SITE_MODEL = 'our-bone-density';

const [ROWS, COLUMNS] = [48, 40];
const NETWORK: TinyNetwork = {
  ...{ input: 'x.1', output: '/classifier/Gemm_output_0', channels: 3, rows: ROWS, columns: COLUMNS },
  // The second value is the brighter the film the larger: a clear film has thin bones, says this model.
  weights: [
    [0, 0, 0, 0],
    [1, 2, 1, 0.5],
  ],
};

/** The score that the network gives for an input of noise as manifests describe it, after a sigmoid. */
function goldenScore(multiplier: number, modulus: number): number {
  const plane = ROWS * COLUMNS;
  const meanOf = (channel: number): number => {
    let sum = 0;
    for (let i = channel * plane; i < (channel + 1) * plane; i++)
      sum += ((Math.imul(i, multiplier) >>> 0) % modulus) / modulus;
    return sum / plane;
  };
  return 1 / (1 + Math.exp(-(meanOf(0) + 2 * meanOf(1) + meanOf(2) + 0.5)));
}

/** A whole manifest of a site's own model, as docs/operations.md describes it. */
export function siteManifest() {
  const golden = { kind: 'hashed-noise', multiplier: 2_654_435_761, modulus: 1000 };
  return {
    name: SITE_MODEL,
    version: '1.0.0',
    task: 'low-bone-density',
    file: 'model.onnx',
    sha256: createHash('sha256').update(writeTinyOnnx(NETWORK)).digest('hex'),
    input: { name: NETWORK.input, shape: [null, 3, ROWS, COLUMNS], type: 'float32' },
    outputs: [{ name: NETWORK.output, shape: [null, 2] }],
    preparation: {
      kind: 'scaled-canvas',
      ...{ columns: COLUMNS, rows: ROWS, fit: 'stretch', channels: 3 },
      range: { kind: 'fixed', low: 0, high: 4095 },
      mean: [0.485, 0.456, 0.406],
      standardDeviation: [0.229, 0.224, 0.225],
    },
    views: ['chest-frontal', 'spine-frontal'],
    score: { output: NETWORK.output, index: 1, activation: 'sigmoid' },
    thresholds: { lowBoneDensity: 0.6 },
    batchSizeMax: 1,
    golden: {
      input: golden,
      outputs: { score: goldenScore(golden.multiplier, golden.modulus) },
      tolerance: { score: 0.0001 },
    },
  };
}

/** Puts it into a models folder, with what a test changes of the text of its manifest. */
export function installSiteModel(
  modelsFolder: string,
  edit: (text: string) => string = (text) => text,
  { name, version } = { name: SITE_MODEL, version: '1.0.0' },
): void {
  const folder = join(modelsFolder, name, version);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), writeTinyOnnx(NETWORK));
  writeFileSync(join(folder, 'model.json'), edit(JSON.stringify({ ...siteManifest(), name, version })));
}
