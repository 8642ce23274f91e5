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
import {
  choiceOf,
  type FitModel,
  type ModelStanding,
  shadowBeside,
  startCandidates,
  wantedVersion,
} from './inference/model-choices.ts';
import { PANORAMIC_MODEL } from './inference/model-registry.ts';
import { ModelShelf } from './inference/model-shelf.ts';
import type { PoolStats } from './inference/worker-pool.ts';
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
  /** Replaces the workers one by one; rejects, and leaves those that work, where a new one does not become ready. */
  useSetup(setup: WorkerSetup): Promise<void>;
}

/** Versions that work together. */
interface Plan {
  readonly active: FitModel;
  readonly shadow: FitModel | undefined;
}

/** Reads what is known of the models at this moment. */
export async function readStanding(database: Kysely<Database>, shelf: ModelShelf): Promise<ModelStanding> {
  const [choices, failures] = [await listChoices(database), await listModelFailures(database)];
  return { installed: await shelf.look(), choices, failures };
}

/**
 * Starts workers with the versions that were chosen, and watches from then on. Where a version cannot be loaded that is
 * written down and the one that worked before is taken, then the newest: a service without any reads nothing. Throws
 * model-missing where none is left, and what `start` throws for a reason that is not the model's.
 */
export async function startWithModels<Pool extends SwitchablePool>(
  parts: ModelWatchParts,
  start: (setup: WorkerSetup) => Promise<Pool>,
): Promise<{ readonly pool: Pool; readonly watch: ModelWatch }> {
  const shelf = new ModelShelf(parts.setup.modelsFolder);
  const standing = await readStanding(parts.database, shelf);
  let lastFailure: TriageError | undefined;
  for (const plan of startPlans(standing)) {
    try {
      const pool = await start(setupOf(parts.setup, plan));
      return { pool, watch: new ModelWatch(parts, shelf, pool, plan) };
    } catch (thrown) {
      lastFailure = asTriageError(thrown);
      if (!OF_THE_MODEL.includes(lastFailure.code)) throw lastFailure;
      await noteFailure(parts, plan.shadow ?? plan.active, lastFailure);
    }
  }
  throw (
    lastFailure ?? new TriageError('model-missing', `there is no model ${PANORAMIC_MODEL} that can be used`)
  );
}

/**
 * Watches what people choose and what is put into the models folder, and changes the workers over to it: load, check,
 * switch, drain, unload. What works goes on working until the new one is ready.
 */
