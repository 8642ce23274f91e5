import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { TriageError } from './errors.ts';
import { startTraces } from './trace-export.ts';
import { startSpan } from './traces.ts';

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number; readonly message?: string };
}

let server: Server | undefined;
afterEach(() => server?.close());

async function listenAsCollector(): Promise<{ readonly url: string; readonly spans: SentSpan[] }> {
  const spans: SentSpan[] = [];
  const collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as {
        resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
      };
      for (const resource of body.resourceSpans) spans.push(...resource.scopeSpans.flatMap((s) => s.spans));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server = collector;
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, spans };
}

describe('traces', () => {
  it('go on across the queue: the triage is below the reception that another process traced', async () => {
    const { url, spans } = await listenAsCollector();
    const traces = startTraces({ url, softwareVersion: '0', roles: ['intake'] });
    const reception = startSpan('receive instance', null, { door: 'dimse' });
    const carried = reception.traceParent;
    reception.end();
    const triage = startSpan('triage', carried);
    triage.addPart('decode', 1_700_000_000_000, 1_700_000_000_040);
    triage.end(new TriageError('worker-crashed', 'a worker ended'));
    await traces.close();
    const byName = new Map(spans.map((span) => [span.name, span]));
    expect([...byName.keys()].sort()).toEqual(['decode', 'receive instance', 'triage']);
    expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
    expect(byName.get('triage')!.parentSpanId).toBe(byName.get('receive instance')!.spanId);
    expect(byName.get('decode')!.parentSpanId).toBe(byName.get('triage')!.spanId);
    expect(byName.get('triage')!.status).toMatchObject({ code: 2, message: 'worker-crashed' });
  });

  it('cost nothing and carry nothing where no collector is configured', () => {
    const span = startSpan('receive instance', null);
    expect(span.traceParent).toBeNull();
    span.end();
  });

  it('do not keep the service from ending when the collector is away', async () => {
    const traces = startTraces({ url: 'http://127.0.0.1:9', softwareVersion: '0', roles: ['web'] });
    startSpan('receive instance', null).end();
    await traces.close();
  }, 15_000);
});
