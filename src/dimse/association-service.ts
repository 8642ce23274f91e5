import { asTriageError, TriageError } from '../errors.ts';
import type { CommandSet } from './command-set.ts';
import { COMMAND, NO_DATA_SET } from './command-set.ts';
import type { Connection } from './connection.ts';
import { EventReports } from './event-reports.ts';
import { GatheredDataSet } from './gathered-data-set.ts';
import type { DimseLimits } from './limits.ts';
import { MessageAssembler } from './message-assembler.ts';
import type { MessageEvent } from './message-assembler.ts';
import { MessageSender } from './message-sender.ts';
import { Operation } from './operation.ts';
import { encodeReleaseReply } from './pdu.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { responseTo } from './response.ts';
import type { DimseService } from './services.ts';
import type { StorePlace } from './store-reception.ts';
import { StoreReception } from './store-reception.ts';

/** What one association works with. */
export interface AssociationServiceOptions {
  readonly connection: Connection;
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  /** Longest P-DATA-TF the peer receives. */
  readonly peerPduBytesMax: number;
  readonly place: StorePlace;
  /** By abstract syntax. */
  readonly services: ReadonlyMap<string, DimseService>;
  readonly limits: DimseLimits;
}

/** The request whose data set is awaited. */
interface Request {
  readonly command: CommandSet;
  readonly context: AcceptedContext;
  readonly data: StoreReception | GatheredDataSet;
}

/**
 * Serves one association until it ends: C-ECHO, C-STORE and what services offer, by the abstract syntax of the
 * context. Operations are performed one after the other (PS3.7 D.3.3.3); while one is under way only C-CANCEL and
 * the answers to our own event reports are taken, and a further request waits.
 */
export class AssociationService {
  readonly #options: AssociationServiceOptions;
  readonly #assembler: MessageAssembler;
  readonly #sender: MessageSender;
  readonly #reports: EventReports;
  /** C-STORE requests so far. */
  storeRequests = 0;
  #request: Request | undefined;
  #operation: Operation | undefined;

  constructor(options: AssociationServiceOptions) {
    const { connection, contexts, limits, peerPduBytesMax } = options;
    this.#options = options;
    this.#assembler = new MessageAssembler(contexts, limits.commandSetBytesMax);
    this.#sender = new MessageSender(connection, peerPduBytesMax);
    this.#reports = new EventReports(this.#sender, contexts, () => this.#operation?.done);
  }

  /** Resolves when the peer released; throws the reason when the association ended otherwise. */
  async serve(): Promise<void> {
    const { connection } = this.#options;
    void connection.closed.then(() => this.#operation?.cancel());
    try {
      for (;;) {
        const event = connection.poll() ?? (await connection.next());
        if (event.kind === 'pdu') {
          // The state machine lets only A-RELEASE-RQ through to here.
          this.#operation?.cancel();
          await this.#operation?.done;
          connection.replyRelease(encodeReleaseReply());
          return;
        }
        const message = this.#assembler.take(event);
        if (message?.kind === 'command' && isRequest(message.command)) await this.#operation?.done;
        const pending = message === undefined ? undefined : this.#handle(message);
        if (pending !== undefined) await connection.during(pending);
      }
    } catch (thrown) {
      const error = asTriageError(thrown);
      connection.abort(error);
      throw error;
    } finally {
      this.#reports.close(new TriageError('peer-aborted', 'the association has ended'));
      this.#operation?.cancel();
      if (this.#request?.data instanceof StoreReception) await this.#request.data.drop();
    }
  }

  #handle(message: MessageEvent): Promise<void> | undefined {
    switch (message.kind) {
      case 'command':
        return this.#begin(message.context, message.command);
      case 'data':
        return this.#request?.data.receive(message.data);
      case 'data-end':
        return this.#end();
    }
  }

  #begin(context: AcceptedContext, command: CommandSet): Promise<void> | undefined {
    const { place, limits, connection } = this.#options;
    if (!isRequest(command)) {
      if (command.CommandField === COMMAND.cancelRequest)
        this.#operation?.cancel(command.MessageIDBeingRespondedTo);
      else this.#reports.takeAnswer(command);
      if (command.CommandDataSetType === NO_DATA_SET) connection.endMessage();
      return undefined;
    }
    const hasDataSet = command.CommandDataSetType !== NO_DATA_SET;
    if (hasDataSet && command.CommandField === COMMAND.storeRequest) {
      this.storeRequests += 1;
      const data = new StoreReception(place, context, command);
      this.#request = { command, context, data };
      return data.begin();
    }
    this.#request = { command, context, data: new GatheredDataSet(limits.dataSetBytesMax) };
    return hasDataSet ? undefined : this.#end();
  }

  #end(): Promise<void> | undefined {
    const request = this.#request;
    this.#request = undefined;
    if (request?.data instanceof StoreReception) return this.#endStore(request, request.data);
    const { connection, services, place } = this.#options;
    connection.endMessage();
    if (request === undefined) return undefined;
    const { command, context, data } = request;
    const operation = new Operation({
      ...{ command, context, data, caller: place.caller, log: place.log },
      service: services.get(context.abstractSyntax),
      sender: this.#sender,
      report: (report) => this.#reports.send(report),
    });
    this.#operation = operation;
    // What fails here is the connection: the services' own failures are answers.
    operation.start(
      (work) => connection.during(work),
      (error) => connection.abort(error),
    );
    return undefined;
  }

  async #endStore({ command, context }: Request, reception: StoreReception): Promise<void> {
    const outcome = await reception.end();
    this.#options.connection.endMessage();
    await this.#sender.send(context, responseTo(command, outcome));
  }
}

function isRequest({ CommandField }: CommandSet): boolean {
  return CommandField < 0x8000 && CommandField !== COMMAND.cancelRequest;
}
