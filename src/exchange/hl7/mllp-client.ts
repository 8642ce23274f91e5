/** Sends HL7 v2 messages over MLLP (Minimal Lower Layer Protocol, release 1) and reads what is answered. */
import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { openTransport } from '../../dimse/transport.ts';
import type { TlsFiles } from '../../dimse/tls-files.ts';
import { TriageError } from '../../errors.ts';
import { type Acknowledgement, readAcknowledgement } from './acknowledgement.ts';

const START_BLOCK = 0x0b;
const END_BLOCK = 0x1c;
const CARRIAGE_RETURN = 0x0d;

/** No acknowledgement is so long; what is longer is not read on. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** Answers to something else, late or unasked, that are passed over before the connection is given up. */
const FOREIGN_ANSWERS_MAX = 20;

/** Where a receiver listens, and how long it may take. */
export interface MllpOptions {
  readonly host: string;
  readonly port: number;
  /** Left out: no TLS. */
  readonly tls?: TlsFiles;
  readonly clock: Clock;
  readonly connectMsMax: number;
  readonly answerMsMax: number;
}

/** One connection with at most one message under way. After any failure it is closed and of no more use. */
export interface MllpConnection {
  /** Whether the receiver closed it and said nothing of a message; some do so after every answer. */
  readonly wasHungUp: boolean;
  /**
   * Sends a message and waits for the answer to it. Throws peer-aborted where none came in time, the connection
   * ended, or what came was no answer: the receiver may have taken the message, so it must get the same one again.
   */
  send(message: Buffer, messageId: string): Promise<Acknowledgement>;
  close(): void;
}

/** Connects; throws peer-unreachable where nobody answers in time. */
export async function openMllp(options: MllpOptions): Promise<MllpConnection> {
  const socket = await openTransport(options);
  return new MllpSocket(socket, options);
}

/** A message in its frame. */
export function frameMessage(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([START_BLOCK]), message, Buffer.from([END_BLOCK, CARRIAGE_RETURN])]);
}

interface Waiting {
  readonly messageId: string;
  readonly settle: (answer: Acknowledgement) => void;
  readonly fail: (error: TriageError) => void;
}

class MllpSocket implements MllpConnection {
  readonly #socket: Socket;
  readonly #options: MllpOptions;
  #waiting: Waiting | undefined;
  #received = Buffer.alloc(0);
  #foreignAnswers = 0;
  #ended: TriageError | undefined;
  #wasHungUp = false;

  constructor(socket: Socket, options: MllpOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#hangUp(`the connection failed: ${error.code ?? ''}`),
    );
    // Who ends its half sends nothing more, an answer neither.
    for (const end of ['end', 'close'] as const) {
      socket.on(end, () => this.#hangUp('the connection was closed before the answer'));
    }
  }

  get wasHungUp(): boolean {
    return this.#wasHungUp;
  }

  send(message: Buffer, messageId: string): Promise<Acknowledgement> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const { clock, answerMsMax } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.schedule(answerMsMax, () => this.#end(`no answer within ${answerMsMax / 1000} s`));
      this.#waiting = {
        messageId,
        settle: (answer) => {
          cancel();
          resolve(answer);
        },
        fail: (error) => {
          cancel();
          reject(error);
        },
      };
      this.#socket.write(frameMessage(message));
    });
  }

  close(): void {
    this.#end('the connection was closed here');
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf(Buffer.from([END_BLOCK, CARRIAGE_RETURN]));
      if (end === -1) break;
      const frame = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end + 2);
      this.#takeFrame(frame);
    }
    if (this.#received.length > ANSWER_BYTES_MAX) this.#end('the answer is too long');
  }

  /** What stands before the start block belongs to no message. */
  #takeFrame(frame: Buffer): void {
    const start = frame.indexOf(START_BLOCK);
    // Separators, codes and identifiers are ASCII in every character set that a receiver may use.
    const answer = start === -1 ? undefined : readAcknowledgement(frame.toString('latin1', start + 1));
    if (answer === undefined) {
      this.#end('what came is no acknowledgement');
      return;
    }
    const waiting = this.#waiting;
    if (waiting?.messageId !== answer.answers) {
      // A late answer to an earlier attempt, or to nothing: it says nothing of this message.
      this.#foreignAnswers += 1;
      if (this.#foreignAnswers > FOREIGN_ANSWERS_MAX) this.#end('too many answers to other messages');
      return;
    }
    this.#waiting = undefined;
    waiting.settle(answer);
  }

  #hangUp(reason: string): void {
    if (this.#ended === undefined) this.#wasHungUp = this.#received.length === 0;
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new TriageError('peer-aborted', reason);
    this.#socket.destroy();
    this.#waiting?.fail(this.#ended);
    this.#waiting = undefined;
  }
}
