import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/schema.ts';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import type { Staff } from '../exam/staff.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { bookFetched } from '../database/fetched-referrals.ts';
import { recordReferralEvent } from '../database/referral-events.ts';
import { insertUser } from '../database/user-records.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { openProcesses, openTestRecord } from '../testing/test-record.ts';
import { openReferralDesk, type ReferralDesk } from './referral-desk.ts';
import type { ReferralAction, ReferralView } from './referral-views.ts';

const DAY_MS = 86_400_000;
/** A Monday morning, in whatever zone this machine is. */
const NOW_MS = new Date(2026, 10, 23, 9, 30).getTime();
const ANNA: Staff = { userId: 'anna', name: 'Anna Ek', roles: ['coordinator'], siteIds: null };
const BO: Staff = { userId: 'bo', name: 'Bo Lind', roles: ['coordinator'], siteIds: null };
const RITA: Staff = { userId: 'rita', name: 'Rita Rask', roles: ['radiologist'], siteIds: null };
const SITES = { book: () => null, referralDays: () => DEFAULT_REFERRAL_DAYS };

let database: Kysely<Database>;
let clock: ManualClock;
let desk: ReferralDesk;
let told: string[];
let referralId: string;

beforeEach(async () => {
  database = await openTestRecord();
  clock = new ManualClock(NOW_MS);
  told = [];
  desk = openDesk(database);
  for (const { userId, name, roles } of [ANNA, BO, RITA]) {
    await insertUser(database, {
      ...{ userId, login: userId, name, roles, siteIds: null, passwordHash: null, mustChangePassword: false },
      ...{ oidcIdentity: null, atMs: NOW_MS },
    });
  }
  referralId = await insertTestReferral(database, 1, { patientBirthDate: '19500101', patientSex: 'F' });
});
afterEach(() => database.destroy());

function openDesk(of: Kysely<Database>): ReferralDesk {
  const events = { publish: (event: object) => void told.push(JSON.stringify(event)) };
  return openReferralDesk({ database: of, clock, sites: SITES, events });
}

type Asked = ReferralAction extends infer Action
  ? Action extends ReferralAction
    ? Omit<Action, 'version'>
    : never
  : never;

/** Acts on the referral as it is now. */
async function act(action: Asked, staff = ANNA, of = referralId): Promise<ReferralView> {
  const { version } = await database
    .selectFrom('referrals')
    .select('version')
    .where('referral_id', '=', of)
    .executeTakeFirstOrThrow();
  return desk.act(of, { ...action, version }, staff);
}

const inDays = (days: number): string => new Date(NOW_MS + days * DAY_MS).toISOString();
const T_SCORES = { lumbarSpine: -2.7, femoralNeck: -1.4, totalHip: null };