export class ModelWatch {
  readonly #parts: ModelWatchParts;
  readonly #shelf: ModelShelf;
  readonly #pool: SwitchablePool;
  #running: Plan;
  #refused: { readonly plan: Plan; readonly retryAtMs: number } | undefined;
  #missed: string | null = null;
  /** Workers that shadows had ended when the present one began. */
  #deathsBefore = 0;
  #cancelLook: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ModelWatchParts, shelf: ModelShelf, pool: SwitchablePool, running: Plan) {
    this.#parts = parts;
    this.#shelf = shelf;
    this.#pool = pool;
    this.#running = running;
    this.#schedule();
  }

  /** Looks no more. A change-over that is under way ends by itself, at the latest when the pool is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#looking;
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
    const { database, clock } = this.#parts;
    await this.#judgeShadow();
    const standing = await readStanding(database, this.#shelf);
    const wanted = wantedVersion(standing, PANORAMIC_MODEL);
    this.#noteMissing(wanted === undefined ? choiceOf(standing, PANORAMIC_MODEL).activeVersion : null);
    const active = wanted ?? this.#running.active;
    const plan = { active, shadow: shadowBeside(standing, PANORAMIC_MODEL, active.version) };
    if (samePlan(plan, this.#running)) return;
    const refused = this.#refused;
    if (refused !== undefined && samePlan(plan, refused.plan) && clock.nowMs() < refused.retryAtMs) return;
    await this.#changeOver(plan, choiceOf(standing, PANORAMIC_MODEL).activeVersion === null);
  }

  async #changeOver(plan: Plan, isByItself: boolean): Promise<void> {
    const { database, setup, log, clock } = this.#parts;
    const before = this.#running;
    const next = { ...plan, shadow: await this.#proved(plan) };
    if (samePlan(next, before)) return;
    const { active, shadow } = next;
    try {
      await this.#pool.useSetup(setupOf(setup, next));
    } catch (thrown) {
      await this.#refuse(plan, active, thrown);
      return;
    }
    this.#running = next;
    this.#deathsBefore = deathsByShadow(this.#pool);
    log.info(
      {
        model: PANORAMIC_MODEL,
        version: active.version,
        before: before.active.version,
        shadow: shadow?.version,
      },
      'the workers changed over to the models that are chosen',
    );
    await forgetModelFailure(database, { name: PANORAMIC_MODEL, version: active.version });
    if (isByItself && active.version !== before.active.version) {
      const taken = { version: active.version, previousVersion: before.active.version };
      await recordTakeUp(database, { name: PANORAMIC_MODEL, ...taken }, clock.nowMs());
    }
  }

  /** The shadow, if it can be loaded: a worker goes on without one that it cannot load, and would not say so here. */
  async #proved(plan: Plan): Promise<FitModel | undefined> {
    const { setup, prove, database } = this.#parts;
    const { shadow } = plan;
    if (shadow === undefined || sameModel(shadow, this.#running.shadow)) return shadow;
    try {
      await prove(setupOf(setup, { active: shadow, shadow: undefined }));
    } catch (thrown) {
      await this.#refuse(plan, shadow, thrown);
      return undefined;
    }
    await forgetModelFailure(database, { name: PANORAMIC_MODEL, version: shadow.version });
    return shadow;
  }

  async #judgeShadow(): Promise<void> {
    const { shadow } = this.#running;
    const deaths = deathsByShadow(this.#pool) - this.#deathsBefore;
    if (shadow === undefined || deaths < SHADOW_DEATHS_MAX) return;
    const why = new TriageError('model-invalid', `in shadow it ended its worker ${deaths} times`);
    await noteFailure(this.#parts, shadow, why);
  }

  async #refuse(plan: Plan, tried: FitModel, thrown: unknown): Promise<void> {
    const error = asTriageError(thrown);
    // Workers that are being closed refuse everything: that says nothing of the model.
    if (this.#closed || error.code === 'lease-lost') return;
    this.#refused = { plan, retryAtMs: this.#parts.clock.nowMs() + RETRY_MS };
    await noteFailure(this.#parts, tried, error);
  }

  /** Said once for each version that is missing, not at every look. */
  #noteMissing(version: string | null): void {
    if (version !== null && version !== this.#missed) {
      this.#parts.log.error(
        { model: PANORAMIC_MODEL, version, working: this.#running.active.version },
        'the version that is chosen cannot be used; what works goes on working',
      );
    }
    this.#missed = version;
  }
}

/** A worker leaves out a shadow that it cannot load; one that ends it at its start is left out here. */
function startPlans(standing: ModelStanding): readonly Plan[] {
  return startCandidates(standing, PANORAMIC_MODEL).flatMap((active) => {
    const shadow = shadowBeside(standing, PANORAMIC_MODEL, active.version);
    const alone = { active, shadow: undefined };
    return shadow === undefined ? [alone] : [{ active, shadow }, alone];
  });
}

function deathsByShadow(pool: SwitchablePool): number {
  const { shadowFailures } = pool.stats();
  return (shadowFailures['worker-crashed'] ?? 0) + (shadowFailures['worker-deadline'] ?? 0);
}

function setupOf(setup: WorkerSetup, { active, shadow }: Plan): WorkerSetup {
  return {
    ...setup,
    modelPins: { ...setup.modelPins, [PANORAMIC_MODEL]: active.version },
    shadowPins: shadow === undefined ? {} : { [PANORAMIC_MODEL]: shadow.version },
  };
}

async function noteFailure(
  { database, clock, log }: ModelWatchParts,
  { version, sha256 }: FitModel,
  { code, message: detail }: TriageError,
): Promise<void> {
  log.error(
    { model: PANORAMIC_MODEL, version, code, detail },
    'a version of a model could not be loaded; it is not used',
  );
  const failure = { name: PANORAMIC_MODEL, version, sha256, code, detail, atMs: clock.nowMs() };
  await recordModelFailure(database, failure);
}

function samePlan(one: Plan, other: Plan): boolean {
  return sameModel(one.active, other.active) && sameModel(one.shadow, other.shadow);
}

function sameModel(one: FitModel | undefined, other: FitModel | undefined): boolean {
  return one?.version === other?.version && one?.sha256 === other?.sha256;
}
