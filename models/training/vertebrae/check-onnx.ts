// Compares a published model with torch's answers (publish.py writes them): node check-onnx.mjs <models folder> <name>
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

const [folder = 'models', name = 'vertebra-points'] = process.argv.slice(2);
const base = join(folder, name, '1.0.0');
const manifest = JSON.parse(await readFile(join(base, 'model.json'), 'utf8'));
const check = join(import.meta.dirname, 'build/check', name);
const read = async (file) => new Float32Array((await readFile(join(check, `${file}.bin`))).buffer.slice(0));
const session = await ort.InferenceSession.create(join(base, 'model.onnx'), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const image = await read('image');
const dims = [3, ...manifest.input.shape.slice(1)];
const feed = { image: new ort.Tensor('float32', image, dims) };
let answers = await session.run(feed);
for (const { name: output } of manifest.outputs) {
  const wanted = await read(output);
  const got = answers[output].data;
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
  console.log(name, output, answers[output].dims.join('x'), 'largest difference', worst.toExponential(2));
}
const one = { image: new ort.Tensor('float32', image.slice(0, image.length / 3), [1, ...dims.slice(1)]) };
const times = [];
for (let run = 0; run < 15; run++) {
  const start = performance.now();
  await session.run(one);
  times.push(performance.now() - start);
}
console.log(name, 'ms for one', times.sort((a, b) => a - b)[7].toFixed(1));
