import type { Kysely } from 'kysely';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OneTimePasswordAnswer, SessionAnswer, UsersAnswer } from '../access/session-views.ts';
import type { Database } from '../database/schema.ts';
import {
  type AccessServer,
  type Browser,
  openAccessServer,
  openBrowser,
  request,
} from '../testing/access-server.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';

const PASSWORD = 'fyra blå stolar';
const MINUTE_MS = 60_000;

let folder = '';
let database: Kysely<Database>;
let server: AccessServer;
let browser: Browser;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-sign-in-'));
  database = await openTestRecord();
  server = await openAccessServer(database, { data: folder });
  browser = openBrowser();
});

afterEach(async () => {
  await server.close();
  await database.destroy();
  await rm(folder, { recursive: true });
});

const firstSignInFile = (): string => join(folder, 'first-sign-in.txt');

async function readFirstPassword(): Promise<string> {
  return /^one-time password: (\S+)$/m.exec(await readFile(firstSignInFile(), 'utf8'))?.[1] ?? '';
}

function signIn(login: string, password: string, by = browser) {
  return request(server, by, 'POST', '/api/session', { login, password });
}

/** Signs the first administrator in and past the one-time password. */
async function signInAdministrator(): Promise<void> {
  const password = await readFirstPassword();
  await signIn('admin', password);
  const change = { password, newPassword: PASSWORD };
  expect((await request(server, browser, 'POST', '/api/session/password', change)).statusCode).toBe(200);
}

async function addColleague(
  login: string,
  roles: readonly string[],
  siteIds: readonly string[] | null = null,
) {
  const added = await request(server, browser, 'POST', '/api/users', { login, name: login, roles, siteIds });
  expect(added.statusCode).toBe(200);
  const { user, oneTimePassword } = added.json<OneTimePasswordAnswer>();
  const own = openBrowser();
  await signIn(login, oneTimePassword, own);
  const change = { password: oneTimePassword, newPassword: PASSWORD };
  await request(server, own, 'POST', '/api/session/password', change);
  return { user, browser: own };
}

describe('the first administrator', () => {
  it('finds a one-time password in a file that nobody else can read, and the log names the file alone', async () => {
    const password = await readFirstPassword();
    expect(password.length).toBeGreaterThan(20);
    expect((await stat(firstSignInFile())).mode & 0o777).toBe(0o600);
    const log = server.lines.join('\n');
    expect(log).toContain(firstSignInFile());
    expect(log).not.toContain(password);
  });

  it('may do nothing but change the password at first; then the file is gone', async () => {
    const password = await readFirstPassword();
    const session = (await signIn('admin', password)).json<SessionAnswer>();
    expect(session.user).toMatchObject({ login: 'admin', mustChangePassword: true });
    expect(session.user?.roles).toEqual(['administrator', 'coordinator', 'auditor']);
    for (const url of ['/api/users', '/api/exams', '/api/status', '/api/events']) {
      expect((await request(server, browser, 'GET', url)).statusCode, url).toBe(403);
    }
    const change = { password, newPassword: PASSWORD };
    await request(server, browser, 'POST', '/api/session/password', change);
    expect((await request(server, browser, 'GET', '/api/users')).statusCode).toBe(200);
    await expect(stat(firstSignInFile())).rejects.toThrow();
    expect((await signIn('admin', password, openBrowser())).statusCode).toBe(401);
  });

  it('is made once, however often the service starts', async () => {
    await signInAdministrator();
    const again = await openAccessServer(database, { data: folder });
    await again.close();
    await expect(stat(firstSignInFile())).rejects.toThrow();
    expect(await database.selectFrom('users').select('login').execute()).toEqual([{ login: 'admin' }]);
  });
});

