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

const LATERAL = ['spine-lateral', 'chest-lateral'] as const;
const LATERAL_TASKS = ['vertebra-finding', 'vertebra-points'] as const satisfies readonly ModelTask[];

/** What the models that work can assess together, from the places that they take. */
export function coverageOf(slots: readonly string[]): ViewCoverage {
  const hasPanoramic = slots.includes('panoramic');
  const lateral = LATERAL_TASKS.filter((task) => slots.includes(task));
  const hasSpine = lateral.length === LATERAL_TASKS.length;
  const sites = slots.flatMap((slot) => (slot.split(' ')[1] ?? []) as ViewName);
  const own = [...(hasPanoramic ? (['panoramic'] as const) : []), ...(hasSpine ? LATERAL : [])];
  const views = [...new Set<ViewName>([...own, ...sites])];
  const missing = (['panoramic', ...LATERAL] as const).filter((view) => !own.includes(view));
  const [lone] = hasSpine ? [] : lateral;
  const other = LATERAL_TASKS.find((task) => task !== lone);
  const faults =
    lone === undefined
      ? []
      : [`there is a model for ${lone} and none for ${other}: one is of no use without the other`];
  return { views, missing, faults };
}

/** Views of the films that a model in shadow reads; nothing for one that measures nothing by itself. */
export function shadowedViews(slots: readonly string[]): readonly ViewName[] {
  return slots.flatMap((slot): readonly ViewName[] => {
    if (slot === 'panoramic') return ['panoramic'];
    if (LATERAL_TASKS.some((task) => task === slot)) return LATERAL;
    return slot.split(' ').slice(1) as ViewName[];
  });
}

/** Where the model of a place stands in a result: what was measured with before what knew the view. */
export function rankOf(slots: readonly string[]): number {
  return MODEL_TASKS.findIndex((task) => slots[0]?.startsWith(task) === true);
}
