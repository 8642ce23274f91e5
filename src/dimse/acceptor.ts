import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Clock } from '../clock.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { AssociateRequest } from './associate-pdu.ts';
import { decodeAssociateRequest, encodeAssociateAccept } from './associate-pdu.ts';
import { Connection } from './connection.ts';
import type { DimseLog } from './dimse-log.ts';
import type { DimseLimits } from './limits.ts';
import { settlePduBytesMax } from './message-writer.ts';
import type { AssociateReject } from './pdu.ts';
import { describeReject, encodeReject, PDU_TYPE } from './pdu.ts';
import type { SupportedSyntaxes } from './presentation-contexts.ts';
import { answerContexts, settleContexts } from './presentation-contexts.ts';
import { StorageService } from './storage-service.ts';
import type { StorageSink } from './storage-sink.ts';
import { DICOM_APPLICATION_CONTEXT, IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION_SOP_CLASS } from './uid.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/uids.ts';

/** Who asks for an association. */
interface AssociationProposal {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
}

/** The answer of a policy to a proposal. */
type AssociationVerdict = { readonly accepted: true } | ({ readonly accepted: false } & AssociateReject);

/** What a listener is made of. */
export interface AcceptorOptions {
  readonly aeTitle: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly limits: DimseLimits;
  /** SOP class UIDs that are stored; Verification is always served besides. */
  readonly supportedStorage: ReadonlySet<string>;
  readonly transferSyntaxes: readonly string[];
  readonly storage: StorageSink;
  /** Whether a proposal to another AE title than ours is rejected. */
  readonly calledAeTitleRequired?: boolean;
  readonly acceptAssociation?: (
    proposal: AssociationProposal,
  ) => AssociationVerdict | Promise<AssociationVerdict>;
  readonly log: DimseLog;
  readonly clock: Clock;
}

/** Counts of a listener: `...Open` is now, the others are since its start. */
interface AcceptorStats {
  readonly connectionsOpen: number;
  readonly associationsOpen: number;
  readonly associationsAccepted: number;
  readonly associationsRejected: number;
  /** Associations and connections that ended without a release. */
  readonly associationsBroken: number;
  readonly objectsStored: number;
  readonly objectsRefused: number;
  readonly bytesReceived: number;
}

/** A listener that runs. */
export interface Acceptor {
  readonly host: string;
  readonly port: number;
  /** Takes no new connection, lets associations end for so long, then aborts them; resolves when all are gone. */
  close(graceMs: number): Promise<void>;
  stats(): AcceptorStats;
}

