/** Spans of a film's way, across processes and the queue (OpenTelemetry). Without a collector all of it costs nothing. */
import {
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  type Attributes,
} from '@opentelemetry/api';
import { asTriageError } from './errors.ts';

/** A stretch of work that is traced. */
export interface TraceSpan {
  /** W3C trace context to go on with elsewhere; null where nothing is traced. */
  readonly traceParent: string | null;
  /** Adds what is known by now. Never anything that identifies a patient. */
  set(attributes: Attributes): void;
  /** Adds a part that was timed by somebody else. */
  addPart(name: string, startMs: number, endMs: number): void;
  /** Ends it, once; with what went wrong where something did. */
  end(failure?: unknown): void;
}

/** Begins a span, below the one that a trace context names where there is one; left out: it begins now. */
export function startSpan(
  name: string,
  parent: string | null,
  attributes: Attributes = {},
  startMs?: number,
): TraceSpan {
  const tracer = trace.getTracer('osteotriage');
  const above = parent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent: parent });
  const span = tracer.startSpan(
    name,
    { attributes, ...(startMs === undefined ? {} : { startTime: startMs }) },
    above,
  );
  const here = trace.setSpan(above, span);
  return {
    traceParent: traceParentOf(span),
    set: (more) => void span.setAttributes(more),
    addPart: (part, startMs, endMs) =>
      tracer.startSpan(part, { startTime: startMs }, here).end(Math.max(startMs, endMs)),
    end(failure) {
      if (failure !== undefined) {
        // The code alone: a foreign error's message can quote what it choked on.
        span.setStatus({ code: SpanStatusCode.ERROR, message: asTriageError(failure).code });
      }
      span.end();
    },
  };
}

function traceParentOf(span: Span): string | null {
  if (!span.isRecording()) return null;
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), carrier);
  return carrier['traceparent'] ?? null;
}
