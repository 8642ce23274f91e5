/** One page of rows in the order of their time, for readers that go on where the page before ended. */
import { type RawBuilder, sql, type SqlBool } from 'kysely';

/** What is read of a list: so many rows, from a place on. */
export interface RecordPage {
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** The row to go on from, itself included; null: the beginning. */
  readonly from: PagePlace | null;
}

/** A place in a list. */
export interface PagePlace {
  readonly atMs: number;
  /** null: every row of that time, or with `isBeyond` none of it. */
  readonly key: string | null;
  readonly isBeyond: boolean;
}

/** Both ends included. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The condition that a page begins at its place; `keyNow` makes a key what the column holds. */
export function beginsAt(
  page: RecordPage,
  columns: { readonly at: string; readonly key: string },
  keyNow: (key: string) => string | number = (key) => key,
): RawBuilder<SqlBool> {
  const { from, order } = page;
  if (from === null) return sql<SqlBool>`1 = 1`;
  const at = sql.ref(columns.at);
  const sign = sql.raw(order === 'newest' ? '<' : '>');
  if (from.key === null) {
    return from.isBeyond
      ? sql<SqlBool>`${at} ${sign} ${from.atMs}`
      : sql<SqlBool>`${at} ${sign}= ${from.atMs}`;
  }
  return sql<SqlBool>`(${at}, ${sql.ref(columns.key)}) ${sign}= (${from.atMs}, ${keyNow(from.key)})`;
}

/** The direction of its columns. */
export function directionOf({ order }: RecordPage): 'asc' | 'desc' {
  return order === 'newest' ? 'desc' : 'asc';
}
