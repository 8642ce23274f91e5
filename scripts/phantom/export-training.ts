import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { Film } from './film-finish.ts';
import { renderOtherPhantom } from './other-phantoms.ts';
import type { PhantomOptions } from './panoramic-phantom.ts';
import { renderPanoramicPhantom } from './panoramic-phantom.ts';
import { createSeededRandom, pickOne } from './seeded-random.ts';

/** Chooses a film at random for training: size, look, widths from 1.5 to 6 mm, teeth. */
export function drawTrainingOptions(seed: number): PhantomOptions {
  const random = createSeededRandom(seed * 61 + 12);
  const columns = 2 * Math.round(random.between(1000, 1550));
  const mcwRightMm = random.between(1.5, 6);
  const mcwLeftMm = Math.min(6, Math.max(1.5, mcwRightMm + random.between(-1.2, 1.2)));
  const mciRight = pickOne(random, ['C1', 'C1', 'C2', 'C3'] as const);
  const cut = random.next();
  return {
    seed,
    columns,
    rows: 2 * Math.round((columns * random.between(0.4, 0.45)) / 2),
    bits: pickOne(random, [8, 10, 12, 12, 14, 16]),
    mcwRightMm,
    mcwLeftMm,
    mciRight,
    mciLeft: random.next() < 0.7 ? mciRight : pickOne(random, ['C1', 'C2', 'C3'] as const),
    dentition: pickOne(random, ['full', 'full', 'partial', 'none', 'mixed'] as const),
    filmWidthMm: random.between(280, 310),
    scale: random.between(0.88, 1.04),
    foramenHeightMm: random.between(14, 20),
    foramenDepth: random.between(0.05, 0.14),
    blurPx: random.between(0.5, 1.8),
    noise: random.between(0.004, 0.02),
    gamma: random.between(0.75, 1.25),
    exposure: random.between(0.85, 1.25),
    cropLeftMm: cut < 0.06 ? random.between(20, 60) : 0,
    cropRightMm: cut > 0.94 ? random.between(20, 60) : 0,
  };
}

/** Writes a film as a 16-bit grey PNG. */
export async function writePicture(film: Film, bits: number, path: string): Promise<void> {
  // PNG holds 16 bits; samples are moved up, so that white is white whatever the depth was.
  const samples = film.samples.map((sample) => sample * 2 ** (16 - bits));
  const raw = { width: film.columns, height: film.rows, channels: 1 as const };
  await sharp(samples, { raw }).toColourspace('grey16').png({ compressionLevel: 3 }).toFile(path);
}

async function exportFilms(from: number, to: number, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (let seed = from; seed <= to; seed += 1) {
    const options = drawTrainingOptions(seed);
    const { film, truth } = renderPanoramicPhantom(options);
    await writePicture(film, options.bits, join(directory, `phantom-${seed}.png`));
    await writeFile(join(directory, `phantom-${seed}.json`), JSON.stringify({ options, truth }));
  }
}

async function exportNegatives(from: number, count: number, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (let seed = from; seed < from + count; seed += 1) {
    const kind = pickOne(createSeededRandom(seed), ['step-wedge', 'hand', 'spine-lateral', 'chest'] as const);
    const film = renderOtherPhantom({ kind, seed, columns: 1600, rows: 1100 + 40 * (seed % 20), bits: 12 });
    await writePicture(film, 12, join(directory, `other-${seed}-${kind}.png`));
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seeds: { type: 'string' }, others: { type: 'string' }, out: { type: 'string' } },
  });
  const directory = values.out ?? '/tmp/phantoms';
  const [from, to] = (values.seeds ?? '').split('-').map(Number);
  if (from !== undefined && from > 0) await exportFilms(from, to ?? from, directory);
  if (values.others !== undefined) await exportNegatives(9000, Number(values.others), directory);
}
