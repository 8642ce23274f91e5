/**
 * How many there are of what only grows: counting a hundred million rows takes a minute, and a counter that every
 * transaction changes would make them wait for each other. So each writes a line, and lines are added up now and then.
 */
import type { Kysely } from 'kysely';
import type { ExamState } from '../exam/exam-state.ts';
import type { Connection } from './exam-records.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

/** What is counted: exams by state, referrals, and exams that have a report. */
export type TallyName = `exam ${ExamState}` | 'referral' | 'report';

/** Above so many lines they are added up. */
const LINES_MAX = 1_000;
const LINES_EACH_TIME = 5_000;

/** Adds to counts, within the transaction that makes it so. */
export async function addToTallies(
  database: Connection,
  changes: Readonly<Partial<Record<TallyName, number>>>,
): Promise<void> {
  const lines = Object.entries(changes).map(([name, amount]) => ({ name, amount }));
  await database.insertInto('tallies').values(lines).execute();
}

/** The counts; what was never counted is missing. */
export async function readTallies(
  database: Connection,
): Promise<Readonly<Partial<Record<TallyName, number>>>> {
  const sums = await database
    .selectFrom('tallies')
    .select((select) => ['name', select.fn.sum<number>('amount').as('sum')])
    .groupBy('name')
    .execute();
  return Object.fromEntries(sums.map(({ name, sum }) => [name, sum]));
}

/** Adds lines up where there are many, so that reading the counts costs the same whatever is counted. */
export async function foldTallies(database: Kysely<Database>): Promise<void> {
  const far = await database
    .selectFrom('tallies')
    .select('tally_id')
    .orderBy('tally_id')
    .offset(LINES_MAX)
    .limit(1)
    .executeTakeFirst();
  if (far === undefined) return;
  await transact(database, async (transaction) => {
    const lines = await transaction
      .selectFrom('tallies')
      .selectAll()
      .orderBy('tally_id')
      .limit(LINES_EACH_TIME)
      .execute();
    const last = lines.at(-1);
    if (last === undefined) return;
    await transaction.deleteFrom('tallies').where('tally_id', '<=', last.tally_id).execute();
    const sums = new Map<string, number>();
    for (const { name, amount } of lines) sums.set(name, (sums.get(name) ?? 0) + amount);
    await transaction
      .insertInto('tallies')
      .values([...sums].map(([name, amount]) => ({ name, amount })))
      .execute();
  });
}
