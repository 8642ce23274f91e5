/** Reads resources from the record: one, or a page of a search. Writes nothing. */
import type { Kysely } from 'kysely';
import type { Clock } from '../../clock.ts';
import type { RecordPage } from '../../database/record-page.ts';
import type { Database } from '../../database/schema.ts';
import { findPersonStandings, findSurvivors } from '../../database/shared-persons.ts';
import { type FhirResource, instantOf, withMeta } from './fhir-values.ts';
import { findKind, type RecordFilter, type ResourceKind, type SharedRow } from './resource-kinds.ts';
import { rowIdOf, valuesOf } from './search-parameters.ts';
import { cursorOf, filterOf, type RowPlace, type SearchRequest } from './search-request.ts';
import { matches, readReference } from './search-values.ts';

/** A resource as it is sent, and whose it is. */
export interface SharedResource {
  readonly resource: FhirResource;
  readonly personId: string | null;
  readonly lastUpdatedMs: number | null;
}

/** A page of a search. */
export interface SearchPage {
  readonly found: readonly SharedResource[];
  /** What the found ones refer to, where that was asked for. */
  readonly included: readonly SharedResource[];
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
}

/** Reads resources. */
export interface FhirReader {
  /** One resource; undefined where there is none that may be shown. */
  read(kind: ResourceKind, id: string): Promise<SharedResource | undefined>;
  search(kind: ResourceKind, request: SearchRequest): Promise<SearchPage>;
}

/** A page that finds little ends here, and its next link goes on. */
const ROWS_LOOKED_AT_MAX = 2_000;

/** Whose films a caller may see: those of some sites, or all of them. */
export type SiteScope = Pick<RecordFilter, 'siteIds'>;

/** Reads from the record of this node what is in the scope. */
export function openFhirReader(database: Kysely<Database>, clock: Clock, scope: SiteScope = {}): FhirReader {
  const readMany = async (kind: ResourceKind, ids: readonly string[]): Promise<readonly SharedResource[]> => {
    const filter = { ...scope, rowIds: [...new Set(ids.map(rowIdOf))] };
    const page = { order: 'newest', limit: ROWS_LOOKED_AT_MAX, from: null } as const;
    const rows = await Promise.all(
      kind.sources.map((source) => source.list(database, filter, page, today(clock))),
    );
    const shown = await showRows(database, kind, rows.flat());
    return shown.flat().filter(({ resource }) => ids.includes(resource.id));
  };
  return {
    read: async (kind, id) => (await readMany(kind, [id]))[0],
    async search(kind, request) {
      const { found, next } = await gather(database, kind, { ...request, scope }, today(clock));
      return { found, included: await readIncluded(readMany, kind, request, found), next };
    },
  };
}

