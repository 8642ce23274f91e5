import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import type { AnalysisResult } from '../../src/exam/analysis.ts';
import type { ModelTask } from '../../src/inference/model-manifest.ts';
import { findModel, newestVersions, type RegisteredModel } from '../../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { workerSettings } from '../../src/worker-settings.ts';
import { analyseBatch } from '../../workers/analyse-film.ts';
import { modelSetOf } from '../../workers/model-set.ts';
import { openSession } from '../../workers/onnx-session.ts';
import type { Artefacts } from '../../workers/messages.ts';

/** A picture that a header would call panoramic. */
export interface PictureOfJaw {
  readonly id: string;
  /** A file, or what one would hold. */
  readonly content: string | Buffer;
  /** Detector scale; null where the device says none. */
  readonly mmPerPx: number | null;
  /** Where the overlay is written below; null writes none. */
  readonly scratchFolder: string | null;
}

/** What the service makes of a picture. */
export interface JawReading {
  readonly analysis: AnalysisResult;
  readonly artefacts: Artefacts | null;
}

/** Reads a picture by the service's own way of a film. Throws what the service answers instead of a result. */
export type PanoramicReader = (picture: PictureOfJaw) => Promise<JawReading>;

const SHIPPED = join(PROJECT_FOLDER, 'models');
/** Models with other ways; film-view has its own evaluation and was trained on most of the films. */
const OTHER_TASKS: readonly ModelTask[] = [
  'film-view',
  'vertebra-finding',
  'vertebra-points',
  'low-bone-density',
];

/** A reader with the weights that are shipped. */
export async function openShippedReader(): Promise<PanoramicReader> {
  return openReader(await shippedModels());
}

/** A reader with the weights of a fold, which never saw its films. Throws where a shipped model has none. */
export async function openFoldReader(fold: number): Promise<PanoramicReader> {
  const models: RegisteredModel[] = [];
  for (const { identity } of await shippedModels()) {
    const folder = join(PROJECT_FOLDER, 'models/training', identity.name, `folds/fold${fold}`);
    const isThere = await access(folder).then(
      () => true,
      () => false,
    );
    if (!isThere)
      throw new Error(`fold ${fold} has no ${identity.name}: train it, or take it out of models/`);
    models.push(await findModel(folder, identity.name));
  }
  return openReader(models);
}

let shipped: Promise<readonly RegisteredModel[]> | undefined;

/** Once for a run, so that all its parts speak of the same weights. */
function shippedModels(): Promise<readonly RegisteredModel[]> {
  return (shipped ??= loadShipped());
}

async function loadShipped(): Promise<readonly RegisteredModel[]> {
  const names = Object.keys(await newestVersions(SHIPPED));
  const models = await Promise.all(names.map((name) => findModel(SHIPPED, name)));
  return models.filter(({ manifest }) => !OTHER_TASKS.includes(manifest.task));
}

async function openReader(registered: readonly RegisteredModel[]): Promise<PanoramicReader> {
  const sessions = await Promise.all(registered.map((model) => openSession(model, [])));
  const models = modelSetOf(sessions);
  const { setup } = workerSettings(readConfig({ workers: '1' }, {}).config);
  return async ({ id, content, mmPerPx, scratchFolder }) => {
    const [answer] = await analyseBatch(
      [
        {
          key: 1,
          request: {
            id,
            path: typeof content === 'string' ? content : `${id}.png`,
            source: 'picture',
            options: { view: 'panoramic', modality: 'PX', ...(mmPerPx === null ? {} : { mmPerPx }) },
            ...{ scratchFolder, skipEligibility: true, overlayOnly: true },
          },
        },
      ],
      {
        ...{ models, setup, clock: systemClock },
        ...(typeof content === 'string' ? {} : { reader: { read: () => Promise.resolve(content) } }),
      },
    );
    if (answer === undefined || 'failure' in answer)
      throw new Error(`${id}: ${answer?.failure.message ?? 'no answer'}`);
    return answer.reply;
  };
}
