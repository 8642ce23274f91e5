import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createSeededRandom } from './seeded-random.ts';
import type { LookSet } from './spine/film-look.ts';
import type { SpineFilmKind } from './spine/spine-phantom.ts';
import { renderSpine } from './spine/spine-phantom.ts';

/** The kind of the film with this seed: of a mixed set two in seven are films of the chest. */
function kindOf(wanted: string, seed: number): SpineFilmKind {
  if (wanted === 'mixed') return seed % 7 < 2 ? 'chest-lateral' : 'spine-lateral';
  return wanted === 'chest-lateral' ? 'chest-lateral' : 'spine-lateral';
}

async function exportFilm(
  seed: number,
  kind: SpineFilmKind,
  look: LookSet,
  directory: string,
): Promise<void> {
  const { film, truth } = renderSpine({ seed, kind, look });
  const raw = { width: film.columns, height: film.rows, channels: 1 as const };
  const name = join(directory, `${kind}-${seed}`);
  const random = createSeededRandom(seed * 7 + 3);
  const picture = sharp(Uint8Array.from(film.samples), { raw });
  // Many films have been through a lossy codec once.
  const lossy = random.next() < 0.4;
  const kept = lossy
    ? sharp(await picture.jpeg({ quality: Math.round(random.between(35, 85)) }).toBuffer())
    : picture;
  await kept.toColourspace('b-w').png({ compressionLevel: 2 }).toFile(`${name}.png`);
  await writeFile(`${name}.json`, JSON.stringify(truth));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000-1009' },
      kind: { type: 'string', default: 'mixed' },
      looks: { type: 'string', default: 'training' },
      out: { type: 'string', default: '/tmp/spine-phantoms' },
    },
  });
  const [from = 1, to = from] = values.seeds.split('-').map(Number);
  await mkdir(values.out, { recursive: true });
  for (let seed = from; seed <= to; seed += 1) {
    const look = values.looks === 'held-out' ? 'held-out' : 'training';
    await exportFilm(seed, kindOf(values.kind, seed), look, values.out);
  }
}
