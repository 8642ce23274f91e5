/** Finds people by the beginnings of their terms, along the key of the terms and no further than is shown. */
import { endOfPrefix } from './person-terms.ts';
import type { Connection } from './exam-records.ts';

/** Terms that begin with a prefix are counted so far: the people of more are never looked up one by one. */
const COUNTED_MAX = 30_000;

/** So few are looked up at once, whatever else is asked for. */
const RARE_MAX = 200;

/** The prefixes of a search, by how many people have them. */
export interface WeighedPrefixes {
  /** The rarest first. */
  readonly prefixes: readonly string[];
  /** Terms that begin with the rarest; null where there are too many to look up. */
  readonly rarestCount: number | null;
}

/** Says which prefix fewest people have. */
export async function weighPrefixes(
  database: Connection,
  prefixes: readonly string[],
): Promise<WeighedPrefixes> {
  let weighed = await countEach(database, prefixes, RARE_MAX);
  // Where one is rare the others need not be counted further.
  if (!weighed.some(({ count }) => count <= RARE_MAX))
    weighed = await countEach(database, prefixes, COUNTED_MAX);
  const byCount = weighed.toSorted((a, b) => a.count - b.count);
  const rarestCount = byCount[0]?.count ?? 0;
  return {
    prefixes: byCount.map(({ prefix }) => prefix),
    rarestCount: rarestCount <= COUNTED_MAX ? rarestCount : null,
  };
}

/** People that have a term for each prefix, in the order of the rarest; who was merged into another is left out. */
export async function findPersonIds(
  database: Connection,
  prefixes: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  // One alone has no others to be weighed against.
  const weighed = prefixes.length > 1 ? (await weighPrefixes(database, prefixes)).prefixes : prefixes;
  const [rarest, ...others] = weighed;
  if (rarest === undefined) return [];
  const rows = await database
    .selectFrom('person_terms as found')
    .innerJoin('persons', 'persons.person_id', 'found.person_id')
    .select(['found.term', 'found.person_id'])
    .where('found.term', '>=', rarest)
    .where('found.term', '<', endOfPrefix(rarest))
    .where('persons.merged_into', 'is', null)
    .where((where) =>
      where.and(
        others.map((prefix) =>
          where.exists(
            where
              .selectFrom('person_terms as t')
              .select('t.term')
              .whereRef('t.person_id', '=', 'found.person_id')
              .where('t.term', '>=', prefix)
              .where('t.term', '<', endOfPrefix(prefix)),
          ),
        ),
      ),
    )
    .orderBy('found.term')
    .orderBy('found.person_id')
    // A person may have several terms with one beginning, but hardly more than these.
    .limit(limit * 4)
    .execute();
  return [...new Set(rows.map(({ person_id }) => person_id))].slice(0, limit);
}

async function countEach(
  database: Connection,
  prefixes: readonly string[],
  upTo: number,
): Promise<readonly { readonly prefix: string; readonly count: number }[]> {
  const counted = [];
  let least = upTo;
  // The longest is likely to be the rarest, and of no other more need be known than that it is not.
  for (const prefix of prefixes.toSorted((a, b) => b.length - a.length)) {
    const count = await countTerms(database, prefix, least);
    counted.push({ prefix, count });
    least = Math.min(least, count);
  }
  return counted;
}

async function countTerms(database: Connection, prefix: string, upTo: number): Promise<number> {
  const { count } = await database
    .selectFrom((from) =>
      from
        .selectFrom('person_terms')
        .select('person_id')
        .where('term', '>=', prefix)
        .where('term', '<', endOfPrefix(prefix))
        .limit(upTo + 1)
        .as('found'),
    )
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}
