import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Clock } from '../clock.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { AssociateRequest, RoleSelection } from './associate-pdu.ts';
import { decodeAssociateRequest, encodeAssociateAccept } from './associate-pdu.ts';
import { AssociationService } from './association-service.ts';
import { Connection } from './connection.ts';
import type { DimseLog } from './dimse-log.ts';
import type { DimseLimits } from './limits.ts';
import { settlePduBytesMax } from './message-writer.ts';
import type { AssociateReject } from './pdu.ts';
import { describeReject, encodeReject, PDU_TYPE } from './pdu.ts';
import { answerContexts, settleContexts } from './presentation-contexts.ts';
import type { AssociationProposal, AssociationVerdict, Caller, DimseService } from './services.ts';
import type { StorageSink } from './storage-sink.ts';
import { type TlsListening, TlsServer } from './tls-server.ts';
import { DICOM_APPLICATION_CONTEXT, IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION_SOP_CLASS } from './uid.ts';
import { MESSAGE_TRANSFER_SYNTAX_UIDS } from '../dicom/dimse-data-set.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/uids.ts';

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
  /** What is served besides; each abstract syntax by one service. */
  readonly services?: readonly DimseService[];
  readonly acceptAssociation: (
    proposal: AssociationProposal,
  ) => AssociationVerdict | Promise<AssociationVerdict>;
  /** Left out: no TLS. A listener speaks one or the other. */
  readonly tls?: TlsListening;
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

interface Accepted {
  readonly accepted: true;
  readonly caller: Caller;
  readonly abstractSyntaxes: ReadonlySet<string> | null;
}

type Judgement = Accepted | ({ readonly accepted: false } & AssociateReject);

