import { asTriageError, ERRORS } from '../errors.ts';
import type { CommandSet } from './command-set.ts';
import { COMMAND, encodeCommandSet, NO_DATA_SET } from './command-set.ts';
import type { Connection } from './connection.ts';
import type { DimseLog } from './dimse-log.ts';
import type { DimseLimits } from './limits.ts';
import { MessageAssembler } from './message-assembler.ts';
import type { MessageEvent } from './message-assembler.ts';
import { sendPart } from './message-writer.ts';
import { encodeReleaseReply } from './pdu.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { ABORT_REASON, ProtocolFault } from './protocol-fault.ts';
import { STATUS } from './status.ts';
import type { IncomingDescription, IncomingObject, StorageSink, StoreOutcome } from './storage-sink.ts';
import { isValidUid } from '../dicom/uids.ts';
import { VERIFICATION_SOP_CLASS } from './uid.ts';

/** Counts since the acceptor started. */
interface StorageCounts {
  objectsStored: number;
  objectsRefused: number;
  bytesReceived: number;
}

/** What one association of the storage service works with. */
export interface StorageServiceOptions {
  readonly connection: Connection;
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** Longest P-DATA-TF the peer receives. */
  readonly peerPduBytesMax: number;
  readonly supportedStorage: ReadonlySet<string>;
  readonly limits: DimseLimits;
  readonly storage: StorageSink;
  readonly counts: StorageCounts;
  readonly log: DimseLog;
}

/** The request that is under way: it has an object, or an outcome that is already certain and data to drain. */
interface Request {
  readonly command: CommandSet;
  readonly context: AcceptedContext;
  object: IncomingObject | undefined;
  outcome: StoreOutcome | undefined;
  bytes: number;
}

/** Serves C-ECHO and C-STORE (PS3.7 9.3, PS3.4 Annexes A and B) on one association until it ends. */
export class StorageService {
  readonly #options: StorageServiceOptions;
  readonly #assembler: MessageAssembler;
  #request: Request | undefined;

  constructor(options: StorageServiceOptions) {
    this.#options = options;
    this.#assembler = new MessageAssembler(options.contexts, options.limits.commandSetBytesMax);
  }

  /** Resolves when the peer released; throws the reason when the association ended otherwise. */
  async serve(): Promise<void> {
    const { connection } = this.#options;
    try {
      for (;;) {
        const event = connection.poll() ?? (await connection.next());
        if (event.kind === 'pdu') {
          // The state machine lets only A-RELEASE-RQ through to here.
          connection.replyRelease(encodeReleaseReply());
          return;
        }
        const message = this.#assembler.take(event);
        const pending = message === undefined ? undefined : this.#handle(message);
        if (pending !== undefined) await connection.during(pending);
      }
    } catch (thrown) {
      const error = asTriageError(thrown);
      connection.abort(error);
      throw error;
    } finally {
      await this.#dropObject();
    }
  }

