import fastifyCookie from '@fastify/cookie';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AccessGate } from '../access/access-gate.ts';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import { EventStreams } from '../worklist/worklist-events.ts';
import { describeWorklistRoutes } from '../worklist/worklist-routes.ts';
import type { DeliveryDesk } from '../worklist/delivery-desk.ts';
import type { EventSource, ExamPictures, WorklistReader } from '../worklist/worklist-views.ts';
import { guardAccess, requireListedRoutes } from './access-hooks.ts';
import { answerErrors, closeServer, hostInUrl, type HttpLog, listen, logAnswers } from './http-answers.ts';
import { staffOf } from './caller.ts';
import { compressAnswers } from './compressed-answers.ts';
import { serveDeliveries } from './delivery-routes.ts';
import { describeImageRoutes } from './image-routes.ts';
import { readSessionCookie } from './session-cookie.ts';
import { type OperationsParts, serveOperations } from './operations-server.ts';
import { type CertificateFiles, openFastify, readCredentials, watchCredentials } from './tls-credentials.ts';

/** Adds routes to the server. */
export type RouteGroup = (app: FastifyInstance) => void;

/** Everything the HTTP server stands on. */
export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Who signs in and how; what each may ask for stands in route-access.ts. */
  readonly access: AccessGate;
  /** The address that people type, where it is not host and port. */
  readonly publicUrl?: URL | null;
  /** Proxies whose word is taken for who asks and whether by https. */
  readonly trustedProxies?: readonly string[];
  /** null or left out: http. */
  readonly certificate?: CertificateFiles | null;
  readonly reader: WorklistReader;
  readonly pictures: ExamPictures;
  readonly events: EventSource;
  readonly deliveries: DeliveryDesk;
  /** What else is served: each adds its routes, which stand in route-access.ts. */
  readonly routes?: readonly RouteGroup[];
  readonly clock: Clock;
  readonly log: HttpLog;
  /** Folder that holds the built pages (index.html, assets/). */
  readonly pagesFolder: string;
  /** What /healthz, /readyz and /metrics answer from. */
  readonly operations: OperationsParts;
  readonly limits: {
    readonly bodyBytesMax: number;
    readonly connectionsMax?: number;
    readonly eventStreamsMax: number;
  };
}

/** The running server. */
export interface HttpServer {
  readonly url: string;
  /** Ends the event streams, lets what is being answered finish for 5 s at most, then cuts. */
  close(): Promise<void>;
}

const REQUEST_MS_MAX = 30_000;
/** The addresses that the pages route by themselves. */
const PAGE_PATHS = [
  '/',
  '/referrals/:referralId',
  '/films',
  '/exams/:examId',
  '/persons',
  '/persons/:personId',
  '/deliveries',
  '/audit',
  '/admin',
  '/admin/:part',
  '/account',
];
/** Probes and scrapers ask for them by plain http inside a network; nothing there names a person. */
const OPERATIONS_PATHS = new Set(['/healthz', '/readyz', '/metrics']);
/** The rows of the first page are on their way before its script is; the same address as src/ui/referral-query.ts. */
const FIRST_ROWS =
  '</api/referrals?tab=new&sort=urgency&limit=50>; rel=preload; as=fetch; crossorigin=anonymous';
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '::1']);

/**
 * Everything comes from this server, nothing inline: a script that slipped into a name could not run. The film viewer
 * decodes in WebAssembly and in workers, which are files of this server too.
 */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** The last one asks proxies not to hold events back. */
