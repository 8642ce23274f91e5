/** Finds people by the beginnings of their terms, along the key of the terms and no further than is shown. */
import { endOfPrefix } from './person-terms.ts';
import type { Connection } from './exam-records.ts';

/**
 * Up to so many terms that begin with a prefix are few: it is faster to look up their people than to walk past others.
 * Where more than one is asked for, most of them fall away before anything else is read.
 */
const FEW_MAX = { ofOne: 8_000, ofSeveral: 30_000 };

/** So few are looked up at once, whatever else is asked for. */
const RARE_MAX = 200;

/** The prefixes of a search, by how many people have them. */
export interface WeighedPrefixes {
  /** The rarest; null where there is none. */
  readonly rarest: string | null;
  /** Whether few have the rarest, so that it is fast to look all of them up. */
  readonly isFew: boolean;
  readonly others: readonly string[];
}

/** Says which prefix fewest people have. */
export async function weighPrefixes(
  database: Connection,
  prefixes: readonly string[],
): Promise<WeighedPrefixes> {
  const fewMax = prefixes.length > 1 ? FEW_MAX.ofSeveral : FEW_MAX.ofOne;
  let weighed = await countEach(database, prefixes, RARE_MAX);
  // Where one is rare the others need not be counted further.
  if (!weighed.some(({ count }) => count <= RARE_MAX)) weighed = await countEach(database, prefixes, fewMax);
  const [rarest] = weighed.toSorted((a, b) => a.count - b.count);
  if (rarest === undefined) return { rarest: null, isFew: false, others: [] };
  return {
    rarest: rarest.prefix,
    isFew: rarest.count <= fewMax,
    others: prefixes.filter((prefix) => prefix !== rarest.prefix),
  };
}

/** People that have a term for each prefix, in the order of the rarest; who was merged into another is left out. */
export async function findPersonIds(
  database: Connection,
  prefixes: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  const { rarest, others } = await weighPrefixes(database, prefixes);
  if (rarest === null) return [];
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
  for (const prefix of prefixes) counted.push({ prefix, count: await countTerms(database, prefix, upTo) });
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
