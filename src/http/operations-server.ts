/** /healthz, /readyz and /metrics: for whatever restarts, routes and watches. Nothing here names a patient. */
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Health, HealthReport } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import { answerErrors, closeServer, hostInUrl, type HttpLog, listen } from './http-answers.ts';

const REQUEST_MS_MAX = 10_000;

/** What the three addresses answer from. */
export interface OperationsParts {
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
}

/** Adds the three addresses to a server. */
export function serveOperations(app: FastifyInstance, { health, metrics }: OperationsParts): void {
  const answer = async (look: () => Promise<HealthReport>) => {
    const report = await look();
    return { status: report.ok ? 200 : 503, report };
  };
  app.get('/healthz', async (_request, reply) => {
    const { status, report } = await answer(() => health.liveness());
    return reply.code(status).send(report);
  });
  app.get('/readyz', async (_request, reply) => {
    const { status, report } = await answer(() => health.readiness());
    return reply.code(status).send(report);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
}

/** Serves the three addresses alone, for a process without the worklist. */
export async function startOperationsServer(
  options: OperationsParts & {
    readonly host: string;
    /** 0 takes a free port. */
    readonly port: number;
    readonly clock: Clock;
    readonly log: HttpLog;
  },
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const app = Fastify({ bodyLimit: 1024, requestTimeout: REQUEST_MS_MAX, trustProxy: false });
  answerErrors(app, options.log);
  serveOperations(app, options);
  const port = await listen(app, options.host, options.port);
  return {
    url: `http://${hostInUrl(options.host)}:${port}/`,
    close: () => closeServer(app, options.clock),
  };
}
