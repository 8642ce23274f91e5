import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { findModel, PANORAMIC_MODEL, type RegisteredModel } from '../../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { type BenchPart, type BenchSize, inFolder, roundsOf, say } from './bench-run.ts';
import { startBenchService } from './bench-service.ts';
import { finishRate } from './fair-share.ts';
import { openHeldFilms } from './held-films.ts';
import { drawPhantoms } from './panoramic-films.ts';
import { allowedCores } from './processor-cores.ts';
import { type RunProgram, runsPerSecond, startRunProgram } from './run-program.ts';
import { judge } from './targets.ts';

const MODELS_FOLDER = join(PROJECT_FOLDER, 'models');

/**
 * Our films a second beside what the library alone makes of the same graph, in C and in Node, each in one process of
 * one thread on every core. The rounds take turns, and all programs stay loaded.
 */
export function benchRaw(size: BenchSize): Promise<BenchPart> {
  return inFolder(async (folder) => {
    const model = await findModel(MODELS_FOLDER, PANORAMIC_MODEL);
    const program = await compileRawInference(folder);
    if (typeof program !== 'string') return { figures: [], details: program };
    const cores = allowedCores();
    const programs = (start: () => Promise<RunProgram>) => Promise.all(cores.map(start));
    const { name, version } = model.identity;
    say(`raw: ${name} ${version} in C and in Node, ${cores.length} processes each`);
    const inC = await programs(() => startRunProgram(program, rawFlags(model)));
    const session = join(import.meta.dirname, 'raw-session.ts');
    const inNode = await programs(() =>
      startRunProgram(process.execPath, [session, MODELS_FOLDER, name, version]),
    );
    const films = await openHeldFilms(join(folder, 'data'), await drawPhantoms());
    const service = await startBenchService(join(folder, 'data'), cores.length);
    const [runs, count] = size.quick ? [5, 6] : [40, 40];
    const rates = { c: [] as number[], oneC: [] as number[], node: [] as number[], ours: [] as number[] };
    try {
      for (const { round, counts } of roundsOf(size)) {
        say(`raw: round ${round} of ${size.rounds}`);
        const c = await runsPerSecond(inC, runs);
        const oneC = await runsPerSecond(inC.slice(0, 1), runs);
        const node = await runsPerSecond(inNode, runs);
        const ours = finishRate(await films.finishedMs(await films.queue(count), count));
        if (!counts) continue;
        for (const [kind, rate] of Object.entries({ c, oneC, node, ours }))
          rates[kind as keyof typeof rates].push(rate);
      }
      const [check] = await Promise.all(inC.slice(0, 1).map((each) => each.run(1)));
      requireGolden(model, check?.means ?? []);
    } finally {
      for (const each of [...inC, ...inNode]) each.stop();
      await films.close();
      await service.stop();
    }
    const over = (above: readonly number[], below: readonly number[]) =>
      above.map((rate, index) => rate / (below[index] ?? Number.NaN));
    return {
      figures: [
        judge('raw.filmsPerRun', over(rates.ours, rates.c), name),
        judge('raw.nodeOverC', over(rates.node, rates.c), name),
        judge('raw.runsPerSecond', rates.c, name),
        judge('raw.cores', over(rates.c, rates.oneC), name),
      ],
      details: { model: `${name} ${version}`, processes: cores.length, threadsEach: 1, runsPerSecond: rates },
    };
  });
}

/** Builds the C program against the library of the npm package; where that cannot be done, says why. */
async function compileRawInference(folder: string): Promise<string | { readonly left: string }> {
  if (spawnSync('gcc', ['--version']).error !== undefined)
    return { left: 'there is no gcc: raw inference was left out' };
  const bin = join(PROJECT_FOLDER, 'node_modules', 'onnxruntime-node', 'bin');
  const [napi = ''] = await readdir(bin);
  const libraries = join(bin, napi, process.platform, process.arch);
  const library = (await readdir(libraries)).find((file) => file.startsWith('libonnxruntime.so'));
  if (library === undefined) return { left: `there is no library in ${libraries}` };
  const program = join(folder, 'raw-inference');
  const source = join(import.meta.dirname, 'raw-inference.c');
  const flags = ['-O2', '-std=c11', '-D_POSIX_C_SOURCE=200809L', '-o', program, source];
  const built = spawnSync('gcc', [...flags, join(libraries, library), `-Wl,-rpath,${libraries}`], {
    encoding: 'utf8',
  });
  return built.status === 0 ? program : { left: `gcc failed: ${built.stderr.slice(0, 500)}` };
}

function rawFlags({ identity, manifest }: RegisteredModel): readonly string[] {
  const path = join(MODELS_FOLDER, identity.name, identity.version, manifest.file);
  const { input, golden, outputs } = manifest;
  const dimensions = input.shape.map((length) => length ?? 1).join('x');
  const noise = [golden.input.multiplier, golden.input.modulus].map(String);
  return [path, input.name, dimensions, ...noise, ...outputs.map((output) => output.name)];
}

/** A program that ran another graph, or this one wrongly, would be compared in vain. */
function requireGolden({ manifest }: RegisteredModel, means: readonly number[]): void {
  for (const [key, expected] of Object.entries(manifest.golden.outputs)) {
    const found =
      means[manifest.outputs.findIndex(({ name }) => name === key.replace(/Mean$/, ''))] ?? Number.NaN;
    if (!(Math.abs(found - expected) <= (manifest.golden.tolerance[key] ?? 0)))
      throw new Error(`raw inference gives ${key} ${found} instead of ${expected}`);
  }
}
