import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import { startWorkerPool } from '../src/inference/worker-pool.ts';
import { openLog } from '../src/telemetry.ts';
import { workerSettings } from '../src/worker-settings.ts';
import { drawTrainingOptions, writePicture } from './phantom/export-training.ts';
import { renderPanoramicPhantom } from './phantom/panoramic-phantom.ts';

// Measures phantoms of known cortical width through the whole product (model, border, foramen, margin) and prints the
// error of MCW. Seeds below 1000 were never trained on.
const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '700' },
    count: { type: 'string', default: '40' },
    json: { type: 'boolean', default: false },
  },
});

interface Reading {
  readonly seed: number;
  readonly side: 'R' | 'L';
  readonly mciClass: string;
  readonly trueMm: number;
  readonly errorMm: number | null;
  readonly standardErrorMm: number | null;
  readonly reason: string | null;
}

const folder = await mkdtemp(join(tmpdir(), 'osteotriage-phantoms-'));
const settings = workerSettings(readConfig().config);
const pool = await startWorkerPool({ ...settings, workers: 1, clock: systemClock, log: openLog('error') });
const readings: Reading[] = [];
try {
  for (let index = 0; index < Number(values.count); index += 1)
    readings.push(...(await readPhantom(Number(values.from) + index)));
} finally {
  await pool.close(1000);
  await rm(folder, { recursive: true, force: true });
}
report();

async function readPhantom(seed: number): Promise<readonly Reading[]> {
  // Widths run evenly from 1.5 to 6 mm; nothing is cut away, so that both sides can be judged.
  const step = (seed - Number(values.from)) / Math.max(1, Number(values.count) - 1);
  const widths = { mcwRightMm: 1.5 + 4.5 * step, mcwLeftMm: 6 - 4.5 * step };
  const options = { ...drawTrainingOptions(seed), ...widths, cropLeftMm: 0, cropRightMm: 0 };
  const { film, truth } = renderPanoramicPhantom(options);
  const path = join(folder, `${seed}.png`);
  await writePicture(film, options.bits, path);
  const { analysis } = await pool.analyse({
    id: String(seed),
    path,
    source: 'picture',
    options: { view: 'panoramic', modality: 'PX', mmPerPx: truth.mmPerPx },
    scratchFolder: null,
    skipEligibility: true,
  });
  return truth.sides.map((side): Reading => {
    const found = analysis.panoramic?.sides.find((other) => other.side === side.side);
    return {
      seed,
      side: side.side,
      mciClass: side.mciClass,
      trueMm: side.mcwMm,
      errorMm: found?.widthMm == null ? null : found.widthMm - side.mcwMm,
      standardErrorMm: found?.uncertaintyPx == null ? null : found.uncertaintyPx * truth.mmPerPx,
      reason: found === undefined ? (analysis.reasons[0]?.code ?? null) : found.reason,
    };
  });
}

function report(): void {
  const errors = readings.flatMap((reading) => (reading.errorMm === null ? [] : [reading.errorMm]));
  const mean = (numbers: readonly number[]) =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const figures = {
    sides: readings.length,
    assessable: errors.length,
    meanAbsoluteErrorMm: Number(mean(errors.map(Math.abs)).toFixed(4)),
    biasMm: Number(mean(errors).toFixed(4)),
    worstMm: Number(Math.max(...errors.map(Math.abs)).toFixed(3)),
  };
  if (!values.json) {
    for (const { seed, side, mciClass, trueMm, errorMm, standardErrorMm, reason } of readings) {
      const found =
        errorMm === null ? (reason ?? '') : `${errorMm.toFixed(3)} ± ${(standardErrorMm ?? 0).toFixed(3)}`;
      process.stdout.write(`${seed} ${side} ${mciClass} ${trueMm.toFixed(2)} mm  ${found}\n`);
    }
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
