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

/** Who reads a page's events. */
export interface EventReader {
  /** The sites whose films the reader may see; null: all. */
  readonly siteIds: readonly string[] | null;
  /** Whether the reader is still signed in. */
  isStillIn(): Promise<boolean>;
}

/** What the streams stand on. */
export interface EventStreamsParts {
  readonly events: EventSource;
  /** The sites that a film came from. */
  readonly sitesOfFilm: (examId: string) => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly streamsMax: number;
}

type PageEvent = Exclude<WorklistEvent, { readonly type: 'deliveries' }>;

const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;
/** A page that is this far behind is cut off; it reads everything anew when it comes back. */
const PENDING_BYTES_MAX = 65_536;

/**
 * The pages that listen, as server-sent events. Nothing is kept for a page that is away: it reads the lists anew
 * when it reconnects, so an event can be lost but never a row. A heartbeat keeps proxies from closing a quiet line
 * and finds readers that are gone. Whoever is held to sites hears of the films of those sites and of nothing else; that
 * is why events have no number, whose gaps would say how much happens elsewhere.
 */
export class EventStreams {
  readonly #readers = new Map<EventSink, EventReader>();
  readonly #sitesOfFilm: EventStreamsParts['sitesOfFilm'];
  readonly #clock: Clock;
  readonly #streamsMax: number;
  readonly #unsubscribe: () => void;
  #cancelHeartbeat: () => void;
  #closed = false;

  constructor({ events, sitesOfFilm, clock, streamsMax }: EventStreamsParts) {
    this.#sitesOfFilm = sitesOfFilm;
    this.#clock = clock;
    this.#streamsMax = streamsMax;
    this.#unsubscribe = events.subscribe((event) => {
      if (event.type !== 'deliveries') this.#tell(event);
    });
    this.#cancelHeartbeat = this.#scheduleHeartbeat();
  }

  /** How many pages listen. */
  get size(): number {
    return this.#readers.size;
  }

  /** Throws server-busy when one more page would be above the limit; called before the answer's head is sent. */
  requireRoom(): void {
    if (this.#closed) throw new TriageError('server-busy', 'the service is stopping');
    if (this.#readers.size >= this.#streamsMax) {
      throw new TriageError('server-busy', `${this.#streamsMax} pages listen already`);
    }
  }

  /** Adds a page, for as long as its reader is signed in; returns what removes it. */
  open(sink: EventSink, reader: EventReader): () => void {
    this.requireRoom();
    this.#readers.set(sink, reader);
    this.#write(sink, `retry: ${RECONNECT_MS}\n\n`);
    return () => this.#readers.delete(sink);
  }

  /** Ends every stream, so that a stop does not wait for pages that would listen for ever. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#unsubscribe();
    for (const sink of this.#readers.keys()) this.#end(sink);
  }

  #tell({ type, ...data }: PageEvent): void {
    const text = `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    let isForSites = false;
    for (const [sink, { siteIds }] of this.#readers) {
      if (siteIds === null) this.#write(sink, text);
      else isForSites = true;
    }
    if (isForSites && 'examId' in data) void this.#tellSites(data.examId, text);
  }

  /** Where the sites of a film cannot be found out now, their pages are cut off: they come back and read anew. */
  async #tellSites(examId: string, text: string): Promise<void> {
    const filmSiteIds = await this.#sitesOfFilm(examId).catch(() => null);
    for (const [sink, { siteIds }] of this.#readers) {
      if (siteIds === null) continue;
      if (filmSiteIds === null) this.#end(sink);
      else if (siteIds.some((siteId) => filmSiteIds.includes(siteId))) this.#write(sink, text);
    }
  }

  #scheduleHeartbeat(): () => void {
    return this.#clock.schedule(HEARTBEAT_MS, () => {
      for (const [sink, reader] of this.#readers) {
        this.#write(sink, ': still here\n\n');
        void this.#endUnlessIn(sink, reader);
      }
      this.#cancelHeartbeat = this.#scheduleHeartbeat();
    });
  }

  /** A session that ended hears nothing more; where that cannot be found out now, the next heartbeat asks again. */
  async #endUnlessIn(sink: EventSink, reader: EventReader): Promise<void> {
    if (!(await reader.isStillIn().catch(() => true))) this.#end(sink);
  }

  #write(sink: EventSink, text: string): void {
    if (sink.writableLength > PENDING_BYTES_MAX) this.#end(sink);
    else sink.write(text);
  }

  #end(sink: EventSink): void {
    this.#readers.delete(sink);
    sink.end();
  }
}
