/** DICOMweb for sites: store (STOW-RS), search (QIDO-RS), retrieve (WADO-RS), and the poll for results. */
import { finished } from 'node:stream/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import { listInstances } from '../database/dicomweb-records.ts';
import { findStudyUids } from '../database/study-search.ts';
import type { Database } from '../database/schema.ts';
import { writeDicomJson } from '../dicom/dicom-json.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { TriageError } from '../errors.ts';
import type { IntakeGate } from '../intake/intake-gate.ts';
import type { InstanceReceiver } from '../intake/receive-instance.ts';
import { type Meter, silentMeter } from '../meter.ts';
import { answerStore } from '../intake/stow-answer.ts';
import { storeInstances } from '../intake/stow-service.ts';
import { isLoopbackHost, type SiteDirectory } from '../site-registry.ts';
import { admit, rootOf, sendDicomJson, siteOf } from './dicomweb-caller.ts';
import {
  describeInstances,
  describeSeries,
  describeStudies,
  readSearch,
  type Search,
} from './dicomweb-query.ts';
import { acceptedTypes, chooseType, DICOM_JSON, pageOf, queryOf, uidsOf } from './dicomweb-request.ts';
import { serveRetrieval } from './dicomweb-retrieve.ts';
import { answerErrors, closeServer, hostInUrl, type HttpLog, listen, logAnswers } from './http-answers.ts';
import { serveResults } from './result-routes.ts';
import { RequestBudget, siteIdOf } from './site-access.ts';
import {
  type CertificateFiles,
  type Credentials,
  openFastify,
  readCredentials,
  watchCredentials,
} from './tls-credentials.ts';

/** A study over a slow line takes its time; a line that is silent for a minute does not. */
const REQUEST_MS_MAX = 30 * 60_000;
const SILENCE_MS_MAX = 60_000;
const CONNECTIONS_MAX = 256;
const UPLOADS_MAX = 16;
/** How long an answer waits for what stands behind the last boundary of a body. */
const BODY_END_MS_MAX = 1_000;
/** A viewer that opens a study asks often; a person who guesses keys must not. */
const SITE_BUDGET = { atOnceMax: 500, perSecondMax: 50 };
const STRANGER_BUDGET = { atOnceMax: 20, perSecondMax: 1 };

/** What DICOMweb stands on. */
export interface DicomwebParts {
  readonly sites: Pick<SiteDirectory, 'book' | 'siteOfApiKey'>;
  readonly receiver: InstanceReceiver;
  readonly gate: IntakeGate;
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: HttpLog;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
  readonly instanceBytesMax: number;
}

/** Where it listens; the PEM files may both be empty: plain HTTP, on loopback only. */
export interface DicomwebAddress extends CertificateFiles {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** The running server. */
export interface DicomwebServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts to listen. Throws configuration-invalid where keys and films would go over a network in the clear, or
 * where the certificate cannot be read.
 */
export async function startDicomweb(parts: DicomwebParts, address: DicomwebAddress): Promise<DicomwebServer> {
  const { host, port, certificateFile, keyFile } = address;
  const isSecure = !isLoopbackHost(host);
  if (isSecure && (certificateFile === '' || keyFile === '')) {
    throw new TriageError(
      'configuration-invalid',
      `TRIAGE_DICOMWEB_HOST = ${JSON.stringify(host)}: beyond loopback DICOMweb needs TLS; ` +
        'set TRIAGE_TLS_CERTIFICATE_FILE and TRIAGE_TLS_KEY_FILE, or listen on 127.0.0.1 behind a proxy',
    );
  }
  const app = buildDicomweb(parts, isSecure ? readCredentials(address) : undefined, host);
  const stopWatching = isSecure
    ? watchCredentials(app, 'DICOMweb', address, parts.clock, parts.log)
    : () => undefined;
  const taken = await listen(app, host, port);
  app.server.maxConnections = CONNECTIONS_MAX;
  return {
    url: `${isSecure ? 'https' : 'http'}://${hostInUrl(host)}:${taken}`,
    port: taken,
    close: () => {
      stopWatching();
      return closeServer(app, parts.clock);
    },
  };
}

/** Builds the server without a port, as tests use it. */
export function buildDicomweb(
  parts: DicomwebParts,
  credentials: Credentials | undefined,
  host = '127.0.0.1',
): FastifyInstance {
  const limits = {
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: SILENCE_MS_MAX,
    routerOptions: { maxParamLength: 128 },
    trustProxy: false,
  };
  const app = openFastify(limits, credentials);
  logAnswers(app, parts.log, 'dicomweb request answered');
  countAnswers(app, parts.meter ?? silentMeter);
  answerErrors(app, parts.log);
  admitCallers(app, parts, host);
  serveStore(app, parts);
  serveSearch(app, parts);
  serveRetrieval(app, parts);
  serveResults(app, parts);
  return app;
}

function countAnswers(app: FastifyInstance, meter: Meter): void {
  app.addHook('onResponse', async ({ method }, { statusCode }) => {
    // The parser lets three dozen methods through; these are the ones that something stands behind.
    const named = ['GET', 'HEAD', 'POST'].includes(method) ? method : 'other';
    meter.count('osteotriage_dicomweb_requests_total', { method: named, status: String(statusCode) });
    await Promise.resolve();
  });
}

function admitCallers(app: FastifyInstance, { sites, clock }: DicomwebParts, host: string): void {
  const strangers = new RequestBudget(clock, STRANGER_BUDGET);
  const known = new RequestBudget(clock, SITE_BUDGET);
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    // On loopback no key may be asked for: a foreign web page must not get in by a name of its own for 127.0.0.1.
    if (isLoopbackHost(host) && !isLoopbackHost(request.hostname.replace(/^\[|\]$/g, ''))) {
      throw new TriageError('request-invalid', 'this service answers on its loopback name only');
    }
    try {
      const siteId = siteIdOf(request.headers, sites);
      known.spend(siteId);
      admit(request, siteId);
    } catch (thrown) {
      void reply.headers({ connection: 'close', 'retry-after': '10', 'www-authenticate': 'Bearer' });
      strangers.spend(request.ip);
      throw thrown;
    }
    await Promise.resolve();
  });
}