const REJECT = {
  applicationContext: { accepted: false, result: 1, source: 1, reason: 2 },
  protocolVersion: { accepted: false, result: 1, source: 2, reason: 2 },
  localLimit: { accepted: false, result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, Judgement>;

/** How much the kernel's bytes may pile up in a socket's own buffer before back-pressure. */
const SOCKET_BUFFER_BYTES = 256 * 1024;
/** How long an aborted association may still need to write its A-ABORT and drop its object. */
const ABORT_MS_MAX = 1000;

/** Listens for associations and serves C-ECHO, C-STORE and the given services on them. */
export async function startAcceptor(options: AcceptorOptions): Promise<Acceptor> {
  const service = new AcceptorService(options);
  await service.listen();
  return service;
}

class AcceptorService implements Acceptor {
  readonly host: string;
  port: number;
  readonly #options: AcceptorOptions;
  readonly #services: ReadonlyMap<string, DimseService>;
  /** Transfer syntaxes by what they carry. */
  readonly #storageSyntaxes: ReadonlySet<string>;
  readonly #messageSyntaxes = new Set(MESSAGE_TRANSFER_SYNTAX_UIDS);
  readonly #verificationSyntaxes: ReadonlySet<string>;
  readonly #tlsServer: TlsServer | undefined;
  readonly #server: Server;
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
    this.#services = new Map(
      (options.services ?? []).flatMap((service) =>
        service.sopClassUids.map((uid) => [uid, service] as const),
      ),
    );
    this.#storageSyntaxes = new Set(options.transferSyntaxes);
    // Verification has no data set, so any syntax we know will do, and the default one always.
    this.#verificationSyntaxes = new Set([...options.transferSyntaxes, IMPLICIT_VR_LITTLE_ENDIAN]);
    this.#tlsServer = this.#createTlsServer();
    this.#server =
      this.#tlsServer?.server ??
      createServer({ highWaterMark: SOCKET_BUFFER_BYTES }, (socket) => this.#admit(socket, null));
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
    this.#tlsServer?.close();
    await stopped;
  }

  #createTlsServer(): TlsServer | undefined {
    const { tls, limits, clock, log } = this.#options;
    if (tls === undefined) return undefined;
    return new TlsServer({
      ...{ tls, clock, log, handshakeSecondsMax: limits.artimSecondsMax },
      onCaller: (socket, certificateSha256) => this.#admit(socket, certificateSha256),
      onRefused: () => (this.#counts.associationsBroken += 1),
    });
  }

  #admit(socket: Socket, certificateSha256: string | null): void {
    const { limits, clock } = this.#options;
    const connection = new Connection(socket, 'acceptor', { limits, clock });
    const served = this.#serve(connection, certificateSha256);
    this.#connections.set(connection, served);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  // Never rejects: whatever goes wrong in here ends this one connection and nothing else.
  async #serve(connection: Connection, certificateSha256: string | null): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#associate(connection, certificateSha256);
    } catch (thrown) {
      const { code, message } = asTriageError(thrown);
      this.#counts.associationsBroken += 1;
      log.warn({ code, reason: message, remoteAddress: connection.remoteAddress }, 'an association broke');
      connection.abort(asTriageError(thrown));
    }
  }

  async #associate(connection: Connection, certificateSha256: string | null): Promise<void> {
    const { limits } = this.#options;
    const event = await connection.next();
    if (event.kind !== 'pdu' || event.type !== PDU_TYPE.associateRequest) {
      throw new TriageError('unexpected', 'the state machine let something through before a proposal');
    }
    const request = decodeAssociateRequest(event.content, limits.presentationContextsMax);
    connection.endMessage();
    const verdict = await this.#judge(request, connection.remoteAddress, certificateSha256);
    if (!verdict.accepted) {
      this.#counts.associationsRejected += 1;
      const fields = { callingAeTitle: request.callingAeTitle, remoteAddress: connection.remoteAddress };
      this.#options.log.warn({ ...fields, reason: describeReject(verdict) }, 'an association was rejected');
      connection.reject(encodeReject(verdict));
      return;
    }
    this.#counts.associationsAccepted += 1;
    this.#counts.associationsOpen += 1;
    try {
      await this.#serveAccepted(connection, request, verdict);
    } finally {
      this.#counts.associationsOpen -= 1;
    }
  }

  async #judge(
    request: AssociateRequest,
    remoteAddress: string,
    certificateSha256: string | null,
  ): Promise<Judgement> {
    const { acceptAssociation, limits, tls } = this.#options;
    // Only bit 0, version 1, is tested (PS3.8 9.3.2).
    if ((request.protocolVersion & 1) === 0) return REJECT.protocolVersion;
    if (request.applicationContextName !== DICOM_APPLICATION_CONTEXT) return REJECT.applicationContext;
    const { callingAeTitle, calledAeTitle } = request;
    const secure = tls !== undefined;
    const proposal = { callingAeTitle, calledAeTitle, remoteAddress, secure, certificateSha256 };
    const verdict = await acceptAssociation(proposal);
    if (!verdict.accepted) return verdict;
    if (this.#counts.associationsOpen >= limits.associationsMax) return REJECT.localLimit;
    const { siteId, abstractSyntaxes } = verdict;
    return { accepted: true, caller: { ...proposal, siteId }, abstractSyntaxes };
  }

  /** Transfer syntaxes of an abstract syntax; Verification is open to everyone whom the policy lets in. */
  #syntaxesOf(abstractSyntax: string, allowed: ReadonlySet<string> | null): ReadonlySet<string> | undefined {
    if (abstractSyntax === VERIFICATION_SOP_CLASS) return this.#verificationSyntaxes;
    if (allowed?.has(abstractSyntax) === false) return undefined;
    if (this.#options.supportedStorage.has(abstractSyntax)) return this.#storageSyntaxes;
    return this.#services.has(abstractSyntax) ? this.#messageSyntaxes : undefined;
  }

  /** Whoever calls is user of what we serve, and provider of events where a service takes them (PS3.7 D.3.3.4). */
  #answerRole({ sopClassUid, isUser, isProvider }: RoleSelection): RoleSelection {
    const service = this.#services.get(sopClassUid);
    const takesEvents = service?.kind === 'normalized' && service.event !== undefined;
    return { sopClassUid, isUser, isProvider: isProvider && takesEvents };
  }

  async #serveAccepted(
    connection: Connection,
    request: AssociateRequest,
    judgement: Accepted,
  ): Promise<void> {
    const { limits, log, storage, supportedStorage } = this.#options;
    const { userInformation } = request;
    const { caller, abstractSyntaxes } = judgement;
    const peerPduBytesMax = settlePduBytesMax(userInformation.pduBytesMax, limits);
    const answers = answerContexts(request.presentationContexts, (abstractSyntax) =>
      this.#syntaxesOf(abstractSyntax, abstractSyntaxes),
    );
    const roles = (userInformation.roles ?? []).map((role) => this.#answerRole(role));
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
        ...(roles.length === 0 ? {} : { roles }),
      },
    });
    connection.send('local-accept', accept);
    const { callingAeTitle, calledAeTitle, remoteAddress, siteId } = caller;
    log.info({ callingAeTitle, calledAeTitle, remoteAddress, siteId }, 'an association was accepted');
    const contexts = settleContexts(request.presentationContexts, answers);
    const { instanceBytesMax } = limits;
    const service = new AssociationService({
      ...{ connection, contexts, peerPduBytesMax, limits, services: this.#services },
      place: { supportedStorage, storage, instanceBytesMax, counts: this.#counts, log, caller },
    });
    try {
      await service.serve();
    } finally {
      const refused = request.presentationContexts.filter(({ contextId }) => !contexts.has(contextId));
      const refusedAbstractSyntaxes = refused.map(({ abstractSyntax }) => abstractSyntax);
      storage.ended?.({ caller, refusedAbstractSyntaxes, storeRequests: service.storeRequests });
    }
    log.info({ callingAeTitle, remoteAddress, siteId }, 'an association was released');
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
