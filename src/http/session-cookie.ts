import type { FastifyReply, FastifyRequest } from 'fastify';

const SESSION = 'osteotriage-session';
const STATE = 'osteotriage-sign-in';
const STATE_SECONDS_MAX = 600;

/** The session's token that a browser sent. */
export function readSessionCookie(request: FastifyRequest): string | undefined {
  return request.cookies[cookieName(request, SESSION)];
}

/**
 * Gives a browser the session's token: no script can read it, no other site's request carries it, and behind https it
 * goes over nothing else and is bound to this host (RFC 6265bis, 4.1.3.2).
 */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
  void reply.setCookie(cookieName(request, SESSION), token, {
    ...{ path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure(request) },
  });
}

/** Takes the token back. */
export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  void reply.clearCookie(cookieName(request, SESSION), { path: '/', secure: isSecure(request) });
}

/** The state that this browser left for the identity provider with. */
export function readStateCookie(request: FastifyRequest): string | undefined {
  return request.cookies[cookieName(request, STATE)];
}

/** Keeps the state; lax, because the way back comes from the provider's site. */
export function setStateCookie(request: FastifyRequest, reply: FastifyReply, state: string): void {
  void reply.setCookie(cookieName(request, STATE), state, {
    ...{ path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure(request), maxAge: STATE_SECONDS_MAX },
  });
}

/** Forgets the state. */
export function clearStateCookie(request: FastifyRequest, reply: FastifyReply): void {
  void reply.clearCookie(cookieName(request, STATE), { path: '/', secure: isSecure(request) });
}

function isSecure(request: FastifyRequest): boolean {
  return request.protocol === 'https';
}

function cookieName(request: FastifyRequest, name: string): string {
  return isSecure(request) ? `__Host-${name}` : name;
}
