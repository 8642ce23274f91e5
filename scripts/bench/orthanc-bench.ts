import { join } from 'node:path';
import { findModel, PANORAMIC_MODEL } from '../../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { requireTool } from '../../src/testing/services.ts';
import { type BenchPart, type BenchSize, inFolder, roundsOf, say } from './bench-run.ts';
import { startBenchService } from './bench-service.ts';
import { startOrthancReader } from './orthanc-reader.ts';
import { drawPhantoms } from './panoramic-films.ts';
import { allowedCores } from './processor-cores.ts';
import { burstRate, type FilmReader, sendFilms, watchService } from './sent-films.ts';
import { mean } from './statistics.ts';
import { judge } from './targets.ts';

const MODELS_FOLDER = join(PROJECT_FOLDER, 'models');

/**
 * The service beside an Orthanc with a script, on the same films and model in turns: time from the last byte of a
 * single film to its result, and films a second of a batch from its first last byte to its last result.
 */
export function benchOrthanc(size: BenchSize): Promise<BenchPart> {
  return inFolder(async (folder) => {
    const tool = requireTool('Orthanc');
    if (!tool.available) return { figures: [], details: { left: tool.reason } };
    const templates = await drawPhantoms();
    const { identity } = await findModel(MODELS_FOLDER, PANORAMIC_MODEL);
    const modelFolder = join(MODELS_FOLDER, identity.name, identity.version);
    const theirs = await startOrthancReader(tool.path, modelFolder, join(folder, 'results'));
    const service = await startBenchService(join(folder, 'data'), allowedCores().length);
    const ours = await watchService(service);
    const [singles, batch] = size.quick ? [2, 6] : [4, 40];
    const measure = async (reader: FilmReader) => {
      const waits: number[] = [];
      for (let film = 0; film < singles; film += 1) {
        for (const sent of await sendFilms(join(folder, 'sent'), reader, templates, 1))
          waits.push(sent.seenAtMs - sent.sentAtMs);
      }
      const rate = burstRate(await sendFilms(join(folder, 'sent'), reader, templates, batch));
      return { singleMs: mean(waits), filmsPerSecond: rate };
    };
    const rounds: { readonly ours: Measured; readonly theirs: Measured }[] = [];
    try {
      for (const { round, counts } of roundsOf(size)) {
        say(
          `orthanc: round ${round} of ${size.rounds}, ${singles} single films and ${batch} at once, for each`,
        );
        const measured = { ours: await measure(ours), theirs: await measure(theirs) };
        if (counts) rounds.push(measured);
      }
    } finally {
      await ours.close();
      await theirs.close();
      await service.stop();
    }
    const timeRatios = rounds.map((round) => round.theirs.singleMs / round.ours.singleMs);
    const rateRatios = rounds.map((round) => round.ours.filmsPerSecond / round.theirs.filmsPerSecond);
    return {
      figures: [judge('orthanc.singleFilm', timeRatios), judge('orthanc.filmsPerSecond', rateRatios)],
      details: {
        ...{ rounds, stableAgeSeconds: 1, pollMs: 100, model: `${identity.name} ${identity.version}` },
        theirResult: 'a file of model outputs; it measures no width, writes no report and syncs nothing',
      },
    };
  });
}

interface Measured {
  readonly singleMs: number;
  readonly filmsPerSecond: number;
}
