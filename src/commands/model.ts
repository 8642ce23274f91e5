import type { Kysely } from 'kysely';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { comparedFilms, listComparedPairs, type VersionPair } from '../database/model-records.ts';
import type { Database } from '../database/schema.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { choiceOf, type ModelStanding } from '../inference/model-choices.ts';
import { ModelShelf } from '../inference/model-shelf.ts';
import { type Comparison, compareReadings } from '../inference/shadow-comparison.ts';
import { openModelDesk, prove, readModels, requireModel, versionBefore } from '../model-desk.ts';
import type { ModelChange, ModelChoiceReport, ModelView } from '../operations/admin-views.ts';
import { workerSettings } from '../worker-settings.ts';
import { withRecord } from './open-record.ts';

/** Whoever may run commands on the record is the operator. */
const OPERATOR = { actor: 'operator', name: 'operator' };

/** Every model that is installed or chosen. */
export function listModels(config: Config): Promise<readonly ModelView[]> {
  return withRecord(config, (database) => openModelDesk({ config, database, clock: systemClock }).list());
}

/** Chooses a version, or `newest`: always the newest on disk. It must load and reproduce its golden run first. */
export function chooseVersion(config: Config, name: string, version: string): Promise<ModelChoiceReport> {
  return change(config, name, { use: version });
}

/** Goes back to the version that worked before; once more, and the one of now is back. */
export function rollBack(config: Config, name: string): Promise<ModelChoiceReport> {
  return change(config, name, { rollBack: true });
}

/** Lets a version run in shadow beside the one that works, or none (null). */
export function chooseShadow(
  config: Config,
  name: string,
  version: string | null,
): Promise<ModelChoiceReport> {
  return change(config, name, { shadow: version });
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

function change(config: Config, name: string, asked: ModelChange): Promise<ModelChoiceReport> {
  return withRecord(config, (database) =>
    openModelDesk({ config, database, clock: systemClock }).change(name, asked, OPERATOR),
  );
}

function withModel<Result>(
  config: Config,
  name: string,
  step: (database: Kysely<Database>, standing: ModelStanding) => Promise<Result>,
): Promise<Result> {
  return withRecord(config, async (database) => {
    const standing = await readModels(config, database);
    requireModel(standing, name);
    return step(database, standing);
  });
}