  #handle(message: MessageEvent): Promise<void> | undefined {
    switch (message.kind) {
      case 'command':
        return this.#begin(message.context, message.command);
      case 'data':
        return this.#receive(message.data);
      case 'data-end':
        return this.#end();
    }
  }

  async #begin(context: AcceptedContext, command: CommandSet): Promise<void> {
    if (command.CommandField >= 0x8000) {
      throw new ProtocolFault(
        ABORT_REASON.unexpectedPduParameter,
        'a response came where none was asked for',
      );
    }
    const request: Request = { command, context, object: undefined, outcome: undefined, bytes: 0 };
    this.#request = request;
    if (command.CommandField === COMMAND.storeRequest && command.CommandDataSetType !== NO_DATA_SET) {
      request.outcome = this.#judgeStore(context, command);
      if (request.outcome === undefined) await this.#openObject(request);
    } else {
      request.outcome = { status: judgeOther(context, command) };
    }
    if (command.CommandDataSetType === NO_DATA_SET) await this.#end();
  }

  #judgeStore(context: AcceptedContext, command: CommandSet): StoreOutcome | undefined {
    const { AffectedSOPClassUID, AffectedSOPInstanceUID } = command;
    if (AffectedSOPClassUID === undefined || AffectedSOPInstanceUID === undefined) {
      return { status: STATUS.missingAttribute, comment: 'affected SOP class or instance is missing' };
    }
    if (!this.#options.supportedStorage.has(AffectedSOPClassUID)) {
      return { status: STATUS.sopClassNotSupported };
    }
    if (AffectedSOPClassUID !== context.abstractSyntax) {
      return { status: STATUS.dataSetDoesNotMatchSopClass, comment: 'SOP class is not that of the context' };
    }
    return isValidUid(AffectedSOPInstanceUID) ? undefined : { status: STATUS.invalidSopInstance };
  }

  async #openObject(request: Request): Promise<void> {
    try {
      request.object = await this.#options.storage.begin(this.#describe(request));
    } catch (thrown) {
      request.outcome = this.#failureOutcome(thrown);
    }
  }

  #describe({ command, context }: Request): IncomingDescription {
    const { connection, callingAeTitle, calledAeTitle } = this.#options;
    return {
      sopClassUid: context.abstractSyntax,
      sopInstanceUid: command.AffectedSOPInstanceUID ?? '',
      transferSyntaxUid: context.transferSyntax,
      callingAeTitle,
      calledAeTitle,
      remoteAddress: connection.remoteAddress,
      presentationContextId: context.contextId,
    };
  }

  // Stays synchronous as long as the sink keeps up: this runs once for every chunk of every file.
  #receive(data: Buffer): Promise<void> | undefined {
    const request = this.#request;
    if (request === undefined) return undefined;
    this.#options.counts.bytesReceived += data.length;
    request.bytes += data.length;
    if (request.object === undefined) return undefined;
    if (request.bytes > this.#options.limits.instanceBytesMax) {
      request.outcome = { status: STATUS.outOfResources, comment: 'instance-too-large' };
      return this.#dropObject();
    }
    try {
      const pending = request.object.write(data);
      return pending instanceof Promise ? this.#awaitWrite(request, pending) : undefined;
    } catch (thrown) {
      request.outcome = this.#failureOutcome(thrown);
      return this.#dropObject();
    }
  }

  async #awaitWrite(request: Request, pending: Promise<void>): Promise<void> {
    try {
      await pending;
    } catch (thrown) {
      request.outcome = this.#failureOutcome(thrown);
      await this.#dropObject();
    }
  }

  async #end(): Promise<void> {
    const request = this.#request;
    if (request === undefined) return;
    const outcome = request.outcome ?? (await this.#finishObject(request));
    this.#request = undefined;
    this.#options.connection.endMessage();
    if (request.command.CommandField === COMMAND.cancelRequest) return;
    if (request.command.CommandField === COMMAND.storeRequest) {
      this.#count(outcome);
      if (request.outcome !== undefined) {
        await this.#options.storage.refused?.(this.#describe(request), request.outcome);
      }
    }
    await this.#respond(request, outcome);
  }

  async #finishObject(request: Request): Promise<StoreOutcome> {
    const { object } = request;
    request.object = undefined;
    try {
      return (await object?.finish()) ?? { status: STATUS.processingFailure };
    } catch (thrown) {
      return this.#failureOutcome(thrown);
    }
  }

  async #dropObject(): Promise<void> {
    const object = this.#request?.object;
    if (this.#request === undefined || object === undefined) return;
    this.#request.object = undefined;
    try {
      await object.abort();
    } catch (thrown) {
      this.#options.log.error({ code: asTriageError(thrown).code }, 'an object could not be dropped');
    }
  }

  #failureOutcome(thrown: unknown): StoreOutcome {
    const { code, message } = asTriageError(thrown);
    this.#options.log.error({ code, reason: message }, 'an object was not stored');
    return { status: ERRORS[code].dimse, comment: code };
  }

  #count(outcome: StoreOutcome): void {
    if (outcome.status === STATUS.success) this.#options.counts.objectsStored += 1;
    else this.#options.counts.objectsRefused += 1;
  }

  async #respond(request: Request, outcome: StoreOutcome): Promise<void> {
    const { command, context } = request;
    const { AffectedSOPClassUID, AffectedSOPInstanceUID } = command;
    const response = encodeCommandSet({
      ...(AffectedSOPClassUID === undefined ? {} : { AffectedSOPClassUID }),
      CommandField: command.CommandField | 0x8000,
      MessageIDBeingRespondedTo: command.MessageID ?? 0,
      CommandDataSetType: NO_DATA_SET,
      Status: outcome.status,
      ...(outcome.comment === undefined ? {} : { ErrorComment: outcome.comment.slice(0, 64) }),
      ...(AffectedSOPInstanceUID === undefined || !isValidUid(AffectedSOPInstanceUID)
        ? {}
        : { AffectedSOPInstanceUID }),
    });
    const { connection, peerPduBytesMax } = this.#options;
    await sendPart(connection, { contextId: context.contextId, isCommand: true, peerPduBytesMax }, [
      response,
    ]);
  }
}

function judgeOther(context: AcceptedContext, command: CommandSet): number {
  if (command.CommandField !== COMMAND.echoRequest) return STATUS.unrecognizedOperation;
  return context.abstractSyntax === VERIFICATION_SOP_CLASS ? STATUS.success : STATUS.sopClassNotSupported;
}
