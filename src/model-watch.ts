import type { Kysely } from 'kysely';
import type { WorkerSetup } from '../workers/worker-setup.ts';
import type { Clock } from './clock.ts';
import {
  forgetModelFailure,
  listChoices,
  listModelFailures,
  recordModelFailure,
  recordTakeUp,
} from './database/model-records.ts';
import type { Database } from './database/schema.ts';
import { asTriageError, type ErrorCode, TriageError } from './errors.ts';
import { choiceOf, type FitModel, type ModelStanding, wantedVersion } from './inference/model-choices.ts';
import {
  changedNames,
  modelNames,
  type ModelPlan,
  type PlannedModel,
  planModels,
  sameModel,
  setupOfPlan,
} from './inference/model-plan.ts';
import { PANORAMIC_MODEL } from './inference/model-registry.ts';
import { ModelShelf } from './inference/model-shelf.ts';
import { coverageOf, describeLeftOut } from './inference/model-slots.ts';
import type { PoolStats } from './inference/worker-pool.ts';
import type { UnloadedModel } from '../workers/messages.ts';
import type { Log } from './telemetry.ts';

/** The record and the models folder are looked at this often; a choice works within two looks. */
const LOOK_MS = 2_000;
/** A shadow that ended its worker so often is run no more: each time costs the time of a start. */
const SHADOW_DEATHS_MAX = 3;
/** A version that could not be loaded for a reason that may pass is tried again after this. */
const RETRY_MS = 60_000;

/** What may be the model's doing when workers do not become ready. */
const OF_THE_MODEL: readonly ErrorCode[] = [
  'model-invalid',
  'model-missing',
  'worker-crashed',
  'worker-deadline',
];

/** What the watch needs. */
export interface ModelWatchParts {
  readonly database: Kysely<Database>;
  /** What the configuration tells workers; the versions are the watch's own. */
  readonly setup: WorkerSetup;
  /** Proves that a worker with such a setup becomes ready; rejects with what keeps it from that. */
  readonly prove: (setup: WorkerSetup) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What workers run that take their models from a setup. */
export interface SwitchablePool {
  stats(): Pick<PoolStats, 'shadowFailures'>;
  /** Models of the setup that the worker that became ready last could not load: it works without them. */
  unloaded(): readonly UnloadedModel[];
  /** Replaces the workers one by one; rejects, and leaves those that work, where a new one does not load all models. */
  useSetup(setup: WorkerSetup): Promise<void>;
}

/** Reads what is known of the models at this moment. */
export async function readStanding(database: Kysely<Database>, shelf: ModelShelf): Promise<ModelStanding> {
  const [choices, failures] = [await listChoices(database), await listModelFailures(database)];
  return { installed: await shelf.look(), choices, failures };
}

/**
 * Starts workers with the versions that were chosen, and watches from then on. Where a version cannot be loaded that is
 * written down and the one that worked before is taken, then the newest; a model of which none can be loaded is gone
 * without. Throws model-missing where none is left at all, and what `start` throws for a reason that is not a model's.
 */
export async function startWithModels<Pool extends SwitchablePool>(
  parts: ModelWatchParts,
  start: (setup: WorkerSetup) => Promise<Pool>,
): Promise<{ readonly pool: Pool; readonly watch: ModelWatch }> {
  const shelf = new ModelShelf(parts.setup.modelsFolder);
  const standing = await readStanding(parts.database, shelf);
  const failed: FailedModel[] = [];
  const isOut = (name: string, tried: FitModel): boolean =>
    failed.some((one) => one.name === name && sameModel(one.tried, tried));
  let lastFailure: TriageError | undefined;
  for (;;) {
    const { plan } = planModels(standing, new Map(), isOut);
    if (plan.size === 0) {
      throw (
        lastFailure ??
        new TriageError('model-missing', `there is no model ${PANORAMIC_MODEL} that can be used`)
      );
    }
    try {
      const pool = await start(setupOfPlan(parts.setup, plan));
      const watch = new ModelWatch(parts, shelf, pool, plan);
      await watch.begin();
      return { pool, watch };
    } catch (thrown) {
      lastFailure = asTriageError(thrown);
      if (!OF_THE_MODEL.includes(lastFailure.code)) throw lastFailure;
      const blamed = await blame(parts, plan, [...plan.keys()], lastFailure);
      if (blamed.length === 0) throw lastFailure;
      for (const one of blamed) await noteFailure(parts, one);
      failed.push(...blamed);
    }
  }
}

/** A version that could not be loaded. */
interface FailedModel {
  readonly name: string;
  readonly tried: FitModel;
  readonly why: TriageError;
}

/**
 * Which of the models keeps workers from becoming ready: the only one there is, else those that cannot be loaded by
 * themselves; a shadow before the one beside which it runs.
 */
async function blame(
  { setup, prove }: ModelWatchParts,
  plan: ModelPlan,
  suspects: readonly string[],
  why: TriageError,
): Promise<readonly FailedModel[]> {
  const suspected = suspects.flatMap((name): (PlannedModel & { readonly name: string })[] => {
    const planned = plan.get(name);
    return planned === undefined ? [] : [{ name, ...planned }];
  });
  const [only] = suspected;
  if (only !== undefined && plan.size === 1) {
    return [{ name: only.name, tried: only.shadow ?? only.active, why }];
  }
  const blamed: FailedModel[] = [];
  for (const { name, active, shadow } of suspected) {
    try {
      await prove(setupOfPlan(setup, new Map([[name, { active, shadow }]])));
    } catch (thrown) {
      const error = asTriageError(thrown);
      if (OF_THE_MODEL.includes(error.code)) blamed.push({ name, tried: shadow ?? active, why: error });
    }
  }
  return blamed;
}

/**
 * Watches what people choose and what is put into the models folder, and changes the workers over to it: load, check,
 * switch, drain, unload. What works goes on working until the new one is ready.
 */
export class ModelWatch {
  readonly #parts: ModelWatchParts;
  readonly #shelf: ModelShelf;
  readonly #pool: SwitchablePool;
  #running: ModelPlan;
  /** Versions that are not tried again before a time. */
  readonly #retryAtMs = new Map<string, number>();
  /** What is known against models that do not work, by name. */
  readonly #failures = new Map<string, string>();
  /** What was said aloud and is not said at every look. */
  #told = new Set<string>();
  /** Workers that shadows had ended when the present one began. */
  #deathsBefore = 0;
  #cancelLook: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ModelWatchParts, shelf: ModelShelf, pool: SwitchablePool, running: ModelPlan) {
    this.#parts = parts;
    this.#shelf = shelf;
    this.#pool = pool;
    this.#running = running;
  }

