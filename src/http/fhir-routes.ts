/** FHIR R4 for other systems: they read, and every look is written down. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { transactInGroup } from '../database/transact.ts';
import { ERRORS, TriageError } from '../errors.ts';
import { capabilityStatement } from '../exchange/fhir/capability-statement.ts';
import { type FhirReader, openFhirReader, type SharedResource } from '../exchange/fhir/fhir-reader.ts';
import type { FhirElement } from '../exchange/fhir/fhir-values.ts';
import { findKind, RESOURCE_KINDS, type ResourceKind } from '../exchange/fhir/resource-kinds.ts';
import { failureOutcome, searchBundle } from '../exchange/fhir/search-bundle.ts';
import { addressOf, readSearch } from '../exchange/fhir/search-request.ts';
import { systemOf } from './caller.ts';
import { acceptedTypes, chooseType } from './dicomweb-request.ts';
import { answerFailures, type HttpLog } from './http-answers.ts';
import type { RouteGroup } from './server.ts';

const FHIR_JSON = 'application/fhir+json';
const FORM = 'application/x-www-form-urlencoded';
/** Words of the parameter `_format` that mean JSON. */
const JSON_FORMATS: readonly string[] = ['json', 'application/json', FHIR_JSON];

/** What the routes stand on. */
export interface FhirParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: HttpLog;
  /** The address that callers use; null: the one that they wrote. */
  readonly publicUrl: URL | null;
  readonly softwareVersion: string;
}

type Pairs = readonly (readonly [name: string, value: string])[];

/** GET /fhir/metadata, /fhir/:type, /fhir/:type/:id and POST /fhir/:type/_search. */
export function serveFhir(parts: FhirParts): RouteGroup {
  return (app) => {
    void app.register((scope, _options, done) => {
      serveScope(scope, parts);
      done();
    });
  };
}

function serveScope(scope: FastifyInstance, parts: FhirParts): void {
  scope.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => {
    done(null, body);
  });
  answerFailures(scope, parts.log, (reply, { code, message }) => {
    const { http, action } = ERRORS[code];
    return send(reply.code(http), failureOutcome(code, message, action));
  });
  scope.get('/fhir/metadata', (request, reply) => {
    const { softwareVersion, clock } = parts;
    const about = { base: baseOf(request, parts), softwareVersion, atMs: clock.nowMs() };
    return send(reply, capabilityStatement(about));
  });
  scope.get('/fhir/:type', (request, reply) => search(request, reply, parts, pairsOf(request)));
  scope.post('/fhir/:type/_search', (request, reply) => {
    const body = typeof request.body === 'string' ? request.body : '';
    return search(request, reply, parts, [...pairsOf(request), ...new URLSearchParams(body)]);
  });
  scope.get('/fhir/:type/:id', (request, reply) => read(request, reply, parts));
}

async function read(request: FastifyRequest, reply: FastifyReply, parts: FhirParts): Promise<FastifyReply> {
  requireJson(request, pairsOf(request));
  const kind = kindOf(request);
  const { id } = request.params as { readonly id: string };
  const shared = await readerOf(request, parts).read(kind, id);
  if (shared === undefined) throw new TriageError('not-found', `there is no such ${kind.type}`);
  await writeAudit(request, parts, {
    action: 'fhir resource seen',
    subject: `${kind.type}/${id}`,
    shown: [shared],
  });
  const { meta } = shared.resource as { readonly meta?: { readonly versionId?: string } };
  const tag = `W/"${meta?.versionId ?? ''}"`;
  void reply.header('etag', tag);
  if (shared.lastUpdatedMs !== null) {
    void reply.header('last-modified', new Date(shared.lastUpdatedMs).toUTCString());
  }
  const known = request.headers['if-none-match']?.split(',').map((one) => one.trim());
  if (known?.includes(tag) === true || known?.includes('*') === true) return reply.code(304).send();
  return send(reply, shared.resource);
}

async function search(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: FhirParts,
  pairs: Pairs,
): Promise<FastifyReply> {
  requireJson(request, pairs);
  const kind = kindOf(request);
  const asked = readSearch(kind, pairs);
  const { ignored } = asked;
  if (ignored.length > 0 && /\bhandling=strict\b/.test(String(request.headers['prefer'] ?? ''))) {
    throw new TriageError('request-invalid', `these parameters are not known here: ${ignored.join(', ')}`);
  }
  const page = await readerOf(request, parts).search(kind, asked);
  await writeAudit(request, parts, {
    action: 'fhir searched',
    subject: kind.type,
    shown: [...page.found, ...page.included],
    // Names alone: the values can be a person's number.
    detail: { parameters: [...new Set(pairs.map(([name]) => name))].sort(), found: page.found.length },
  });
  const base = baseOf(request, parts);
  const address = (from: string | null) => {
    const text = addressOf(pairs, ignored, from);
    return `${base}/${kind.type}${text === '' ? '' : `?${text}`}`;
  };
  const bundle = searchBundle(page, {
    ...{ base, ignored, self: address(null), nextOf: address, atMs: parts.clock.nowMs() },
    isFirstPage: asked.from === null,
  });
  return send(reply, bundle);
}

/** A system that is held to some sites finds nothing of the others: it is as if that were not there. */
function readerOf(request: FastifyRequest, { database, clock }: FhirParts): FhirReader {
  const { sites } = systemOf(request);
  return openFhirReader(database, clock, sites === undefined ? {} : { siteIds: sites });
}

/** One row for each person whose data was shown, and one where it was nobody's. */
async function writeAudit(
  request: FastifyRequest,
  { database, clock }: FhirParts,
  look: {
    readonly action: string;
    readonly subject: string;
    readonly shown: readonly SharedResource[];
    readonly detail?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { action, subject, shown, detail } = look;
  const entry = {
    atMs: clock.nowMs(),
    actor: `system ${systemOf(request).name}`,
    action,
    subject,
    ...(detail === undefined ? {} : { detail }),
  };
  const personIds = new Set(shown.flatMap(({ personId }) => personId ?? []));
  await transactInGroup(database, async (transaction) => {
    if (personIds.size === 0) await recordAudit(transaction, entry);
    for (const personId of personIds) await recordAudit(transaction, { ...entry, personId });
  });
}

function kindOf(request: FastifyRequest): ResourceKind {
  const { type } = request.params as { readonly type: string };
  const kind = findKind(type);
  if (kind !== undefined) return kind;
  const served = RESOURCE_KINDS.map((one) => one.type).join(', ');
  throw new TriageError('not-found', `this kind of resource is not served; there are ${served}`);
}

function requireJson(request: FastifyRequest, pairs: Pairs): void {
  const format = pairs.find(([name]) => name === '_format')?.[1];
  if (format === undefined)
    chooseType(acceptedTypes(request.headers.accept), [FHIR_JSON, 'application/json']);
  else if (!JSON_FORMATS.includes(format.replace(' ', '+'))) {
    throw new TriageError('not-acceptable', `this is answered as ${FHIR_JSON} only`);
  }
}

function pairsOf(request: FastifyRequest): Pairs {
  return [...new URL(request.url, 'http://localhost').searchParams];
}

function baseOf(request: FastifyRequest, { publicUrl }: FhirParts): string {
  return `${publicUrl?.origin ?? `${request.protocol}://${request.host}`}/fhir`;
}

// As bytes: the media type has no charset parameter.
function send(reply: FastifyReply, resource: FhirElement): FastifyReply {
  return reply.header('content-type', FHIR_JSON).send(Buffer.from(JSON.stringify(resource)));
}
