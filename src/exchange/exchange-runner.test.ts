import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { restartMessages } from '../database/message-records.ts';
import { bookStep, findStepOfReferral } from '../database/procedure-records.ts';
import { recordReferralEvent } from '../database/referral-events.ts';
import { dismissReferral } from '../database/referral-records.ts';
import type { Database } from '../database/schema.ts';
import type { ExchangeSettings } from '../exchange-settings.ts';
import { parseSites } from '../sites.ts';
import { silentLog } from '../telemetry.ts';
import { until } from '../testing/delivery-fixtures.ts';
import { freePort } from '../testing/free-port.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertAcceptedReferral, insertTestReferral } from '../testing/scanner-fixtures.ts';
import { ACCEPTS, type ReceiverDeed, ScriptedReceiver } from '../testing/scripted-receiver.ts';
import { openTestRecord } from '../testing/test-record.ts';
import type { ExchangeRunner } from './exchange-runner.ts';
import { startExchange } from './exchange-service.ts';

let database: Kysely<Database>;
let clock: ManualClock;
let settings: ExchangeSettings;
let runner: ExchangeRunner;
let changed: string[];
let ending: (() => Promise<void>)[];

beforeEach(async () => {
  database = await openTestRecord();
  clock = new ManualClock();
  changed = [];
  ending = [() => database.destroy()];
});
afterEach(async () => {
  for (const end of ending.toReversed()) await end();
});

/** Starts to tell receivers by these names, each of which is sent orders alone. */
function begin(ports: Readonly<Record<string, number>>, messages: readonly string[] = ['order']): void {
  const hl7 = Object.entries(ports).map(([name, port]) => ({ name, host: '127.0.0.1', port, messages }));
  const text = JSON.stringify({ sites: [{ id: 'north', name: 'North' }], exchange: { hl7 } });
  settings = parseSites(text, 'sites.json').exchange;
  const tls = { tlsCertificateFile: '', tlsKeyFile: '', tlsAuthoritiesFile: '' };
  runner = startExchange({
    ...{ database, clock, log: silentLog, config: { ...tls, deliveryDaysMax: 7 } },
    sites: { exchange: () => settings },
    onReferral: (referralId) => changed.push(referralId),
  });
  ending.push(() => runner.close());
}

async function receiver(...deeds: ReceiverDeed[]): Promise<ScriptedReceiver> {
  const started = await ScriptedReceiver.start(...deeds);
  ending.push(() => started.stop());
  return started;
}

const messages = () => database.selectFrom('messages').selectAll().orderBy('message_number').execute();
const standings = async () =>
  (await messages()).map(({ standing, state, attempts, note }) => ({ standing, state, attempts, note }));
const history = async (referralId: string) =>
  (
    await database
      .selectFrom('referral_events')
      .select(['action', 'details_json'])
      .where('referral_id', '=', referralId)
      .where('action', 'in', ['order-sent', 'order-refused'])
      .orderBy('event_id')
      .execute()
  ).map(({ action, details_json }) => [action, JSON.parse(details_json) as unknown]);
const is = async (isSo: (message: Awaited<ReturnType<typeof messages>>[number]) => boolean) => {
  const all = await messages();
  return all.length > 0 && all.every(isSo);
};
const isEach = (state: string) => is((message) => message.state === state);
const isTried = (attempts: number) => is((message) => message.attempts >= attempts);
const isAllTold = async () => {
  const untold = await database
    .selectFrom('referral_events')
    .select('event_id')
    .where('is_told', '=', 0)
    .execute();
  return untold.length === 0;
};

/** The next look at what is due: the wait after an attempt is over. */
async function goOn(): Promise<void> {
  clock.advance(3_600_001);
  runner.ring();
  await systemClock.sleep(20);
}

