/** Who asks, and under which address we are asked. */
import type { FastifyRequest } from 'fastify';
import { TriageError } from '../errors.ts';

const SITES = new WeakMap<FastifyRequest, string>();

/** Notes the site of a request whose key was checked. */
export function admit(request: FastifyRequest, siteId: string): void {
  SITES.set(request, siteId);
}

/** The site that asks. A request that nobody admitted must not be answered. */
export function siteOf(request: FastifyRequest): string {
  const siteId = SITES.get(request);
  if (siteId === undefined) throw new TriageError('unauthorised', 'the request was not admitted');
  return siteId;
}

/** The address of this service as the caller wrote it. */
export function rootOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}
