// What a user would write beside an Orthanc today: ask for stable studies, fetch, prepare, run the model, keep the answer.
// It knows nothing of this service: one process with the model resident, the libraries' own defaults, and no report.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import dicomParser from 'dicom-parser';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const POLL_MS = 100;
const [, , orthancUrl = '', modelFolder = '', resultFolder = ''] = process.argv;
const manifest = JSON.parse(await readFile(join(modelFolder, 'model.json'), 'utf8')) as {
  readonly file: string;
  readonly input: { readonly name: string };
  readonly preparation: {
    readonly columns: number;
    readonly rows: number;
    readonly percentileLow: number;
    readonly percentileHigh: number;
  };
};
const { columns, rows, percentileLow, percentileHigh } = manifest.preparation;
const session = await InferenceSession.create(join(modelFolder, manifest.file));
process.stdout.write('ready\n');

for (let since = 0; ;) {
  try {
    const { Changes } = (await ask(`changes?since=${since}&limit=100`)) as {
      readonly Changes: readonly { readonly ChangeType: string; readonly ID: string; readonly Seq: number }[];
    };
    for (const { ChangeType, ID, Seq } of Changes) {
      if (ChangeType === 'StableStudy') await readStudy(ID);
      since = Seq;
    }
    if (Changes.length === 0) await delay(POLL_MS);
  } catch {
    // Orthanc ends a connection that is too slow for it: the same study is asked for again.
    await delay(POLL_MS);
  }
}

async function readStudy(study: string): Promise<void> {
  const instances = (await ask(`studies/${study}/instances`)) as readonly { readonly ID: string }[];
  for (const { ID } of instances) {
    const file = await fetch(new URL(`instances/${ID}/file`, orthancUrl));
    const image = dicomParser.parseDicom(new Uint8Array(await file.arrayBuffer()));
    const answers = await session.run({
      [manifest.input.name]: new Tensor('float32', prepare(image), [1, 1, rows, columns]),
    });
    const found = Object.fromEntries(
      Object.entries(answers).map(([name, { data }]) => [name, [...data].map(Number)]),
    );
    const path = join(resultFolder, `${image.string('x00080018') ?? ''}.json`);
    await writeFile(`${path}.part`, JSON.stringify(found));
    await rename(`${path}.part`, path);
  }
}

/** Uncompressed 16-bit pixels to the model's input: percentiles to 0..1, area average, the rest black. */
function prepare(image: dicomParser.DataSet): Float32Array {
  const [height, width] = [image.uint16('x00280010') ?? 0, image.uint16('x00280011') ?? 0];
  const element = image.elements['x7fe00010'];
  const bytes = image.byteArray.slice(element?.dataOffset, (element?.dataOffset ?? 0) + width * height * 2);
  const samples = new Uint16Array(bytes.buffer);
  const [low, high] = percentiles(samples);
  const scale = Math.min(columns / width, rows / height);
  const [shownColumns, shownRows] = [Math.round(width * scale), Math.round(height * scale)];
  const [left, top] = [(columns - shownColumns) >> 1, (rows - shownRows) >> 1];
  const tensor = new Float32Array(columns * rows);
  for (let y = 0; y < shownRows; y += 1) {
    const [fromY, toY] = [Math.floor((y * height) / shownRows), Math.ceil(((y + 1) * height) / shownRows)];
    for (let x = 0; x < shownColumns; x += 1) {
      const [fromX, toX] = [
        Math.floor((x * width) / shownColumns),
        Math.ceil(((x + 1) * width) / shownColumns),
      ];
      let sum = 0;
      for (let sourceY = fromY; sourceY < toY; sourceY += 1)
        for (let at = sourceY * width + fromX; at < sourceY * width + toX; at += 1) sum += samples[at] ?? 0;
      const mean = sum / ((toX - fromX) * (toY - fromY));
      tensor[(top + y) * columns + left + x] = Math.min(1, Math.max(0, (mean - low) / (high - low)));
    }
  }
  return tensor;
}

function percentiles(samples: Uint16Array): readonly [number, number] {
  const counts = new Uint32Array(65_536);
  for (const sample of samples) counts[sample] = (counts[sample] ?? 0) + 1;
  const valueAt = (percent: number): number => {
    let left = (percent / 100) * samples.length;
    return counts.findIndex((count) => (left -= count) <= 0);
  };
  return [valueAt(percentileLow), valueAt(percentileHigh)];
}

async function ask(path: string): Promise<unknown> {
  return (await fetch(new URL(path, orthancUrl))).json();
}
