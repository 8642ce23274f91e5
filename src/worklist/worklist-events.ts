import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { EventSource, WorklistEvent } from './worklist-views.ts';

/** Where one page's events are written to; a ServerResponse fits. */
export interface EventSink {
  write(text: string): boolean;
  end(): void;
  /** Bytes the reader has not taken yet. */
  readonly writableLength: number;
}

const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;
/** A page that is this far behind is cut off; it reads everything anew when it comes back. */
const PENDING_BYTES_MAX = 65_536;

/**
 * The pages that listen, as server-sent events. Nothing is kept for a page that is away: it reads the lists anew
 * when it reconnects, so an event can be lost but never a row. A heartbeat keeps proxies from closing a quiet line
 * and finds readers that are gone.
 */
export class EventStreams {
  readonly #sinks = new Map<EventSink, () => Promise<boolean>>();
  readonly #clock: Clock;
  readonly #streamsMax: number;
  readonly #unsubscribe: () => void;
  #cancelHeartbeat: () => void;
  #closed = false;
  #lastId = 0;

  constructor(options: { readonly events: EventSource; readonly clock: Clock; readonly streamsMax: number }) {
    this.#clock = options.clock;
    this.#streamsMax = options.streamsMax;
    this.#unsubscribe = options.events.subscribe((event) => this.#tell(event));
    this.#cancelHeartbeat = this.#scheduleHeartbeat();
  }

  /** How many pages listen. */
  get size(): number {
    return this.#sinks.size;
  }

  /** Throws server-busy when one more page would be above the limit; called before the answer's head is sent. */
  requireRoom(): void {
    if (this.#closed) throw new TriageError('server-busy', 'the service is stopping');
    if (this.#sinks.size >= this.#streamsMax) {
      throw new TriageError('server-busy', `${this.#streamsMax} pages listen already`);
    }
  }

  /** Adds a page, for as long as the reader may listen; returns what removes it. */
  open(sink: EventSink, mayListen: () => Promise<boolean> = () => Promise.resolve(true)): () => void {
    this.requireRoom();
    this.#sinks.set(sink, mayListen);
    this.#write(sink, `retry: ${RECONNECT_MS}\n\n`);
    return () => this.#sinks.delete(sink);
  }

  /** Ends every stream, so that a stop does not wait for pages that would listen for ever. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#unsubscribe();
    for (const sink of this.#sinks.keys()) sink.end();
    this.#sinks.clear();
  }

  #tell(event: WorklistEvent): void {
    if (event.type === 'deliveries') return;
    this.#lastId += 1;
    const data = event.type === 'exam' ? { examId: event.examId } : { referralId: event.referralId };
    const text = `id: ${this.#lastId}\nevent: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const sink of this.#sinks.keys()) this.#write(sink, text);
  }

  #scheduleHeartbeat(): () => void {
    return this.#clock.schedule(HEARTBEAT_MS, () => {
      for (const [sink, mayListen] of this.#sinks) {
        this.#write(sink, ': still here\n\n');
        void this.#endUnlessAllowed(sink, mayListen);
      }
      this.#cancelHeartbeat = this.#scheduleHeartbeat();
    });
  }

  /** A session that ended hears nothing more; where that cannot be found out now, the next heartbeat asks again. */
  async #endUnlessAllowed(sink: EventSink, mayListen: () => Promise<boolean>): Promise<void> {
    if (await mayListen().catch(() => true)) return;
    this.#sinks.delete(sink);
    sink.end();
  }

  #write(sink: EventSink, text: string): void {
    if (sink.writableLength > PENDING_BYTES_MAX) {
      this.#sinks.delete(sink);
      sink.end();
      return;
    }
    sink.write(text);
  }
}
