import type { CommandSet } from './command-set.ts';
import { decodeCommandSet, NO_DATA_SET } from './command-set.ts';
import type { PduEvent } from './pdu-reader.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { ABORT_REASON, invalidParameter, ProtocolFault } from './protocol-fault.ts';

/** What the fragments say once they are put together; data are views of the bytes received. */
export type MessageEvent =
  | { readonly kind: 'command'; readonly context: AcceptedContext; readonly command: CommandSet }
  | { readonly kind: 'data'; readonly data: Buffer }
  | { readonly kind: 'data-end' };

/**
 * Puts fragments together into messages (PS3.7 6.3.2, PS3.8 Annex E): a command set in one or more command
 * fragments of one context, then, if it says so, a data set in data fragments of the same context.
 */
export class MessageAssembler {
  readonly #contexts: ReadonlyMap<number, AcceptedContext>;
  readonly #commandSetBytesMax: number;
  #commandParts: Buffer[] = [];
  #commandBytes = 0;
  /** The context of the message that is under way. */
  #context: AcceptedContext | undefined;
  #expects: 'command' | 'data' = 'command';
  #isLast = false;

  constructor(contexts: ReadonlyMap<number, AcceptedContext>, commandSetBytesMax: number) {
    this.#contexts = contexts;
    this.#commandSetBytesMax = commandSetBytesMax;
  }

  /** Takes one event of the reader; throws a ProtocolFault when fragments do not make a message. */
  take(event: PduEvent): MessageEvent | undefined {
    switch (event.kind) {
      case 'pdv':
        this.#begin(event.contextId, event.isCommand);
        this.#isLast = event.isLast;
        return undefined;
      case 'fragment':
        if (this.#expects === 'data') return { kind: 'data', data: event.data };
        this.#gather(event.data);
        return undefined;
      case 'pdv-end':
        return this.#isLast ? this.#end() : undefined;
      default:
        return undefined;
    }
  }

  #begin(contextId: number, isCommand: boolean): void {
    const context = this.#contexts.get(contextId);
    if (context === undefined) throw invalidParameter(`context ${contextId} was not accepted`);
    if (this.#context !== undefined && this.#context.contextId !== contextId) {
      throw unexpectedFragment('the context changes within a message');
    }
    if (isCommand !== (this.#expects === 'command')) {
      throw unexpectedFragment(isCommand ? 'a command within a data set' : 'a data set without a command');
    }
    this.#context = context;
  }

  #gather(data: Buffer): void {
    this.#commandBytes += data.length;
    if (this.#commandBytes > this.#commandSetBytesMax) throw invalidParameter('a command set is too long');
    // What was read is read over by the next pull.
    this.#commandParts.push(Buffer.from(data));
  }

  #end(): MessageEvent {
    if (this.#context === undefined) throw unexpectedFragment('an end without a beginning');
    const context = this.#context;
    if (this.#expects === 'data') {
      this.#context = undefined;
      this.#expects = 'command';
      return { kind: 'data-end' };
    }
    const command = decodeCommandSet(Buffer.concat(this.#commandParts));
    this.#commandParts = [];
    this.#commandBytes = 0;
    if (command.CommandDataSetType === NO_DATA_SET) this.#context = undefined;
    else this.#expects = 'data';
    return { kind: 'command', context, command };
  }
}

function unexpectedFragment(message: string): ProtocolFault {
  return new ProtocolFault(ABORT_REASON.unexpectedPduParameter, message);
}