  /** Begins to look; where the first worker could not load a model what worked before takes its place at once. */
  async begin(): Promise<void> {
    if (this.#pool.unloaded().length > 0) await this.#look();
    this.#schedule();
  }

  /** Looks no more. A change-over that is under way ends by itself, at the latest when the pool is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#looking;
  }

  /** What cannot be read for want of a model, and why; null where nothing of what this program brings is missing. */
  describeMissing(): string | null {
    const { missing, faults } = coverageOf([...this.#running.values()].flatMap(({ active }) => active.slots));
    const views = missing.length === 0 ? [] : [`films that are not assessed: ${missing.join(', ')}`];
    const unloaded = this.#pool.unloaded().map(({ failure }) => failure.message);
    const told = [...views, ...faults, ...new Set([...unloaded, ...this.#failures.values()])];
    return told.length === 0 ? null : told.join('; ');
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancelLook = this.#parts.clock.schedule(LOOK_MS, () => {
      this.#looking = this.#look()
        .catch((thrown: unknown) => {
          if (!this.#closed)
            this.#parts.log.error({ err: thrown }, 'the choice of models could not be looked at');
        })
        .finally(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    await this.#judgeShadows();
    await this.#noteUnloaded();
    const standing = await readStanding(this.#parts.database, this.#shelf);
    const { plan, leftOut } = planModels(standing, this.#running, (name, model) =>
      this.#isRefused(name, model),
    );
    this.#tell([...this.#missing(standing), ...leftOut.map((one) => describeLeftOut(one))]);
    if (changedNames(plan, this.#running).length > 0) await this.#changeOver(plan, standing);
  }

  async #changeOver(plan: ModelPlan, standing: ModelStanding): Promise<void> {
    const { setup } = this.#parts;
    const before = this.#running;
    const next = await this.#withProvedShadows(plan);
    const changed = changedNames(next, before);
    if (changed.length === 0) return;
    try {
      await this.#pool.useSetup(setupOfPlan(setup, next));
    } catch (thrown) {
      await this.#refuse(next, changed, asTriageError(thrown));
      return;
    }
    this.#running = next;
    this.#deathsBefore = deathsByShadow(this.#pool);
    for (const name of changed) {
      const isByItself = choiceOf(standing, name).activeVersion === null;
      await this.#noteChange(name, before.get(name)?.active, isByItself);
    }
  }

  async #noteChange(name: string, before: FitModel | undefined, isByItself: boolean): Promise<void> {
    const { database, log, clock } = this.#parts;
    const planned = this.#running.get(name);
    if (planned === undefined) {
      log.warn({ model: name, before: before?.version }, 'the workers go on without a model');
      return;
    }
    const { version } = planned.active;
    this.#failures.delete(name);
    log.info(
      { model: name, version, before: before?.version, shadow: planned.shadow?.version },
      'the workers changed over to the models that are chosen',
    );
    await forgetModelFailure(database, { name, version });
    if (isByItself && before !== undefined && version !== before.version) {
      await recordTakeUp(database, { name, version, previousVersion: before.version }, clock.nowMs());
    }
  }

  /** Without the shadows that cannot be loaded: a worker goes on without them, and would not say so here. */
  async #withProvedShadows(plan: ModelPlan): Promise<ModelPlan> {
    const { setup, prove, database } = this.#parts;
    const next = new Map(plan);
    for (const [name, { active, shadow }] of plan) {
      if (shadow === undefined || sameModel(shadow, this.#running.get(name)?.shadow)) continue;
      try {
        await prove(setupOfPlan(setup, new Map([[name, { active: shadow, shadow: undefined }]])));
        await forgetModelFailure(database, { name, version: shadow.version });
      } catch (thrown) {
        next.set(name, { active, shadow: undefined });
        await this.#note({ name, tried: shadow, why: asTriageError(thrown) });
      }
    }
    return next;
  }

  async #judgeShadows(): Promise<void> {
    const deaths = deathsByShadow(this.#pool) - this.#deathsBefore;
    if (deaths < SHADOW_DEATHS_MAX) return;
    for (const [name, { shadow }] of this.#running) {
      if (shadow === undefined) continue;
      const why = new TriageError('model-invalid', `in shadow it ended its worker ${deaths} times`);
      await noteFailure(this.#parts, { name, tried: shadow, why });
    }
  }

  /** Workers that work without a model say so: it is written down, and what worked before is tried in its place. */
  async #noteUnloaded(): Promise<void> {
    for (const { name, version, failure } of this.#pool.unloaded()) {
      const tried = this.#running.get(name)?.active;
      if (tried?.version !== version) continue;
      this.#drop(name);
      await this.#note({ name, tried, why: new TriageError(failure.code, failure.message) });
    }
  }

  async #refuse(plan: ModelPlan, changed: readonly string[], why: TriageError): Promise<void> {
    // Workers that are being closed refuse everything: that says nothing of the model.
    if (this.#closed || why.code === 'lease-lost') return;
    const blamed = await blame(this.#parts, plan, [...plan.keys()], why);
    for (const one of blamed) {
      await this.#note(one);
      // It works in the workers of before, but no new one could load it: nothing else could ever change.
      if (!changed.includes(one.name)) this.#drop(one.name);
    }
    if (blamed.length > 0) return;
    this.#parts.log.error(
      { models: changed, code: why.code, detail: why.message },
      'the workers could not change over',
    );
    for (const name of changed) {
      const planned = plan.get(name);
      if (planned !== undefined) this.#retryLater(name, planned.active);
    }
  }

  async #note(failed: FailedModel): Promise<void> {
    if (this.#closed || failed.why.code === 'lease-lost') return;
    this.#retryLater(failed.name, failed.tried);
    this.#failures.set(failed.name, `${failed.name} ${failed.tried.version}: ${failed.why.message}`);
    await noteFailure(this.#parts, failed);
  }

  #drop(name: string): void {
    this.#running = new Map([...this.#running].filter(([other]) => other !== name));
  }

  #retryLater(name: string, { version, sha256 }: FitModel): void {
    this.#retryAtMs.set(`${name} ${version} ${sha256}`, this.#parts.clock.nowMs() + RETRY_MS);
  }

  #isRefused(name: string, { version, sha256 }: FitModel): boolean {
    return this.#parts.clock.nowMs() < (this.#retryAtMs.get(`${name} ${version} ${sha256}`) ?? 0);
  }

  #missing(standing: ModelStanding): readonly string[] {
    return modelNames(standing).flatMap((name) => {
      const { activeVersion } = choiceOf(standing, name);
      if (activeVersion === null || wantedVersion(standing, name) !== undefined) return [];
      const working = this.#running.get(name)?.active.version ?? 'none';
      return [
        `${name} ${activeVersion} is chosen and cannot be used; what works goes on working (${working})`,
      ];
    });
  }

  /** Said once, not at every look. */
  #tell(messages: readonly string[]): void {
    for (const message of messages) if (!this.#told.has(message)) this.#parts.log.error({}, message);
    this.#told = new Set(messages);
  }
}

function deathsByShadow(pool: SwitchablePool): number {
  const { shadowFailures } = pool.stats();
  return (shadowFailures['worker-crashed'] ?? 0) + (shadowFailures['worker-deadline'] ?? 0);
}

async function noteFailure(
  { database, clock, log }: ModelWatchParts,
  { name, tried: { version, sha256 }, why: { code, message: detail } }: FailedModel,
): Promise<void> {
  log.error(
    { model: name, version, code, detail },
    'a version of a model could not be loaded; it is not used',
  );
  await recordModelFailure(database, { name, version, sha256, code, detail, atMs: clock.nowMs() });
}
