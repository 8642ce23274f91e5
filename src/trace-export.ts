/** Sends spans to a collector. Loaded only where one is configured: the libraries take memory that a listener can spare. */
import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** Spans that wait for a collector that is slow; more are dropped, the service goes on. */
const SPANS_WAITING_MAX = 2048;
const EXPORT_MS_MAX = 2_000;

/** Sends spans to a collector (OTLP over HTTP) until it is closed. Call it once for a process, before any span. */
export function startTraces(options: {
  readonly url: string;
  readonly softwareVersion: string;
  readonly roles: readonly string[];
}): { close(): Promise<void> } {
  const exporter = new OTLPTraceExporter({
    url: new URL('/v1/traces', options.url).href,
    timeoutMillis: EXPORT_MS_MAX,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'osteotriage',
      'service.version': options.softwareVersion,
      'service.instance.id': options.roles.join('+'),
    }),
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        maxQueueSize: SPANS_WAITING_MAX,
        exportTimeoutMillis: EXPORT_MS_MAX,
      }),
    ],
  });
  provider.register();
  return {
    async close() {
      // A collector that is away must not keep the service from ending.
      await provider.shutdown().catch(() => undefined);
      trace.disable();
      propagation.disable();
      context.disable();
    },
  };
}
