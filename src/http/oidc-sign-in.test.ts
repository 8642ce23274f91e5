import type { Kysely } from 'kysely';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SessionAnswer } from '../access/session-views.ts';
import type { Database } from '../database/schema.ts';
import {
  type AccessServer,
  type Browser,
  openAccessServer,
  openBrowser,
  request,
} from '../testing/access-server.ts';
import { freePort } from '../testing/free-port.ts';
import { type OidcServer, startOidcServer } from '../testing/oidc-server.ts';
import { openTestRecord } from '../testing/test-record.ts';

const PUBLIC_URL = 'http://127.0.0.1';
const STATE_COOKIE = 'osteotriage-sign-in';

let folder = '';
let provider: OidcServer;
let database: Kysely<Database>;
let server: AccessServer;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-oidc-'));
  provider = await startOidcServer(PUBLIC_URL);
  await writeFile(join(folder, 'client-secret'), `${provider.clientSecret}\n`, { mode: 0o600 });
});

afterAll(async () => {
  await provider.close();
  await rm(folder, { recursive: true });
});

const openServer = (issuer = provider.issuer): Promise<AccessServer> =>
  openAccessServer(database, {
    ...{ data: folder, signIn: 'oidc', publicUrl: PUBLIC_URL, oidcIssuer: issuer },
    ...{ oidcClientId: provider.clientId, oidcClientSecretFile: join(folder, 'client-secret') },
    oidcRoles: '["Osteoporos-samordnare=coordinator", "CN=IT,OU=Groups=administrator"]',
    oidcSitesClaim: 'clinics',
  });

beforeEach(async () => {
  database = await openTestRecord();
  server = await openServer();
  browser = openBrowser();
  provider.people.clear();
  provider.people.set('kerstin', {
    name: 'Kerstin Ek',
    preferred_username: 'Kerstin.Ek',
    groups: ['Osteoporos-samordnare', 'Alla'],
  });
});

afterEach(async () => {
  await server.close();
  await database.destroy();
});

/** Leaves for the provider, signs in there, and returns the path that the browser is sent back to. */
async function leave(login: string, returnTo = '/referrals/r1?tab=2'): Promise<string> {
  const start = await request(
    server,
    browser,
    'GET',
    `/sign-in/oidc?returnTo=${encodeURIComponent(returnTo)}`,
  );
  expect(start.statusCode).toBe(303);
  const back = new URL(await provider.visit(start.headers.location!, login));
  expect(back.origin).toBe(PUBLIC_URL);
  return `${back.pathname}${back.search}`;
}

async function signIn(login: string, returnTo?: string): Promise<string> {
  return (await request(server, browser, 'GET', await leave(login, returnTo))).headers.location!;
}

async function session(): Promise<SessionAnswer> {
  return (await request(server, browser, 'GET', '/api/session')).json<SessionAnswer>();
}

async function expectRefused(path: string, reason: string): Promise<void> {
  const answer = await request(server, browser, 'GET', path);
  expect(answer.statusCode).toBe(303);
  expect(answer.headers.location).toBe(`/?sign-in-failed=${reason}`);
  expect((await session()).user).toBeNull();
}

describe('sign-in at an identity provider', () => {
  it('leaves with PKCE, state and nonce, comes back to the page that was meant, and is a session here', async () => {
    const start = await request(server, openBrowser(), 'GET', '/sign-in/oidc');
    const asked = new URL(start.headers.location!).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)!.length).toBe(43);
    expect(start.headers['set-cookie']).toMatch(/HttpOnly; SameSite=Lax/);

    expect(await signIn('kerstin')).toBe('/referrals/r1?tab=2');
    expect(await session()).toMatchObject({
      way: 'oidc',
      user: { login: 'kerstin.ek', name: 'Kerstin Ek', roles: ['coordinator'], siteIds: null },
    });
    expect(browser.cookies.has(STATE_COOKIE)).toBe(false);
    expect((await request(server, browser, 'GET', '/api/exams')).statusCode).toBe(200);
    expect((await request(server, browser, 'GET', '/api/users')).statusCode).toBe(403);
  });

  it('keeps one user for a person, with name and roles as the provider says them now', async () => {
    await signIn('kerstin');
    const before = { cookies: new Map(browser.cookies), csrfToken: '' };
    const kerstin = provider.people.get('kerstin')!;
    provider.people.set('kerstin', { ...kerstin, name: 'Kerstin Lund', groups: ['CN=IT,OU=Groups'] });
    await signIn('kerstin', '/');
    expect((await session()).user).toMatchObject({ name: 'Kerstin Lund', roles: ['administrator'] });
    expect(await database.selectFrom('users').select('login').execute()).toEqual([{ login: 'kerstin.ek' }]);
    // The session of before had the roles of before.
    expect((await request(server, before, 'GET', '/api/exams')).statusCode).toBe(401);
  });

  it('lets nobody in without a role, and ends what such a person had', async () => {
    await signIn('kerstin');
    const before = { cookies: new Map(browser.cookies), csrfToken: '' };
    provider.people.set('kerstin', { name: 'Kerstin Ek', groups: ['Alla'] });
    browser = openBrowser();
    await expectRefused(await leave('kerstin'), 'no-role');
    expect((await request(server, before, 'GET', '/api/exams')).statusCode).toBe(401);
    await expectRefused(await leave('stranger'), 'no-role');
    expect(await database.selectFrom('users').selectAll().execute()).toHaveLength(1);
  });

  it('lets nobody in who was disabled here', async () => {
    await signIn('kerstin');
    const { userId } = (await session()).user!;
    await server.access.users.change(userId, { isDisabled: true }, 'operator');
    await expectRefused(await leave('kerstin'), 'no-role');
  });

  it('gives nobody the account of another person with the same login', async () => {
    const roles = ['administrator'] as const;
    await server.access.users.create(
      { login: 'kerstin.ek', name: 'Local', roles, siteIds: null },
      'operator',
    );
    await signIn('kerstin');
    const { user } = await session();
    expect(user?.roles).toEqual(['coordinator']);
    expect(user?.login).toMatch(/^kerstin\.ek [0-9a-f]{12}$/);
  });

  it('signs out here and at the provider', async () => {
    await signIn('kerstin');
    await session();
    const answer = await request(server, browser, 'DELETE', '/api/session');
    const { signOutUrl } = answer.json<{ signOutUrl: string }>();
    expect(signOutUrl).toContain(`${provider.issuer}/session/end?`);
    expect(new URL(signOutUrl).searchParams.get('post_logout_redirect_uri')).toBe(`${PUBLIC_URL}/`);
    expect((await session()).user).toBeNull();
  });

  it('knows no passwords of its own', async () => {
    const body = { login: 'kerstin', password: 'any password' };
    const answer = await request(server, browser, 'POST', '/api/session', body);
    expect(answer.json()).toMatchObject({ code: 'state-conflict' });
  });
});

