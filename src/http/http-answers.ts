/** What every HTTP server of this service does alike: errors as JSON from the table, a log without addresses, a clean end. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../clock.ts';
import { ERRORS, TriageError } from '../errors.ts';

/** Where a server writes its log; pino fits. Only codes, route patterns and durations are written. */
export interface HttpLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const DRAIN_MS_MAX = 5_000;

/** Logs each answer by the pattern of its route. */
export function logAnswers(app: FastifyInstance, log: HttpLog, message: string): void {
  app.addHook('onResponse', async (request, reply) => {
    const level = reply.statusCode >= 500 ? 'warn' : 'info';
    if (request.url.startsWith('/assets/')) return;
    log[level](
      {
        // The pattern, never the address itself: what a person typed there does not belong in a log.
        route: request.routeOptions.url ?? 'none',
        method: request.method,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
      },
      message,
    );
    await Promise.resolve();
  });
}

/** Answers whatever is thrown with code, message and what to do, and details where there are any. */
export function answerErrors(app: FastifyInstance, log: HttpLog): void {
  answerFailures(app, log, sendError);
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new TriageError('not-found', 'no such address')),
  );
}

/** The same for a group of routes with a form of its own. */
export function answerFailures(
  app: FastifyInstance,
  log: HttpLog,
  send: (reply: FastifyReply, error: TriageError) => FastifyReply,
): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toTriageError(thrown);
    if (error.code === 'unexpected') {
      const frames = thrown instanceof Error ? thrown.stack?.split('\n    at ').slice(1, 6) : undefined;
      log.error(
        { route: request.routeOptions.url ?? 'none', code: error.code, frames },
        'http request failed',
      );
    }
    return send(reply, error);
  });
}

/** Opens the port; resolves with the one that was taken. */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  await app.listen({ host, port });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new TriageError('unexpected', 'no TCP address');
  return address.port;
}

/** The host as it stands in an address: IPv6 in brackets. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Lets what is being answered finish for 5 s at most, then cuts. */
export async function closeServer(app: FastifyInstance, clock: Clock): Promise<void> {
  const cancel = clock.schedule(DRAIN_MS_MAX, () => app.server.closeAllConnections());
  await app.close();
  cancel();
}

function toTriageError(thrown: unknown): TriageError {
  if (thrown instanceof TriageError) return thrown;
  const status =
    typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : undefined;
  if (status === 404) return new TriageError('not-found', 'no such address');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new TriageError('request-invalid', 'the request could not be read');
  }
  // The message of an unknown failure is not shown: nobody has checked what stands in it.
  return new TriageError('unexpected', 'the request failed', { cause: thrown });
}

function sendError(reply: FastifyReply, error: TriageError): FastifyReply {
  const { http, action } = ERRORS[error.code];
  const { code, message, details } = error;
  return reply.code(http).send({ code, message, action, details });
}
