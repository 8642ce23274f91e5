import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookFetched } from '../database/fetched-referrals.ts';
import { findReferralOf, followScanner } from '../database/performed-records.ts';
import { reviseFilm } from '../database/referral-records.ts';
import type { Database } from '../database/schema.ts';
import { insertUser } from '../database/user-records.ts';
import { TriageError } from '../errors.ts';
import type { ReferralActionName } from '../exam/referral-action.ts';
import {
  CLOSING_OUTCOMES,
  DEFAULT_REFERRAL_DAYS,
  DISMISSAL_REASONS,
  isUnended,
  moveReferral,
  REFERRAL_STATES,
} from '../exam/referral-life.ts';
import type { Staff } from '../exam/staff.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { isOnPostgres, openTestRecord } from '../testing/test-record.ts';
import { remindAll } from './reminders.ts';
import { openReferralDesk } from './referral-desk.ts';
import type { ReferralAction } from './referral-views.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = new Date(2026, 10, 23, 9).getTime();
const STAFF: readonly Staff[] = ['anna', 'bo'].map((userId) => ({
  ...{ userId, name: userId, roles: ['coordinator'], siteIds: null },
}));

type Asked = ReferralAction extends infer Action
  ? Action extends ReferralAction
    ? Omit<Action, 'version'>
    : never
  : never;

const tScore = fc.option(fc.integer({ min: -40, max: 20 }).map((tenths) => tenths / 10));
const asked: fc.Arbitrary<Asked> = fc.oneof(
  ...(
    ['claim', 'release', 'accept', 'assess-treatment', 'reopen', 'undo', 'order-dxa', 'cancel-dxa'] as const
  ).map((action) => fc.constant({ action })),
  fc.record({ action: fc.constant('assign' as const), userId: fc.constantFrom('anna', 'bo') }),
  fc.record({ action: fc.constant('dismiss' as const), reason: fc.constantFrom(...DISMISSAL_REASONS) }),
  fc.record({ action: fc.constant('close' as const), outcome: fc.constantFrom(...CLOSING_OUTCOMES) }),
  fc.constant({ action: 'book-dxa', date: '2027-06-01', time: '09:00' } as const),
  fc.constant({ action: 'set-due', dueOn: '2027-05-05' } as const),
  fc.constant({ action: 'note', text: 'called' } as const),
  fc.record({
    action: fc.constant('record-dxa' as const),
    measuredOn: fc.constant('2026-11-20'),
    tScores: fc.record({ lumbarSpine: fc.constant(-1.2), femoralNeck: tScore, totalHip: tScore }),
  }),
);
/** What people do, most of the time, and what happens without them. */
const happening = fc.oneof(
  // What the page offers first leads deep into the table.
  { weight: 10, arbitrary: fc.constant({ kind: 'onward' as const }) },
  { weight: 10, arbitrary: asked.map((action) => ({ kind: 'act' as const, action })) },
  ...(['fetched', 'in-progress', 'scheduled', 'completed', 'film', 'revised', 'remind', 'days'] as const).map(
    (kind) => ({
      ...{ weight: 1, arbitrary: fc.constant({ kind }) },
    }),
  ),
);
type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

const ONWARD: Readonly<Partial<Record<ReferralActionName, object>>> = {
  'book-dxa': { date: '2027-06-01', time: '09:00' },
  'record-dxa': {
    measuredOn: '2026-11-20',
    tScores: { lumbarSpine: -2.6, femoralNeck: null, totalHip: null },
  },
  close: { outcome: 'treatment-started' },
};

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

interface Walk {
  readonly clock: ManualClock;
  /** The person's Patient ID. */
  readonly patientId: string;
  /** How many films there were before, of anybody. */
  readonly films: number;
  readonly staff: Staff;
}

/** Lets something happen to the person's newest referral; what is refused must be refused in words. */
async function happen(what: Happening, { clock, patientId, films, staff }: Walk): Promise<void> {
  const sites = { book: () => null, referralDays: () => DEFAULT_REFERRAL_DAYS };
  const events = { publish: () => undefined };
  const parts = { database, clock, sites, events, log: silentLog };
  const desk = openReferralDesk(parts);
  const [newest] = await referralsOf(patientId);
  const { referral_id: referralId, version } = newest!;
  const by = { actor: 'scanner DXA1', nowMs: clock.nowMs() };
  if (what.kind === 'act') {
    await desk.act(referralId, { ...what.action, version }, staff);
  } else if (what.kind === 'onward') {
    const [action] = (await desk.read(referralId, staff)).actions;
    await desk.act(referralId, { ...ONWARD[action!], action, version } as ReferralAction, staff);
  } else if (what.kind === 'fetched') await bookFetched(database, [referralId], by);
  else if (what.kind === 'remind') await remindAll(parts);
  else if (what.kind === 'days') clock.advance(100 * HOUR_MS);
  else if (what.kind === 'film') await insertTestReferral(database, films, { patientId });
  else if (what.kind === 'revised') {
    const film = database
      .selectFrom('referral_exams')
      .select('exam_id')
      .where('referral_id', '=', referralId);
    const { exam_id: examId } = await film.executeTakeFirstOrThrow();
    await reviseFilm(database, { examId, outcome: 'negative', nowMs: clock.nowMs() });
  } else {
    const nothing = { stepIds: [], studyUids: [], accessionNumbers: [], issuerOfPatientId: null };
    const found = await findReferralOf(database, { ...nothing, patientId });
    if (found !== undefined) await followScanner(database, found, what.kind, by);
  }
}

