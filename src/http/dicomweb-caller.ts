/** Who asks, under which address we are asked, and the form that is answered in. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TriageError } from '../errors.ts';
import { DICOM_JSON } from './dicomweb-request.ts';

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

/** Answers data sets; as bytes, for the media type has no charset parameter. */
export function sendDicomJson(reply: FastifyReply, json: object): FastifyReply {
  return reply.header('content-type', DICOM_JSON).send(Buffer.from(JSON.stringify(json)));
}
