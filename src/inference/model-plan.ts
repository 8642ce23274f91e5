/** Which versions of which models work together. Pure. */
import type { WorkerSetup } from '../../workers/worker-setup.ts';
import {
  type FitModel,
  type ModelStanding,
  shadowBeside,
  startCandidates,
  wantedVersion,
} from './model-choices.ts';
import { assignSlots, type LeftOutModel } from './model-slots.ts';

/** A version that works, and the one that runs in its shadow. */
export interface PlannedModel {
  readonly active: FitModel;
  readonly shadow: FitModel | undefined;
}

/** The models that workers run, by name. */
export type ModelPlan = ReadonlyMap<string, PlannedModel>;

/** Names of models that are installed or were chosen, in order. */
export function modelNames({ installed, choices }: ModelStanding): readonly string[] {
  return [...new Set([...installed, ...choices].map(({ name }) => name))].sort();
}

/**
 * What ought to work: for each model what is wanted, else what works, else what could; and of two models for one place
 * the first by name. Versions that were refused a moment ago are passed over. A model that is gone from the disk goes on
 * working until another one is there for its place.
 */
export function planModels(
  standing: ModelStanding,
  running: ModelPlan,
  isRefused: (name: string, model: FitModel) => boolean,
): { readonly plan: ModelPlan; readonly leftOut: readonly LeftOutModel[] } {
  const candidates = new Map<string, PlannedModel & { readonly slots: readonly string[] }>();
  for (const name of modelNames(standing)) {
    const present = running.get(name);
    const wanted = wantedVersion(standing, name);
    const fit = startCandidates(standing, name).find((model) => !isRefused(name, model));
    const isOpen = wanted !== undefined && !isRefused(name, wanted);
    const active = isOpen ? wanted : (present?.active ?? fit);
    if (active === undefined) continue;
    const shadow = shadowBeside(standing, name, active.version);
    const isShadowOpen = shadow !== undefined && !isRefused(name, shadow);
    candidates.set(name, {
      active,
      shadow: isShadowOpen || sameModel(shadow, present?.shadow) ? shadow : undefined,
      slots: active.slots,
    });
  }
  const { working, leftOut } = assignSlots(candidates);
  const plan = new Map([...working].map(([name, { active, shadow }]) => [name, { active, shadow }]));
  const taken = [...working.values()].flatMap(({ slots }) => slots);
  for (const [name, gone] of running) {
    const isFree = !gone.active.slots.some((slot) => taken.includes(slot));
    if (!candidates.has(name) && isFree) plan.set(name, gone);
  }
  return { plan, leftOut };
}

/** The setup of workers that run a plan, and nothing else. */
export function setupOfPlan(setup: WorkerSetup, plan: ModelPlan): WorkerSetup {
  const models = [...plan];
  return {
    ...setup,
    modelPins: Object.fromEntries(models.map(([name, { active }]) => [name, active.version])),
    shadowPins: Object.fromEntries(
      models.flatMap(([name, { shadow }]) => (shadow === undefined ? [] : [[name, shadow.version]])),
    ),
  };
}

/** Names of models in which two plans differ. */
export function changedNames(one: ModelPlan, other: ModelPlan): readonly string[] {
  const names = [...new Set([...one.keys(), ...other.keys()])].sort();
  return names.filter((name) => {
    const [mine, theirs] = [one.get(name), other.get(name)];
    return !sameModel(mine?.active, theirs?.active) || !sameModel(mine?.shadow, theirs?.shadow);
  });
}

/** Whether two versions are the same, to the byte. */
export function sameModel(one: FitModel | undefined, other: FitModel | undefined): boolean {
  return one?.version === other?.version && one?.sha256 === other?.sha256;
}
