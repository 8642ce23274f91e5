import type { Caller } from './services.ts';

/** What is known of an object before its first byte; every UID is checked for its form (PS3.5 9.1). */
export interface IncomingDescription {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Priority of the request (PS3.7 9.3.1.1) as the peer wrote it; undefined where it wrote none. */
  readonly priority: number | undefined;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  /** What the acceptance policy made of the caller. */
  readonly siteId: string;
  readonly presentationContextId: number;
}

/** The answer to a C-STORE-RQ: a status (PS3.4 B.2.3) and up to 64 characters for the sender's log. */
export interface StoreOutcome {
  readonly status: number;
  /** Must not hold anything that identifies a patient. */
  readonly comment?: string;
}

/**
 * An object while it arrives. Exactly one of `finish` and `abort` is called, once, and nothing after it.
 * Calls never overlap.
 */
export interface IncomingObject {
  /**
   * Takes the next bytes of the data set. The buffer is read into again as soon as this returns, or what it returned
   * resolves; a sink that keeps bytes copies them. Returning a promise is back-pressure: the socket is paused till
   * then.
   * A rejection ends the object with `abort` and the status of the error's code.
   */
  write(chunk: Buffer): boolean | undefined | Promise<void>;
  /** Makes the object durable; the sender is answered with what this resolves to, and only then. */
  finish(): Promise<StoreOutcome>;
  /** Forgets the object: the association broke, or the object was too long. */
  abort(): Promise<void>;
}

/** Where received objects go. A throw of `begin` refuses the object with the status of the error's code. */
export interface StorageSink {
  begin(incoming: IncomingDescription): Promise<IncomingObject> | IncomingObject;
  /**
   * Told of every C-STORE whose answer was not given by `finish`: it never reached the sink, or ended early.
   * The identifiers are as the peer wrote them, unchecked. Must not throw.
   */
  refused?(incoming: IncomingDescription, outcome: StoreOutcome): Promise<void>;
  /** Told when an association ends, however it does: a caller whose contexts were refused may send nothing at all. */
  ended?(association: EndedAssociation): void;
}

/** What an association came to. */
export interface EndedAssociation {
  readonly caller: Caller;
  /** Abstract syntaxes of the contexts that were not accepted. */
  readonly refusedAbstractSyntaxes: readonly string[];
  readonly storeRequests: number;
}
