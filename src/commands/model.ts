import type { Kysely } from 'kysely';
import type { WorkerSetup } from '../../workers/worker-setup.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import {
  comparedFilms,
  countAgreement,
  listComparedPairs,
  recordChoice,
  type VersionPair,
} from '../database/model-records.ts';
import type { Database } from '../database/schema.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { ModelChoice } from '../exam/model-choice.ts';
import { choiceOf, type ModelStanding, rollbackVersion, wantedVersion } from '../inference/model-choices.ts';
import { proveWorker } from '../inference/model-proof.ts';
import { modelNames, planModels } from '../inference/model-plan.ts';
import { describeLeftOut, shadowedViews } from '../inference/model-slots.ts';
import { type InstalledModel, ModelShelf } from '../inference/model-shelf.ts';
import { type Comparison, compareReadings } from '../inference/shadow-comparison.ts';
import { readStanding } from '../model-watch.ts';
import { workerSettings } from '../worker-settings.ts';
import { withRecord } from './open-record.ts';

/** Until people sign in, whoever may run commands on the record is the operator. */
const ACTOR = 'operator';

/** A version as `model list` shows it. */
export interface ListedVersion {
  readonly version: string;
  readonly sha256: string | null;
  /** Why manifest and file cannot be used; null where they are whole. */
  readonly fault: string | null;
  /** Why a worker could not load it; null where none tried or all could. */
  readonly failure: string | null;
}

/** A model as `model list` shows it. */
export interface ListedModel {
  readonly name: string;
  /** What it is for: a task, or a site's own model for each of its views. */
  readonly purpose: readonly string[];
  /** Why it does not work beside another one; null where nothing speaks against it. */
  readonly leftOut: string | null;
  /** The version that ought to work; null where what was chosen cannot be used and what worked before goes on. */
  readonly active: string | null;
  /** null: the newest version on disk is taken. */
  readonly chosen: string | null;
  readonly previous: string | null;
  readonly shadow: string | null;
  /** Films that both read, and of how many they said the same; null without a shadow. */
  readonly agreement: { readonly films: number; readonly sameOutcome: number } | null;
  readonly versions: readonly ListedVersion[];
}

/** Every model that is installed or chosen. */
export function listModels(config: Config): Promise<readonly ListedModel[]> {
  return withModels(config, async (database, standing) => {
    const { leftOut } = planModels(standing, new Map(), () => false);
    return Promise.all(
      modelNames(standing).map((name) => {
        const place = leftOut.find((one) => one.name === name);
        return describe(database, standing, name, place === undefined ? null : describeLeftOut(place));
      }),
    );
  });
}

/** What became of a choice. */
export interface ChoiceReport {
  readonly name: string;
  /** The version that works from now on; a running service takes it up within seconds. */
  readonly active: string;
  readonly previous: string | null;
  readonly shadow: string | null;
}

/** Chooses a version, or `newest`: always the newest on disk. It must load and reproduce its golden run first. */
export function chooseVersion(config: Config, name: string, version: string): Promise<ChoiceReport> {
  return withModel(config, name, async (database, standing) => {
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
    return choose(database, standing, choice, { action: `use ${version}`, active, proved: active });
  });
}

/** Goes back to the version that worked before; once more, and the one of now is back. */
export function rollBack(config: Config, name: string): Promise<ChoiceReport> {
  return withModel(config, name, async (database, standing) => {
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
    return choose(database, standing, choice, {
      action: `roll back to ${active}`,
      active,
      proved: active,
    });
  });
}