function serveStore(app: FastifyInstance, { receiver, gate, clock, instanceBytesMax }: DicomwebParts): void {
  let uploads = 0;
  // The body is read by us, part by part, while it arrives.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const store = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { study } = request.params as { readonly study?: string };
    if (study !== undefined) uidsOf(request.params);
    const closed = gate.judgeInstance() ?? gate.judgeAssociation();
    if (closed !== undefined) throw closed;
    if (uploads >= UPLOADS_MAX) throw new TriageError('server-busy', `${UPLOADS_MAX} uploads are under way`);
    uploads += 1;
    // A body that was not read to its end is cut off with the answer.
    reply.raw.once('finish', () => {
      if (!request.raw.complete) request.raw.socket.destroySoon();
    });
    try {
      const results = await storeInstances(
        receiver,
        {
          contentType: request.headers['content-type'],
          contentEncoding: request.headers['content-encoding'],
          body: request.raw,
        },
        {
          siteId: siteOf(request),
          door: 'stow',
          instanceBytesMax,
          ...(study === undefined ? {} : { studyInstanceUid: study }),
        },
      );
      // The last boundary comes before the body's end: a caller whose connection were cut in between would lose
      // the answer or its next request.
      const ended = finished(request.raw.resume(), { writable: false }).catch(() => undefined);
      await Promise.race([ended, clock.sleep(BODY_END_MS_MAX)]);
      if (!request.raw.complete) void reply.header('connection', 'close');
      const { status, body } = answerStore(results, rootOf(request));
      return await sendDicomJson(reply.code(status), body);
    } finally {
      uploads -= 1;
    }
  };
  app.post('/studies', store);
  app.post('/studies/:study', store);
}

function serveSearch(app: FastifyInstance, { database }: DicomwebParts): void {
  app.get('/studies', async (request, reply) => {
    const query = queryOf(request.query);
    const search = readSearch(query);
    const siteId = siteOf(request);
    const studyUids = await findStudyUids(database, siteId, search.studies, pageOf(query));
    const held = await listInstances(database, siteId, { studyUids });
    return sendFound(request, reply, search, describeStudies(studyUids, held, rootOf(request)));
  });
  const below = [
    ['/studies/:study/series', describeSeries],
    ['/studies/:study/instances', describeInstances],
    ['/studies/:study/series/:series/instances', describeInstances],
  ] as const;
  for (const [path, describe] of below) {
    app.get(path, async (request, reply) => {
      const query = queryOf(request.query);
      const search = readSearch(query);
      const { study, series } = uidsOf(request.params);
      const key = { studyUids: [study], ...(series === undefined ? {} : { seriesUid: series }) };
      const held = await listInstances(database, siteOf(request), key);
      const { limit, offset } = pageOf(query);
      const found = describe(held, search, rootOf(request)).slice(offset, offset + limit);
      return sendFound(request, reply, search, found);
    });
  }
}

function sendFound(
  request: FastifyRequest,
  reply: FastifyReply,
  { ignored }: Search,
  found: readonly DicomDataset[],
): FastifyReply {
  chooseType(acceptedTypes(queryOf(request.query)['accept'] ?? request.headers.accept), [
    DICOM_JSON,
    'application/json',
  ]);
  if (ignored.length > 0) {
    const names = ignored.map((name) => name.replaceAll(/[^A-Za-z0-9]/g, '')).join(', ');
    void reply.header('warning', `299 osteotriage "These matching keys are not looked at: ${names}"`);
  }
  return sendDicomJson(
    reply,
    found.map((dataset) => writeDicomJson(dataset)),
  );
}
