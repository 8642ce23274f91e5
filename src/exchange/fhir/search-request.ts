/** What a search asks for, as it was understood (FHIR R4, 3.1.1 Search). Pure. */
import { TriageError } from '../../errors.ts';
import type { RecordFilter, ResourceKind } from './resource-kinds.ts';
import { both } from './resource-kinds.ts';
import { PERSON_PARAMETERS, type SearchParameter } from './search-parameters.ts';
import { readReference } from './search-values.ts';

/** A parameter with values of which one must fit. */
export interface Criterion {
  readonly parameter: SearchParameter;
  readonly asked: readonly string[];
}

/** A search. */
export interface SearchRequest {
  readonly criteria: readonly Criterion[];
  readonly order: 'newest' | 'oldest';
  readonly count: number;
  readonly includes: readonly string[];
  readonly from: RowPlace | null;
  /** Names of parameters that are not known here. */
  readonly ignored: readonly string[];
}

/** Where a page begins: a resource of a row of a source. */
export interface RowPlace {
  readonly atMs: number;
  readonly source: number;
  readonly key: string;
  /** Which of the row's resources. */
  readonly ordinal: number;
}

const COUNT_DEFAULT = 50;
const COUNT_MAX = 200;
const CURSOR = '_cursor';

/** Reads the parameters of a search. Throws request-invalid on a value that cannot be meant. */
export function readSearch(
  kind: ResourceKind,
  pairs: readonly (readonly [name: string, value: string])[],
): SearchRequest {
  const request = {
    criteria: [] as Criterion[],
    order: 'newest' as 'newest' | 'oldest',
    count: COUNT_DEFAULT,
    includes: [] as string[],
    from: null as RowPlace | null,
    ignored: [] as string[],
  };
  for (const [name, value] of pairs) {
    if (value === '' || name === '_format') continue;
    if (name === '_count') request.count = readCount(value);
    else if (name === CURSOR) request.from = readCursor(value);
    else if (name === '_sort' && kind.isDated) request.order = readOrder(value);
    else if (name === '_include') readInclude(kind, value, request);
    else readCriterion(kind, name, value, request);
  }
  return request;
}

/** What the rows are narrowed to; of people it says which are named, as their identity was called. */
export function filterOf({ criteria }: SearchRequest): RecordFilter {
  let filter: RecordFilter = {};
  for (const { parameter, asked } of criteria) {
    const narrowed: RecordFilter = PERSON_PARAMETERS.includes(parameter.name)
      ? { personIds: asked.map((text) => readReference(text).id) }
      : (parameter.narrow?.(asked) ?? {});
    filter = narrowBoth(filter, narrowed);
  }
  return filter;
}

/** Where the next page begins, as one word. */
export function cursorOf({ atMs, source, key, ordinal }: RowPlace): string {
  return Buffer.from(JSON.stringify([atMs, source, key, ordinal])).toString('base64url');
}

/** The parameters of a page's address: those that were understood, and where it begins. */
export function addressOf(
  pairs: readonly (readonly [name: string, value: string])[],
  ignored: readonly string[],
  from: string | null,
): string {
  const kept = pairs.filter(([name]) => name !== CURSOR && !ignored.includes(name));
  const all = from === null ? kept : [...kept, [CURSOR, from] as const];
  return all.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

function readCriterion(
  kind: ResourceKind,
  name: string,
  value: string,
  request: { readonly criteria: Criterion[]; readonly ignored: string[] },
): void {
  const [plain = '', modifier] = name.split(':');
  const parameter = kind.parameters.find((one) => one.name === plain);
  if (parameter === undefined) {
    request.ignored.push(name);
    return;
  }
  let asked: readonly string[] = value.split(',').filter((text) => text !== '');
  if (modifier !== undefined) {
    // `subject:Patient=…` says the type of the reference; no other modifier is offered.
    if (parameter.type !== 'reference' || !/^[A-Z][A-Za-z]+$/.test(modifier)) {
      throw new TriageError('request-invalid', `the modifier of ${plain} is not supported`);
    }
    asked = asked.map((text) => `${modifier}/${text}`);
  }
  request.criteria.push({
    parameter,
    asked: parameter.alike === undefined ? asked : asked.flatMap(parameter.alike),
  });
}

function readInclude(
  kind: ResourceKind,
  value: string,
  request: { readonly includes: string[]; readonly ignored: string[] },
): void {
  const [type, name = ''] = value.split(':');
  if (type === kind.type && kind.includes.includes(name)) request.includes.push(name);
  else request.ignored.push('_include');
}

function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) {
    throw new TriageError('request-invalid', `_count is a number from 1 to ${COUNT_MAX}`);
  }
  return Math.min(Number(value), COUNT_MAX);
}

function readOrder(value: string): 'newest' | 'oldest' {
  if (value === '_lastUpdated') return 'oldest';
  if (value === '-_lastUpdated') return 'newest';
  throw new TriageError('request-invalid', '_sort is _lastUpdated or -_lastUpdated');
}

function readCursor(value: string): RowPlace {
  try {
    const [atMs, source, key, ordinal] = JSON.parse(
      Buffer.from(value, 'base64url').toString(),
    ) as readonly unknown[];
    if (
      Number.isSafeInteger(atMs) &&
      Number.isSafeInteger(source) &&
      Number.isSafeInteger(ordinal) &&
      typeof key === 'string' &&
      key.length <= 64
    ) {
      return { atMs: Number(atMs), source: Number(source), key, ordinal: Number(ordinal) };
    }
  } catch {
    // Said below.
  }
  throw new TriageError('request-invalid', 'the address of this page was not given out here: search again');
}

function narrowBoth(one: RecordFilter, other: RecordFilter): RecordFilter {
  const result: Record<string, unknown> = { ...one };
  for (const [name, value] of Object.entries(other) as [keyof RecordFilter, unknown][]) {
    const known = one[name];
    if (name === 'changed') {
      const [first, second] = [one.changed, other.changed];
      if (first === undefined || second === undefined) result[name] = value;
      else {
        result[name] = {
          fromMs: Math.max(first.fromMs, second.fromMs),
          toMs: Math.min(first.toMs, second.toMs),
        };
      }
    } else {
      result[name] = both(known as readonly unknown[] | undefined, value as readonly unknown[]);
    }
  }
  return result;
}