describe('the cookie of a session', () => {
  it('is kept from scripts and from requests of other sites, and is another after each sign-in', async () => {
    await signInAdministrator();
    const before = browser.cookies.get('osteotriage-session')!;
    const answer = await signIn('admin', PASSWORD);
    expect(answer.headers['set-cookie']).toMatch(
      /^osteotriage-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(browser.cookies.get('osteotriage-session')).not.toBe(before);
    const old: Browser = { cookies: new Map([['osteotriage-session', before]]), csrfToken: '' };
    expect((await request(server, old, 'GET', '/api/exams')).statusCode).toBe(401);
  });

  it('goes over https only, bound to the host, where a proxy ends https', async () => {
    const proxied = await openAccessServer(
      database,
      { data: folder, publicUrl: 'https://triage.example' },
      { host: '0.0.0.0', trustedProxies: ['127.0.0.1'] },
    );
    const headers = {
      host: 'triage.example',
      'x-forwarded-proto': 'https',
      origin: 'https://triage.example',
      'sec-fetch-site': 'same-origin',
    };
    const body = { login: 'admin', password: await readFirstPassword() };
    const answer = await request(proxied, browser, 'POST', '/api/session', body, headers);
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-osteotriage-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect((await request(proxied, browser, 'GET', '/api/session', undefined, headers)).json()).toMatchObject(
      {
        user: { login: 'admin' },
      },
    );
    await proxied.close();
  });

  it('is taken back at sign-out, and the session is over', async () => {
    await signInAdministrator();
    const cookies = new Map(browser.cookies);
    const answer = await request(server, browser, 'DELETE', '/api/session');
    expect(answer.json()).toEqual({ signOutUrl: null });
    expect(browser.cookies.has('osteotriage-session')).toBe(false);
    const thief: Browser = { cookies, csrfToken: '' };
    expect((await request(server, thief, 'GET', '/api/exams')).statusCode).toBe(401);
    expect((await request(server, thief, 'GET', '/api/session')).json()).toMatchObject({ user: null });
  });
});

describe('a session', () => {
  it('ends when nobody touches the page, however often the page reads by itself', async () => {
    await signInAdministrator();
    for (let minutes = 0; minutes < 29; minutes += 1) {
      server.clock.advance(MINUTE_MS);
      const by = { 'x-unattended': '1' };
      expect((await request(server, browser, 'GET', '/api/exams', undefined, by)).statusCode).toBe(200);
      await request(server, browser, 'GET', '/api/session');
    }
    server.clock.advance(MINUTE_MS + 1);
    expect((await request(server, browser, 'GET', '/api/exams')).statusCode).toBe(401);
  });

  it('of a person who is disabled ends at once', async () => {
    await signInAdministrator();
    const bo = await addColleague('bo', ['radiologist']);
    expect((await request(server, bo.browser, 'GET', '/api/exams')).statusCode).toBe(200);
    const url = `/api/users/${bo.user.userId}`;
    expect((await request(server, browser, 'PATCH', url, { isDisabled: true })).statusCode).toBe(200);
    expect((await request(server, bo.browser, 'GET', '/api/exams')).statusCode).toBe(401);
    expect((await signIn('bo', PASSWORD, bo.browser)).statusCode).toBe(401);
  });

  it('takes no change that another site’s page made, nor one without its own token', async () => {
    await signInAdministrator();
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const body = { login: 'bo', name: 'Bo', roles: ['nothing'] };
      return (await request(server, browser, 'POST', '/api/users', body, headers)).statusCode;
    };
    const other = await signIn('admin', PASSWORD, openBrowser());
    const otherToken = other.json<SessionAnswer>().csrfToken!;
    expect(await ask({ 'x-csrf-token': '' })).toBe(403);
    expect(await ask({ 'x-csrf-token': otherToken })).toBe(403);
    expect(await ask({ origin: 'https://evil.example' })).toBe(400);
    expect(await ask({ 'content-type': 'text/plain' })).toBe(400);
    // What is left is that there is no such role.
    const said = await request(server, browser, 'POST', '/api/users', {
      login: 'bo',
      name: 'Bo',
      roles: ['x'],
    });
    expect(said.json<{ message: string }>().message).toContain('roles');
  });
});

describe('sign-in', () => {
  it('is limited for each address, whoever it says it is, and says when to come back', async () => {
    const statuses: number[] = [];
    for (let tried = 0; tried < 24; tried += 1) {
      const answer = await signIn(`login-${tried}`, 'wrong');
      statuses.push(answer.statusCode);
      if (answer.statusCode === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses.slice(20)).toEqual(Array(4).fill(429));
  });

  it('answers the same for a wrong password, a login that nobody has and an account that is locked', async () => {
    const bodies = new Set<string>();
    for (let tried = 0; tried < 7; tried += 1) bodies.add((await signIn('admin', `wrong ${tried}`)).body);
    bodies.add((await signIn('admin', await readFirstPassword())).body);
    bodies.add((await signIn('nobody', 'wrong')).body);
    expect(bodies.size).toBe(1);
    expect(JSON.parse([...bodies][0]!)).toMatchObject({ code: 'unauthorised' });
  });

  it('leaves no password, token or key in a line of the log, in an address or in the audit trail', async () => {
    const secrets = [await readFirstPassword(), PASSWORD, 'wrong-password', 'login-is-password'];
    await signIn('admin', 'wrong-password');
    await signIn('login-is-password', 'x');
    await signInAdministrator();
    const bo = await addColleague('bo', ['coordinator']);
    const reset = await request(server, browser, 'POST', `/api/users/${bo.user.userId}/password-reset`, {});
    secrets.push(reset.json<OneTimePasswordAnswer>().oneTimePassword);
    for (const one of [browser, bo.browser]) secrets.push(...one.cookies.values(), one.csrfToken);
    const key = { authorization: 'Bearer key-of-a-stranger' };
    await request(server, openBrowser(), 'GET', '/api/exams', undefined, key);
    await request(server, browser, 'DELETE', '/api/session');
    const trail = await database.selectFrom('audit_trail').selectAll().execute();
    const written = [...server.lines, JSON.stringify(trail)].join('\n');
    expect(trail.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['sign-in failed', 'signed in', 'password changed', 'user added', 'signed out']),
    );
    for (const secret of [...secrets, 'key-of-a-stranger']) {
      expect(secret.length).toBeGreaterThan(8);
      expect(written).not.toContain(secret);
    }
  });
});

