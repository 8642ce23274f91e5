// Reads drawn cortices of seeds that were never fitted (700 to 739) with the shipped coefficients; drawn down, read across.
//   node models/training/cortical-index/check-phantoms.ts
import { drawCortexStrip } from '../../../scripts/phantom/cortex-strip.ts';
import { readCorticalIndex } from '../../../src/measure/cortical-index.ts';

const CLASSES = ['C1', 'C2', 'C3'] as const;
const SEEDS = Array.from({ length: 40 }, (_, index) => 700 + index);

const table = CLASSES.map((drawn) => {
  const read = SEEDS.map((seed) => readCorticalIndex(drawCortexStrip(seed, drawn))?.class ?? null);
  return [...CLASSES, null].map((name) => read.filter((one) => one === name).length);
});
const assessable = table.flatMap((row) => row.slice(0, 3)).reduce((sum, count) => sum + count, 0);
const right = table.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
process.stdout.write(
  `${JSON.stringify({ table, assessable, agreement: Number((right / assessable).toFixed(3)) })}\n`,
);
