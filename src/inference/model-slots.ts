/** Which models work side by side: one for each task, and of those that sites bring one for each view. Pure. */
import { MODEL_TASKS, type ModelManifest } from './model-manifest.ts';

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

/** Where the model of a place stands in a result: what was measured with before what knew the view. */
export function rankOf(slots: readonly string[]): number {
  return MODEL_TASKS.findIndex((task) => slots[0]?.startsWith(task) === true);
}
