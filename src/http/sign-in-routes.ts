/** Signing in and out, by a password of this node or at an identity provider. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Access } from '../access/access.ts';
import type { SignedIn } from '../access/access-gate.ts';
import type { SessionAnswer, SignOutAnswer } from '../access/session-views.ts';
import { asTriageError, type ErrorCode, TriageError } from '../errors.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { refuseMore } from './access-hooks.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';
import {
  clearSessionCookie,
  clearStateCookie,
  readSessionCookie,
  readStateCookie,
  setSessionCookie,
  setStateCookie,
} from './session-cookie.ts';

/** A person mistypes; a program guesses. */
const TRIES_PER_MINUTE_MAX = 20;
const MINUTE_MS = 60_000;

const secret = z.string().min(1).max(1_000);
const signInBody = z.strictObject({ login: z.string().min(1).max(200), password: secret });
const passwordBody = z.strictObject({ password: secret, newPassword: secret });
const leaveQuery = z.strictObject({ returnTo: z.string().max(512).optional() });

/** Why a return from the provider was refused, as the page is told in its address. */
const RETURN_REASONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  forbidden: 'no-role',
  'peer-unreachable': 'provider-away',
  unauthorised: 'refused',
};

/** Serves sign-in, sign-out and the change of the own password. */
export function serveSignIn(access: Access): RouteGroup {
  return (app) => {
    const spendTry = limitTries(app);
    serveSession(app, access, spendTry);
    serveProvider(app, access, spendTry);
  };
}

type SpendTry = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

function serveSession(app: FastifyInstance, access: Access, spendTry: SpendTry): void {
  const answer = (signedIn: SignedIn | null): SessionAnswer => describeSession(access, signedIn);
  const begin = async (request: FastifyRequest, reply: FastifyReply, token: string) => {
    await replaceSession(access, request, reply, token);
    return answer(await access.gate.identify(token, true));
  };
  app.get('/api/session', (request) => Promise.resolve(answer(request.signedIn)));
  app.post('/api/session', async (request, reply) => {
    await spendTry(request, reply);
    const { login, password } = parseInput(signInBody, request.body);
    const token = await requireAccounts(access).signIn(login, password);
    return begin(request, reply, token);
  });
  app.delete('/api/session', async (request, reply): Promise<SignOutAnswer> => {
    const token = readSessionCookie(request);
    if (token !== undefined) await access.sessions?.end(token, staffOf(request));
    clearSessionCookie(request, reply);
    return { signOutUrl: (await access.provider?.signOutUrl()) ?? null };
  });
  app.post('/api/session/password', async (request, reply) => {
    await spendTry(request, reply);
    const { password, newPassword } = parseInput(passwordBody, request.body);
    const login = request.signedIn?.login ?? '';
    const token = await requireAccounts(access).changePassword(login, password, newPassword);
    return begin(request, reply, token);
  });
}

function serveProvider(app: FastifyInstance, access: Access, spendTry: SpendTry): void {
  app.get('/sign-in/oidc', async (request, reply) => {
    await spendTry(request, reply);
    const { returnTo } = parseInput(leaveQuery, request.query);
    try {
      const { url, state } = await requireProvider(access).begin(returnTo);
      setStateCookie(request, reply, state);
      return await reply.redirect(url, 303);
    } catch (thrown) {
      return reply.redirect(refusedAddress(thrown), 303);
    }
  });
  app.get('/sign-in/oidc/callback', async (request, reply) => {
    await spendTry(request, reply);
    const search = request.url.slice('/sign-in/oidc/callback'.length);
    const state = readStateCookie(request);
    clearStateCookie(request, reply);
    try {
      const { token, returnTo } = await requireProvider(access).finish(search, state);
      await replaceSession(access, request, reply, token);
      return await reply.redirect(returnTo, 303);
    } catch (thrown) {
      return reply.redirect(refusedAddress(thrown), 303);
    }
  });
}

/** A browser that was sent here shows a page, not JSON; a failure that nobody foresaw is logged as everywhere. */
function refusedAddress(thrown: unknown): string {
  const error = asTriageError(thrown);
  const reason = RETURN_REASONS[error.code];
  if (reason === undefined) throw error;
  return `/?sign-in-failed=${reason}`;
}

/** The session of before ends: a token that was there before the sign-in is worth nothing after it. */
async function replaceSession(
  access: Access,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
): Promise<void> {
  const before = readSessionCookie(request);
  if (before !== undefined) await access.sessions?.end(before, null);
  setSessionCookie(request, reply, token);
}

function limitTries(app: FastifyInstance): SpendTry {
  const limit = app.createRateLimit({
    max: TRIES_PER_MINUTE_MAX,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => request.ip,
  });
  return async (request, reply) => {
    const use = await limit(request);
    if (!use.isAllowed && use.isExceeded) throw refuseMore(reply, use.ttlInSeconds);
  };
}

function describeSession({ gate }: Access, signedIn: SignedIn | null): SessionAnswer {
  if (signedIn === null) return { user: null, way: gate.way, csrfToken: null, idleEndsAt: null };
  const { staff, login, mustChangePassword, csrfToken, idleEndsAtMs } = signedIn;
  return {
    user: { ...staff, login, mustChangePassword },
    way: gate.way,
    csrfToken,
    idleEndsAt: idleEndsAtMs === null ? null : new Date(idleEndsAtMs).toISOString(),
  };
}

function requireAccounts({ accounts }: Access): NonNullable<Access['accounts']> {
  if (accounts !== null) return accounts;
  throw new TriageError('state-conflict', 'this service has no passwords of its own (TRIAGE_SIGN_IN)');
}

function requireProvider({ provider }: Access): NonNullable<Access['provider']> {
  if (provider !== null) return provider;
  throw new TriageError('not-found', 'this service has no identity provider (TRIAGE_SIGN_IN)');
}
