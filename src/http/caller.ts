import type { FastifyRequest } from 'fastify';
import { TriageError } from '../errors.ts';
import type { Staff } from '../exam/staff.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who signed in; null on public routes and for other systems. */
    staff: Staff | null;
  }
}

/** Who asks. Throws unauthorised where nobody signed in. */
export function staffOf(request: FastifyRequest): Staff {
  if (request.staff === null) throw new TriageError('unauthorised', 'nobody is signed in');
  return request.staff;
}
