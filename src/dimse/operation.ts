import { asTriageError, type TriageError } from '../errors.ts';
import type { CommandSet } from './command-set.ts';
import { COMMAND, NO_DATA_SET } from './command-set.ts';
import type { DimseLog } from './dimse-log.ts';
import type { GatheredDataSet } from './gathered-data-set.ts';
import type { MessageSender } from './message-sender.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import { normalizedRequest } from './normalized-request.ts';
import { failureAnswer, responseTo } from './response.ts';
import type {
  Caller,
  DimseService,
  EventReporter,
  FindService,
  NormalizedAnswer,
  NormalizedService,
} from './services.ts';
import { STATUS } from './status.ts';
import { VERIFICATION_SOP_CLASS } from './uid.ts';

/** What one operation works with. */
export interface OperationOptions {
  readonly command: CommandSet;
  readonly context: AcceptedContext;
  readonly data: GatheredDataSet;
  /** The service of the context's abstract syntax, if there is one. */
  readonly service: DimseService | undefined;
  readonly caller: Caller;
  readonly sender: MessageSender;
  readonly report: EventReporter;
  readonly log: DimseLog;
}

/** One operation other than C-STORE, from the complete request to its last answer. */
export class Operation {
  /** Resolves when the last answer is sent, or the connection failed; never rejects. */
  done: Promise<void> = Promise.resolve();
  readonly #options: OperationOptions;
  readonly #cancelled = new AbortController();

  constructor(options: OperationOptions) {
    this.#options = options;
  }

  /** Performs it; `onBroken` is told when an answer could not be sent. */
  start(during: (work: Promise<void>) => Promise<void>, onBroken: (error: TriageError) => void): void {
    this.done = during(this.#perform()).catch((thrown: unknown) => onBroken(asTriageError(thrown)));
  }

  /** Ends a C-FIND early; a C-CANCEL names the request it means (PS3.7 9.3.2.3), the end of all needs no name. */
  cancel(messageId = this.#options.command.MessageID): void {
    if (messageId === this.#options.command.MessageID) this.#cancelled.abort();
  }

  async #perform(): Promise<void> {
    const { command, context, sender } = this.#options;
    const { dataset, ...answer } = await this.#answer();
    await sender.send(context, responseTo(command, answer), dataset);
  }

  async #answer(): Promise<NormalizedAnswer> {
    const { command, context, service, log } = this.#options;
    if (command.CommandField === COMMAND.echoRequest) {
      const isVerification = context.abstractSyntax === VERIFICATION_SOP_CLASS;
      return { status: isVerification ? STATUS.success : STATUS.sopClassNotSupported };
    }
    const isFind = command.CommandField === COMMAND.findRequest;
    try {
      if (service?.kind === 'find' && isFind) return await this.#find(service);
      if (service?.kind === 'normalized') return await this.#normalized(service);
      return { status: STATUS.unrecognizedOperation };
    } catch (thrown) {
      const { code, message } = asTriageError(thrown);
      log.warn({ code, reason: message, siteId: this.#options.caller.siteId }, 'an operation failed');
      return failureAnswer(command, thrown);
    }
  }

  async #find(service: FindService): Promise<NormalizedAnswer> {
    const { command, context, data, caller, sender } = this.#options;
    if (command.AffectedSOPClassUID !== context.abstractSyntax)
      return { status: STATUS.sopClassNotSupported };
    if (command.CommandDataSetType === NO_DATA_SET) {
      return { status: STATUS.dataSetDoesNotMatchSopClass, comment: 'the identifier is missing' };
    }
    if (data.isTooLong) return { status: STATUS.outOfResources, comment: 'the identifier is too long' };
    const { signal } = this.#cancelled;
    const identifier = data.decode(context.transferSyntax);
    const isUnsupported = service.hasUnsupportedKeys?.(identifier) === true;
    const status = isUnsupported ? STATUS.pendingWithUnsupportedKeys : STATUS.pending;
    const pending = responseTo(command, { status });
    for await (const match of service.find(identifier, caller, signal)) {
      if (signal.aborted) break;
      await sender.send(context, pending, match);
    }
    return { status: signal.aborted ? STATUS.cancelled : STATUS.success };
  }

  async #normalized(service: NormalizedService): Promise<NormalizedAnswer> {
    const { caller, report } = this.#options;
    const request = normalizedRequest(this.#options);
    if ('status' in request) return request;
    const unserved = Promise.resolve({ status: STATUS.unrecognizedOperation });
    switch (this.#options.command.CommandField) {
      case COMMAND.createRequest:
        return service.create?.(request, caller) ?? unserved;
      case COMMAND.setRequest:
        return service.set?.(request, caller) ?? unserved;
      case COMMAND.actionRequest:
        return service.action?.(request, caller, report) ?? unserved;
      case COMMAND.eventReportRequest:
        return service.event?.(request, caller) ?? unserved;
      default:
        return unserved;
    }
  }
}
