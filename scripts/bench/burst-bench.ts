import { join } from 'node:path';
import { type BenchPart, type BenchSize, inFolder, roundsOf, say } from './bench-run.ts';
import { startBenchService } from './bench-service.ts';
import { finishRate, worstDelayMs } from './fair-share.ts';
import { drawPhantoms } from './panoramic-films.ts';
import { allowedCores } from './processor-cores.ts';
import { burstRate, sendFilms, watchService } from './sent-films.ts';
import { judge } from './targets.ts';

/** As much as the throughput of a burst may lie below the steady state. */
const TOLERANCE = 0.15;

/**
 * Bursts of films between longer flows of them. The steady state is the rate of results of a flow without its first and
 * last tenth. A film's fair share is when it would be done if films were read in the order of their last bytes at that
 * rate; a batch is what one film takes of a worker then, cores / rate. The throughput of a burst is counted from its
 * first film's last byte to its last result.
 */
export function benchBursts(size: BenchSize): Promise<BenchPart> {
  return inFolder(async (folder) => {
    const cores = allowedCores().length;
    const service = await startBenchService(join(folder, 'data'), cores);
    const reader = await watchService(service);
    const templates = await drawPhantoms();
    const send = (count: number) => sendFilms(join(folder, 'sent'), reader, templates, count);
    const [burst, flow] = size.quick ? [8, 10] : [50, 100];
    const delays: number[] = [];
    const throughputs: number[] = [];
    const steadyRates: number[] = [];
    try {
      for (const { round, counts } of roundsOf(size)) {
        say(`bursts: round ${round} of ${size.rounds}, a flow of ${flow} films and a burst of ${burst}`);
        const flowing = (await send(flow)).map(({ seenAtMs }) => seenAtMs).sort((a, b) => a - b);
        const steady = finishRate(flowing.slice(flow * 0.1, flow * 0.9));
        const sent = await send(burst);
        if (!counts) continue;
        const msPerFilm = 1000 / steady;
        const limits = { msPerFilm, batchMs: cores * msPerFilm, tolerance: TOLERANCE };
        delays.push(worstDelayMs(sent, limits));
        throughputs.push(burstRate(sent) / steady);
        steadyRates.push(steady);
      }
    } finally {
      await reader.close();
      await service.stop();
    }
    return {
      figures: [judge('bursts.overFairShareMs', delays), judge('bursts.throughput', throughputs)],
      details: { filmsEachBurst: burst, filmsEachFlow: flow, steadyFilmsPerSecond: steadyRates },
    };
  });
}
