/** Which models work side by side: one for each task, and of those that sites bring one for each view. Pure. */
import type { ViewName } from '../exam/analysis.ts';
import { MODEL_TASKS, type ModelManifest, type ModelTask } from './model-manifest.ts';

/** A model that is left out because another one has its place. */
export interface LeftOutModel {
  readonly name: string;
  /** The model that has the place. */
  readonly by: string;
  /** What both are for, in words. */
  readonly slot: string;
}

/** The places that a model takes: its task, or a site's own model for each of its views. */
export function slotsOf({ task, views }: Pick<ModelManifest, 'task' | 'views'>): readonly string[] {
  return task === 'low-bone-density' ? (views ?? []).map((view) => `${task} ${view}`) : [task];
}

/** Gives the places away in the order of names; a model of which any place is taken is left out whole. */
export function assignSlots<Model extends { readonly slots: readonly string[] }>(
  models: ReadonlyMap<string, Model>,
): { readonly working: ReadonlyMap<string, Model>; readonly leftOut: readonly LeftOutModel[] } {
  const holders = new Map<string, string>();
  const working = new Map<string, Model>();
  const leftOut: LeftOutModel[] = [];
  for (const [name, model] of [...models].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const taken = model.slots.find((slot) => holders.has(slot));
    if (taken === undefined) {
      working.set(name, model);
      for (const slot of model.slots) holders.set(slot, name);
    } else leftOut.push({ name, by: holders.get(taken) ?? '', slot: taken });
  }
  return { working, leftOut };
}

/** Says that a model is left out and what to do about it. */
export function describeLeftOut({ name, by, slot }: LeftOutModel): string {
  return `model ${name} is left out: ${by} works for ${slot} already; take one of the two out of the models folder, or its view out of the manifest`;
}

/** What can be assessed with the models that work. */
export interface ViewCoverage {
  readonly views: readonly ViewName[];
  /** Views that this program has models for, of which not all work. */
  readonly missing: readonly ViewName[];
  /** What is wrong with the models as a whole, in words. */
  readonly faults: readonly string[];
}

/** Views that this program has models for, with the tasks that must all be done for them. */
const WAYS = [
  { views: ['panoramic'], tasks: ['panoramic', 'mental-foramen'] },
  { views: ['spine-lateral', 'chest-lateral'], tasks: ['vertebra-finding', 'vertebra-points'] },
] as const satisfies readonly { readonly views: readonly ViewName[]; readonly tasks: readonly ModelTask[] }[];

/** What the models that work can assess together, from the places that they take. */
export function coverageOf(slots: readonly string[]): ViewCoverage {
  const own: ViewName[] = [];
  const missing: ViewName[] = [];
  const faults: string[] = [];
  for (const { views, tasks } of WAYS) {
    const there = tasks.filter((task) => slots.includes(task));
    (there.length === tasks.length ? own : missing).push(...views);
    const [lone, absent] = [there[0], tasks.find((task) => !slots.includes(task))];
    if (lone !== undefined && absent !== undefined)
      faults.push(`there is a model for ${lone} and none for ${absent}: one is of no use without the other`);
  }
  const sites = slots.flatMap((slot) => (slot.split(' ')[1] ?? []) as ViewName);
  return { views: [...new Set<ViewName>([...own, ...sites])], missing, faults };
}

/** Views of the films that a model in shadow reads; nothing for one that measures nothing by itself. */
export function shadowedViews(slots: readonly string[]): readonly ViewName[] {
  return slots.flatMap((slot): readonly ViewName[] => {
    const way = WAYS.find(({ tasks }) => tasks.some((task) => task === slot));
    return way?.views ?? (slot.split(' ').slice(1) as ViewName[]);
  });
}

/** Where the model of a place stands in a result: what was measured with before what knew the view. */
export function rankOf(slots: readonly string[]): number {
  return MODEL_TASKS.findIndex((task) => slots[0]?.startsWith(task) === true);
}
