import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { AssociationAction, AssociationEvent, AssociationState } from './association.ts';
import { eventOfPdu, isIndication, transition } from './association.ts';
import { Deadline } from './deadline.ts';
import type { DimseLimits } from './limits.ts';
import { decodeAbort, describeAbort, encodeAbort } from './pdu.ts';
import type { PduEvent } from './pdu-reader.ts';
import { PduReader } from './pdu-reader.ts';
import { ABORT_REASON, ProtocolFault } from './protocol-fault.ts';
import { ReadBuffers, type ReadBytes } from './read-buffers.ts';

/** What a connection needs besides its socket. */
export interface ConnectionOptions {
  readonly limits: DimseLimits;
  readonly clock: Clock;
}

/** How much memory what lies unread may take before the socket is paused. */
const READ_AHEAD_BYTES = 256 * 1024;
const NOTHING: ReadBytes = { bytes: Buffer.alloc(0), room: undefined };
const CLOSED_STATES: ReadonlySet<AssociationState> = new Set(['Sta1-idle', 'Sta13-awaiting-close']);

/**
 * One transport connection and the state of the association on it (PS3.8 9.2).
 *
 * Whoever uses it pulls events with `poll` and `next`, one after the other; while nobody pulls, the socket is
 * paused as soon as the read-ahead is full. The data of a fragment lie in a buffer that is read into again: they
 * are there until the next pull, and who keeps them copies them. Its ends: `abort` sends A-ABORT and then reads and drops bytes
 * until the peer closes or ARTIM expires, so that the A-ABORT is not lost in a TCP reset; `destroy` just
 * closes. After its end every `next` and `send` throws the reason.
 */
