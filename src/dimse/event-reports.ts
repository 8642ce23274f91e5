import { TriageError } from '../errors.ts';
import type { CommandSet } from './command-set.ts';
import { COMMAND } from './command-set.ts';
import type { MessageSender } from './message-sender.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { ABORT_REASON, ProtocolFault } from './protocol-fault.ts';
import type { EventReporter } from './services.ts';

type EventReport = Parameters<EventReporter>[0];

interface Awaited {
  readonly messageId: number;
  readonly settle: (response: CommandSet) => void;
  readonly fail: (reason: TriageError) => void;
}

/** The N-EVENT-REPORTs that we send on an association that a peer opened (PS3.7 10.1.1), one at a time. */
export class EventReports {
  readonly #sender: MessageSender;
  readonly #contexts: ReadonlyMap<number, AcceptedContext>;
  /** The end of the operation under way: an event is told only after the answer to the request for it. */
  readonly #operationEnd: () => Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #messageId = 0;
  #awaited: Awaited | undefined;
  #closed: TriageError | undefined;

  constructor(
    sender: MessageSender,
    contexts: ReadonlyMap<number, AcceptedContext>,
    operationEnd: () => Promise<void> | undefined,
  ) {
    this.#sender = sender;
    this.#contexts = contexts;
    this.#operationEnd = operationEnd;
  }

  /** Sends an event and gives the peer's status; rejects with peer-aborted where the association has ended. */
  send(report: EventReport): Promise<number> {
    const sent = this.#last.then(() => this.#send(report));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  /** Takes a response of the peer; one that answers no report is a fault. */
  takeAnswer(response: CommandSet): void {
    const awaited = this.#awaited;
    const isAnswer =
      response.CommandField === COMMAND.eventReportResponse &&
      response.MessageIDBeingRespondedTo === awaited?.messageId;
    if (awaited === undefined || !isAnswer) {
      throw new ProtocolFault(
        ABORT_REASON.unexpectedPduParameter,
        'a response came where none was asked for',
      );
    }
    this.#awaited = undefined;
    awaited.settle(response);
  }

  /** The association has ended: what is awaited and whatever is still asked for fails. */
  close(reason: TriageError): void {
    this.#closed = reason;
    this.#awaited?.fail(reason);
    this.#awaited = undefined;
  }

  async #send(report: EventReport): Promise<number> {
    await this.#operationEnd();
    if (this.#closed !== undefined) throw this.#closed;
    const { sopClassUid, sopInstanceUid, typeId, dataset } = report;
    const context = [...this.#contexts.values()].find((accepted) => accepted.abstractSyntax === sopClassUid);
    if (context === undefined)
      throw new TriageError('peer-rejected', 'no context for this event was accepted');
    this.#messageId = (this.#messageId % 0xffff) + 1;
    const messageId = this.#messageId;
    const answer = new Promise<CommandSet>((settle, fail) => (this.#awaited = { messageId, settle, fail }));
    const command = {
      AffectedSOPClassUID: sopClassUid,
      CommandField: COMMAND.eventReportRequest,
      MessageID: messageId,
      AffectedSOPInstanceUID: sopInstanceUid,
      EventTypeID: typeId,
    };
    const [response] = await Promise.all([answer, this.#sender.send(context, command, dataset)]);
    return response.Status ?? -1;
  }
}
