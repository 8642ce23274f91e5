import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { changeReferral } from '../database/referral-events.ts';
import type { Database } from '../database/schema.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { isOnPostgres, openTestRecord } from '../testing/test-record.ts';
import { remindAll, startReminders } from './reminders.ts';

const DAY_MS = 86_400_000;
/** Of fixtures: 1_700_000_000_000 and the number of the film. */
const DUE_MS = 1_700_000_000_001 + 7 * DAY_MS;

let database: Kysely<Database>;
let clock: ManualClock;
let told: unknown[];
beforeEach(async () => {
  database = await openTestRecord();
  clock = new ManualClock(DUE_MS - 3 * DAY_MS);
  told = [];
});
afterEach(() => database.destroy());

const remind = () =>
  remindAll({ database, clock, log: silentLog, events: { publish: (event) => void told.push(event) } });

async function noted(): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('referral_events')
    .select('action')
    .where('actor', '=', 'reminders')
    .orderBy('event_id')
    .execute();
  return rows.map(({ action }) => action);
}

describe('reminders', () => {
  it('come once two days before the due date, and an escalation once seven days after', async () => {
    const referralId = await insertTestReferral(database, 1);
    await remind();
    expect(await noted()).toEqual([]);
    clock.advance(DAY_MS);
    await remind();
    await remind();
    expect(await noted()).toEqual(['reminder']);
    expect(told).toEqual([{ type: 'referral', referralId }]);
    clock.advance(9 * DAY_MS - 1);
    await remind();
    expect(await noted()).toEqual(['reminder']);
    clock.advance(1);
    await remind();
    await remind();
    expect(await noted()).toEqual(['reminder', 'escalation']);
  });

  it('begin anew with the next due date, and end with the referral', async () => {
    const referralId = await insertTestReferral(database, 1);
    clock.advance(20 * DAY_MS);
    await remind();
    expect(await noted()).toEqual(['escalation']);
    const by = { actor: 'user a', nowMs: clock.nowMs(), referralId };
    await changeReferral(database, { ...by, action: 'claim', to: 'under-review' });
    await remind();
    clock.advance(6 * DAY_MS);
    await remind();
    expect(await noted()).toEqual(['escalation', 'reminder']);
    await changeReferral(database, { ...by, action: 'dismiss', to: 'dismissed' });
    clock.advance(90 * DAY_MS);
    await remind();
    expect(await noted()).toHaveLength(2);
  });

  it('are looked for every minute until the duty ends, and give old referrals their summary', async () => {
    const referralId = await insertTestReferral(database, 1);
    await sql`UPDATE referrals SET lead_exam_id = NULL, age_years = NULL`.execute(database);
    clock.advance(DAY_MS - 30_000);
    const publish = (event: unknown) => void told.push(event);
    const duty = startReminders({ database, clock, log: silentLog, events: { publish } });
    const row = database.selectFrom('referrals').select(['age_years', 'escalation', 'version']);
    await vi.waitFor(async () => {
      expect(await row.executeTakeFirst()).toEqual({ age_years: 76, escalation: 0, version: 1 });
    });
    // Every minute, whenever the round before came to its end.
    await vi.waitFor(() => {
      clock.advance(60_000);
      expect(told).toEqual([{ type: 'referral', referralId }]);
    });
    await duty.close();
    expect(await row.executeTakeFirst()).toMatchObject({ escalation: 1, version: 2 });
  });

  it.skipIf(isOnPostgres)('are found along an index', async () => {
    const { rows } = await sql<{ detail: string }>`EXPLAIN QUERY PLAN SELECT referral_id FROM referrals
      WHERE escalation IN (0, 1) AND due_at_ms <= 5 ORDER BY due_at_ms LIMIT 100`.execute(database);
    expect(rows.map(({ detail }) => detail).join('; ')).toMatch(
      /SEARCH referrals USING (COVERING )?INDEX referrals_by_(escalation|due)/,
    );
  });
});