describe('a referral on its way', () => {
  it('goes from flagged to closed, each step an event with its due date and the next step first', async () => {
    const seen = await desk.read(referralId, ANNA);
    expect(seen).toMatchObject({ state: 'flagged', version: 1, owner: null });
    expect(seen.actions).toEqual(['claim', 'accept', 'dismiss', 'assign', 'set-due', 'note']);
    const way: [Asked, Partial<ReferralView>, string | undefined][] = [
      [{ action: 'claim' }, { state: 'under-review', dueAt: inDays(7) }, 'accept'],
      [{ action: 'accept' }, { state: 'accepted', dueAt: inDays(7) }, 'order-dxa'],
      [{ action: 'order-dxa' }, { state: 'dxa-ordered', dueAt: inDays(14) }, 'book-dxa'],
      [
        { action: 'book-dxa', date: '2026-12-01', time: '10:15', stationAeTitle: 'DXA1' },
        { state: 'dxa-booked', dueAt: inDays(28) },
        'record-dxa',
      ],
      [
        { action: 'record-dxa', measuredOn: '2026-11-23', tScores: T_SCORES },
        { state: 'dxa-done', dueAt: inDays(14) },
        'assess-treatment',
      ],
      [{ action: 'assess-treatment' }, { state: 'treatment-assessment', dueAt: inDays(28) }, 'close'],
      [{ action: 'close', outcome: 'treatment-started' }, { state: 'closed', dueAt: null }, 'reopen'],
    ];
    for (const [action, becomes, next] of way) {
      const referral = await act(action);
      expect(referral).toMatchObject({ ...becomes, owner: { userId: 'anna', name: 'Anna Ek' } });
      expect(referral.actions[0]).toBe(next);
    }
    const referral = await desk.read(referralId, ANNA);
    expect(referral).toMatchObject({
      ...{ version: 8, outcome: 'treatment-started', dueStanding: null },
      dxa: {
        measuredOn: '2026-11-23',
        tScores: T_SCORES,
        densityClass: 'osteoporosis',
        enteredBy: 'Anna Ek',
      },
      step: { state: 'completed', date: '2026-12-01', time: '10:15', stationAeTitle: 'DXA1' },
    });
    expect(referral.events.map(({ action, actor }) => `${actor}: ${action}`)).toEqual([
      ...['close', 'assess-treatment', 'record-dxa', 'book-dxa', 'order-dxa', 'accept', 'claim'].map(
        (action) => `Anna Ek: ${action}`,
      ),
      'triage: flagged',
    ]);
    expect(told).toHaveLength(7);
    const audit = await database
      .selectFrom('audit_trail')
      .selectAll()
      .where('actor', '=', 'user anna')
      .execute();
    expect(audit.map(({ action }) => action)).toEqual([
      'referral seen',
      ...way.map(([{ action }]) => `referral ${action}`),
    ]);
    expect(audit.every(({ person_id }) => person_id === referral.personId)).toBe(true);
  });

  it('is closed first after a normal DXA, and assessed for treatment first after a fracture', async () => {
    const normal = { lumbarSpine: 0.3, femoralNeck: null, totalHip: -0.9 };
    const fractured = await insertTestReferral(database, 2, {}, ['treatment', 'dxa']);
    for (const [of, next] of [
      [referralId, 'close'],
      [fractured, 'assess-treatment'],
    ] as const) {
      await act({ action: 'accept' }, ANNA, of);
      await act({ action: 'order-dxa' }, ANNA, of);
      const entry = { action: 'record-dxa', measuredOn: '2026-11-20', tScores: normal } as const;
      const { actions, dxa } = await act(entry, ANNA, of);
      expect(actions[0]).toBe(next);
      expect(dxa).toMatchObject({ densityClass: 'normal' });
    }
  });

  it('can be called off at the scanner and ordered again, under another number', async () => {
    await act({ action: 'accept' });
    const first = (await act({ action: 'order-dxa' })).step!;
    expect(await act({ action: 'cancel-dxa', note: 'moved house' })).toMatchObject({
      ...{ state: 'accepted', step: { stepId: first.stepId, state: 'discontinued' } },
    });
    clock.advance(1);
    const second = (await act({ action: 'order-dxa', date: '2027-01-07' })).step!;
    expect(second).toMatchObject({ state: 'scheduled', date: '2027-01-07' });
    expect(second.accessionNumber).not.toBe(first.accessionNumber);
    expect(await act({ action: 'dismiss', reason: 'declined' })).toMatchObject({
      ...{
        state: 'dismissed',
        dismissalReason: 'declined',
        step: { stepId: second.stepId, state: 'discontinued' },
      },
    });
  });

  it('keeps a due date that a person set until the state changes', async () => {
    const set = await act({ action: 'set-due', dueOn: '2026-12-24' });
    expect(set.dueAt?.slice(0, 10)).toBe('2026-12-24');
    expect((await act({ action: 'claim' })).dueAt).toBe(inDays(7));
    await expect(act({ action: 'set-due', dueOn: '2026-11-22' })).rejects.toMatchObject({
      code: 'request-invalid',
    });
  });
});

