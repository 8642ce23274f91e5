/**
 * Which referrals stand on a page of the list, along an index whatever is asked for and however many there are.
 *
 * - A list of one state is a range of an index that ends with every column a filter looks at: a page reads entries of
 *   that index and no rows. A list of several states is merged from such ranges.
 * - A person's referrals that have not ended are few: they are found first and then sorted.
 * - Whom a search finds is looked up first where they are few. Where they are many, the list is walked and each entry's
 *   person is held against the terms, since the page is soon full; a sample of the list says which way is shorter.
 */
import { type ExpressionBuilder, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { FindingKind } from '../exam/finding-kind.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { Connection } from './exam-records.ts';
import { type WeighedPrefixes, weighPrefixes } from './person-search.ts';
import { endOfPrefix } from './person-terms.ts';
import type { Database } from './schema.ts';

/** Orders of the list: most urgent first, due first, or what came last. */
export type ReferralSort = 'urgency' | 'due' | 'newest';

/** Which referrals are listed. */
export interface ReferralFilter {
  /** In one of these states; `null`: whatever its state, because the owner says enough. */
  readonly states: readonly ReferralState[] | null;
  /** Those of one person that have not ended. */
  readonly ownerId: string | null;
  /** Those that were due then. */
  readonly dueUntilMs: number | null;
  readonly siteId: string | null;
  readonly kind: FindingKind | null;
  readonly gradeMin: number | null;
  readonly ageMin: number | null;
  readonly ageMax: number | null;
  /** The person has a term that begins with each of these. */
  readonly prefixes: readonly string[];
}

/** The place of a referral in every order. */
export interface ReferralPlace {
  readonly referralId: string;
  readonly urgency: number;
  readonly dueAtMs: number | null;
  readonly arrivedAtMs: number;
}

/** Which part of a list is asked for. */
export interface PageOfPlaces {
  readonly sort: ReferralSort;
  /** null: the first page. */
  readonly after: ReferralPlace | null;
  readonly limit: number;
}

type Builder = ExpressionBuilder<Database & { r: Database['referrals'] }, 'r'>;
type ListQuery = SelectQueryBuilder<Database & { r: Database['referrals'] }, 'r', ReferralPlace>;

/** The referrals that come after a place in an order, no more than `limit`. */
export async function findReferralPlaces(
  database: Connection,
  filter: ReferralFilter,
  page: PageOfPlaces,
): Promise<readonly ReferralPlace[]> {
  const { sort, after, limit } = page;
  const weighed = await weighPrefixes(database, filter.prefixes);
  const areLookedUp = await isLookingUpShorter(database, filter, weighed, limit);
  const select = (state: ReferralState | null, from: ReferralPlace | null, count: number): ListQuery => {
    const all = areLookedUp ? selectFound(database, weighed) : selectPlaces(database);
    const prefixes = areLookedUp ? [] : weighed.prefixes;
    const chosen = all.where((where) => where.and(conditionsOf(where, filter, state, prefixes)));
    const rest = from === null ? chosen : chosen.where((where) => comesAfter(where, sort, from));
    return orderBy(rest, sort, !areLookedUp).limit(count);
  };
  if (areLookedUp || filter.states === null) return select(null, after, limit).execute();
  return mergeRanges(filter.states, page, (state, from, count) => select(state, from, count).execute());
}

/** So few persons are looked up without asking whether there is a shorter way. */
const LOOKED_UP_AT_ONCE = 2_000;
/** Entries of the list whose persons tell how many have the terms. */
const SAMPLED_ENTRIES = 400;
/** What walking past an entry takes, in terms that are looked up; measured on both engines. */
const WALKED_COST = 2;

/** Whether there are fewer persons to look up than entries to walk past until the page is full. */
async function isLookingUpShorter(
  database: Connection,
  { states, ownerId }: ReferralFilter,
  { prefixes, rarestCount }: WeighedPrefixes,
  limit: number,
): Promise<boolean> {
  if (prefixes.length === 0 || rarestCount === null) return false;
  if (rarestCount <= LOOKED_UP_AT_ONCE) return true;
  const { entries, found } = await database
    .selectFrom((from) =>
      from
        .selectFrom('referrals')
        .select('person_id')
        .where((where) => (states === null ? where('owner_id', '=', ownerId) : where('state', 'in', states)))
        .limit(SAMPLED_ENTRIES)
        .as('own'),
    )
    .select((select) => [
      select.fn.countAll<number>().as('entries'),
      select.fn
        .sum<number>(
          select
            .case()
            .when(select.and(prefixes.map((prefix) => hasTerm(prefix, 'own.person_id'))))
            .then(1)
            .else(0)
            .end(),
        )
        .as('found'),
    ])
    .executeTakeFirstOrThrow();
  // Where that is all there is, the walk is short whoever has the terms.
  return (
    entries === SAMPLED_ENTRIES &&
    (WALKED_COST * limit * SAMPLED_ENTRIES) / Math.max(found, 0.5) > rarestCount
  );
}

/** Rows that are read of a range at a time: the page takes few of each where there are several. */
const CHUNK_ROWS = 32;

interface Range {
  readonly state: ReferralState;
  readonly places: ReferralPlace[];
  last: ReferralPlace | null;
  isRead: boolean;
}

/** One order out of the orders of several states; of each no more is read than the page may need. */
async function mergeRanges(
  states: readonly ReferralState[],
  { sort, after, limit }: PageOfPlaces,
  read: (
    state: ReferralState,
    after: ReferralPlace | null,
    limit: number,
  ) => Promise<readonly ReferralPlace[]>,
): Promise<readonly ReferralPlace[]> {
  const chunk = states.length === 1 ? limit : Math.min(limit, CHUNK_ROWS);
  const ranges = states.map((state): Range => ({ state, places: [], last: after, isRead: false }));
  const fill = async (range: Range): Promise<void> => {
    const rows = await read(range.state, range.last, chunk);
    range.places.push(...rows);
    range.last = rows.at(-1) ?? range.last;
    range.isRead = rows.length < chunk;
  };
  await Promise.all(ranges.map(fill));
  const merged: ReferralPlace[] = [];
  while (merged.length < limit) {
    const next = ranges.reduce<Range | undefined>((first, range) => {
      const [place] = range.places;
      const [best] = first?.places ?? [];
      return place !== undefined && (best === undefined || comparePlaces(place, best, sort) < 0)
        ? range
        : first;
    }, undefined);
    const place = next?.places.shift();
    if (next === undefined || place === undefined) break;
    merged.push(place);
    if (next.places.length === 0 && !next.isRead) await fill(next);
  }
  return merged;
}

/** How many referrals have not ended, by state, of one person, and those that were due. */
export async function countUnended(
  database: Connection,
  ownerId: string,
  nowMs: number,
): Promise<{
  readonly states: Readonly<Partial<Record<ReferralState, number>>>;
  readonly owned: number;
  readonly overdue: number;
}> {
  const rows = await database
    .selectFrom('referrals')
    .select((select) => [
      'state',
      select.fn.countAll<number>().as('count'),
      select.fn.sum<number>(select.case().when('owner_id', '=', ownerId).then(1).else(0).end()).as('owned'),
      select.fn.sum<number>(select.case().when('due_at_ms', '<=', nowMs).then(1).else(0).end()).as('overdue'),
    ])
    // Whatever has not ended is due some day: an index holds these and no others.
    .where('due_at_ms', 'is not', null)
    .groupBy('state')
    .execute();
  const sum = (of: 'owned' | 'overdue') => rows.reduce((total, row) => total + row[of], 0);
  return {
    states: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    ...{ owned: sum('owned'), overdue: sum('overdue') },
  };
}

const PLACE_COLUMNS = [
  'r.referral_id as referralId',
  'r.urgency as urgency',
  'r.due_at_ms as dueAtMs',
  'r.arrived_at_ms as arrivedAtMs',
] as const;

function selectPlaces(database: Connection): ListQuery {
  return database.selectFrom('referrals as r').select(PLACE_COLUMNS);
}

/** Lists that are made first, and a cross join: both engines then go from the persons to their referrals. */
function selectFound(database: Connection, { prefixes }: WeighedPrefixes): ListQuery {
  const [rarest = '', ...others] = prefixes;
  return database
    .with(
      (cte) => cte('found').materialized(),
      (from) =>
        from
          .selectFrom('person_terms as own')
          .select('own.person_id')
          .distinct()
          .where('own.term', '>=', rarest)
          .where('own.term', '<', endOfPrefix(rarest))
          .where((where) => where.and(others.map((other) => hasTerm(other, 'own.person_id')))),
    )
    .with(
      (cte) => cte('theirs').materialized(),
      (from) =>
        from
          .selectFrom('found')
          .crossJoin('referrals')
          .whereRef('referrals.person_id', '=', 'found.person_id')
          .select(['referral_id', 'state', 'urgency', 'due_at_ms', 'arrived_at_ms'])
          .select(['owner_id', 'site_id', 'kind', 'grade', 'age_years', 'referrals.person_id']),
    )
    .selectFrom('theirs as r')
    .select(PLACE_COLUMNS);
}

function conditionsOf(
  where: Builder,
  filter: ReferralFilter,
  state: ReferralState | null,
  prefixes: readonly string[],
) {
  const { states, ownerId, dueUntilMs, siteId, kind, gradeMin, ageMin, ageMax } = filter;
  return [
    ...(state !== null ? [where('r.state', '=', state)] : []),
    ...(state === null && states !== null ? [where('r.state', 'in', states)] : []),
    ...(ownerId !== null ? [where('r.owner_id', '=', ownerId), where('r.due_at_ms', 'is not', null)] : []),
    ...(dueUntilMs !== null ? [where('r.due_at_ms', '<=', dueUntilMs)] : []),
    ...(siteId !== null ? [where('r.site_id', '=', siteId)] : []),
    ...(kind !== null ? [where('r.kind', '=', kind)] : []),
    ...(gradeMin !== null ? [where('r.grade', '>=', gradeMin)] : []),
    ...(ageMin !== null ? [where('r.age_years', '>=', ageMin)] : []),
    ...(ageMax !== null ? [where('r.age_years', '<=', ageMax)] : []),
    ...prefixes.map((prefix) => hasTerm(prefix, 'r.person_id')),
  ];
}

/** Whether a person, named by a column of the query round it, has a term that begins so. */
function hasTerm(prefix: string, person: 'own.person_id' | 'r.person_id'): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from person_terms as t where t.person_id = ${sql.ref(person)}
    and t.term >= ${prefix} and t.term < ${endOfPrefix(prefix)})`;
}

/** What is due comes before what is not; the identifier tells apart what is equal. */
function comesAfter(where: Builder, sort: ReferralSort, after: ReferralPlace) {
  const { referralId, urgency, dueAtMs, arrivedAtMs } = after;
  const laterId = where('r.referral_id', '>', referralId);
  const laterDue =
    dueAtMs === null
      ? where.and([where('r.due_at_ms', 'is', null), laterId])
      : where.or([
          where('r.due_at_ms', '>', dueAtMs),
          where.and([where('r.due_at_ms', '=', dueAtMs), laterId]),
          where('r.due_at_ms', 'is', null),
        ]);
  if (sort === 'due') return laterDue;
  // The first condition says no more than the second, but it is one range of the index.
  return sort === 'urgency'
    ? where.and([where('r.urgency', '<=', urgency), where.or([where('r.urgency', '<', urgency), laterDue])])
    : where.and([
        where('r.arrived_at_ms', '<=', arrivedAtMs),
        where.or([where('r.arrived_at_ms', '<', arrivedAtMs), laterId]),
      ]);
}

/** Within a state all are due or none is; elsewhere the engines differ in where they put what is not due. */
function orderBy(query: ListQuery, sort: ReferralSort, isAlongIndex: boolean): ListQuery {
  if (sort === 'newest') return query.orderBy('r.arrived_at_ms', 'desc').orderBy('r.referral_id');
  const first = sort === 'urgency' ? query.orderBy('r.urgency', 'desc') : query;
  const due = isAlongIndex
    ? sql`r.due_at_ms`
    : sql`coalesce(r.due_at_ms, ${sql.lit(Number.MAX_SAFE_INTEGER)})`;
  return first.orderBy(due).orderBy('r.referral_id');
}

function comparePlaces(a: ReferralPlace, b: ReferralPlace, sort: ReferralSort): number {
  const byId = a.referralId < b.referralId ? -1 : 1;
  if (sort === 'newest') return b.arrivedAtMs - a.arrivedAtMs || byId;
  const byUrgency = sort === 'urgency' ? b.urgency - a.urgency : 0;
  return byUrgency || (a.dueAtMs ?? Infinity) - (b.dueAtMs ?? Infinity) || byId;
}