async function gather(
  database: Kysely<Database>,
  kind: ResourceKind,
  request: SearchRequest & { readonly scope: SiteScope },
  onDate: string,
): Promise<{ readonly found: readonly SharedResource[]; readonly next: string | null }> {
  const filter = await resolvePersons(database, { ...filterOf(request), ...request.scope });
  const found: SharedResource[] = [];
  let { from } = request;
  if (cannotMatch(filter)) return { found, next: null };
  const limit = request.count + 1;
  for (let lookedAt = 0; lookedAt < ROWS_LOOKED_AT_MAX; lookedAt += limit) {
    const rows = await nextRows(database, kind, filter, { order: request.order, limit, from }, onDate);
    const shown = await showRows(
      database,
      kind,
      rows.map(({ row }) => row),
    );
    for (const [index, { row, source }] of rows.entries()) {
      const place = { atMs: row.atMs, source, key: row.key };
      const first = from?.key === row.key && from.source === source ? from.ordinal : 0;
      for (const [ordinal, one] of (shown[index] ?? []).entries()) {
        if (ordinal < first || !fits(one.resource, request)) continue;
        if (found.length === request.count) return { found, next: cursorOf({ ...place, ordinal }) };
        found.push(one);
      }
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return { found, next: null };
    from = { atMs: last.row.atMs, source: last.source, key: last.row.key, ordinal: Number.MAX_SAFE_INTEGER };
  }
  return { found, next: from === null ? null : cursorOf(from) };
}

interface PlacedRow {
  readonly row: SharedRow;
  readonly source: number;
}

/** The next rows of all sources together: by time, and at one time a source after the other. */
async function nextRows(
  database: Kysely<Database>,
  kind: ResourceKind,
  filter: RecordFilter,
  page: { readonly order: 'newest' | 'oldest'; readonly limit: number; readonly from: RowPlace | null },
  onDate: string,
): Promise<readonly PlacedRow[]> {
  const lists = await Promise.all(
    kind.sources.map(async (source, index) => {
      if (source.name !== undefined && filter.sources?.includes(source.name) === false) return [];
      const rows = await source.list(database, filter, pageOfSource(page, index), onDate);
      return rows.map((row) => ({ row, source: index }));
    }),
  );
  const sign = page.order === 'newest' && kind.isDated ? -1 : 1;
  return lists
    .flat()
    .toSorted((one, other) => sign * (one.row.atMs - other.row.atMs) || one.source - other.source)
    .slice(0, page.limit);
}

function pageOfSource(
  {
    order,
    limit,
    from,
  }: { readonly order: 'newest' | 'oldest'; readonly limit: number; readonly from: RowPlace | null },
  source: number,
): RecordPage {
  if (from === null) return { order, limit, from: null };
  const { atMs } = from;
  const key = source === from.source ? from.key : null;
  // The row that the page begins with is read again, for some of its resources may be still to come.
  return { order, limit, from: { atMs, key, isBeyond: source < from.source } };
}

/** Resources of rows as they are sent; nothing of people who declined. */
async function showRows(
  database: Kysely<Database>,
  kind: ResourceKind,
  rows: readonly SharedRow[],
): Promise<readonly (readonly SharedResource[])[]> {
  const personIds = new Set(rows.flatMap(({ personId }) => personId ?? []));
  const standings = await findPersonStandings(database, [...personIds]);
  return rows.map(({ resources, personId, atMs }) => {
    const standing = personId === null ? undefined : standings.get(personId);
    if (standing?.isOptedOut === true) return [];
    const about = {
      lastUpdatedMs: kind.isDated ? atMs : null,
      isProtected: standing?.isProtected ?? false,
    };
    return resources.map((resource) => ({
      resource: withMeta(resource, about),
      personId,
      lastUpdatedMs: about.lastUpdatedMs,
    }));
  });
}

function fits(resource: FhirResource, { criteria }: SearchRequest): boolean {
  return criteria.every(
    ({ parameter, asked }) =>
      parameter.isNarrowedOnly === true || matches(parameter.type, asked, valuesOf(parameter, resource)),
  );
}

async function resolvePersons(database: Kysely<Database>, filter: RecordFilter): Promise<RecordFilter> {
  if (filter.personIds === undefined) return filter;
  return { ...filter, personIds: await findSurvivors(database, filter.personIds) };
}

function cannotMatch(filter: RecordFilter): boolean {
  return Object.values(filter).some((value) => Array.isArray(value) && value.length === 0);
}

async function readIncluded(
  readMany: (kind: ResourceKind, ids: readonly string[]) => Promise<readonly SharedResource[]>,
  kind: ResourceKind,
  { includes }: SearchRequest,
  found: readonly SharedResource[],
): Promise<readonly SharedResource[]> {
  const parameters = kind.parameters.filter(({ name }) => includes.includes(name));
  const references = found.flatMap(({ resource }) =>
    parameters.flatMap((parameter) =>
      valuesOf(parameter, resource).flatMap((value) => {
        const reference = (value as { readonly reference?: string }).reference;
        return reference === undefined ? [] : [reference];
      }),
    ),
  );
  const known = new Set(found.map(({ resource }) => `${resource.resourceType}/${resource.id}`));
  const wanted = Map.groupBy(
    [...new Set(references)].filter((reference) => !known.has(reference)).map(readReference),
    ({ type }) => type ?? '',
  );
  const lists = await Promise.all(
    [...wanted].flatMap(([type, targets]) => {
      const target = findKind(type);
      const ids = targets.map(({ id }) => id);
      return target === undefined ? [] : [readMany(target, ids)];
    }),
  );
  return lists.flat();
}

function today(clock: Clock): string {
  return instantOf(clock.nowMs()).slice(0, 10).replaceAll('-', '');
}
