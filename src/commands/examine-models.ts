import type { Config } from '../config.ts';
import { ERRORS } from '../errors.ts';
import { choiceOf, type ModelStanding, shadowBeside, wantedVersion } from '../inference/model-choices.ts';
import { modelNames, planModels } from '../inference/model-plan.ts';
import { PANORAMIC_MODEL } from '../inference/model-registry.ts';
import { coverageOf, describeLeftOut, type LeftOutModel } from '../inference/model-slots.ts';
import { type InstalledModel, ModelShelf } from '../inference/model-shelf.ts';
import { readStanding } from '../model-watch.ts';
import type { Finding } from './doctor.ts';
import { withRecord } from './open-record.ts';

/** What `doctor` says of the models: which version works, and how every one on disk is. Never throws. */
export async function examineModels(config: Config): Promise<readonly Finding[]> {
  const shelf = new ModelShelf(config.modelsFolder);
  const standing = await withRecord(config, (database) => readStanding(database, shelf), {
    readOnly: true,
  }).catch(async () => ({ installed: await shelf.look(), choices: [], failures: [] }));
  return describeModels(standing, config.modelsFolder);
}

/** The findings of a standing: a version that is wrong is one only where it has something to do. */
export function describeModels(standing: ModelStanding, modelsFolder: string): readonly Finding[] {
  const names = [...new Set([PANORAMIC_MODEL, ...modelNames(standing)])];
  const { plan, leftOut } = planModels(standing, new Map(), () => false);
  return [
    ...names.flatMap((name) => [
      describePlace(name, leftOut) ?? describeWorking(standing, name, modelsFolder),
      ...standing.installed
        .filter((model) => model.name === name)
        .map((model) => describeVersion(standing, model)),
    ]),
    describeViews([...plan.values()].flatMap(({ active }) => active.slots)),
  ];
}

/** Of two models for one place the second does not work, however whole it is. */
function describePlace(name: string, leftOut: readonly LeftOutModel[]): Finding | null {
  const place = leftOut.find((one) => one.name === name);
  return place === undefined ? null : { what: `models, ${name}`, ok: false, detail: describeLeftOut(place) };
}

function describeViews(slots: readonly string[]): Finding {
  const { views, missing, faults } = coverageOf(slots);
  const read = `assessed: ${views.length === 0 ? 'none' : views.join(', ')}`;
  const unread = missing.length === 0 ? [] : [`not assessed for want of a model: ${missing.join(', ')}`];
  const byTags = slots.includes('film-view')
    ? []
    : ['views are told by the header alone (no model film-view)'];
  const detail = [read, ...unread, ...faults, ...byTags].join('; ');
  return { what: 'views of films', ok: faults.length === 0, detail };
}

function describeWorking(standing: ModelStanding, name: string, modelsFolder: string): Finding {
  const what = `models, ${name}`;
  const { activeVersion, shadowVersion } = choiceOf(standing, name);
  const working = wantedVersion(standing, name);
  if (working === undefined) {
    const missing = activeVersion === null ? 'no version' : `${activeVersion} is chosen and`;
    const fault = standing.installed.findLast((model) => model.name === name)?.fault;
    return {
      ...{ what, ok: false },
      detail: `${missing} can${activeVersion === null ? '' : 'not'} be used in ${modelsFolder}. ${fault ?? ERRORS['model-missing'].action}`,
    };
  }
  const { version } = working;
  const hasNoShadow = shadowVersion !== null && shadowBeside(standing, name, version) === undefined;
  if (hasNoShadow && shadowVersion !== version) {
    return { what, ok: false, detail: `${version} works; ${shadowVersion} cannot run in its shadow` };
  }
  const shadow = shadowVersion === null ? '' : `, ${shadowVersion} in its shadow`;
  return {
    what,
    ok: true,
    detail: `${version} works (${activeVersion === null ? 'the newest' : 'chosen'})${shadow}`,
  };
}

function describeVersion(standing: ModelStanding, model: InstalledModel): Finding {
  const { name, version, sha256, fault } = model;
  const what = `model ${name} ${version}`;
  const failure = standing.failures.find(
    (one) => one.name === name && one.version === version && one.sha256 === sha256,
  );
  const wrong = fault ?? failure?.detail;
  if (wrong === undefined) return { what, ok: true, detail: 'digest as in its manifest' };
  const { activeVersion, shadowVersion } = choiceOf(standing, name);
  const isWanted = version === activeVersion || version === shadowVersion;
  return { what, ok: !isWanted, detail: `cannot be used: ${wrong}` };
}
