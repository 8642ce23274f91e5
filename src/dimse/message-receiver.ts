import type { CommandSet } from './command-set.ts';
import { NO_DATA_SET } from './command-set.ts';
import type { Connection } from './connection.ts';
import { GatheredDataSet } from './gathered-data-set.ts';
import type { DimseLimits } from './limits.ts';
import { MessageAssembler } from './message-assembler.ts';
import type { PduEvent } from './pdu-reader.ts';
import type { AcceptedContext } from './presentation-contexts.ts';

/** A whole message. */
export interface ReceivedMessage {
  readonly context: AcceptedContext;
  readonly command: CommandSet;
  readonly data: GatheredDataSet;
}

/** Receives whole messages, one after the other, their data sets within a limit. */
export class MessageReceiver {
  readonly #connection: Connection;
  readonly #assembler: MessageAssembler;
  readonly #dataSetBytesMax: number;
  /** What was asked of the connection and not taken yet: a wait that was given up must not lose an event. */
  #asked: Promise<PduEvent> | undefined;
  #message: ReceivedMessage | undefined;

  constructor(
    connection: Connection,
    contexts: ReadonlyMap<number, AcceptedContext>,
    limits: Pick<DimseLimits, 'commandSetBytesMax' | 'dataSetBytesMax'>,
  ) {
    this.#connection = connection;
    this.#assembler = new MessageAssembler(contexts, limits.commandSetBytesMax);
    this.#dataSetBytesMax = limits.dataSetBytesMax;
  }

  /** Resolves when something came; what it is waits for `next`. */
  async arrival(): Promise<void> {
    await this.#ask();
  }

  /** The next message, or the word that the peer asks for release. */
  async next(): Promise<ReceivedMessage | 'release'> {
    for (;;) {
      const event = await this.#ask();
      this.#asked = undefined;
      if (event.kind === 'pdu') return 'release';
      const message = this.#take(event);
      if (message === undefined) continue;
      this.#message = undefined;
      this.#connection.endMessage();
      return message;
    }
  }

  /** The next event as it is, for the farewell, where messages no longer matter. */
  async nextEvent(): Promise<PduEvent> {
    const event = await this.#ask();
    this.#asked = undefined;
    return event;
  }

  #take(event: PduEvent): ReceivedMessage | undefined {
    const part = this.#assembler.take(event);
    switch (part?.kind) {
      case 'command': {
        const { context, command } = part;
        this.#message = { context, command, data: new GatheredDataSet(this.#dataSetBytesMax) };
        return command.CommandDataSetType === NO_DATA_SET ? this.#message : undefined;
      }
      case 'data':
        this.#message?.data.receive(part.data);
        return undefined;
      case 'data-end':
        return this.#message;
      default:
        return undefined;
    }
  }

  #ask(): Promise<PduEvent> {
    if (this.#asked === undefined) {
      this.#asked = this.#connection.next();
      // Whoever asks hears of a failure; that nobody does any more is no defect.
      this.#asked.catch(() => undefined);
    }
    return this.#asked;
  }
}
