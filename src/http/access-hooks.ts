/** Who may ask for what: the table of route-access.ts, enforced before any route sees a request. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AccessGate, CallingSystem, SignedIn } from '../access/access-gate.ts';
import { TriageError } from '../errors.ts';
import { requireCsrfToken, requireOwnPage } from './own-page.ts';
import { type Access, ROUTE_ACCESS } from './route-access.ts';
import { readSessionCookie } from './session-cookie.ts';

/** What a person's pages and another system need, with room; guessing and scraping take more. */
const REQUESTS_PER_MINUTE_MAX = 1_200;
const MINUTE_MS = 60_000;
/** Pages send it with what they read by themselves while nobody touches them. */
const UNATTENDED_HEADER = 'x-unattended';
/** What a person whose password must be changed may ask for. */
const BEFORE_PASSWORD_CHANGE = new Set([
  'GET /api/session',
  'DELETE /api/session',
  'POST /api/session/password',
]);
/** They go on by themselves for as long as a page is open. */
const UNATTENDED_ROUTES = new Set(['GET /api/session', 'GET /api/events']);
const SAFE_METHODS = new Set(['GET', 'HEAD']);

/** Throws for a route that the table does not list, so that a server with a forgotten route never starts. */
export function requireListedRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat().map((one) => routeName(one, url))) {
      if (ROUTE_ACCESS[name] !== undefined) continue;
      throw new TriageError('unexpected', `the route ${name} is not listed in src/http/route-access.ts`);
    }
  });
}

/** Says who asks, and lets nothing pass that the table does not allow. */
export function guardAccess(app: FastifyInstance, gate: AccessGate, publicOrigin: string | null): void {
  app.decorateRequest('staff', null);
  app.decorateRequest('signedIn', null);
  app.decorateRequest('system', null);
  const limit = app.createRateLimit({
    max: REQUESTS_PER_MINUTE_MAX,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => request.staff?.userId ?? request.system?.name ?? request.ip,
  });
  app.addHook('onRequest', async (request, reply) => {
    const name = routeName(request.method, request.routeOptions.url ?? '');
    // An address that is no route shows nothing.
    const access = ROUTE_ACCESS[name];
    if (access === undefined) return;
    if (access === 'system') request.system = findSystem(request, gate);
    else await identify(request, gate, name);
    if (gate.way !== 'off' && isCounted(request)) {
      const use = await limit(request);
      if (!use.isAllowed && use.isExceeded) throw refuseMore(reply, use.ttlInSeconds);
    }
    requireAccess(request, access, name);
    if (SAFE_METHODS.has(request.method) || access === 'system') return;
    requireOwnPage(request, publicOrigin);
    if (access !== 'public') requireCsrfToken(request);
  });
  app.addHook('preHandler', (request) => requireOwnFilm(request, gate));
}

/** Throws too-many-requests after telling when to come back. */
export function refuseMore(reply: FastifyReply, waitSeconds: number): TriageError {
  void reply.header('retry-after', String(waitSeconds));
  return new TriageError('too-many-requests', 'more requests than are answered in this time');
}

function routeName(method: string, url: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url}`;
}

async function identify(request: FastifyRequest, gate: AccessGate, name: string): Promise<void> {
  const isAttended = request.headers[UNATTENDED_HEADER] === undefined && !UNATTENDED_ROUTES.has(name);
  const signedIn = await gate.identify(readSessionCookie(request), isAttended);
  request.signedIn = signedIn;
  request.staff = signedIn?.staff ?? null;
}

function findSystem(request: FastifyRequest, gate: AccessGate): CallingSystem | null {
  const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return key === undefined ? null : (gate.findSystem(key) ?? null);
}

/** Pages, their files and the addresses for operations are the same for everybody and cost little. */
function isCounted(request: FastifyRequest): boolean {
  return /^\/(api|fhir|sign-in)\//.test(request.url);
}

function requireAccess(request: FastifyRequest, access: Access, name: string): void {
  if (access === 'public') return;
  if (access === 'system') {
    if (request.system === null) throw new TriageError('unauthorised', 'the key of a system is needed');
    return;
  }
  const { signedIn } = request;
  if (signedIn === null) throw new TriageError('unauthorised', 'nobody is signed in');
  if (signedIn.mustChangePassword && !BEFORE_PASSWORD_CHANGE.has(name)) {
    throw new TriageError('forbidden', 'the one-time password must be changed first');
  }
  if (access !== 'signed-in' && !hasRole(signedIn, access)) {
    throw new TriageError('forbidden', `this needs the role ${access.join(' or ')}`);
  }
}

function hasRole({ staff }: SignedIn, roles: Exclude<Access, string>): boolean {
  return roles.some((role) => staff.roles.includes(role));
}

/** For a site user the films of other sites are not there, whatever is asked of them. */
async function requireOwnFilm(request: FastifyRequest, gate: AccessGate): Promise<void> {
  const siteIds = request.staff?.siteIds ?? null;
  const { examId } = request.params as { readonly examId?: string };
  if (siteIds === null || examId === undefined || !request.url.startsWith('/api/')) return;
  const filmSiteIds = await gate.sitesOfFilm(examId);
  if (!filmSiteIds.some((siteId) => siteIds.includes(siteId)))
    throw new TriageError('not-found', 'no such exam');
}