export class Connection {
  readonly remoteAddress: string;
  /** Resolves when the transport connection is gone; never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #reader: PduReader;
  readonly #artim: Deadline;
  readonly #idle: Deadline;
  readonly #message: Deadline;
  #state: AssociationState = 'Sta1-idle';
  readonly #buffers = new ReadBuffers();
  #chunks: ReadBytes[] = [];
  /** What the reader works on. */
  #current = NOTHING;
  #unreadBytes = 0;
  #failure: TriageError | undefined;
  /** Whether what lies unread is dropped; a plain close by the peer leaves it readable. */
  #isBroken = false;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket, role: 'acceptor' | 'requestor', options: ConnectionOptions) {
    const { limits, clock } = options;
    this.#socket =
      role === 'acceptor'
        ? this.#buffers.attach(socket, (read) => this.#onData(read))
        : socket.on('data', (bytes: Buffer) => this.#onData({ bytes, room: undefined }));
    this.#reader = new PduReader(limits);
    this.remoteAddress = this.#socket.remoteAddress ?? 'unknown';
    this.#artim = new Deadline(clock, limits.artimSecondsMax * 1000, () => this.#onArtimExpired());
    this.#idle = new Deadline(clock, limits.idleSecondsMax * 1000, () =>
      this.abort(new TriageError('peer-unreachable', `the peer was silent for ${limits.idleSecondsMax} s`)),
    );
    this.#message = new Deadline(clock, limits.messageSecondsMax * 1000, () =>
      this.abort(new TriageError('peer-unreachable', `a message took over ${limits.messageSecondsMax} s`)),
    );
    this.#socket.setNoDelay(true);
    this.#socket.on('drain', () => this.#onDrain());
    // Without a listener an error of the socket would end the process; 'close' follows and tells the rest.
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(
        new TriageError('peer-aborted', `connection lost: ${error.code ?? error.message}`, { cause: error }),
      ),
    );
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#onClose();
        resolve();
      });
    });
    if (role === 'acceptor') {
      this.#apply('transport-indication');
      this.#artim.restart();
    } else {
      this.#apply('local-associate');
      this.#apply('transport-confirm');
      this.#idle.restart();
    }
  }

  /** Whether the association, or the proposal of one, is still alive. */
  get isOpen(): boolean {
    return this.#failure === undefined && !CLOSED_STATES.has(this.#state);
  }

  /** Whether an association is agreed on and neither released nor aborted. */
  get isEstablished(): boolean {
    return this.isOpen && this.#state !== 'Sta2-awaiting-request';
  }

  /** The next event if the bytes for it are there; throws when the association has ended. */
  poll(): PduEvent | undefined {
    for (;;) {
      if (this.#isBroken) throw this.#reason();
      const event = this.#read();
      if (event !== undefined) return this.#judge(event);
      this.#buffers.release(this.#current);
      this.#current = this.#chunks.shift() ?? NOTHING;
      if (this.#current === NOTHING) {
        if (this.#failure !== undefined) throw this.#failure;
        this.#unreadBytes = 0;
        if (this.#socket.isPaused()) this.#socket.resume();
        return undefined;
      }
      if (!this.#message.isRunning) this.#message.restart();
      this.#reader.push(this.#current.bytes);
    }
  }

  /** The next event, waiting for it; throws when the association has ended. */
  async next(): Promise<PduEvent> {
    for (;;) {
      const event = this.poll();
      if (event !== undefined) return event;
      await this.#wait();
    }
  }

  /** Tells that a message is complete: the time limit of a message starts anew with the next byte. */
  endMessage(): void {
    this.#message.stop();
    if (!this.#reader.atRest || this.#chunks.length > 0) this.#message.restart();
  }

  /** Waits for work of our own, during which the peer is not to blame for silence. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#idle.hold();
    try {
      return await work;
    } finally {
      this.#idle.release();
    }
  }

  /** Writes parts of P-DATA-TF as they are; gives a promise to wait for when the peer reads too slowly. */
  sendData(...parts: Buffer[]): Promise<void> | undefined {
    this.#requireOpen();
    this.#apply('local-data');
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    if (this.#socket.writableNeedDrain) return this.#drained();
    this.#idle.restart();
    return undefined;
  }

  /** Writes a PDU that moves the association on. */
  send(event: 'local-accept' | 'local-release', pdu: Buffer): void {
    this.#requireOpen();
    this.#apply(event);
    this.#socket.write(pdu);
  }

  /** Proposes an association; the state already awaits the answer. */
  propose(pdu: Buffer): void {
    this.#socket.write(pdu);
  }

  /** Refuses the association that was proposed. */
  reject(pdu: Buffer): void {
    this.#requireOpen();
    this.#apply('local-reject');
    this.#socket.end(pdu);
    this.#discard(new TriageError('peer-rejected', 'the association was rejected here'));
  }

  /** Answers a release; the peer closes then, or ARTIM does. */
  replyRelease(pdu: Buffer): void {
    this.#requireOpen();
    this.#apply('local-release-reply');
    this.#socket.write(pdu);
    if (this.#state === 'Sta13-awaiting-close') {
      this.#discard(new TriageError('peer-aborted', 'the association was released'));
    }
  }

  /** Sends A-ABORT, with the fault's reason if it is one, and ends the association; harmless afterwards. */
  abort(cause: TriageError): void {
    if (!this.isOpen) return;
    const isFault = cause instanceof ProtocolFault;
    // Before a proposal a plain end of ours just closes (AA-2); a fault of the peer's is told (AA-1).
    const { action, next } = transition(this.#state, isFault ? 'invalid-pdu' : 'local-abort');
    this.#state = next;
    if (action === 'AA-2') {
      this.#fail(cause);
      this.#socket.destroy();
      return;
    }
    this.#writeAbort(cause);
  }

  /** Closes the transport connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes the transport connection after a release that we asked for. */
  async finish(): Promise<void> {
    this.#idle.stop();
    this.#artim.restart();
    this.#socket.end();
    this.#socket.resume();
    await this.closed;
  }

  #read(): PduEvent | undefined {
    try {
      return this.#reader.next();
    } catch (thrown) {
      if (thrown instanceof TriageError) this.abort(thrown);
      throw thrown;
    }
  }

  #judge(event: PduEvent): PduEvent {
    if (event.kind !== 'pdu' && event.kind !== 'p-data') return event;
    const name = event.kind === 'p-data' ? 'p-data' : eventOfPdu(event.type);
    const before = this.#state;
    const action = this.#apply(name);
    if (action === 'AE-6') {
      this.#artim.stop();
      this.#idle.restart();
    }
    if (isIndication(action)) return event;
    if (event.kind === 'pdu' && name === 'abort') {
      this.#fail(
        new TriageError('peer-aborted', `the peer aborted, ${describeAbort(decodeAbort(event.content))}`),
      );
      this.#socket.destroy();
    } else {
      this.#writeAbort(new ProtocolFault(ABORT_REASON.unexpectedPdu, `${name} came in ${before}`));
    }
    throw this.#reason();
  }

  #reason(): TriageError {
    return this.#failure ?? new TriageError('unexpected', 'an association ended without a reason');
  }

  // The table gives AA-1 the service user as its source; we name the provider and the reason there too,
  // because that tells the peer's operator what was wrong.
  #writeAbort(cause: TriageError): void {
    const isOurWish = cause.code !== 'protocol-error' && cause.code !== 'peer-unreachable';
    const reason = cause instanceof ProtocolFault ? cause.abortReason : ABORT_REASON.notSpecified;
    this.#socket.end(encodeAbort({ source: isOurWish ? 0 : 2, reason }));
    this.#discard(cause);
  }

  #discard(cause: TriageError): void {
    this.#fail(cause);
    this.#socket.resume();
    this.#artim.restart();
  }

  #fail(cause: TriageError): void {
    this.#failure ??= cause;
    this.#isBroken = true;
    this.#chunks = [];
    this.#unreadBytes = 0;
    this.#idle.stop();
    this.#message.stop();
    this.#wake();
  }

  #apply(event: AssociationEvent): AssociationAction {
    const { action, next } = transition(this.#state, event);
    this.#state = next;
    return action;
  }

  #onData(read: ReadBytes): void {
    if (this.#failure !== undefined) {
      this.#buffers.release(read);
      return;
    }
    this.#idle.restart();
    this.#chunks.push(read);
    // What it lies in counts: many small reads would otherwise hold many large rooms.
    this.#unreadBytes += (read.room ?? read.bytes).length;
    if (this.#unreadBytes >= READ_AHEAD_BYTES) this.#socket.pause();
    this.#wake();
  }

  #onDrain(): void {
    if (this.#failure === undefined) this.#idle.restart();
    this.#wake();
  }

  #onArtimExpired(): void {
    if (this.#state === 'Sta2-awaiting-request') {
      this.#fail(new TriageError('peer-unreachable', 'no association was proposed in time'));
    }
    this.#socket.destroy();
  }

  #onClose(): void {
    if (this.#state !== 'Sta1-idle') this.#apply('transport-closed');
    this.#artim.stop();
    // Bytes that came before the close may still complete a message; they stay readable.
    this.#failure ??= new TriageError('peer-aborted', 'the peer closed the connection');
    this.#idle.stop();
    this.#message.stop();
    this.#wake();
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #drained(): Promise<void> {
    // Answering is work of ours, but here it is the peer who does not read: its silence counts.
    const wasHeld = this.#idle.isHeld;
    this.#idle.release();
    while (this.#socket.writableNeedDrain) {
      this.#requireOpen();
      await this.#wait();
    }
    this.#requireOpen();
    if (wasHeld) this.#idle.hold();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
