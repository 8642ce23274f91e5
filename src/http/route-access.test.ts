import type { FastifyInstance } from 'fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccess } from '../access/access.ts';
import type { AccessGate, SignedIn } from '../access/access-gate.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { ROLES, type Role } from '../exam/staff.ts';
import { openHealth } from '../health.ts';
import { type RunningPart, stopAll } from '../lifecycle.ts';
import { openFoundation } from '../roles/foundation.ts';
import { describeServer } from '../roles/web-role.ts';
import { silentLog } from '../telemetry.ts';
import { type Access, ROUTE_ACCESS } from './route-access.ts';
import { buildHttpServer, type HttpServerOptions } from './server.ts';

/** What a request that the table lets pass is answered with, before the route itself sees it. */
const LET_PASS = 299;
const SYSTEM_KEY = 'key-of-another-system';
const CSRF_TOKEN = 'csrf-token-of-everybody';

const parts: RunningPart[] = [];
let data = '';
let app: FastifyInstance;
let options: HttpServerOptions;
let endStreams: () => void;
const routes: string[] = [];

/** Whoever has a session whose token is the name of a role has that role. */
const gate: AccessGate = {
  way: 'local',
  identify: (token) => Promise.resolve(token === undefined ? null : signedInAs(token as Role)),
  findSystem: (key) => (key === SYSTEM_KEY ? { name: 'region' } : undefined),
  sitesOfFilm: () => Promise.resolve(['clinic']),
};

function signedInAs(role: Role): SignedIn {
  const siteIds = role === 'site-user' ? ['clinic'] : null;
  return {
    // A person of its own for each request: how often one may ask is no part of this table.
    staff: { userId: `${role} ${Math.random()}`, name: role, roles: [role], siteIds },
    ...{ login: role, mustChangePassword: false, csrfToken: CSRF_TOKEN, idleEndsAtMs: 0 },
  };
}

// The server as the service composes it, so that a part which is added there is walked through here.
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'osteotriage-routes-'));
  const { config } = readConfig({ data, httpPort: '0', signIn: 'off', workers: '0' }, {});
  const foundation = await openFoundation(config, systemClock, silentLog, parts);
  const health = openHealth(systemClock, { ready: [], vital: [] });
  options = describeServer(foundation, health, await openAccess(foundation));
  const server = buildHttpServer({ ...options, access: gate });
  ({ app } = server);
  endStreams = () => server.streams.close();
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) if (name !== 'HEAD') routes.push(`${name} ${url}`);
  });
  app.addHook('preParsing', (_request, reply, _payload, done) => {
    void reply.code(LET_PASS).send();
    done();
  });
  await app.ready();
});

afterAll(async () => {
  endStreams();
  await app.close();
  await stopAll(parts, systemClock, silentLog);
  await rm(data, { recursive: true });
});

async function ask(route: string, headers: Record<string, string>): Promise<number> {
  const [method = '', pattern = ''] = route.split(' ');
  const answer = await app.inject({
    method,
    url: pattern.replaceAll(/:\w+|\*/g, 'x1'),
    headers: { host: '127.0.0.1', 'content-type': 'application/json', ...headers },
  });
  return answer.statusCode;
}

function asRole(role: Role): Record<string, string> {
  return { cookie: `osteotriage-session=${role}`, 'x-csrf-token': CSRF_TOKEN };
}

function expectedFor(access: Access, role: Role): number {
  if (access === 'system') return 401;
  return typeof access === 'string' || access.includes(role) ? LET_PASS : 403;
}

describe('the table of who may ask for what', () => {
  it('lists every route of the server', () => {
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.filter((route) => ROUTE_ACCESS[route] === undefined)).toEqual([]);
  });

  it('lists nothing that the server does not have', () => {
    const dead = Object.keys(ROUTE_ACCESS).filter((route) => !routes.includes(route));
    expect(dead, 'these lines of src/http/route-access.ts have no route: serve them or strike them').toEqual(
      [],
    );
  });

  it.each(ROLES)('lets a %s ask for what it says, and for nothing else', async (role) => {
    const wrong: string[] = [];
    for (const route of routes) {
      const status = await ask(route, asRole(role));
      const expected = expectedFor(ROUTE_ACCESS[route]!, role);
      if (status !== expected) wrong.push(`${route}: ${status}, not ${expected}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['nobody', {}],
    ['a stranger with a key', { authorization: 'Bearer some-other-key' }],
  ])('lets %s ask for what is public, and for nothing else', async (_who, headers) => {
    const wrong: string[] = [];
    for (const route of routes) {
      const status = await ask(route, headers);
      const expected = ROUTE_ACCESS[route] === 'public' ? LET_PASS : 401;
      if (status !== expected) wrong.push(`${route}: ${status}, not ${expected}`);
    }
    expect(wrong).toEqual([]);
  });

  it('lets another system ask by its key for what systems may, and for nothing of people', async () => {
    const wrong: string[] = [];
    for (const route of routes) {
      const status = await ask(route, { authorization: `Bearer ${SYSTEM_KEY}` });
      const access = ROUTE_ACCESS[route];
      const expected = access === 'public' || access === 'system' ? LET_PASS : 401;
      if (status !== expected) wrong.push(`${route}: ${status}, not ${expected}`);
    }
    expect(wrong).toEqual([]);
  });

  it('holds for HEAD as for GET', async () => {
    // The stream of events has no HEAD.
    const read = routes.filter((name) => name.startsWith('GET ') && name !== 'GET /api/events');
    for (const route of read) {
      const status = await ask(route.replace('GET', 'HEAD'), {});
      expect(status, route).toBe(ROUTE_ACCESS[route] === 'public' ? LET_PASS : 401);
    }
  });

  it('lets no change pass without the token of the session, or from the page of another site', async () => {
    const changes = routes.filter((route) => {
      return !route.startsWith('GET ') && Array.isArray(ROUTE_ACCESS[route]);
    });
    expect(changes.length).toBeGreaterThan(5);
    for (const route of changes) {
      const role = (ROUTE_ACCESS[route] as readonly Role[])[0]!;
      const cookie = { cookie: `osteotriage-session=${role}` };
      expect(await ask(route, cookie), route).toBe(403);
      expect(await ask(route, { ...cookie, 'x-csrf-token': 'another' }), route).toBe(403);
      expect(await ask(route, { ...asRole(role), origin: 'https://evil.example' }), route).toBe(400);
      expect(await ask(route, { ...asRole(role), 'sec-fetch-site': 'cross-site' }), route).toBe(400);
      expect(await ask(route, asRole(role)), route).toBe(LET_PASS);
    }
  });
});

describe('a server with a route that nobody listed', () => {
  it('does not start', async () => {
    const { app: other, streams } = buildHttpServer({
      ...options,
      routes: [(scope) => void scope.get('/api/forgotten', () => Promise.resolve({}))],
    });
    await expect(other.ready()).rejects.toThrow(/GET \/api\/forgotten is not listed/);
    streams.close();
  });
});