describe('a return from the provider', () => {
  it('is refused in a browser that did not leave, or left with another state', async () => {
    const back = await leave('kerstin');
    const state = browser.cookies.get(STATE_COOKIE)!;
    browser.cookies.delete(STATE_COOKIE);
    await expectRefused(back, 'refused');
    browser.cookies.set(STATE_COOKIE, 'another');
    await expectRefused(back, 'refused');
    browser.cookies.set(STATE_COOKIE, state);
    await expectRefused(back.replace(/state=[^&]+/, 'state=another'), 'refused');
  });

  it('is good once: a code that is replayed is refused', async () => {
    const back = await leave('kerstin');
    const state = browser.cookies.get(STATE_COOKIE)!;
    expect((await request(server, browser, 'GET', back)).headers.location).toBe('/referrals/r1?tab=2');
    browser = openBrowser();
    browser.cookies.set(STATE_COOKIE, state);
    await expectRefused(back, 'refused');
  });

  it.each([
    ['nonce', { nonce: 'x'.repeat(43) }],
    ['proof of the code', { code_verifier: 'x'.repeat(43) }],
  ])('is refused where the %s is not the one that was sent', async (_what, change) => {
    const back = await leave('kerstin');
    await database.updateTable('sign_in_attempts').set(change).execute();
    await expectRefused(back, 'refused');
  });

  it('is refused with a code of its own making, with an error, and after ten minutes', async () => {
    const back = await leave('kerstin');
    const state = new URLSearchParams(back.split('?')[1]).get('state')!;
    await expectRefused(`/sign-in/oidc/callback?error=access_denied&state=${state}`, 'refused');
    await expectRefused((await leave('kerstin')).replace(/code=[^&]+/, 'code=made-up'), 'refused');
    const late = await leave('kerstin');
    server.clock.advance(10 * 60_000);
    await expectRefused(late, 'refused');
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
  ])('leads to no page of another host: %j', async (returnTo) => {
    expect(await signIn('kerstin', returnTo)).toBe('/');
  });

  it('leaves neither code, state, token nor client secret in a line of the log or the audit trail', async () => {
    const back = await leave('kerstin');
    const secrets = [...new URLSearchParams(back.split('?')[1]).entries()].flatMap(([name, value]) =>
      name === 'iss' ? [] : [value],
    );
    const attempt = await database.selectFrom('sign_in_attempts').selectAll().executeTakeFirstOrThrow();
    await request(server, browser, 'GET', back);
    await request(server, browser, 'GET', back);
    secrets.push(provider.clientSecret, attempt.nonce, attempt.code_verifier, ...browser.cookies.values());
    const trail = await database.selectFrom('audit_trail').selectAll().execute();
    expect(trail.map(({ action }) => action)).toEqual(['user added', 'signed in']);
    const written = [...server.lines, JSON.stringify(trail)].join('\n');
    for (const secret of secrets) expect(written).not.toContain(secret);
  });
});

describe('a provider that is away', () => {
  it('is said so, in words and in the log, and is asked again at the next sign-in', async () => {
    const away = await openServer(`http://127.0.0.1:${await freePort()}`);
    const answer = await request(away, browser, 'GET', '/sign-in/oidc');
    expect(answer.headers.location).toBe('/?sign-in-failed=provider-away');
    expect(away.lines.join('\n')).toContain('the identity provider does not answer');
    expect((await request(away, browser, 'GET', '/api/session')).json()).toMatchObject({
      way: 'oidc',
      user: null,
    });
    await away.close();
  });
});
