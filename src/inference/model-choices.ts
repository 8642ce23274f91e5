/** Which version of a model works, from what was chosen, what is installed and what could not be loaded. Pure. */
import { ERRORS, type ErrorCode } from '../errors.ts';
import type { ModelChoice, ModelFailure } from '../exam/model-choice.ts';
import { compareVersions } from './model-registry.ts';
import type { InstalledModel } from './model-shelf.ts';

/** What is known of the models at one moment. */
export interface ModelStanding {
  readonly installed: readonly InstalledModel[];
  readonly choices: readonly ModelChoice[];
  /** What workers could not load. */
  readonly failures: readonly ModelFailure[];
}

/** A version with the digest of its bytes, and what it is for. */
export interface FitModel {
  readonly version: string;
  readonly sha256: string;
  readonly slots: readonly string[];
}

/** The choice for a model; nobody having chosen, it is the newest version on disk. */
export function choiceOf({ choices }: ModelStanding, name: string): ModelChoice {
  return (
    choices.find((choice) => choice.name === name) ?? {
      name,
      activeVersion: null,
      previousVersion: null,
      shadowVersion: null,
    }
  );
}

/** Versions of a model that are whole and that no worker found to be wrong, from new to old. */
export function fitVersions({ installed, failures }: ModelStanding, name: string): readonly FitModel[] {
  return installed
    .flatMap(({ name: itsName, version, sha256, slots }) =>
      itsName === name && sha256 !== null ? [{ version, sha256, slots }] : [],
    )
    .filter(
      ({ version, sha256 }) =>
        !failures.some(
          (one) =>
            one.name === name && one.version === version && one.sha256 === sha256 && isForGood(one.code),
        ),
    )
    .sort((a, b) => compareVersions(b.version, a.version));
}

/** The version that ought to work; undefined where what was chosen cannot be used: then what works goes on. */
export function wantedVersion(standing: ModelStanding, name: string): FitModel | undefined {
  const { activeVersion } = choiceOf(standing, name);
  const fit = fitVersions(standing, name);
  return activeVersion === null ? fit[0] : fit.find(({ version }) => version === activeVersion);
}

/** The versions to try at a start, when nothing works yet: what is wanted, what worked before, then the newest. */
export function startCandidates(standing: ModelStanding, name: string): readonly FitModel[] {
  const { previousVersion } = choiceOf(standing, name);
  const fit = fitVersions(standing, name);
  const ordered = [
    wantedVersion(standing, name),
    fit.find(({ version }) => version === previousVersion),
    ...fit,
  ];
  return [...new Set(ordered)].filter((model) => model !== undefined);
}

/** The version in shadow, beside the one that works; undefined where there is none or it is the same. */
export function shadowBeside(
  standing: ModelStanding,
  name: string,
  activeVersion: string,
): FitModel | undefined {
  const { shadowVersion } = choiceOf(standing, name);
  if (shadowVersion === null || shadowVersion === activeVersion) return undefined;
  return fitVersions(standing, name).find(({ version }) => version === shadowVersion);
}

/** Where a roll-back leads: what worked before, or else the next older version; undefined where there is nothing. */
export function rollbackVersion(standing: ModelStanding, name: string): string | undefined {
  const { activeVersion, previousVersion } = choiceOf(standing, name);
  if (previousVersion !== null) return previousVersion;
  const present = activeVersion ?? fitVersions(standing, name)[0]?.version;
  if (present === undefined) return undefined;
  return fitVersions(standing, name).find(({ version }) => compareVersions(version, present) < 0)?.version;
}

// A worker that was killed at its start may have met a full memory; wrong bytes stay wrong.
function isForGood(code: string): boolean {
  return ERRORS[code as ErrorCode].class === 'permanent';
}