async function changeBooking(referralId: string): Promise<void> {
  const step = await findStepOfReferral(database, referralId);
  const nowMs = clock.nowMs();
  const order = { scheduledDate: '20260801', scheduledTime: '081500', stationAeTitle: 'DXA2' };
  await bookStep(database, step!, { ...order, referralId, nowMs });
  await recordReferralEvent(database, { referralId, action: 'book-dxa', actor: 'test', nowMs });
}

describe('an order', () => {
  it('is sent when it was accepted, and its receipt stands in the referral’s history', async () => {
    const ris = await receiver();
    const step = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the order', () => changed.length === 1);
    expect(await standings()).toEqual([{ standing: 'NW', state: 'delivered', attempts: 1, note: null }]);
    expect(ris.messages[0]?.getSegment('ORC')?.getField(2).toString()).toBe(
      `${step.accession_number}^OSTEOTRIAGE`,
    );
    expect(await history(step.referral_id)).toEqual([['order-sent', { receiver: 'ris', control: 'NW' }]]);
    expect(changed).toEqual([step.referral_id]);
    const [message] = await messages();
    expect(ris.heard).toEqual([message?.message_id]);
    expect(message?.message_id).toMatch(/^[0-9A-Z]{20}$/);
  });

  it('is told as changed when it is booked anew, and as cancelled when the referral is dismissed', async () => {
    const ris = await receiver();
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the order', () => ris.heard.length === 1);
    await changeBooking(referralId);
    // What changes nothing of the order is no news of it.
    await recordReferralEvent(database, { referralId, action: 'note', actor: 'test', nowMs: clock.nowMs() });
    runner.ring();
    await until('the change', () => ris.heard.length === 2);
    await dismissReferral(database, { referralId, reason: 'declined', actor: 'test', nowMs: clock.nowMs() });
    runner.ring();
    await until('the cancellation', async () => (await messages()).length === 3 && isEach('delivered'));
    const controls = ris.messages.map((message) => message.getSegment('ORC')?.getField(1).toString());
    expect(controls).toEqual(['NW', 'XO', 'CA']);
    expect(ris.messages[1]?.getSegment('TQ1')?.getField(7).toString()).toBe('20260801081500');
  });

  it('that is called off before anyone was told of it is told to nobody', async () => {
    const ris = await receiver();
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    await dismissReferral(database, { referralId, reason: 'declined', actor: 'test', nowMs: clock.nowMs() });
    begin({ ris: ris.port });
    await until('all told', isAllTold);
    expect(await messages()).toEqual([]);
  });
});