const REJECT = {
  applicationContext: { result: 1, source: 1, reason: 2 },
  calledAeTitle: { result: 1, source: 1, reason: 7 },
  protocolVersion: { result: 1, source: 2, reason: 2 },
  localLimit: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, AssociateReject>;

/** How much the kernel's bytes may pile up in a socket's own buffer before back-pressure. */
const SOCKET_BUFFER_BYTES = 256 * 1024;
/** How long an aborted association may still need to write its A-ABORT and drop its object. */
const ABORT_MS_MAX = 1000;

/** Listens for associations and serves C-ECHO and C-STORE on them (PS3.4 Annexes A and B). */
export async function startAcceptor(options: AcceptorOptions): Promise<Acceptor> {
  const service = new AcceptorService(options);
  await service.listen();
  return service;
}

class AcceptorService implements Acceptor {
  readonly host: string;
  port: number;
  readonly #options: AcceptorOptions;
  readonly #supported: SupportedSyntaxes;
  readonly #verification: SupportedSyntaxes;
  readonly #server = createServer({ highWaterMark: SOCKET_BUFFER_BYTES }, (socket) => this.#admit(socket));
  /** Every connection with the end of its service. */
  readonly #connections = new Map<Connection, Promise<void>>();
  readonly #counts = {
    associationsOpen: 0,
    associationsAccepted: 0,
    associationsRejected: 0,
    associationsBroken: 0,
    objectsStored: 0,
    objectsRefused: 0,
    bytesReceived: 0,
  };

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.host = options.host;
    this.port = options.port;
    const transferSyntaxes = new Set(options.transferSyntaxes);
    this.#supported = { abstractSyntaxes: options.supportedStorage, transferSyntaxes };
    // Verification has no data set, so any syntax we know will do, and the default one always.
    this.#verification = {
      abstractSyntaxes: new Set([VERIFICATION_SOP_CLASS]),
      transferSyntaxes: new Set([...transferSyntaxes, IMPLICIT_VR_LITTLE_ENDIAN]),
    };
    this.#server.maxConnections = options.limits.connectionsMax;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(
          new TriageError('configuration-invalid', `the DICOM listener cannot listen: ${error.message}`, {
            cause: error,
          }),
        ),
      );
      this.#server.listen(this.#options.port, this.#options.host, resolve);
    });
    this.#server.on('error', (error) =>
      this.#options.log.error({ reason: error.message }, 'the DICOM listener failed to take a connection'),
    );
    this.port = (this.#server.address() as AddressInfo).port;
  }

  stats(): AcceptorStats {
    return { ...this.#counts, connectionsOpen: this.#connections.size };
  }

  async close(graceMs: number): Promise<void> {
    const { clock } = this.#options;
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections.keys()) {
      if (!connection.isEstablished) connection.destroy();
    }
    await settleWithin(clock, graceMs, [...this.#connections.values()]);
    for (const connection of this.#connections.keys()) {
      connection.abort(new TriageError('peer-aborted', 'the listener is closing'));
    }
    await settleWithin(clock, ABORT_MS_MAX, [...this.#connections.values()]);
    for (const connection of this.#connections.keys()) connection.destroy();
    await stopped;
  }

  #admit(socket: Socket): void {
    const { limits, clock } = this.#options;
    const connection = new Connection(socket, 'acceptor', { limits, clock });
    const served = this.#serve(connection);
    this.#connections.set(connection, served);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  // Never rejects: whatever goes wrong in here ends this one connection and nothing else.
  async #serve(connection: Connection): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#associate(connection);
    } catch (thrown) {
      const { code, message } = asTriageError(thrown);
      this.#counts.associationsBroken += 1;
      log.warn({ code, reason: message, remoteAddress: connection.remoteAddress }, 'an association broke');
      connection.abort(asTriageError(thrown));
    }
  }

  async #associate(connection: Connection): Promise<void> {
    const { limits } = this.#options;
    const event = await connection.next();
    if (event.kind !== 'pdu' || event.type !== PDU_TYPE.associateRequest) {
      throw new TriageError('unexpected', 'the state machine let something through before a proposal');
    }
    const request = decodeAssociateRequest(event.content, limits.presentationContextsMax);
    connection.endMessage();
    const rejection = await this.#judge(request, connection);
    if (rejection !== undefined) {
      this.#counts.associationsRejected += 1;
      const fields = { callingAeTitle: request.callingAeTitle, remoteAddress: connection.remoteAddress };
      this.#options.log.warn({ ...fields, reason: describeReject(rejection) }, 'an association was rejected');
      connection.reject(encodeReject(rejection));
      return;
    }
    this.#counts.associationsAccepted += 1;
    this.#counts.associationsOpen += 1;
    try {
      await this.#serveAccepted(connection, request);
    } finally {
      this.#counts.associationsOpen -= 1;
    }
  }

  async #judge(request: AssociateRequest, connection: Connection): Promise<AssociateReject | undefined> {
    const { aeTitle, calledAeTitleRequired, acceptAssociation, limits } = this.#options;
    const { callingAeTitle, calledAeTitle } = request;
    // Only bit 0, version 1, is tested (PS3.8 9.3.2).
    if ((request.protocolVersion & 1) === 0) return REJECT.protocolVersion;
    if (request.applicationContextName !== DICOM_APPLICATION_CONTEXT) return REJECT.applicationContext;
    if (calledAeTitleRequired === true && calledAeTitle !== aeTitle) return REJECT.calledAeTitle;
    if (acceptAssociation !== undefined) {
      const { remoteAddress } = connection;
      const verdict = await acceptAssociation({ callingAeTitle, calledAeTitle, remoteAddress });
      if (!verdict.accepted) return verdict;
    }
    return this.#counts.associationsOpen >= limits.associationsMax ? REJECT.localLimit : undefined;
  }

  async #serveAccepted(connection: Connection, request: AssociateRequest): Promise<void> {
    const { limits, log, storage, supportedStorage } = this.#options;
    const { callingAeTitle, calledAeTitle, userInformation } = request;
    const peerPduBytesMax = settlePduBytesMax(userInformation.pduBytesMax, limits);
    const answers = answerContexts(request.presentationContexts, (abstractSyntax) =>
      abstractSyntax === VERIFICATION_SOP_CLASS ? this.#verification : this.#supported,
    );
    const asked = userInformation.asynchronousOperations;
    const accept = encodeAssociateAccept({
      ...request,
      protocolVersion: 1,
      presentationContexts: answers,
      userInformation: {
        pduBytesMax: limits.pduBytesMax,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
        // One operation at a time, and that said only where it was asked (PS3.7 D.3.3.3).
        ...(asked === undefined ? {} : { asynchronousOperations: { invoked: 1, performed: 1 } }),
      },
    });
    connection.send('local-accept', accept);
    const { remoteAddress } = connection;
    log.info({ callingAeTitle, calledAeTitle, remoteAddress }, 'an association was accepted');
    const contexts = settleContexts(request.presentationContexts, answers);
    const counts = this.#counts;
    await new StorageService({
      ...{ connection, contexts, callingAeTitle, calledAeTitle, peerPduBytesMax },
      ...{ supportedStorage, limits, storage, counts, log },
    }).serve();
    log.info({ callingAeTitle, remoteAddress }, 'an association was released');
  }
}

async function settleWithin(clock: Clock, waitMs: number, work: readonly Promise<void>[]): Promise<void> {
  if (work.length === 0) return;
  await new Promise<void>((resolve) => {
    const cancel = clock.schedule(waitMs, resolve);
    void Promise.allSettled(work).then(() => {
      cancel();
      resolve();
    });
  });
}
