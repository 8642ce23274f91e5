import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchPart, type BenchSize, inFolder, say } from './bench-run.ts';
import { startBenchService } from './bench-service.ts';
import { drawPhantoms } from './panoramic-films.ts';
import { allowedCores } from './processor-cores.ts';
import { sendFilms, watchService } from './sent-films.ts';
import { percentile, rounded, spreadOf } from './statistics.ts';
import { type Figure, type FigureName, judgeValue } from './targets.ts';

const WARM_UP_FILMS = 6;
/** Between a result and the next film, so that each finds an idle service. */
const PAUSE_MS = 100;

/** Time from the last byte of a film to its visible result, one film at a time, each over an association of its own. */
export function benchLatency(size: BenchSize): Promise<BenchPart> {
  return inFolder(async (folder) => {
    const service = await startBenchService(join(folder, 'data'), allowedCores().length);
    const reader = await watchService(service);
    const templates = await drawPhantoms();
    const sendOne = () => sendFilms(join(folder, 'sent'), reader, templates, 1);
    const each = Math.ceil((size.quick ? 10 : 200) / size.rounds);
    const rounds: number[][] = [];
    try {
      for (let film = 0; film < WARM_UP_FILMS; film += 1) await sendOne();
      for (let round = 1; round <= size.rounds; round += 1) {
        say(`latency: round ${round} of ${size.rounds}, ${each} films`);
        const waits: number[] = [];
        for (let film = 0; film < each; film += 1) {
          await delay(PAUSE_MS);
          for (const { sentAtMs, seenAtMs } of await sendOne()) waits.push(seenAtMs - sentAtMs);
        }
        rounds.push(waits);
      }
    } finally {
      await reader.close();
      await service.stop();
    }
    const all = rounds.flat();
    // The value stands for all films, the spread for the rounds.
    const figure = (name: FigureName, percent: number): Figure => ({
      ...judgeValue(name, percentile(all, percent)),
      ...{ rounds: rounds.length, spread: spreadOf(rounds.map((waits) => percentile(waits, percent))) },
    });
    return {
      figures: [figure('latency.p50Ms', 50), figure('latency.p95Ms', 95)],
      details: {
        films: all.length,
        maxMs: rounded(percentile(all, 100)),
        p99Ms: rounded(percentile(all, 99)),
      },
    };
  });
}
