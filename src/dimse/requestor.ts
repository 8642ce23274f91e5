import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Clock } from '../clock.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { AssociateAccept, ProposedContext } from './associate-pdu.ts';
import { decodeAssociateAccept, encodeAssociateRequest } from './associate-pdu.ts';
import type { CommandSet } from './command-set.ts';
import { COMMAND, DATA_SET_PRESENT, encodeCommandSet, NO_DATA_SET } from './command-set.ts';
import { Connection } from './connection.ts';
import type { DimseLog } from './dimse-log.ts';
import type { DimseLimits } from './limits.ts';
import { MessageAssembler } from './message-assembler.ts';
import { sendPart, settlePduBytesMax } from './message-writer.ts';
import { decodeReject, describeReject, encodeReleaseReply, encodeReleaseRequest, PDU_TYPE } from './pdu.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { settleContexts } from './presentation-contexts.ts';
import { ABORT_REASON, ProtocolFault } from './protocol-fault.ts';
import { DICOM_APPLICATION_CONTEXT, VERIFICATION_SOP_CLASS } from './uid.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/uids.ts';

/** What an association is asked with. */
export interface AssociationOptions {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** Each becomes one presentation context, so one SOP class may stand here once for each transfer syntax. */
  readonly contexts: readonly {
    readonly abstractSyntax: string;
    readonly transferSyntaxes: readonly string[];
  }[];
  readonly limits: DimseLimits;
  readonly clock: Clock;
  readonly connectMsMax: number;
  readonly log?: DimseLog;
}

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

const CONTEXTS_MAX = 128;

/**
 * Opens an association. Throws `peer-unreachable` (no connection, or no answer in time), `peer-rejected`
 * (rejected, or no presentation context accepted), `peer-aborted`, or `protocol-error`.
 */
export async function openAssociation(options: AssociationOptions): Promise<Association> {
  const proposed = proposeContexts(options);
  const socket = await openSocket(options);
  const { limits, clock } = options;
  const connection = new Connection(socket, 'requestor', { limits, clock });
  try {
    const accept = await negotiate(connection, options, proposed);
    const contexts = settleContexts(proposed, accept.presentationContexts);
    if (contexts.size === 0) {
      // Told at once: otherwise every object would fail in its turn.
      throw new TriageError('peer-rejected', 'the peer accepted no presentation context');
    }
    const peerPduBytesMax = settlePduBytesMax(accept.userInformation.pduBytesMax, limits);
    return new Association(connection, contexts, peerPduBytesMax, limits);
  } catch (thrown) {
    connection.abort(asTriageError(thrown));
    if (connection.isOpen) connection.destroy();
    throw thrown;
  }
}

/** An association that we opened. One operation at a time; a second one meanwhile throws `state-conflict`. */
export class Association {
  /** The first accepted context of each abstract syntax. */
  readonly accepted: ReadonlyMap<string, AcceptedContext>;
  readonly #connection: Connection;
  readonly #contexts: ReadonlyMap<number, AcceptedContext>;
  readonly #peerPduBytesMax: number;
  readonly #assembler: MessageAssembler;
  #messageId = 0;
  #isBusy = false;

  constructor(
    connection: Connection,
    contexts: ReadonlyMap<number, AcceptedContext>,
    peerPduBytesMax: number,
    limits: DimseLimits,
  ) {
    this.#connection = connection;
    this.#contexts = contexts;
    this.#peerPduBytesMax = peerPduBytesMax;
    this.#assembler = new MessageAssembler(contexts, limits.commandSetBytesMax);
    this.accepted = new Map(
      [...contexts.values()].reverse().map((context) => [context.abstractSyntax, context]),
    );
  }

  /** Whether it can still be used. */
  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** The accepted context for a SOP class in a transfer syntax, if there is one. */
  contextFor(sopClassUid: string, transferSyntaxUid: string): AcceptedContext | undefined {
    return [...this.#contexts.values()].find(
      (context) => context.abstractSyntax === sopClassUid && context.transferSyntax === transferSyntaxUid,
    );
  }

