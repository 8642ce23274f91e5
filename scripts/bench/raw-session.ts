// The program of raw-inference.c in Node, through the one file of the service that runs models.
import { createInterface } from 'node:readline';
import { findModel } from '../../src/inference/model-registry.ts';
import { openSession } from '../../workers/onnx-session.ts';

const [, , modelsFolder = '', name = '', version = ''] = process.argv;
const model = await findModel(modelsFolder, name, version);
const session = await openSession(model, ['cpu']);
const { input, golden } = model.manifest;
const size = input.shape.reduce<number>((product, length) => product * (length ?? 1), 1);
const film = Float32Array.from(
  { length: size },
  (_, i) => ((Math.imul(i, golden.input.multiplier) >>> 0) % golden.input.modulus) / golden.input.modulus,
);
process.stdout.write('{}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const startedAtMs = performance.now();
  for (let run = 0; run < Number(line); run += 1) await session.run([film]);
  process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - startedAtMs) / 1000 })}\n`);
}
