import type { Clock } from '../clock.ts';
import { encodeDataSet } from '../dicom/dimse-data-set.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { RoleSelection } from './associate-pdu.ts';
import { COMMAND, type CommandSet, NO_DATA_SET } from './command-set.ts';
import type { Connection } from './connection.ts';
import type { DimseLimits } from './limits.ts';
import { MessageReceiver, type ReceivedMessage } from './message-receiver.ts';
import { type CommandFields, MessageSender } from './message-sender.ts';
import { normalizedCommand, normalizedRequest } from './normalized-request.ts';
import { encodeReleaseReply, encodeReleaseRequest, PDU_TYPE } from './pdu.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { ABORT_REASON, invalidParameter, ProtocolFault } from './protocol-fault.ts';
import { failureAnswer, responseTo } from './response.ts';
import type { NormalizedAnswer, NormalizedRequest } from './services.ts';
import { describeStatus, STATUS, statusKind } from './status.ts';
import { VERIFICATION_SOP_CLASS } from './uid.ts';

/** An object to send; the data set is sent as it is, in the transfer syntax that is named. */
export interface ObjectToStore {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Chunks must not be changed after they are handed over. */
  readonly dataset: AsyncIterable<Buffer> | Buffer;
}

/** The peer's answer to a C-STORE. */
export interface StoreAnswer {
  readonly status: number;
  readonly comment?: string;
}

/** What both sides agreed on. */
interface AgreedAssociation {
  readonly limits: DimseLimits;
  readonly clock: Clock;
  readonly onEvent?: (event: NormalizedRequest) => Promise<NormalizedAnswer>;
  readonly connection: Connection;
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  /** What the peer answered to the roles that we proposed. */
  readonly roles: readonly RoleSelection[];
  readonly peerPduBytesMax: number;
}

/** An association that we opened. One operation at a time; a second one meanwhile throws `state-conflict`. */
export class Association {
  /** The first accepted context of each abstract syntax. */
  readonly accepted: ReadonlyMap<string, AcceptedContext>;
  readonly #agreed: AgreedAssociation;
  readonly #sender: MessageSender;
  readonly #receiver: MessageReceiver;
  #messageId = 0;
  #isBusy = false;

  constructor(agreed: AgreedAssociation) {
    const { connection, contexts, peerPduBytesMax, limits } = agreed;
    this.#agreed = agreed;
    this.#sender = new MessageSender(connection, peerPduBytesMax);
    this.#receiver = new MessageReceiver(connection, contexts, limits);
    this.accepted = new Map(
      [...contexts.values()].reverse().map((context) => [context.abstractSyntax, context]),
    );
  }

  /** Whether it can still be used. */
  get isOpen(): boolean {
    return this.#agreed.connection.isOpen;
  }

  /** The accepted context for a SOP class in a transfer syntax, if there is one. */
  contextFor(sopClassUid: string, transferSyntaxUid: string): AcceptedContext | undefined {
    return [...this.#agreed.contexts.values()].find(
      (context) => context.abstractSyntax === sopClassUid && context.transferSyntax === transferSyntaxUid,
    );
  }

