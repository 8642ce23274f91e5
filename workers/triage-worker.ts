/** Entry of a worker process: it reads, decodes, prepares, infers, measures and writes into its job's scratch folder. */
import { systemClock } from '../src/clock.ts';
import { asTriageError, TriageError } from '../src/errors.ts';
import { findModel, PANORAMIC_MODEL } from '../src/inference/model-registry.ts';
import { type BatchTools, computeBatch } from './analyse-film.ts';
import { FilmReader } from './film-reader.ts';
import { type ModelSession, openSession } from './onnx-session.ts';
import { serveParent } from './service-link.ts';
import { timeBatches } from './time-batches.ts';
import type { WorkerSetup } from './worker-setup.ts';

const reader = new FilmReader();
let tools: BatchTools | null = null;

serveParent({
  prepare: async (message) => {
    // The parent is this same program; the compiler checked on its side what it sends.
    const setup = message as WorkerSetup;
    const model = await findModel(setup.modelsFolder, PANORAMIC_MODEL, setup.modelPins[PANORAMIC_MODEL]);
    const session = await openSession(model, setup.executionProviders);
    const { shadow, warnings: shadowWarnings } = await openShadow(setup);
    tools = { session, setup, clock: systemClock, reader, ...(shadow === undefined ? {} : { shadow }) };
    const { executionProvider, device } = session;
    const warnings = [...session.warnings, ...shadowWarnings];
    const rssBytes = process.memoryUsage.rss();
    return { models: [model.identity], executionProvider, device, rssBytes, warnings };
  },
  fetch: (items) => items.forEach((item) => reader.fetch(item)),
  analyse: async (items, earlier) => {
    if (tools === null) throw new TriageError('state-conflict', 'a batch came before the setup');
    return computeBatch(items, tools, earlier);
  },
  forget: (items) => items.forEach((item) => reader.forget(item)),
  calibrate: () => {
    if (tools === null) throw new TriageError('state-conflict', 'a calibration came before the setup');
    return timeBatches(tools.session, systemClock);
  },
});

/** A shadow that cannot be loaded is left out: it must never keep films from being read. */
async function openShadow({
  shadowPins,
  modelsFolder,
  executionProviders,
}: WorkerSetup): Promise<{ readonly shadow?: ModelSession; readonly warnings: readonly string[] }> {
  const version = shadowPins[PANORAMIC_MODEL];
  if (version === undefined) return { warnings: [] };
  try {
    const model = await findModel(modelsFolder, PANORAMIC_MODEL, version);
    return { shadow: await openSession(model, executionProviders), warnings: [] };
  } catch (thrown) {
    const { code, message } = asTriageError(thrown, 'model-invalid');
    return { warnings: [`the model in shadow is left out: ${message} (${code})`] };
  }
}
