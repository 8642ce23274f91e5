/** The models that a worker has loaded, each in the place that it is for. */
import { asTriageError, TriageError } from '../src/errors.ts';
import type { ViewName } from '../src/exam/analysis.ts';
import type { ModelTask } from '../src/inference/model-manifest.ts';
import { findModel, newestVersions, type RegisteredModel } from '../src/inference/model-registry.ts';
import { assignSlots, coverageOf, describeLeftOut, rankOf, slotsOf } from '../src/inference/model-slots.ts';
import type { PanoramicModels } from './find-foramina.ts';
import type { SpineModels } from './find-vertebrae.ts';
import type { UnloadedModel } from './messages.ts';
import { type ModelSession, openSession } from './onnx-session.ts';
import type { WorkerSetup } from './worker-setup.ts';

/** Models by what they are for; null where none is installed. */
export interface ModelSet {
  readonly view: ModelSession | null;
  /** The two of the panoramic way; one of them alone is of no use. */
  readonly panoramic: PanoramicModels | null;
  /** The two of the spine's way; one of them alone is of no use. */
  readonly spine: SpineModels | null;
  /** A site's own models of low bone density, by the views that they were made for. */
  readonly density: ReadonlyMap<ViewName, ModelSession>;
}

/** What became of the models of a setup. */
export interface OpenedModels {
  /** In the order in which results name them. */
  readonly sessions: readonly ModelSession[];
  readonly shadows: readonly ModelSession[];
  readonly unloaded: readonly UnloadedModel[];
  readonly warnings: readonly string[];
}

/** Puts sessions into their places. */
export function modelSetOf(sessions: readonly ModelSession[]): ModelSet {
  const sessionFor = (task: ModelTask): ModelSession | null =>
    sessions.find(({ model }) => model.manifest.task === task) ?? null;
  const [contour, foramen] = [sessionFor('panoramic'), sessionFor('mental-foramen')];
  const [finder, points] = [sessionFor('vertebra-finding'), sessionFor('vertebra-points')];
  const density = sessions
    .filter(({ model }) => model.manifest.task === 'low-bone-density')
    .flatMap((session) => (session.model.manifest.views ?? []).map((view) => [view, session] as const));
  return {
    view: sessionFor('film-view'),
    panoramic: contour === null || foramen === null ? null : { contour, foramen },
    spine: finder === null || points === null ? null : { finder, points },
    density: new Map(density),
  };
}

/** The sessions of a set, each once. */
export function sessionsOf({ view, panoramic, spine, density }: ModelSet): readonly ModelSession[] {
  const sessions = [
    panoramic?.contour,
    panoramic?.foramen,
    spine?.finder,
    spine?.points,
    ...density.values(),
    view,
  ];
  return [...new Set(sessions.filter((session) => session != null))];
}

/** Views for which there is something to measure with. */
export function viewsOf(models: ModelSet): readonly ViewName[] {
  return coverageOf(sessionsOf(models).flatMap(({ model }) => slotsOf(model.manifest))).views;
}

/**
 * Loads every model of a setup. One that cannot be loaded is left out and named, so that films of other views are read
 * all the same. Throws what is wrong with the first where none can be loaded, model-missing where there is none.
 */
export async function openModels(setup: WorkerSetup): Promise<OpenedModels> {
  const wanted = Object.entries(setup.modelPins ?? (await newestVersions(setup.modelsFolder)));
  const loaded = new Map<string, { readonly session: ModelSession; readonly slots: readonly string[] }>();
  const unloaded: UnloadedModel[] = [];
  const found = new Map<string, { readonly model: RegisteredModel; readonly slots: readonly string[] }>();
  const leaveOut = (name: string, version: string, thrown: unknown): void => {
    const { code, message } = asTriageError(thrown, 'model-invalid');
    unloaded.push({ name, version, failure: { code, message } });
  };
  for (const [name, version] of wanted) {
    try {
      const model = await findModel(setup.modelsFolder, name, version);
      found.set(name, { model, slots: slotsOf(model.manifest) });
    } catch (thrown) {
      leaveOut(name, version, thrown);
    }
  }
  const { working, leftOut } = assignSlots(found);
  for (const [name, { model, slots }] of working) {
    try {
      loaded.set(name, { session: await openSession(model, setup.executionProviders), slots });
    } catch (thrown) {
      leaveOut(name, model.identity.version, thrown);
    }
  }
  if (loaded.size === 0) throw nothingLoaded(unloaded);
  const { shadows, warnings } = await openShadows(setup);
  const sessions = [...loaded.values()].sort((a, b) => rankOf(a.slots) - rankOf(b.slots));
  return {
    sessions: sessions.map(({ session }) => session),
    shadows,
    unloaded,
    warnings: [
      ...new Set(sessions.flatMap(({ session }) => session.warnings)),
      ...leftOut.map((one) => describeLeftOut(one)),
      ...unloaded.map(({ failure }) => `a model is left out: ${failure.message} (${failure.code})`),
      ...warnings,
    ],
  };
}

function nothingLoaded([first]: readonly UnloadedModel[]): TriageError {
  if (first === undefined) return new TriageError('model-missing', 'there is no model that can be used');
  return new TriageError(first.failure.code, first.failure.message);
}

/** A shadow that cannot be loaded is left out: it must never keep films from being read. */
async function openShadows({
  shadowPins,
  modelsFolder,
  executionProviders,
}: WorkerSetup): Promise<Pick<OpenedModels, 'shadows' | 'warnings'>> {
  const shadows: ModelSession[] = [];
  const warnings: string[] = [];
  for (const [name, version] of Object.entries(shadowPins)) {
    try {
      const model = await findModel(modelsFolder, name, version);
      shadows.push(await openSession(model, executionProviders));
    } catch (thrown) {
      const { code, message } = asTriageError(thrown, 'model-invalid');
      warnings.push(`the model in shadow is left out: ${message} (${code})`);
    }
  }
  return { shadows, warnings };
}