  /** Sends a C-ECHO-RQ and gives the status of the answer (PS3.7 9.3.5). */
  async echo(): Promise<number> {
    const context = this.#contextOf(VERIFICATION_SOP_CLASS);
    const command = { AffectedSOPClassUID: VERIFICATION_SOP_CLASS, CommandField: COMMAND.echoRequest };
    return (await this.#operate(context, command)).status;
  }

  /** Sends a C-STORE-RQ with its data set and gives the answer (PS3.7 9.3.1); any status is an answer. */
  async store(object: ObjectToStore): Promise<StoreAnswer> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataset } = object;
    const context = this.contextFor(sopClassUid, transferSyntaxUid);
    if (context === undefined) {
      throw new TriageError(
        'peer-rejected',
        'no context was accepted for this SOP class and transfer syntax',
      );
    }
    const command = {
      AffectedSOPClassUID: sopClassUid,
      CommandField: COMMAND.storeRequest,
      Priority: 0,
      AffectedSOPInstanceUID: sopInstanceUid,
    };
    const { status, comment } = await this.#operate(
      context,
      command,
      Buffer.isBuffer(dataset) ? [dataset] : dataset,
    );
    return comment === undefined ? { status } : { status, comment };
  }

  /**
   * Sends a C-FIND-RQ and gives the matches as they come (PS3.7 9.3.2). Leaving the loop early cancels the rest.
   * Throws peer-rejected when the answer ends with anything but Success.
   */
  async *find(sopClassUid: string, identifier: DicomDataset): AsyncGenerator<DicomDataset, void, undefined> {
    const context = this.#contextOf(sopClassUid);
    const { limits } = this.#agreed;
    this.#occupy();
    let last: CommandSet | undefined;
    let isBroken = false;
    try {
      const command = { AffectedSOPClassUID: sopClassUid, CommandField: COMMAND.findRequest, Priority: 0 };
      const query = encodeDataSet(identifier, context.transferSyntax);
      const messageId = await this.#request(context, command, [query]);
      for (;;) {
        const { command: response, data } = await this.#response(COMMAND.findRequest, messageId);
        if (statusKind(statusOf(response)) !== 'pending') {
          last = response;
          break;
        }
        if (data.isTooLong) throw invalidParameter(`a match is longer than ${limits.dataSetBytesMax} bytes`);
        yield data.decode(context.transferSyntax);
      }
    } catch (thrown) {
      isBroken = true;
      this.#break(thrown);
      throw thrown;
    } finally {
      if (last === undefined && !isBroken) await this.#cancelFind(context);
      this.#isBusy = false;
    }
    const status = statusOf(last);
    if (status !== STATUS.success) {
      throw new TriageError('peer-rejected', `the peer ended the query with ${describeStatus(status)}`);
    }
  }

  /** Sends an N-ACTION-RQ (PS3.7 10.3.4); any status is an answer. */
  action(request: NormalizedRequest): Promise<NormalizedAnswer> {
    return this.#normalized(COMMAND.actionRequest, request);
  }

  /** Sends an N-CREATE-RQ (PS3.7 10.3.5); any status is an answer. */
  create(request: Omit<NormalizedRequest, 'typeId'>): Promise<NormalizedAnswer> {
    return this.#normalized(COMMAND.createRequest, { ...request, typeId: null });
  }

  /** Sends an N-SET-RQ (PS3.7 10.3.3); any status is an answer. */
  set(request: Omit<NormalizedRequest, 'typeId'>): Promise<NormalizedAnswer> {
    return this.#normalized(COMMAND.setRequest, { ...request, typeId: null });
  }

  /**
   * Sends an N-EVENT-REPORT-RQ (PS3.7 10.3.1) for a context that was proposed with `isProvider`; any status is an
   * answer. Throws peer-rejected where the peer does not let us act as provider; one that is silent about roles
   * is taken at its context, for some peers never answer them.
   */
  async eventReport(request: NormalizedRequest): Promise<NormalizedAnswer> {
    const role = this.#agreed.roles.find(({ sopClassUid }) => sopClassUid === request.sopClassUid);
    if (role?.isProvider === false) {
      throw new TriageError('peer-rejected', 'the peer takes no events of this SOP class');
    }
    return this.#normalized(COMMAND.eventReportRequest, request);
  }

  /** Waits for an event of the peer; true once one was taken by `onEvent` and answered, false when none came. */
  async awaitEvent(waitMsMax: number): Promise<boolean> {
    return this.#exclusively(async () => {
      const deadline = Promise.withResolvers<'late'>();
      const cancel = this.#agreed.clock.schedule(waitMsMax, () => deadline.resolve('late'));
      try {
        const first = await Promise.race([this.#receiver.arrival(), deadline.promise]);
        if (first === 'late') return false;
        const message = await this.#receive();
        if (message.command.CommandField === COMMAND.eventReportRequest) return true;
        throw unasked();
      } finally {
        cancel();
      }
    });
  }

  /** Releases the association and closes the connection (PS3.8 7.2). */
  async release(): Promise<void> {
    await this.#exclusively(async () => {
      const { connection } = this.#agreed;
      connection.send('local-release', encodeReleaseRequest());
      for (;;) {
        // By way of the receiver: a wait for an event that was given up still holds the next one.
        const event = await this.#receiver.nextEvent();
        if (event.kind !== 'pdu') continue;
        if (event.type === PDU_TYPE.releaseReply) break;
        // Both asked at once: the requestor answers and still waits for its own reply (PS3.8 7.2.2).
        connection.replyRelease(encodeReleaseReply());
      }
      await connection.finish();
    });
  }

  /** Aborts the association; harmless when it has ended. */
  abort(): void {
    this.#break(new TriageError('peer-aborted', 'the association was aborted on our side'));
  }

  #normalized(commandField: number, request: NormalizedRequest): Promise<NormalizedAnswer> {
    const { sopClassUid, dataset } = request;
    const context = this.#contextOf(sopClassUid);
    const isEmpty = Object.keys(dataset).length === 0;
    const data = isEmpty ? undefined : [encodeDataSet(dataset, context.transferSyntax)];
    return this.#operate(context, normalizedCommand(commandField, request), data);
  }

  #contextOf(sopClassUid: string): AcceptedContext {
    const context = this.accepted.get(sopClassUid);
    if (context === undefined) {
      throw new TriageError('peer-rejected', `the peer accepted no context for ${sopClassUid}`);
    }
    return context;
  }

  #operate(
    context: AcceptedContext,
    command: CommandFields,
    dataset?: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<NormalizedAnswer> {
    return this.#exclusively(async () => {
      const messageId = await this.#request(context, command, dataset);
      const { command: response, data } = await this.#response(command.CommandField, messageId);
      const { ErrorComment, AffectedSOPInstanceUID, CommandDataSetType } = response;
      const hasDataSet = CommandDataSetType !== NO_DATA_SET && !data.isTooLong;
      return {
        status: statusOf(response),
        ...(ErrorComment === undefined ? {} : { comment: ErrorComment }),
        ...(AffectedSOPInstanceUID === undefined ? {} : { sopInstanceUid: AffectedSOPInstanceUID }),
        ...(hasDataSet ? { dataset: data.decode(context.transferSyntax) } : {}),
      };
    });
  }

  async #request(
    context: AcceptedContext,
    command: CommandFields,
    dataset?: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<number> {
    this.#messageId = (this.#messageId % 0xffff) + 1;
    await this.#sender.sendEncoded(context, { ...command, MessageID: this.#messageId }, dataset);
    return this.#messageId;
  }

  async #response(requestField: number, messageId: number): Promise<ReceivedMessage> {
    for (;;) {
      const message = await this.#receive();
      const { CommandField, MessageIDBeingRespondedTo, Status } = message.command;
      if (CommandField === COMMAND.eventReportRequest) continue;
      const isAnswer =
        CommandField === (requestField | 0x8000) &&
        MessageIDBeingRespondedTo === messageId &&
        Status !== undefined;
      if (isAnswer) return message;
      throw unasked();
    }
  }

  /** The next message; an event that the peer reports has been answered when it is handed out. */
  async #receive(): Promise<ReceivedMessage> {
    const { connection } = this.#agreed;
    const message = await this.#receiver.next();
    if (message === 'release') {
      connection.replyRelease(encodeReleaseReply());
      throw new TriageError('peer-aborted', 'the peer released the association instead of answering');
    }
    const { command, context } = message;
    if (command.CommandField !== COMMAND.eventReportRequest) return message;
    const { dataset, ...answer } = await connection.during(this.#takeEvent(message));
    await this.#sender.send(context, responseTo(command, answer), dataset);
    return message;
  }

  async #takeEvent(message: ReceivedMessage): Promise<NormalizedAnswer> {
    const { onEvent } = this.#agreed;
    if (onEvent === undefined) return { status: STATUS.unrecognizedOperation };
    try {
      const event = normalizedRequest(message);
      return 'status' in event ? event : await onEvent(event);
    } catch (thrown) {
      return failureAnswer(message.command, thrown);
    }
  }

  // The peer may send what it had under way, and then says how it ended (PS3.7 9.3.2.3).
  async #cancelFind(context: AcceptedContext): Promise<void> {
    try {
      const command = { CommandField: COMMAND.cancelRequest, MessageIDBeingRespondedTo: this.#messageId };
      await this.#sender.send(context, command);
      for (;;) {
        const { command: response } = await this.#response(COMMAND.findRequest, this.#messageId);
        if (statusKind(statusOf(response)) !== 'pending') return;
      }
    } catch (thrown) {
      this.#break(thrown);
      throw thrown;
    }
  }

  // A failure half way through a message leaves nothing that could be continued, so it ends the association.
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#occupy();
    try {
      return await work();
    } catch (thrown) {
      this.#break(thrown);
      throw thrown;
    } finally {
      this.#isBusy = false;
    }
  }

  #occupy(): void {
    if (this.#isBusy) {
      throw new TriageError('state-conflict', 'an operation is under way on this association');
    }
    this.#isBusy = true;
  }

  #break(thrown: unknown): void {
    this.#agreed.connection.abort(asTriageError(thrown));
  }
}

function statusOf(response: CommandSet): number {
  return response.Status ?? STATUS.processingFailure;
}

function unasked(): ProtocolFault {
  return new ProtocolFault(ABORT_REASON.unexpectedPduParameter, 'the answer is not one to the request');
}