  /** Sends a C-ECHO-RQ and gives the status of the answer (PS3.7 9.3.5). */
  async echo(): Promise<number> {
    const context = this.accepted.get(VERIFICATION_SOP_CLASS);
    if (context === undefined) throw new TriageError('peer-rejected', 'Verification was not accepted');
    const response = await this.#operate(context, {
      AffectedSOPClassUID: VERIFICATION_SOP_CLASS,
      CommandField: COMMAND.echoRequest,
      CommandDataSetType: NO_DATA_SET,
    });
    return response.Status ?? -1;
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
      CommandDataSetType: DATA_SET_PRESENT,
      AffectedSOPInstanceUID: sopInstanceUid,
    };
    const chunks = Buffer.isBuffer(dataset) ? [dataset] : dataset;
    const { Status = -1, ErrorComment } = await this.#operate(context, command, chunks);
    return ErrorComment === undefined ? { status: Status } : { status: Status, comment: ErrorComment };
  }

  /** Releases the association and closes the connection (PS3.8 7.2). */
  async release(): Promise<void> {
    await this.#exclusively(async () => {
      const connection = this.#connection;
      connection.send('local-release', encodeReleaseRequest());
      for (;;) {
        const event = await connection.next();
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
    this.#connection.abort(new TriageError('peer-aborted', 'the association was aborted on our side'));
  }

  async #operate(
    context: AcceptedContext,
    command: CommandSet,
    dataset?: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<CommandSet> {
    return this.#exclusively(async () => {
      this.#messageId = (this.#messageId % 0xffff) + 1;
      const request = encodeCommandSet({ ...command, MessageID: this.#messageId });
      const { contextId } = context;
      const peerPduBytesMax = this.#peerPduBytesMax;
      await sendPart(this.#connection, { contextId, isCommand: true, peerPduBytesMax }, [request]);
      if (dataset !== undefined) {
        await sendPart(this.#connection, { contextId, isCommand: false, peerPduBytesMax }, dataset);
      }
      return this.#awaitResponse(command.CommandField | 0x8000);
    });
  }

  async #awaitResponse(commandField: number): Promise<CommandSet> {
    for (;;) {
      const event = await this.#connection.next();
      if (event.kind === 'pdu') {
        this.#connection.replyRelease(encodeReleaseReply());
        throw new TriageError('peer-aborted', 'the peer released the association instead of answering');
      }
      const message = this.#assembler.take(event);
      if (message?.kind !== 'command') continue;
      const { command } = message;
      this.#connection.endMessage();
      const isAnswer =
        command.CommandField === commandField &&
        command.MessageIDBeingRespondedTo === this.#messageId &&
        command.CommandDataSetType === NO_DATA_SET &&
        command.Status !== undefined;
      if (isAnswer) return command;
      throw new ProtocolFault(ABORT_REASON.unexpectedPduParameter, 'the answer is not one to the request');
    }
  }

  // A failure half way through a message leaves nothing that could be continued, so it ends the association.
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy)
      throw new TriageError('state-conflict', 'an operation is under way on this association');
    this.#isBusy = true;
    try {
      return await work();
    } catch (thrown) {
      this.#connection.abort(asTriageError(thrown));
      throw thrown;
    } finally {
      this.#isBusy = false;
    }
  }
}

function proposeContexts(options: AssociationOptions): ProposedContext[] {
  const { contexts } = options;
  if (contexts.length === 0 || contexts.length > CONTEXTS_MAX) {
    throw new TriageError('request-invalid', `${contexts.length} presentation contexts cannot be proposed`);
  }
  return contexts.map((context, index) => ({ ...context, contextId: index * 2 + 1 }));
}

async function negotiate(
  connection: Connection,
  options: AssociationOptions,
  proposed: readonly ProposedContext[],
): Promise<AssociateAccept> {
  const { calledAeTitle, callingAeTitle, limits } = options;
  connection.propose(
    encodeAssociateRequest({
      protocolVersion: 1,
      calledAeTitle,
      callingAeTitle,
      applicationContextName: DICOM_APPLICATION_CONTEXT,
      presentationContexts: proposed,
      userInformation: {
        pduBytesMax: limits.pduBytesMax,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      },
    }),
  );
  const event = await connection.next();
  connection.endMessage();
  if (event.kind !== 'pdu') throw new TriageError('unexpected', 'data came before the association');
  if (event.type === PDU_TYPE.associateReject) {
    connection.destroy();
    const words = describeReject(decodeReject(event.content));
    throw new TriageError('peer-rejected', `the peer rejected the association ${words}`);
  }
  return decodeAssociateAccept(event.content);
}

async function openSocket(options: AssociationOptions): Promise<Socket> {
  const { host, port, clock, connectMsMax } = options;
  const socket = connect({ host, port });
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      cancel();
      socket.destroy();
      reject(new TriageError('peer-unreachable', `${host}:${port}: ${reason}`, { cause }));
    };
    const cancel = clock.schedule(connectMsMax, () => fail(`no connection within ${connectMsMax} ms`));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error));
    socket.once('connect', () => {
      cancel();
      resolve(socket);
    });
  });
}
