import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** How much stands in a state, and since when the oldest of it. */
export interface Standing {
  readonly counts: Readonly<Record<string, number>>;
  /** Milliseconds since 1970; null where nothing waits. */
  readonly oldestAtMs: number | null;
}

/** The jobs that are not done, by state, and since when the oldest one that waits could have been taken. */
export async function findQueueStanding(database: Kysely<Database>): Promise<Standing> {
  const rows = await database
    .selectFrom('jobs')
    .select((select) => [
      'state',
      select.fn.countAll<number>().as('count'),
      select.fn.min('due_at_ms').as('oldest'),
    ])
    .where('state', 'in', ['waiting', 'leased', 'dead'])
    .groupBy('state')
    .execute();
  return standingOf(rows, 'waiting');
}

/** The reports that wait for their receiver or were given up, and since when the oldest one that waits is tried. */
export async function findDeliveryStanding(database: Kysely<Database>): Promise<Standing> {
  const rows = await database
    .selectFrom('deliveries')
    .select((select) => [
      'state',
      select.fn.countAll<number>().as('count'),
      select.fn.min('first_try_at_ms').as('oldest'),
    ])
    .where('state', 'in', ['pending', 'dead'])
    .groupBy('state')
    .execute();
  return standingOf(rows, 'pending');
}

/** The messages that wait for their receiver or were given up, and since when the oldest one that waits is written. */
export async function findMessageStanding(database: Kysely<Database>): Promise<Standing> {
  const rows = await database
    .selectFrom('messages')
    .select((select) => [
      'state',
      select.fn.countAll<number>().as('count'),
      select.fn.min('created_at_ms').as('oldest'),
    ])
    .where('state', 'in', ['pending', 'dead'])
    .groupBy('state')
    .execute();
  return standingOf(rows, 'pending');
}

function standingOf(
  rows: readonly { readonly state: string; readonly count: number; readonly oldest: number | null }[],
  waiting: string,
): Standing {
  return {
    counts: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    oldestAtMs: rows.find(({ state }) => state === waiting)?.oldest ?? null,
  };
}
