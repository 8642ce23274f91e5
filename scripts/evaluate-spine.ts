/**
 * Every figure of the vertebrae from the committed models: `npm run -s evaluate:spine -- --json`. Without `--json` a
 * table for people. `--only kauh,chest,simulated,ct,view,speed` measures some of it, `--overlays DIR` draws what was
 * read on each film there, for looking at; the films in DIR are not ours to give away.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { evaluateViews } from './evaluate-view.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { evaluateCt } from './spine-evaluation/ct-film.ts';
import { drawOtherFilms } from './spine-evaluation/other-overlays.ts';
import { overlaysInto } from './spine-evaluation/overlay-writer.ts';
import { evaluateSpeed } from './spine-evaluation/reading-speed.ts';
import { evaluateChest, evaluateKauh } from './spine-evaluation/real-films.ts';
import { evaluateSimulated } from './spine-evaluation/simulated-films.ts';
import type { SpineFigures } from './spine-evaluation/spine-figures.ts';
import { describeFigures } from './spine-evaluation/spine-table.ts';
import { judgeFigures } from './spine-evaluation/spine-targets.ts';

const FILMS_MAX = 1000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    data: { type: 'string', default: join(PROJECT_FOLDER, '../shared/data') },
    only: { type: 'string' },
    films: { type: 'string', default: '60' },
    overlays: { type: 'string' },
  },
});
const { data } = values;
const overlays = values.overlays === undefined ? null : await overlaysInto(values.overlays);
const films = Number(values.films);

/** Each part can be measured alone; without `--only` all are, in this order. */
const PARTS: { readonly [Part in keyof Required<SpineFigures>]: () => Promise<SpineFigures[Part]> } = {
  kauh: () => evaluateKauh(data, overlays),
  chest: () => evaluateChest(data, overlays),
  simulated: () => evaluateSimulated(films, overlays, (done) => say(`simulated film ${done} of ${films}`)),
  ct: () => evaluateCt(data, overlays),
  view: () => evaluateViews(data),
  speed: evaluateSpeed,
};

if (!Number.isInteger(films) || films < 1 || films > FILMS_MAX) refuse(`--films takes 1 to ${FILMS_MAX}`);
const names = Object.keys(PARTS) as (keyof SpineFigures)[];
const wanted = values.only?.split(',') ?? names;
const unknown = wanted.find((name) => !names.some((known) => known === name));
if (unknown !== undefined) refuse(`--only knows ${names.join(', ')}, not ${unknown}`);

const figures: Record<string, unknown> = {};
for (const name of names.filter((known) => wanted.includes(known))) {
  say(`measuring ${name} …`);
  try {
    figures[name] = await PARTS[name]();
  } catch (thrown) {
    // What the other parts found must not be lost with this one.
    process.stderr.write(`\n${name} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 1;
  }
}
if (overlays !== null) await drawOtherFilms(data, overlays);
const measured = figures as SpineFigures;
const targets = judgeFigures(measured);
process.stdout.write(
  values.json ? `${JSON.stringify({ targets, ...measured })}\n` : `${describeFigures(measured, targets)}\n`,
);

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}