const EVENT_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/** Starts to listen; resolves when the port is open. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { app, streams } = buildHttpServer(options);
  const { certificate = null, clock, log } = options;
  const stopWatching =
    certificate === null ? () => undefined : watchCredentials(app, 'the worklist', certificate, clock, log);
  const port = await listen(app, options.host, options.port);
  if (options.limits.connectionsMax !== undefined) app.server.maxConnections = options.limits.connectionsMax;
  return {
    url: `${certificate === null ? 'http' : 'https'}://${hostInUrl(options.host)}:${port}/`,
    async close() {
      stopWatching();
      streams.close();
      await closeServer(app, clock);
    },
  };
}

/** Builds the server without a port, as tests use it. */
export function buildHttpServer(options: HttpServerOptions): {
  readonly app: FastifyInstance;
  readonly streams: EventStreams;
} {
  const { trustedProxies = [], certificate = null } = options;
  const limits = {
    bodyLimit: options.limits.bodyBytesMax,
    requestTimeout: REQUEST_MS_MAX,
    routerOptions: { maxParamLength: 128 },
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
  };
  const app = openFastify(limits, certificate === null ? undefined : readCredentials(certificate));
  const streams = new EventStreams({
    events: options.events,
    sitesOfFilm: (examId) => options.access.sitesOfFilm(examId),
    clock: options.clock,
    streamsMax: options.limits.eventStreamsMax,
  });
  guardRequests(app, options);
  logAnswers(app, options.log, 'http request answered');
  answerErrors(app, options.log);
  compressAnswers(app);
  requireListedRoutes(app);
  void app.register(fastifyCookie);
  void app.register(fastifyRateLimit, { global: false });
  // What it throws keeps the server from starting, which a callback's would not.
  void app.register(async (scope) => {
    guardAccess(scope, options.access, options.publicUrl?.origin ?? null);
    addRoutes(scope, options, streams);
    await Promise.resolve();
  });
  return { app, streams };
}

function addRoutes(app: FastifyInstance, options: HttpServerOptions, streams: EventStreams): void {
  serveOperations(app, options.operations);
  for (const route of describeWorklistRoutes(options.reader, options.clock)) {
    app.get(route.path, ({ params, query, staff }) =>
      route.answer({ params, query, siteIds: staff?.siteIds ?? null }),
    );
  }
  for (const route of describeImageRoutes(options.pictures)) {
    app.get(route.path, async (request, reply) => {
      return reply.type('image/png').send(await route.answer(request.params));
    });
  }
  serveDeliveries(app, options.deliveries, options.clock);
  for (const serve of options.routes ?? []) serve(app);
  serveEvents(app, streams, options.access);
  servePages(app, options.pagesFolder);
}

function guardRequests(app: FastifyInstance, options: HttpServerOptions): void {
  // A foreign web page must not reach the worklist by pointing a name of its own at 127.0.0.1: the Host header then
  // carries that name.
  const loopbackOnly = LOOPBACK_HOSTS.has(options.host);
  const isOwnName = (name: string): boolean =>
    LOOPBACK_HOSTS.has(name.replace(/^\[|\]$/g, '')) || name === options.publicUrl?.hostname;
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(SECURITY_HEADERS);
    if (!request.url.startsWith('/assets/')) void reply.header('cache-control', 'no-store');
    if (request.protocol === 'https') void reply.header('strict-transport-security', 'max-age=31536000');
    if (loopbackOnly && !isOwnName(request.hostname)) {
      throw new TriageError('request-invalid', 'this service answers on its loopback name only');
    }
    if (!loopbackOnly && request.protocol !== 'https' && !OPERATIONS_PATHS.has(request.url)) {
      throw new TriageError('request-invalid', 'this service answers by https only');
    }
    await Promise.resolve();
  });
}

function serveEvents(app: FastifyInstance, streams: EventStreams, gate: AccessGate): void {
  app.get('/api/events', { exposeHeadRoute: false }, (request: FastifyRequest, reply: FastifyReply) => {
    const { siteIds } = staffOf(request);
    const isStillIn = async () => (await gate.identify(readSessionCookie(request), false)) !== null;
    streams.requireRoom();
    reply.hijack();
    reply.raw.setHeaders(new Map([...Object.entries(SECURITY_HEADERS), ...Object.entries(EVENT_HEADERS)]));
    reply.raw.writeHead(200);
    const remove = streams.open(reply.raw, { siteIds, isStillIn });
    request.raw.socket.setNoDelay(true);
    reply.raw.on('close', remove);
    reply.raw.on('error', remove);
  });
}

function servePages(app: FastifyInstance, pagesFolder: string): void {
  void app.register(fastifyStatic, {
    root: path.join(pagesFolder, 'assets'),
    prefix: '/assets/',
    index: false,
    immutable: true,
    maxAge: '30d',
    // The build lays a .gz beside each file.
    preCompressed: true,
  });
  for (const page of PAGE_PATHS) {
    app.get(page, async (request, reply) => {
      const html = await readFile(path.join(pagesFolder, 'index.html')).catch(() => {
        throw new TriageError('not-found', 'the pages are not built; run: npm run build');
      });
      if (request.url === '/') void reply.header('link', FIRST_ROWS);
      return reply.type('text/html; charset=utf-8').send(html);
    });
  }
}
