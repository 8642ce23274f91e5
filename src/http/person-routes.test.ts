import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWithoutSignIn } from '../access/open-gate.ts';
import { systemClock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import { openPersonDesk } from '../worklist/person-desk.ts';
import type { IdentityAnswer, PersonsAnswer } from '../worklist/person-views.ts';
import { openReferralList } from '../worklist/referral-list.ts';
import type { WorklistEvent } from '../worklist/worklist-views.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { ScriptedWorklist } from '../testing/scripted-worklist.ts';
import { servedOperations } from '../testing/served-operations.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { servePersons } from './person-routes.ts';
import { serveReferralList } from './referral-list-routes.ts';
import { buildHttpServer } from './server.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 8);

let database: Kysely<Database>;
let app: FastifyInstance;
let events: WorklistEvent[];
let close: () => Promise<void>;

beforeEach(async () => {
  database = await openTestRecord();
  events = [];
  const worklist = new ScriptedWorklist();
  const clock = { ...systemClock, nowMs: () => NOW_MS };
  const ignore = (): void => undefined;
  const desk = openPersonDesk(database, clock);
  const list = openReferralList({ database, clock, sites: { book: () => null } });
  const built = buildHttpServer({
    ...{ host: '127.0.0.1', port: 0, access: openWithoutSignIn(() => undefined) },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist, clock },
    routes: [
      servePersons({
        ...{ desk, database, clock, events: { publish: (event) => void events.push(event) } },
        sites: { referralDays: () => DEFAULT_REFERRAL_DAYS },
      }),
      serveReferralList({ list, record: (entry) => recordAudit(database, entry), clock }),
    ],
    log: { info: ignore, warn: ignore, error: ignore },
    ...{ pagesFolder: import.meta.dirname, operations: servedOperations() },
    limits: { bodyBytesMax: 4_096, eventStreamsMax: 1 },
  });
  app = built.app;
  close = async () => {
    built.streams.close();
    await app.close();
    await database.destroy();
  };
});
afterEach(() => close());

async function film(number: number, patientId: string, patientName: string): Promise<string> {
  await insertTestExam(database, number, { patientId, patientName });
  const { person_id } = await database
    .selectFrom('persons')
    .select('person_id')
    .where('patient_id', '=', patientId)
    .executeTakeFirstOrThrow();
  return person_id;
}

async function refer(personId: string): Promise<void> {
  await database
    .insertInto('referrals')
    .values({
      ...{ referral_id: `r-${personId}`, person_id: personId, state: 'flagged', policy_version: '1' },
      ...{ created_at_ms: 5, updated_at_ms: 5, due_at_ms: 6 },
    })
    .execute();
}

const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers });
const send = (method: 'POST' | 'PUT', url: string, body: object) =>
  app.inject({ method, url, payload: body, headers: { 'content-type': 'application/json' } });
const trail = async (action: string) =>
  (await database.selectFrom('audit_trail').selectAll().where('action', '=', action).execute()).map(
    ({ actor, subject, detail }) => ({ actor, subject, detail }),
  );