/** The newest first. */
function referralsOf(patientId: string) {
  return database
    .selectFrom('referrals')
    .innerJoin('persons', 'persons.person_id', 'referrals.person_id')
    .selectAll('referrals')
    .where('patient_id', '=', patientId)
    .orderBy('created_at_ms', 'desc')
    .execute();
}

/** What must hold whatever happened. */
async function check(patientId: string): Promise<void> {
  const referrals = await referralsOf(patientId);
  expect(referrals.filter(({ state }) => isUnended(state)).length).toBeLessThanOrEqual(1);
  for (const { referral_id: id, state, version, due_at_ms: dueAtMs, ...referral } of referrals) {
    expect(dueAtMs === null).toBe(!isUnended(state));
    expect(referral.dismissal_reason === null).toBe(state !== 'dismissed');
    expect(referral.outcome === null).toBe(state !== 'closed');
    const history = await database
      .selectFrom('referral_events')
      .selectAll()
      .where('referral_id', '=', id)
      .orderBy('event_id')
      .execute();
    // One event for each version, each beginning where the one before ended, along the table.
    expect(history).toHaveLength(version);
    let at: typeof state | null = null;
    for (const { from_state: from, to_state: to, undone_by: undoneBy } of history) {
      expect(from).toBe(at);
      if (from !== null && to !== from) moveReferral(from, to!);
      at = to;
      if (undoneBy !== null) expect(history.map((event) => event.event_id)).toContain(undoneBy);
    }
    expect(at).toBe(state);
    const steps = database.selectFrom('procedure_steps').select('state').where('referral_id', '=', id);
    const waiting = (await steps.execute()).filter((step) =>
      ['scheduled', 'in-progress'].includes(step.state),
    );
    // Something stands on the scanner's list exactly while the referral waits for it.
    expect(waiting).toHaveLength(state === 'dxa-ordered' || state === 'dxa-booked' ? 1 : 0);
    const scores = database.selectFrom('dxa_measurements').select('dxa_id').where('referral_id', '=', id);
    expect((await scores.where('is_superseded', '=', 0).execute()).length).toBeLessThanOrEqual(1);
  }
}

describe('whatever happens to a person', () => {
  it(
    'no referral leaves the table, loses an event, misses a due date or stands beside another one',
    { timeout: 120_000 },
    async () => {
      for (const { userId, name, roles } of STAFF) {
        const entry = { userId, login: userId, name, roles, siteIds: null, passwordHash: null };
        await insertUser(database, { ...entry, mustChangePassword: false, oidcIdentity: null, atMs: NOW_MS });
      }
      const clock = new ManualClock(NOW_MS);
      let films = 0;
      const walk = async (happenings: readonly Happening[]): Promise<void> => {
        const patientId = `T-${(films += 1)}`;
        await insertTestReferral(database, films, { patientId });
        for (const [index, what] of happenings.entries()) {
          clock.advance(1);
          films += 1;
          const staff = STAFF[index % STAFF.length]!;
          await happen(what, { clock, patientId, films, staff }).catch((thrown: unknown) => {
            expect(thrown).toBeInstanceOf(TriageError);
            expect(['state-conflict', 'request-invalid']).toContain((thrown as TriageError).code);
          });
        }
        await check(patientId);
      };
      const walks = fc.array(happening, { minLength: 5, maxLength: 40 });
      const onward: Happening[] = Array.from({ length: 12 }, () => ({ kind: 'onward' }));
      const dismissed: Happening[] = [
        { kind: 'act', action: { action: 'claim' } },
        { kind: 'act', action: { action: 'dismiss', reason: DISMISSAL_REASONS[0] } },
      ];
      await fc.assert(fc.asyncProperty(walks, walk), {
        numRuns: isOnPostgres ? 10 : 30,
        examples: [[onward], [dismissed]],
      });
      // The walks went everywhere: chance alone now and then leaves a state out.
      const reached = await database.selectFrom('referral_events').select('to_state').distinct().execute();
      expect(new Set(reached.map(({ to_state }) => to_state))).toEqual(new Set(REFERRAL_STATES));
    },
  );
});