/** Lets a version run in shadow beside the one that works, or none (null). */
export function chooseShadow(config: Config, name: string, version: string | null): Promise<ChoiceReport> {
  return withModel(config, name, async (database, standing) => {
    const active = versionBefore(standing, name);
    if (active === null) throw new TriageError('state-conflict', `no version of ${name} works`);
    if (version === active) {
      throw new TriageError(
        'state-conflict',
        `${name} ${version} is the version that works; take another one`,
      );
    }
    if (version !== null) {
      checkShadow(standing, name);
      await prove(config, standing.installed, name, version);
    }
    const action = version === null ? 'shadow off' : `shadow ${version}`;
    const choice = { ...choiceOf(standing, name), shadowVersion: version };
    return choose(database, standing, choice, { action, active, proved: version });
  });
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

/** What became of the proof of a version. */
export interface CheckedVersion {
  readonly name: string;
  readonly version: string;
  /** null: it can be used. */
  readonly fault: string | null;
}

/** Loads every version on disk, or those of one model, in a process of its own, as a service would; needs no record. */
export async function checkModels(config: Config, name?: string): Promise<readonly CheckedVersion[]> {
  const installed = await new ModelShelf(workerSettings(config).setup.modelsFolder).look();
  const wanted = installed.filter((model) => name === undefined || model.name === name);
  if (name !== undefined && wanted.length === 0) {
    throw new TriageError('not-found', `no version of ${name} is installed in ${config.modelsFolder}`);
  }
  const checked: CheckedVersion[] = [];
  for (const { name: model, version } of wanted) {
    const fault = await prove(config, installed, model, version).then(
      () => null,
      (thrown: unknown) => asTriageError(thrown, 'model-invalid').message,
    );
    checked.push({ name: model, version, fault });
  }
  return checked;
}

/** Two versions and how they agree. */
export interface ComparisonReport extends VersionPair, Comparison {}

/** Compares a version that is or was in shadow with the one that counted: left out, the one of now or the newest. */
export function compareShadow(config: Config, name: string, version?: string): Promise<ComparisonReport> {
  return withModel(config, name, async (database, standing) => {
    const pairs = await listComparedPairs(database, name);
    const present = choiceOf(standing, name).shadowVersion;
    const shadow = version ?? present ?? pairs.at(-1)?.shadowVersion;
    const isKnown = shadow === present || pairs.some(({ shadowVersion }) => shadowVersion === shadow);
    if (shadow === undefined || !isKnown) {
      throw new TriageError(
        'not-found',
        `${version === undefined ? `no version of ${name}` : `${name} ${version}`} has run in shadow: ` +
          `"model shadow ${name} VERSION" lets one`,
      );
    }
    const working = versionBefore(standing, name) ?? '';
    const candidates = pairs
      .filter(({ shadowVersion }) => shadowVersion === shadow)
      .sort((a, b) => b.films - a.films);
    const pair = candidates.find(({ activeVersion }) => activeVersion === working) ?? candidates[0];
    const { activeVersion } = pair ?? { activeVersion: working };
    const compared = { name, activeVersion, shadowVersion: shadow };
    return { ...compared, ...(await compareReadings(comparedFilms(database, compared))) };
  });
}

function withModel<Result>(
  config: Config,
  name: string,
  step: (database: Kysely<Database>, standing: ModelStanding) => Promise<Result>,
): Promise<Result> {
  return withModels(config, (database, standing) => {
    const names = modelNames(standing);
    if (names.includes(name)) return step(database, standing);
    const known = names.length === 0 ? 'none' : names.join(', ');
    throw new TriageError('not-found', `there is no use for a model ${name}; installed or chosen: ${known}`);
  });
}

function withModels<Result>(
  config: Config,
  step: (database: Kysely<Database>, standing: ModelStanding) => Promise<Result>,
): Promise<Result> {
  const { modelsFolder } = workerSettings(config).setup;
  return withRecord(config, async (database) =>
    step(database, await readStanding(database, new ModelShelf(modelsFolder))),
  );
}

async function describe(
  database: Kysely<Database>,
  standing: ModelStanding,
  name: string,
  leftOut: string | null,
): Promise<ListedModel> {
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
function versionBefore(standing: ModelStanding, name: string): string | null {
  return wantedVersion(standing, name)?.version ?? choiceOf(standing, name).activeVersion;
}

function newestOf({ installed }: ModelStanding, name: string): string {
  const newest = installed.filter((model) => model.name === name && model.sha256 !== null).at(-1);
  if (newest === undefined)
    throw new TriageError('model-missing', `no version of ${name} is installed whole`);
  return newest.version;
}

async function prove(
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

async function choose(
  database: Kysely<Database>,
  standing: ModelStanding,
  choice: ModelChoice,
  made: { readonly action: string; readonly active: string; readonly proved: string | null },
): Promise<ChoiceReport> {
  const { name, previousVersion: previous, shadowVersion: shadow } = choice;
  const { action, active, proved } = made;
  await recordChoice(database, choice, {
    ...{ actor: ACTOR, action: `model ${action}`, nowMs: systemClock.nowMs() },
    ...{ seen: choiceOf(standing, name), proved },
  });
  return { name, active, previous, shadow };
}
