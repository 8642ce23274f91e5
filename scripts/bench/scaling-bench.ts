import { join } from 'node:path';
import { type BenchPart, type BenchSize, inFolder, roundsOf, say } from './bench-run.ts';
import { startBenchService } from './bench-service.ts';
import { finishRate } from './fair-share.ts';
import { type HeldFilms, openHeldFilms } from './held-films.ts';
import { drawPhantoms } from './panoramic-films.ts';
import { allowedCores, startOnCores } from './processor-cores.ts';
import { judge } from './targets.ts';

/** A service with two workers on two cores beside one with one worker on one core, the parent process on them too. */
export function benchScaling(size: BenchSize): Promise<BenchPart> {
  return inFolder(async (folder) => {
    const cores = allowedCores().slice(0, 2);
    if (cores.length < 2)
      return { figures: [judge('scaling.twoOverOne', [])], details: { left: 'there is one core only' } };
    const films = await drawPhantoms();
    const start = async (workers: number) => {
      const data = join(folder, String(workers));
      const held = await openHeldFilms(data, films);
      const service = await startOnCores(cores.slice(0, workers), () => startBenchService(data, workers));
      return { held, service };
    };
    const one = await start(1);
    const two = await start(2);
    const count = size.quick ? 4 : 24;
    const rates = { one: [] as number[], two: [] as number[] };
    try {
      for (const { round, counts } of roundsOf(size)) {
        say(`scaling: round ${round} of ${size.rounds}, ${count} films on one core, ${2 * count} on two`);
        const ofOne = await rateOf(one.held, count);
        const ofTwo = await rateOf(two.held, 2 * count);
        if (!counts) continue;
        rates.one.push(ofOne);
        rates.two.push(ofTwo);
      }
    } finally {
      for (const { held, service } of [one, two]) {
        await held.close();
        await service.stop();
      }
    }
    const ratios = rates.two.map((rate, round) => rate / (rates.one[round] ?? Number.NaN));
    return { figures: [judge('scaling.twoOverOne', ratios)], details: { filmsPerSecond: rates } };
  });
}

async function rateOf(held: HeldFilms, count: number): Promise<number> {
  return finishRate(await held.finishedMs(await held.queue(count), count));
}
