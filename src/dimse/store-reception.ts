import { isValidUid } from '../dicom/uids.ts';
import { asTriageError, ERRORS } from '../errors.ts';
import type { CommandSet } from './command-set.ts';
import type { DimseLog } from './dimse-log.ts';
import type { AcceptedContext } from './presentation-contexts.ts';
import type { Caller } from './services.ts';
import { STATUS } from './status.ts';
import type { IncomingDescription, IncomingObject, StorageSink, StoreOutcome } from './storage-sink.ts';

/** Counts since the acceptor started. */
export interface StorageCounts {
  objectsStored: number;
  objectsRefused: number;
  bytesReceived: number;
}

/** What storing needs besides the request. */
export interface StorePlace {
  readonly supportedStorage: ReadonlySet<string>;
  readonly storage: StorageSink;
  readonly instanceBytesMax: number;
  readonly counts: StorageCounts;
  readonly log: DimseLog;
  readonly caller: Caller;
}

/** One C-STORE on its way in (PS3.7 9.3.1): it has an object, or an outcome that is certain and data to drain. */
export class StoreReception {
  readonly #place: StorePlace;
  readonly #command: CommandSet;
  readonly #context: AcceptedContext;
  #object: IncomingObject | undefined;
  #outcome: StoreOutcome | undefined;
  #bytes = 0;

  constructor(place: StorePlace, context: AcceptedContext, command: CommandSet) {
    this.#place = place;
    this.#context = context;
    this.#command = command;
  }

  /** Asks the sink for a place, unless the request itself is wrong. Never rejects. */
  async begin(): Promise<void> {
    this.#outcome = this.#judge();
    if (this.#outcome !== undefined) return;
    try {
      this.#object = await this.#place.storage.begin(this.#describe());
    } catch (thrown) {
      this.#outcome = this.#failureOutcome(thrown);
    }
  }

  // Stays synchronous as long as the sink keeps up: this runs once for every chunk of every file.
  /** Takes the next bytes; a promise is back-pressure. */
  receive(data: Buffer): Promise<void> | undefined {
    this.#place.counts.bytesReceived += data.length;
    this.#bytes += data.length;
    if (this.#object === undefined) return undefined;
    if (this.#bytes > this.#place.instanceBytesMax) {
      this.#outcome = { status: STATUS.outOfResources, comment: 'instance-too-large' };
      return this.drop();
    }
    try {
      const pending = this.#object.write(data);
      return pending instanceof Promise ? this.#awaitWrite(pending) : undefined;
    } catch (thrown) {
      this.#outcome = this.#failureOutcome(thrown);
      return this.drop();
    }
  }

  /** The data set is complete: gives the answer. */
  async end(): Promise<StoreOutcome> {
    const { counts, storage } = this.#place;
    const outcome = this.#outcome ?? (await this.#finish());
    if (outcome.status === STATUS.success) counts.objectsStored += 1;
    else counts.objectsRefused += 1;
    if (this.#outcome !== undefined) await storage.refused?.(this.#describe(), this.#outcome);
    return outcome;
  }

  /** Forgets the object, if there is one; never rejects. */
  async drop(): Promise<void> {
    const object = this.#object;
    this.#object = undefined;
    try {
      await object?.abort();
    } catch (thrown) {
      this.#place.log.error({ code: asTriageError(thrown).code }, 'an object could not be dropped');
    }
  }

  #judge(): StoreOutcome | undefined {
    const { AffectedSOPClassUID, AffectedSOPInstanceUID } = this.#command;
    if (AffectedSOPClassUID === undefined || AffectedSOPInstanceUID === undefined) {
      return { status: STATUS.missingAttribute, comment: 'affected SOP class or instance is missing' };
    }
    if (!this.#place.supportedStorage.has(AffectedSOPClassUID)) {
      return { status: STATUS.sopClassNotSupported };
    }
    if (AffectedSOPClassUID !== this.#context.abstractSyntax) {
      return { status: STATUS.dataSetDoesNotMatchSopClass, comment: 'SOP class is not that of the context' };
    }
    return isValidUid(AffectedSOPInstanceUID) ? undefined : { status: STATUS.invalidSopInstance };
  }

  #describe(): IncomingDescription {
    const { callingAeTitle, calledAeTitle, remoteAddress, siteId } = this.#place.caller;
    return {
      sopClassUid: this.#context.abstractSyntax,
      sopInstanceUid: this.#command.AffectedSOPInstanceUID ?? '',
      transferSyntaxUid: this.#context.transferSyntax,
      priority: this.#command.Priority,
      callingAeTitle,
      calledAeTitle,
      remoteAddress,
      siteId,
      presentationContextId: this.#context.contextId,
    };
  }

  async #awaitWrite(pending: Promise<void>): Promise<void> {
    try {
      await pending;
    } catch (thrown) {
      this.#outcome = this.#failureOutcome(thrown);
      await this.drop();
    }
  }

  async #finish(): Promise<StoreOutcome> {
    const object = this.#object;
    this.#object = undefined;
    try {
      return (await object?.finish()) ?? { status: STATUS.processingFailure };
    } catch (thrown) {
      return this.#failureOutcome(thrown);
    }
  }

  #failureOutcome(thrown: unknown): StoreOutcome {
    const { code, message } = asTriageError(thrown);
    this.#place.log.error({ code, reason: message }, 'an object was not stored');
    return { status: ERRORS[code].dimse, comment: code };
  }
}
