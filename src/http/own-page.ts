import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { TriageError } from '../errors.ts';

/**
 * Refuses what another site's page sends: a browser names the page's origin with every change, and says by itself
 * whether it is ours. JSON alone is taken, which no form of a foreign page can send without being asked; nor can it
 * send a DELETE.
 */
export function requireOwnPage(request: FastifyRequest, publicOrigin: string | null): void {
  const { origin, 'sec-fetch-site': site, 'content-type': type } = request.headers;
  const isJson = type?.split(';')[0]?.trim().toLowerCase() === 'application/json';
  const isForeign =
    (site !== undefined && site !== 'same-origin') ||
    (origin !== undefined && origin !== publicOrigin && origin !== `${request.protocol}://${request.host}`);
  if ((isJson || request.method === 'DELETE') && !isForeign) return;
  throw new TriageError('request-invalid', 'only the pages of this service may ask for this, as JSON');
}

/** Refuses a change that does not carry what only the pages of this session were told. */
export function requireCsrfToken(request: FastifyRequest): void {
  const expected = request.signedIn?.csrfToken ?? null;
  if (expected === null) return;
  const given = request.headers['x-csrf-token'];
  const isSame =
    typeof given === 'string' &&
    given.length === expected.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(expected));
  if (!isSame) {
    throw new TriageError('forbidden', 'the change does not carry the x-csrf-token of GET /api/session');
  }
}