describe('the routes of users', () => {
  it('list, change, reset and sign out, and never tell a hash', async () => {
    await signInAdministrator();
    const bo = await addColleague('bo', ['radiologist']);
    const url = `/api/users/${bo.user.userId}`;
    await request(server, browser, 'PATCH', url, {
      roles: ['site-user'],
      siteIds: ['clinic-7'],
      name: 'Bo Ek',
    });
    const listed = await request(server, browser, 'GET', '/api/users');
    expect(listed.json<UsersAnswer>().users).toMatchObject([
      { login: 'admin', roles: ['administrator', 'coordinator', 'auditor'] },
      { login: 'bo', name: 'Bo Ek', roles: ['site-user'], siteIds: ['clinic-7'], mustChangePassword: false },
    ]);
    expect(listed.body).not.toContain('scrypt');
    expect((await request(server, browser, 'POST', `${url}/sign-out`, {})).statusCode).toBe(200);
    const reset = await request(server, browser, 'POST', `${url}/password-reset`, {});
    expect(reset.json<OneTimePasswordAnswer>().user.mustChangePassword).toBe(true);
  });

  it.each([
    ['nothing to change', {}, 400],
    ['a role that there is not', { roles: ['king'] }, 400],
    ['the last administrator’s end', { isDisabled: true }, 409],
    ['a field that there is not', { passwordHash: 'scrypt' }, 400],
  ])('refuse %s', async (_what, change, status) => {
    await signInAdministrator();
    const { users } = (await request(server, browser, 'GET', '/api/users')).json<UsersAnswer>();
    const answer = await request(server, browser, 'PATCH', `/api/users/${users[0]!.userId}`, change);
    expect(answer.statusCode).toBe(status);
  });
});

describe('a site user', () => {
  it('sees the films of the own site, also those that another site sent first, and no other', async () => {
    const [own, others, both] = [
      await insertTestExam(database, 1),
      await insertTestExam(database, 2),
      await insertTestExam(database, 3),
    ];
    await database.updateTable('exams').set({ site_id: 'clinic-7' }).where('exam_id', '=', own).execute();
    await database.updateTable('exams').set({ site_id: 'hospital' }).where('exam_id', '!=', own).execute();
    await database
      .insertInto('exam_senders')
      .values({ exam_id: both, site_id: 'clinic-7', noted_at_ms: 1, is_told: 0 })
      .execute();
    await signInAdministrator();
    const bo = await addColleague('bo', ['site-user'], ['clinic-7']);
    const list = (await request(server, bo.browser, 'GET', '/api/exams')).json<{
      exams: readonly { readonly examId: string }[];
    }>();
    expect(list.exams.map(({ examId }) => examId).sort()).toEqual([own, both].sort());
    for (const [examId, status] of [
      [own, 200],
      [both, 200],
      [others, 404],
      ['nothing', 404],
    ] as const) {
      expect((await request(server, bo.browser, 'GET', `/api/exams/${examId}`)).statusCode).toBe(status);
    }
    for (const picture of ['preview.png', 'overlay.png']) {
      const answer = await request(server, bo.browser, 'GET', `/api/exams/${others}/${picture}`);
      expect(answer.json()).toMatchObject({ code: 'not-found', message: 'no such exam' });
    }
    const status = await request(server, bo.browser, 'GET', '/api/status');
    expect(status.json()).toMatchObject({ counts: null });
    expect((await request(server, browser, 'GET', '/api/exams')).json<typeof list>().exams).toHaveLength(3);
  });
});
