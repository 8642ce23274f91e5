import type { FastifyRequest } from 'fastify';
import type { CallingSystem, SignedIn } from '../access/access-gate.ts';
import { TriageError } from '../errors.ts';
import type { Staff } from '../exam/staff.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who signed in; null where nobody did, and for other systems. */
    staff: Staff | null;
    /** The same with the session; null where nobody signed in. */
    signedIn: SignedIn | null;
    /** The other system whose key came with the request; null for people. */
    system: CallingSystem | null;
  }
}

/** Who asks. Throws unauthorised where nobody signed in. */
export function staffOf(request: FastifyRequest): Staff {
  if (request.staff === null) throw new TriageError('unauthorised', 'nobody is signed in');
  return request.staff;
}

/** The other system that asks. Throws unauthorised where its key is not known. */
export function systemOf(request: FastifyRequest): CallingSystem {
  if (request.system === null) throw new TriageError('unauthorised', 'the key of a system is needed');
  return request.system;
}
