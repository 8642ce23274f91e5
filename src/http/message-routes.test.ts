import Fastify, { type FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertMessage } from '../database/message-records.ts';
import type { Database } from '../database/schema.ts';
import type { Staff } from '../exam/staff.ts';
import type { MessagesAnswer } from '../exchange/message-views.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertAcceptedReferral, insertTestReferral } from '../testing/scanner-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { answerErrors } from './http-answers.ts';
import { serveLetters } from './letter-routes.ts';
import { serveMessages } from './message-routes.ts';

const STAFF: Staff = { userId: 'u-1', name: 'Karin Koordinator', roles: ['coordinator'], siteIds: null };

let database: Kysely<Database>;
let app: FastifyInstance;
let rings: number;

beforeEach(async () => {
  database = await openTestRecord();
  rings = 0;
  const clock = new ManualClock();
  app = Fastify();
  app.decorateRequest('staff', null);
  app.addHook('onRequest', async (request) => {
    request.staff = STAFF;
    await Promise.resolve();
  });
  answerErrors(app, silentLog);
  serveMessages({ database, clock, onRestarted: () => (rings += 1) })(app);
  serveLetters({ database, clock, sites: { book: () => null }, softwareVersion: '9.9.9' })(app);
});
afterEach(async () => {
  await app.close();
  await database.destroy();
});

async function insertDead(...receivers: readonly string[]): Promise<void> {
  for (const receiver of receivers) {
    const thread = { kind: 'hl7-order', receiver, about: 'S1' } as const;
    const message = { ...thread, messageId: `M-${receiver}`, subject: 'r-1', standing: 'NW', digest: 'd' };
    await insertMessage(database, { ...message, payload: 'PID|1||191212121212' }, 1_700_000_000_000);
  }
  await database.updateTable('messages').set({ state: 'dead', note: 'AR 207', attempts: 1 }).execute();
}

const list = async (query: string) =>
  (await app.inject(`/api/messages${query}`)).json<MessagesAnswer>().messages;
const restart = (payload: object) => app.inject({ method: 'POST', url: '/api/messages/restart', payload });
const audited = async () =>
  (await database.selectFrom('audit_trail').select(['actor', 'action', 'subject']).execute()).filter(
    ({ actor }) => actor === 'user u-1',
  );

describe('the messages', () => {
  it('are listed by state, without what they say', async () => {
    await insertDead('ris', 'ehr');
    const messages = await list('?state=dead');
    expect(messages.map(({ receiver, note, standing }) => [receiver, note, standing])).toEqual([
      ['ehr', 'AR 207', 'NW'],
      ['ris', 'AR 207', 'NW'],
    ]);
    expect(JSON.stringify(messages)).not.toContain('1912');
    expect(await list('?state=pending')).toEqual([]);
    expect((await app.inject('/api/messages?limit=1000')).statusCode).toBe(400);
  });

  it('that are dead go out again where a person says which, and that is written down', async () => {
    await insertDead('ris', 'ehr');
    expect((await restart({})).json()).toMatchObject({
      message: 'the query: name a receiver or a message, or all: true',
    });
    expect((await restart({ receiver: 'ris' })).json()).toMatchObject({ restarted: 1 });
    expect((await list('?state=pending')).map(({ receiver, attempts }) => [receiver, attempts])).toEqual([
      ['ris', 0],
    ]);
    expect((await restart({ all: true })).json()).toMatchObject({ restarted: 1 });
    expect(rings).toBe(2);
    expect(await audited()).toEqual([
      { actor: 'user u-1', action: '1 dead messages restarted', subject: 'ris' },
      { actor: 'user u-1', action: '1 dead messages restarted', subject: 'all' },
    ]);
  });
});

describe('the letter of a referral', () => {
  it('is a PDF, and who printed it is written down with whose it is', async () => {
    const { referral_id: referralId } = await insertAcceptedReferral(database, 1);
    const answer = await app.inject(`/api/referrals/${referralId}/letter.pdf?language=en`);
    expect(answer.headers['content-type']).toBe('application/pdf');
    expect(answer.rawPayload.subarray(0, 5).toString()).toBe('%PDF-');
    expect(answer.headers['content-disposition']).toBe(`inline; filename="referral-${referralId}.pdf"`);
    expect(await audited()).toEqual([
      { actor: 'user u-1', action: 'referral letter printed', subject: referralId },
    ]);
  });

  it('needs a referral and a language that there is', async () => {
    expect((await app.inject('/api/referrals/none/letter.pdf')).statusCode).toBe(404);
    const referralId = await insertTestReferral(database, 1);
    expect((await app.inject(`/api/referrals/${referralId}/letter.pdf?language=de`)).statusCode).toBe(400);
    expect(await audited()).toEqual([]);
  });
});
