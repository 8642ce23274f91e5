/** Models as people choose them, on the command line and on the administration pages. */
import type { Kysely } from 'kysely';
import type { WorkerSetup } from '../workers/worker-setup.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { countAgreement, recordChoice } from './database/model-records.ts';
import type { Database } from './database/schema.ts';
import { TriageError } from './errors.ts';
import type { ModelChoice } from './exam/model-choice.ts';
import { choiceOf, type ModelStanding, rollbackVersion, wantedVersion } from './inference/model-choices.ts';
import { modelNames, planModels } from './inference/model-plan.ts';
import { proveWorker } from './inference/model-proof.ts';
import { type InstalledModel, ModelShelf } from './inference/model-shelf.ts';
import { describeLeftOut, shadowedViews } from './inference/model-slots.ts';
import { readStanding } from './model-watch.ts';
import type {
  Administrator,
  ModelChange,
  ModelChoiceReport,
  ModelDesk,
  ModelView,
} from './operations/admin-views.ts';
import { workerSettings } from './worker-settings.ts';

/** What the desk stands on. */
export interface ModelDeskParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly clock: Clock;
}

/** A change within the standing that it is made in. */
interface Chosen {
  readonly choice: ModelChoice;
  readonly action: string;
  readonly active: string;
  readonly proved: string | null;
}

/** Opens the desk; what is chosen must load and reproduce its golden run on this machine first. */
export function openModelDesk({ config, database, clock }: ModelDeskParts): ModelDesk {
  const look = (): Promise<ModelStanding> => readModels(config, database);
  return {
    async list() {
      const standing = await look();
      const { leftOut } = planModels(standing, new Map(), () => false);
      return Promise.all(
        modelNames(standing).map((name) => {
          const place = leftOut.find((one) => one.name === name);
          return describe(database, standing, name, place === undefined ? null : describeLeftOut(place));
        }),
      );
    },
    async change(name, change, by) {
      const standing = await look();
      requireModel(standing, name);
      const chosen = await choose(config, standing, name, change);
      await record({ database, clock }, standing, chosen, by);
      const { previousVersion: previous, shadowVersion: shadow } = chosen.choice;
      return { name, active: chosen.active, previous, shadow } satisfies ModelChoiceReport;
    },
  };
}

/** What is installed, chosen and known against it at this moment. */
export function readModels(config: Config, database: Kysely<Database>): Promise<ModelStanding> {
  return readStanding(database, new ModelShelf(workerSettings(config).setup.modelsFolder));
}

/** Throws not-found for a model that is neither installed nor chosen. */
export function requireModel(standing: ModelStanding, name: string): void {
  const names = modelNames(standing);
  if (names.includes(name)) return;
  const known = names.length === 0 ? 'none' : names.join(', ');
  throw new TriageError('not-found', `there is no use for a model ${name}; installed or chosen: ${known}`);
}

function choose(config: Config, standing: ModelStanding, name: string, change: ModelChange): Promise<Chosen> {
  if ('use' in change) return chooseVersion(config, standing, name, change.use);
  return 'rollBack' in change
    ? rollBack(config, standing, name)
    : chooseShadow(config, standing, name, change.shadow);
}

/** A version, or `newest`: always the newest on disk. */
async function chooseVersion(
  config: Config,
  standing: ModelStanding,
  name: string,
  version: string,
): Promise<Chosen> {
  const isNewest = version === 'newest';
  const { shadowVersion, previousVersion } = choiceOf(standing, name);
  const active = isNewest ? newestOf(standing, name) : version;
  await prove(config, standing.installed, name, active);
  // What was chosen and cannot be used never worked: a roll-back must not lead to it.
  const before = wantedVersion(standing, name)?.version ?? active;
  const choice = {
    name,
    activeVersion: isNewest ? null : version,
    previousVersion: before === active ? otherThan(active, previousVersion) : before,
    shadowVersion: otherThan(active, shadowVersion),
  };
  return { choice, action: `use ${version}`, active, proved: active };
}

/** The version that worked before; once more, and the one of now is back. */
async function rollBack(config: Config, standing: ModelStanding, name: string): Promise<Chosen> {
  const active = rollbackVersion(standing, name);
  if (active === undefined) {
    throw new TriageError('state-conflict', `there is no version of ${name} from before to go back to`);
  }
  await prove(config, standing.installed, name, active);
  const { shadowVersion } = choiceOf(standing, name);
  const choice = {
    name,
    activeVersion: active,
    previousVersion: versionBefore(standing, name),
    shadowVersion: otherThan(active, shadowVersion),
  };
  return { choice, action: `roll back to ${active}`, active, proved: active };
}

