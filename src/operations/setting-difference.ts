/** What differs between two texts of settings. Pure. */

/** One value that differs; undefined where there is none. */
export interface Difference {
  /** From the top, each key or the name of a list's item. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The values that differ between two JSON texts; a text that is none counts as a whole. */
export function differencesOf(before: string | null, after: string | null): readonly Difference[] {
  return compare('', parsed(before), parsed(after));
}

function parsed(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function compare(path: string, before: unknown, after: unknown): readonly Difference[] {
  const [mapBefore, mapAfter] = [entriesOf(before), entriesOf(after)];
  if (mapBefore === null || mapAfter === null) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  }
  const keys = [...new Set([...mapBefore.keys(), ...mapAfter.keys()])];
  return keys.flatMap((key) =>
    compare(path === '' ? key : `${path}.${key}`, mapBefore.get(key), mapAfter.get(key)),
  );
}

/** Items of a list go by their name, so that one that was added in front does not change all that follow. */
function entriesOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  if (value.some((item) => typeof item !== 'object' || item === null)) return null;
  return new Map(value.map((item: object, index) => [nameOf(item) ?? String(index + 1), item]));
}

function nameOf(item: object): string | undefined {
  const { id, name, aeTitle } = item as Readonly<Record<string, unknown>>;
  return [id, name, aeTitle].find((one) => typeof one === 'string');
}
