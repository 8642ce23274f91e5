import type { Kysely } from 'kysely';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewUser } from '../access/session-views.ts';
import type { Database } from '../database/schema.ts';
import { type EventBus, openEventBus } from '../event-bus.ts';
import { type AccessServer, openAccessServer, openBrowser, request } from '../testing/access-server.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';

let folder = '';
let database: Kysely<Database>;
let events: EventBus;
let server: AccessServer;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-site-events-'));
  database = await openTestRecord();
  events = openEventBus();
  server = await openAccessServer(database, { data: folder }, { events });
  url = await server.app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await server.close();
  await database.destroy();
  await rm(folder, { recursive: true });
});

/** Signs a new person in and opens the stream of a page; `text` is what it was told until now. */
async function listenAs(roles: NewUser['roles'], siteIds: NewUser['siteIds']) {
  const login = `p${Math.random().toString(36).slice(2)}`;
  const user = { login, name: login, roles, siteIds };
  const { oneTimePassword: password } = await server.access.users.create(user, 'operator');
  const browser = openBrowser();
  await request(server, browser, 'POST', '/api/session', { login, password });
  const change = { password, newPassword: 'fyra blå stolar' };
  await request(server, browser, 'POST', '/api/session/password', change);
  const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
  const answer = await fetch(`${url}/api/events`, { headers: { cookie } });
  expect(answer.status).toBe(200);
  const page = { text: '', ended: Promise.resolve() };
  const follow = async (): Promise<void> => {
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) page.text += piece;
  };
  page.ended = follow();
  return page;
}

async function insertFilmOf(number: number, siteId: string, laterSiteId?: string): Promise<string> {
  const examId = await insertTestExam(database, number);
  await database.updateTable('exams').set({ site_id: siteId }).where('exam_id', '=', examId).execute();
  if (laterSiteId === undefined) return examId;
  const sender = { exam_id: examId, site_id: laterSiteId, noted_at_ms: 1, is_told: 0 } as const;
  await database.insertInto('exam_senders').values(sender).execute();
  return examId;
}

describe('the events over a real stream', () => {
  it('tell a site user of own films, sent first or later, and not a byte of what happens elsewhere', async () => {
    const own = await insertFilmOf(1, 'clinic-7');
    const others = await insertFilmOf(2, 'hospital');
    const both = await insertFilmOf(3, 'hospital', 'clinic-7');
    const siteUser = await listenAs(['site-user'], ['clinic-7']);
    const coordinator = await listenAs(['coordinator'], null);
    for (const examId of [others, own, others, 'no-such-film', both]) {
      events.publish({ type: 'exam', examId });
      events.publish({ type: 'referral', referralId: `of-${examId}` });
    }
    await expect.poll(() => siteUser.text).toContain(both);
    await expect.poll(() => coordinator.text).toContain(`of-${both}`);
    await server.close();
    await siteUser.ended;
    const told = [own, both].map((examId) => `event: exam\ndata: {"examId":"${examId}"}\n\n`);
    expect(siteUser.text).toBe(`retry: 2000\n\n${told.join('')}`);
    expect(coordinator.text.match(/^event: exam$/gm)).toHaveLength(5);
    expect(coordinator.text.match(/^event: referral$/gm)).toHaveLength(5);
  });
});
