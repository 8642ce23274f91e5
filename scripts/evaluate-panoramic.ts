/**
 * Every figure of the panoramic way from the committed models: `npm run -s evaluate:panoramic -- --json`. Without
 * `--json` a table for people. `--only border,width,foramen,class,looks,phantoms,uncertainty,speed` measures some of it,
 * `--overlays DIR` draws what was read on each film there, for looking at; the films in DIR are not ours to give away.
 * `--looks-films N` takes N films of each fold for the other looks (3).
 * `--data DIR --mm-per-px N` measures border, width and foramen on a site's own labelled films with the shipped models.
 */
import process from 'node:process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { drawPhantoms } from './bench/panoramic-films.ts';
import { timeWorker } from './evaluation/worker-speed.ts';
import { summariseBorder } from './panoramic-evaluation/border-figures.ts';
import { summariseClasses } from './panoramic-evaluation/class-figures.ts';
import { summariseForamina } from './panoramic-evaluation/foramen-figures.ts';
import { openSiteFilms, openTrainingFilms } from './panoramic-evaluation/labelled-folder.ts';
import type { PanoramicFigures } from './panoramic-evaluation/panoramic-figures.ts';
import { describePanoramic } from './panoramic-evaluation/panoramic-table.ts';
import { judgePanoramic } from './panoramic-evaluation/panoramic-targets.ts';
import { evaluateLooks } from './panoramic-evaluation/looked-films.ts';
import { readPaintedFilms } from './panoramic-evaluation/painted-films.ts';
import { readPhantoms, summarisePhantoms } from './panoramic-evaluation/phantom-films.ts';
import { readRealFilms } from './panoramic-evaluation/real-readings.ts';
import { summariseUncertainty } from './panoramic-evaluation/uncertainty-figures.ts';
import { summariseWidths } from './panoramic-evaluation/width-figures.ts';

const SPEED_FILMS = 15;
const LOOKS_FILMS_MAX = 20;
const TRAINING_FILMS = join(PROJECT_FOLDER, '../shared/data/panoramic');
const MM_PER_PX = { min: 0.02, max: 0.5 };

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    overlays: { type: 'string' },
    data: { type: 'string' },
    'mm-per-px': { type: 'string' },
    'looks-films': { type: 'string', default: '3' },
  },
});
const overlays = values.overlays ?? null;
const looksFilms = Number(values['looks-films']);
const films = once(openFilms);
const readings = once(async () => readRealFilms(await films(), overlays, sayFilm('film')));
const phantoms = once(() => readPhantoms(overlays, sayFilm('phantom')));

/** Each part can be measured alone; without `--only` all are, in this order. */
const PARTS: { readonly [Part in keyof Required<PanoramicFigures>]: () => Promise<PanoramicFigures[Part]> } =
  {
    border: async () => summariseBorder(await readings()),
    width: async () => summariseWidths(await readings()),
    foramen: async () => summariseForamina(await readings()),
    class: async () => summariseClasses(await readings()),
    looks: async () => evaluateLooks(await films(), looksFilms, overlays, sayFilm('film with every look')),
    phantoms: async () =>
      summarisePhantoms(
        await phantoms(),
        await readPaintedFilms(await films(), overlays, sayFilm('painted film')),
      ),
    uncertainty: async () => summariseUncertainty(await readings(), await phantoms()),
    speed: async () => timeWorker(await drawPhantoms(), SPEED_FILMS),
  };
/** The others need the folds, or no films at all. */
const SITE_PARTS = ['border', 'width', 'foramen'];

const names = Object.keys(PARTS) as (keyof PanoramicFigures)[];
const known = values.data === undefined ? names : names.filter((name) => SITE_PARTS.includes(name));
const wanted = values.only?.split(',') ?? known;
const unknown = wanted.find((name) => !known.some((one) => one === name));
if (!Number.isInteger(looksFilms) || looksFilms < 1 || looksFilms > LOOKS_FILMS_MAX)
  refuse(`--looks-films takes 1 to ${LOOKS_FILMS_MAX}, for each fold`);
if (unknown !== undefined) refuse(`--only knows ${known.join(', ')}, not ${unknown}`);

// A wrong folder is told once, before anything is measured.
if (values.data !== undefined) await films().catch((thrown: unknown) => refuse(messageOf(thrown)));
const figures: Record<string, unknown> = {};
for (const name of known.filter((one) => wanted.includes(one))) {
  say(`measuring ${name} …`);
  try {
    figures[name] = await PARTS[name]();
  } catch (thrown) {
    // What the other parts found must not be lost with this one.
    process.stderr.write(`\n${name} failed: ${messageOf(thrown)}\n`);
    process.exitCode = 1;
  }
}
say('');
const measured = figures as PanoramicFigures;
const targets = judgePanoramic(measured);
process.stdout.write(
  values.json ? `${JSON.stringify({ targets, ...measured })}\n` : `${describePanoramic(measured, targets)}\n`,
);

function openFilms(): ReturnType<typeof openTrainingFilms> {
  if (values.data === undefined) return openTrainingFilms(TRAINING_FILMS);
  const mmPerPx = Number(values['mm-per-px']);
  if (!(mmPerPx >= MM_PER_PX.min && mmPerPx <= MM_PER_PX.max))
    refuse(`with --data say --mm-per-px, the detector's scale, ${MM_PER_PX.min} to ${MM_PER_PX.max}`);
  return openSiteFilms(values.data, mmPerPx);
}

/** The same work is done once for all parts that need it. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let begun: Promise<Result> | undefined;
  return () => (begun ??= work());
}

function sayFilm(what: string): (done: number, of: number) => void {
  return (done, of) => {
    say(`${what} ${done} of ${of}`);
  };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}