describe('two people at once', () => {
  it('have one owner and one clear message when both claim', async () => {
    const [one, other] = await openProcesses(database, 2);
    const { version } = await desk.read(referralId, ANNA);
    const claims = await Promise.allSettled([
      openDesk(one!).act(referralId, { action: 'claim', version }, ANNA),
      openDesk(other!).act(referralId, { action: 'claim', version }, BO),
    ]);
    const won = claims.find((claim) => claim.status === 'fulfilled')!;
    const lost = claims.find((claim) => claim.status === 'rejected')!;
    const { owner } = await desk.read(referralId, ANNA);
    expect(won.value.owner).toEqual(owner);
    expect(lost.reason).toMatchObject({
      ...{ code: 'state-conflict', message: `${owner!.name} took this referral at 09:30; reload` },
      details: { conflict: 'changed', event: 'claim', actor: owner!.name, at: inDays(0) },
    });
    const claimed = database.selectFrom('referral_events').selectAll().where('action', '=', 'claim');
    expect(await claimed.execute()).toHaveLength(1);
    for (const beside of [one!, other!]) if (beside !== database) await beside.destroy();
  });

  it('are told what happened on another day, and who leads it', async () => {
    const { version } = await desk.read(referralId, ANNA);
    await act({ action: 'claim' });
    clock.advance(3 * DAY_MS);
    await expect(desk.act(referralId, { action: 'accept', version }, BO)).rejects.toThrow(
      'Anna Ek took this referral on 2026-11-23 at 09:30; reload',
    );
    await expect(act({ action: 'claim' }, BO)).rejects.toMatchObject({
      message: 'Anna Ek leads this referral; to take it over, assign it to yourself',
      details: { conflict: 'led-by', owner: 'Anna Ek' },
    });
    await expect(act({ action: 'claim' })).rejects.toMatchObject({ details: { conflict: 'led-by-you' } });
    expect(await act({ action: 'assign', userId: 'bo' }, BO)).toMatchObject({ owner: { name: 'Bo Lind' } });
    await expect(act({ action: 'assign', userId: 'rita' }, BO)).rejects.toMatchObject({
      code: 'request-invalid',
    });
    await expect(desk.act('none', { action: 'claim', version: 1 }, BO)).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('are told of what made their sight old, and of no message that went out since', async () => {
    const { version } = await desk.read(referralId, ANNA);
    await act({ action: 'claim' });
    const message = { actor: 'system ris', actorName: 'ris', action: 'order-sent', details: {} } as const;
    await recordReferralEvent(database, { ...message, referralId, nowMs: NOW_MS + 1 });
    await expect(desk.act(referralId, { action: 'accept', version }, BO)).rejects.toMatchObject({
      details: { conflict: 'changed', event: 'claim', actor: 'Anna Ek' },
    });
  });

  it('cannot do what the state does not allow, and a radiologist may only write notes', async () => {
    await expect(act({ action: 'close', outcome: 'other' })).rejects.toMatchObject({
      code: 'state-conflict',
      details: { conflict: 'not-in-state', action: 'close', state: 'flagged' },
    });
    await expect(act({ action: 'release' })).rejects.toMatchObject({
      details: { conflict: 'led-by-nobody' },
    });
    await expect(act({ action: 'claim' }, RITA)).rejects.toMatchObject({ code: 'forbidden' });
    const noted = await act({ action: 'note', text: 'the wedge at T8 is old' }, RITA);
    expect(noted.actions).toEqual(['note']);
    expect(noted.events[0]).toMatchObject({
      actor: 'Rita Rask',
      details: { text: 'the wedge at T8 is old' },
    });
    expect(await desk.colleagues()).toEqual([
      { userId: 'anna', name: 'Anna Ek' },
      { userId: 'bo', name: 'Bo Lind' },
    ]);
  });
});

describe('undo', () => {
  it('puts back owner, state and due date, and keeps what was undone in the history', async () => {
    const before = await desk.read(referralId, ANNA);
    clock.advance(DAY_MS);
    await act({ action: 'claim' });
    await act({ action: 'note', text: 'called, no answer' });
    const after = await act({ action: 'undo' });
    const { state, owner, dueAt, stateSince } = before;
    expect(after).toMatchObject({ state, owner, dueAt, stateSince, version: before.version + 3 });
    expect(after.events.map(({ action, isUndone }) => [action, isUndone])).toEqual([
      ['undo', false],
      ['note', false],
      ['claim', true],
      ['flagged', false],
    ]);
    expect(after.actions).not.toContain('undo');
    await expect(act({ action: 'undo' })).rejects.toMatchObject({
      message: 'there is nothing that can be undone: triage flagged this person',
      details: { conflict: 'not-undoable', event: 'flagged', actor: 'triage' },
    });
  });

  it('takes back a dismissal, a closing and T-scores, of which those before count again', async () => {
    await act({ action: 'dismiss', reason: 'artefact' });
    expect(await act({ action: 'undo' })).toMatchObject({ state: 'flagged', dismissalReason: null });
    await act({ action: 'accept' });
    const { step } = await act({ action: 'order-dxa' });
    const entry = { action: 'record-dxa', measuredOn: '2026-11-20', tScores: T_SCORES } as const;
    expect(await act(entry)).toMatchObject({ state: 'dxa-done', step: { state: 'completed' } });
    expect(await act({ action: 'undo' })).toMatchObject({ state: 'dxa-ordered', dxa: null, step });
    await act(entry);
    await act({ ...entry, tScores: { ...T_SCORES, lumbarSpine: -1 } });
    expect(await act({ action: 'undo' })).toMatchObject({ dxa: { tScores: T_SCORES } });
    await act({ action: 'close', outcome: 'lifestyle-advice' });
    expect(await act({ action: 'undo' })).toMatchObject({ state: 'dxa-done', outcome: null });
  });

  it('stops at what has left this service: an ordered DXA is called off instead', async () => {
    await act({ action: 'accept' });
    await act({ action: 'order-dxa' });
    await expect(act({ action: 'undo' })).rejects.toThrow('Anna Ek ordered the DXA');
    await bookFetched(database, [referralId], { actor: 'scanner DXA1', nowMs: NOW_MS });
    const { actions } = await desk.read(referralId, ANNA);
    expect(actions).not.toContain('undo');
    expect(actions).toContain('cancel-dxa');
    await act({ action: 'dismiss', reason: 'too-frail' });
    await expect(act({ action: 'undo' })).rejects.toMatchObject({ code: 'state-conflict' });
  });
});

describe('a referral that ended', () => {
  it('is taken up again by whoever reopens it, but not beside another one of the person', async () => {
    await act({ action: 'dismiss', reason: 'artefact', note: 'jewellery' });
    expect(await act({ action: 'reopen' }, BO)).toMatchObject({
      ...{ state: 'under-review', owner: { name: 'Bo Lind' }, dismissalReason: null },
    });
    await act({ action: 'dismiss', reason: 'artefact' });
    const next = await insertTestReferral(database, 2, { patientId: 'T-1' });
    expect(next).not.toBe(referralId);
    for (const action of ['reopen', 'undo'] as const) {
      await expect(act({ action })).rejects.toMatchObject({
        message: expect.stringContaining(`this person has another referral under way (${next})`) as string,
        details: { conflict: 'other-under-way' },
      });
    }
    const { otherReferrals, films } = await desk.read(next, ANNA);
    expect(otherReferrals).toMatchObject([{ referralId, state: 'dismissed' }]);
    expect(films.map(({ isOnReferral }) => isOnReferral)).toEqual([true, false]);
  });
});

describe('risk factors', () => {
  it('are kept with who entered them, and give the indices that they suffice for', async () => {
    const factors = {
      ...{ weightKg: 55, heightCm: 160, hasPriorFracture: null, hasParentHipFracture: null, smokes: false },
      ...{ usesGlucocorticoids: false, hasRheumatoidArthritis: false, drinksThreeUnitsDaily: false },
      ...{ usesOestrogen: false, frax: null },
    };
    expect((await desk.read(referralId, ANNA)).riskIndices.map(({ score }) => score)).toEqual([
      null,
      null,
      null,
    ]);
    const referral = await desk.saveRiskFactors(referralId, factors, ANNA);
    expect(referral.riskFactors).toEqual(factors);
    // 76 years: a fifth of 55 - 76; 15 + 9 + 2; a prior fracture is not known.
    expect(referral.riskIndices).toEqual([
      { index: 'OST', score: -4, level: 'medium' },
      { index: 'ORAI', score: 26, level: 'high' },
      { index: 'OSIRIS', score: null, level: null },
    ]);
    clock.advance(1);
    await desk.saveRiskFactors(referralId, { ...factors, hasPriorFracture: true }, BO);
    const rows = await database.selectFrom('risk_factors').select('actor_name').orderBy('at_ms').execute();
    expect(rows.map(({ actor_name }) => actor_name)).toEqual(['Anna Ek', 'Bo Lind']);
  });
});