describe('a receiver', () => {
  it('that rejects an order has the last word: the message is dead, with the code, and the history says so', async () => {
    const ris = await receiver({ code: 'AR', errorCode: '207' });
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the end', () => changed.length === 1 && isEach('dead'));
    expect(await standings()).toEqual([{ standing: 'NW', state: 'dead', attempts: 1, note: 'AR 207' }]);
    expect(await history(referralId)).toEqual([
      ['order-refused', { receiver: 'ris', control: 'NW', reason: 'AR 207' }],
    ]);
    expect(JSON.stringify(await messages())).not.toContain('Text that may name');
  });

  it('that could not process an order is asked a few times more, with the same message', async () => {
    const ris = await receiver({ code: 'AE' }, { code: 'CE' }, { code: 'CA' });
    await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the first error', () => isTried(1));
    expect(await standings()).toEqual([{ standing: 'NW', state: 'pending', attempts: 1, note: 'AE' }]);
    await goOn();
    await until('the second error', () => isTried(2));
    await goOn();
    await until('the delivery', () => isEach('delivered'));
    expect(ris.heard).toHaveLength(3);
    expect(new Set(ris.heard).size).toBe(1);
  });

  it('that never can process it is given up, and asked anew when a person says so', async () => {
    const ris = await receiver({ code: 'AE' });
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await until(`attempt ${attempt}`, () => isTried(attempt));
      await goOn();
    }
    expect(await standings()).toMatchObject([{ state: 'dead', attempts: 5, note: 'AE' }]);
    await until('the history', () => changed.length === 1);
    // What changes nothing of the order does not bring it back.
    await recordReferralEvent(database, { referralId, action: 'note', actor: 'test', nowMs: clock.nowMs() });
    runner.ring();
    await until('all told', isAllTold);
    expect(await messages()).toHaveLength(1);
    ris.deeds = [ACCEPTS];
    const by = { nowMs: clock.nowMs(), actor: 'user 1' };
    expect(await restartMessages(database, { receiver: 'other' }, by)).toBe(0);
    expect(await restartMessages(database, { receiver: 'ris' }, by)).toBe(1);
    runner.ring();
    await until('the delivery', () => isEach('delivered'));
    expect(new Set(ris.heard).size).toBe(1);
    expect((await history(referralId)).map(([action]) => action)).toEqual(['order-refused', 'order-sent']);
  });

  it.each([
    ['answers rubbish', 'rubbish', 'what came is no acknowledgement'],
    ['sends half a frame', 'half a frame', 'the connection was closed before the answer'],
    ['closes at once', 'hang up', /^the connection (was closed before the answer|failed)/],
    ['floods', 'flood', 'the answer is too long'],
  ] as const)('that %s gets the same message again, and nothing is lost', async (_name, deed, note) => {
    const ris = await receiver(deed, ACCEPTS);
    await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the first attempt', () => isTried(1));
    const [standing] = await standings();
    expect(standing).toMatchObject({ state: 'pending', attempts: 1 });
    expect(standing?.note).toMatch(note);
    await goOn();
    await until('the delivery', () => isEach('delivered'));
    expect(ris.heard).toHaveLength(2);
    expect(new Set(ris.heard).size).toBe(1);
  });

  it.each([['silence'], ['foreign answer']] as const)(
    'that is slow beyond its limit (%s) is hung up on, and gets the same message again',
    async (deed) => {
      const ris = await receiver(deed, ACCEPTS);
      await insertAcceptedReferral(database, 1);
      begin({ ris: ris.port });
      await until('the message', () => ris.heard.length === 1);
      await systemClock.sleep(50);
      expect(await standings()).toMatchObject([{ state: 'pending', attempts: 0 }]);
      clock.advance(30_000);
      await until('the end of patience', () => isTried(1));
      expect(await standings()).toMatchObject([{ note: 'no answer within 30 s', state: 'pending' }]);
      await until('the farewell', () => ris.connections === 0);
      await goOn();
      await until('the delivery', () => isEach('delivered'));
      expect(new Set(ris.heard).size).toBe(1);
    },
  );

  it.each([['foreign answer, then accept'], ['late duplicate, then accept']] as const)(
    'is believed in its own answer only (%s)',
    async (deed) => {
      const ris = await receiver(ACCEPTS, deed);
      await insertAcceptedReferral(database, 1);
      await insertAcceptedReferral(database, 2, { patientId: 'T-2' });
      begin({ ris: ris.port });
      await until('both', async () => (await messages()).length === 2 && isEach('delivered'));
      expect(new Set(ris.heard).size).toBe(2);
    },
  );

  it('that hangs up after every answer is called again for each message', async () => {
    const ris = await receiver('accept and hang up');
    for (const number of [1, 2, 3]) await insertAcceptedReferral(database, number);
    begin({ ris: ris.port });
    await until('all three', () => isEach('delivered'));
    expect((await standings()).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
    expect(new Set(ris.heard).size).toBe(3);
  });

  it('that is down delays no other, and is sent everything when it is back', async () => {
    const port = await freePort();
    const other = await receiver();
    for (const number of [1, 2, 3]) await insertAcceptedReferral(database, number);
    begin({ down: port, up: other.port });
    const byReceiver = async (name: string) => (await messages()).filter(({ receiver: to }) => to === name);
    await until(
      'the other',
      async () => (await byReceiver('up')).filter(({ state }) => state === 'delivered').length === 3,
    );
    await until('the attempt', async () =>
      (await byReceiver('down')).every(({ attempts }) => attempts === 1),
    );
    expect((await byReceiver('down')).map(({ state, note }) => `${state} ${note ?? ''}`)).toEqual(
      Array.from({ length: 3 }, () => `pending 127.0.0.1:${port}: ECONNREFUSED`),
    );
    clock.advance(7 * 86_400_000);
    runner.ring();
    await until('the end', async () => (await byReceiver('down')).every(({ state }) => state === 'dead'));
  });

  it('gets what concerns one referral in order: a later message waits for the earlier one', async () => {
    const ris = await receiver('hang up', ACCEPTS);
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the first attempt', () => isTried(1));
    await changeBooking(referralId);
    runner.ring();
    await until('the change', async () => (await messages()).length === 2);
    await systemClock.sleep(50);
    expect((await standings()).map(({ attempts }) => attempts)).toEqual([1, 0]);
    await goOn();
    await until('both', () => isEach('delivered'));
    const controls = ris.messages.map((message) => message.getSegment('ORC')?.getField(1).toString());
    expect(controls).toEqual(['NW', 'NW', 'XO']);
  });

  it('that refused an order is told of the changed one as new, and the refused one cannot come back', async () => {
    const ris = await receiver({ code: 'AR' }, ACCEPTS);
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the rejection', () => changed.length === 1 && isEach('dead'));
    await changeBooking(referralId);
    runner.ring();
    await until('the new order', () => ris.heard.length === 2 && changed.length === 2);
    expect((await standings()).map(({ standing, state }) => `${standing} ${state}`)).toEqual([
      'NW superseded',
      'NW delivered',
    ]);
    const by = { nowMs: clock.nowMs(), actor: 'user 1' };
    expect(await restartMessages(database, {}, by)).toBe(0);
  });

  it('that may have heard of an order which was given up is told when it is called off, and it cannot come back', async () => {
    const ris = await receiver({ code: 'AR' }, ACCEPTS);
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    begin({ ris: ris.port });
    await until('the rejection', async () => changed.length === 1 && isEach('dead'));
    await dismissReferral(database, { referralId, reason: 'declined', actor: 'test', nowMs: clock.nowMs() });
    runner.ring();
    await until('the cancellation', () => changed.length === 2);
    expect((await standings()).map(({ standing, state }) => `${standing} ${state}`)).toEqual([
      'NW superseded',
      'CA delivered',
    ]);
    expect(await restartMessages(database, {}, { nowMs: clock.nowMs(), actor: 'user 1' })).toBe(0);
  });

  it('that was taken out of the sites file leaves its messages for people to see', async () => {
    await insertAcceptedReferral(database, 1);
    begin({ ris: await freePort() });
    await until('the attempt', () => isTried(1));
    settings = { ...settings, hl7: [] };
    clock.advance(61_000);
    runner.start();
    await until('the end', () => isEach('dead'));
    expect(await standings()).toMatchObject([{ note: 'no such receiver is configured' }]);
  });
});

describe('a result', () => {
  it('is told once a person has looked at the finding, and again as it changes and ends', async () => {
    const ris = await receiver();
    const referralId = await insertTestReferral(database, 1);
    begin({ ris: ris.port }, ['result']);
    await until('all told', isAllTold);
    expect(await messages()).toEqual([]);
    await dismissReferral(database, { referralId, reason: 'artefact', actor: 'test', nowMs: clock.nowMs() });
    runner.ring();
    await until('the final result', async () => (await messages()).length === 1 && isEach('delivered'));
    expect(ris.messages[0]?.getSegment('OBX')?.getField(5).getComponent(2)).toBe(
      'Dismissed after review: artefact',
    );
    expect(ris.messages[0]?.getSegment('OBR')?.getField(25).toString()).toBe('F');
    expect(await history(referralId)).toEqual([]);
  });
});