describe('the routes of people', () => {
  it('find a person, and want to know whom', async () => {
    const personId = await film(1, 'TEST-1', 'Almgren^Ingrid');
    const answer = await get('/api/persons?search=almgren%20ing');
    expect(answer.json<PersonsAnswer>().persons).toMatchObject([{ personId }]);
    for (const url of ['/api/persons', '/api/persons?search=%20', `/api/persons?search=${'a'.repeat(101)}`]) {
      expect((await get(url)).json(), url).toMatchObject({ code: 'request-invalid' });
    }
    expect((await get(`/api/persons/${personId}`)).json()).toMatchObject({ person: { personId } });
    expect((await get('/api/persons/nobody')).statusCode).toBe(404);
  });

  it('correct an identity in the name of who asks, and tell the pages', async () => {
    const personId = await film(1, 'TEST-1', 'Almgren^Ingird');
    await refer(personId);
    const answer = await send('POST', `/api/persons/${personId}/correct`, { name: 'Almgren^Ingrid' });
    expect(answer.json<IdentityAnswer>()).toMatchObject({ personId, examsMoved: 0, examsRevised: 1 });
    expect(events).toEqual([{ type: 'referral', referralId: `r-${personId}` }]);
    expect(await database.selectFrom('identity_changes').select(['actor', 'kind']).execute()).toEqual([
      { actor: 'user operator', kind: 'correction' },
    ]);
    for (const wrong of [{}, { name: '' }, { name: 'A\\B' }, { patientId: 'x'.repeat(65) }, { sex: 'F' }]) {
      const refused = await send('POST', `/api/persons/${personId}/correct`, wrong);
      expect(refused.json(), JSON.stringify(wrong)).toMatchObject({ code: 'request-invalid' });
    }
  });

  it('merge two identities, once', async () => {
    const from = await film(1, 'TEST-1', 'Almgren^Ingrid');
    const into = await film(2, 'TEST-2', 'Almgren^Ingrid');
    const body = { fromPersonId: from, intoPersonId: into };
    const answer = await send('POST', '/api/persons/merge', body);
    expect(answer.json<IdentityAnswer>()).toMatchObject({ personId: into, examsMoved: 1 });
    expect((await send('POST', '/api/persons/merge', body)).json()).toMatchObject({ code: 'state-conflict' });
  });

  it('protect an identity and show it only to who asks for it', async () => {
    const personId = await film(1, 'TEST-1', 'Hemlig^Hanna');
    await refer(personId);
    const path = `/api/persons/${personId}`;
    expect((await send('PUT', `${path}/protection`, { isProtected: true })).statusCode).toBe(200);
    expect((await get(path)).body).not.toContain('Hemlig');
    expect((await get('/api/referrals')).body).not.toContain('Hemlig');
    expect((await get('/api/referrals.csv')).body).toContain('Skyddade personuppgifter');
    const referralId = `r-${personId}`;
    const shown = await send('POST', `${path}/reveal`, { referralId });
    expect(shown.json()).toMatchObject({ person: { name: 'Hemlig, Hanna' } });
    expect(await trail('protected identity revealed')).toEqual([
      { actor: 'user operator', subject: referralId, detail: null },
    ]);
  });
});

describe('the routes of the list', () => {
  it('write down a search and an export, but not a page that is loaded or refreshes by itself', async () => {
    await refer(await film(1, 'TEST-1', 'Almgren^Ingrid'));
    await get('/api/referrals?tab=new');
    await get('/api/referrals?search=almgren', { 'x-unattended': '1' });
    const answer = await get('/api/referrals?search=almgren&tab=new&gradeMin=2');
    expect(answer.json()).toMatchObject({ rows: [], matching: 0 });
    expect(await trail('referral list searched')).toEqual([
      {
        ...{ actor: 'user operator', subject: 'referrals' },
        detail: '{"gradeMin":2,"search":"almgren","sort":"urgency","tab":"new"}',
      },
    ]);
    const table = await get('/api/referrals.csv?language=en&kind=fracture');
    expect(table.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="referrals-2026-11-22.csv"',
    });
    expect(table.body).toBe(
      '\ufeffNumber;Name;Age;Sex;Finding;State;Owner;Due;Standing;Site;Arrived;Referral\r\n',
    );
    expect(await trail('referral list exported')).toMatchObject([
      { detail: '{"kind":"fracture","sort":"urgency","tab":"all"}' },
    ]);
  });

  it.each([
    'limit=201',
    'tab=lost',
    'sort=name',
    'gradeMin=4',
    'ageMin=-1',
    'state=open',
    'cursor=x',
    'page=2',
  ])('refuse %s and say what is wrong', async (query) => {
    const answer = await get(`/api/referrals?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ message: string }>().message).toContain(
      query === 'page=2' ? 'page' : query.split('=')[0],
    );
  });
});