/** A version that runs in shadow beside the one that works, or none (null). */
async function chooseShadow(
  config: Config,
  standing: ModelStanding,
  name: string,
  version: string | null,
): Promise<Chosen> {
  const active = versionBefore(standing, name);
  if (active === null) throw new TriageError('state-conflict', `no version of ${name} works`);
  if (version === active) {
    throw new TriageError('state-conflict', `${name} ${version} is the version that works; take another one`);
  }
  if (version !== null) {
    checkShadow(standing, name);
    await prove(config, standing.installed, name, version);
  }
  const action = version === null ? 'shadow off' : `shadow ${version}`;
  const choice = { ...choiceOf(standing, name), shadowVersion: version };
  return { choice, action, active, proved: version };
}

/** A film is read by one shadow: whose result would a second one be compared with? */
function checkShadow(standing: ModelStanding, name: string): void {
  const viewsOf = (model: string): readonly string[] =>
    shadowedViews(wantedVersion(standing, model)?.slots ?? []);
  const own = viewsOf(name);
  if (own.length === 0) {
    const message = `${name} cannot run in shadow, because it measures nothing: try a version with "analyse" and TRIAGE_MODELS set to a folder of its own`;
    throw new TriageError('state-conflict', message);
  }
  const other = standing.choices.find(
    (one) =>
      one.name !== name && one.shadowVersion !== null && viewsOf(one.name).some((view) => own.includes(view)),
  );
  if (other !== undefined) {
    throw new TriageError(
      'state-conflict',
      `${other.name} has a version in shadow for the same films: one at a time ("model shadow ${other.name} off")`,
    );
  }
}

async function describe(
  database: Kysely<Database>,
  standing: ModelStanding,
  name: string,
  leftOut: string | null,
): Promise<ModelView> {
  const { activeVersion, previousVersion, shadowVersion } = choiceOf(standing, name);
  const active = wantedVersion(standing, name)?.version ?? null;
  const pair = { name, activeVersion: active ?? '', shadowVersion: shadowVersion ?? '' };
  return {
    name,
    purpose: wantedVersion(standing, name)?.slots ?? [],
    leftOut,
    active,
    chosen: activeVersion,
    previous: previousVersion,
    shadow: shadowVersion,
    agreement: shadowVersion === null ? null : await countAgreement(database, pair),
    versions: standing.installed
      .filter((model) => model.name === name)
      .map(({ version, sha256, fault }) => ({
        version,
        sha256,
        fault,
        failure: failureOf(standing, name, version),
      })),
  };
}

function failureOf({ failures }: ModelStanding, name: string, version: string): string | null {
  const failure = failures.find((one) => one.name === name && one.version === version);
  return failure === undefined ? null : `${failure.detail} (${failure.code})`;
}

/** The version that works, or ought to. */
export function versionBefore(standing: ModelStanding, name: string): string | null {
  return wantedVersion(standing, name)?.version ?? choiceOf(standing, name).activeVersion;
}

function newestOf({ installed }: ModelStanding, name: string): string {
  const newest = installed.filter((model) => model.name === name && model.sha256 !== null).at(-1);
  if (newest === undefined)
    throw new TriageError('model-missing', `no version of ${name} is installed whole`);
  return newest.version;
}

/** Loads a version in a process of its own, as a service would. Throws why it cannot be used. */
export async function prove(
  config: Config,
  installed: readonly InstalledModel[],
  name: string,
  version: string,
): Promise<void> {
  const { workerEntry, startMsMax, setup } = workerSettings(config);
  const model = installed.find((one) => one.name === name && one.version === version);
  if (model === undefined) {
    throw new TriageError('model-missing', `${name} ${version} is not installed in ${setup.modelsFolder}`);
  }
  if (model.fault !== null) throw new TriageError('model-invalid', model.fault);
  const proved: WorkerSetup = { ...setup, modelPins: { [name]: version }, shadowPins: {} };
  await proveWorker({ entryPath: workerEntry, setup: proved, startMsMax, clock: systemClock });
}

function otherThan(version: string, other: string | null): string | null {
  return other === version ? null : other;
}

async function record(
  { database, clock }: Pick<ModelDeskParts, 'database' | 'clock'>,
  standing: ModelStanding,
  { choice, action, proved }: Chosen,
  by: Administrator,
): Promise<void> {
  await recordChoice(database, choice, {
    ...{ actor: by.actor, actorName: by.name, action: `model ${action}`, nowMs: clock.nowMs() },
    ...{ seen: choiceOf(standing, choice.name), proved },
  });
}
