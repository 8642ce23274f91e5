import type { Clock } from '../clock.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/uids.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { AssociateAccept, ProposedContext, RoleSelection } from './associate-pdu.ts';
import { decodeAssociateAccept, encodeAssociateRequest } from './associate-pdu.ts';
import { Connection } from './connection.ts';
import type { DimseLimits } from './limits.ts';
import { settlePduBytesMax } from './message-writer.ts';
import { decodeReject, describeReject, PDU_TYPE } from './pdu.ts';
import { settleContexts } from './presentation-contexts.ts';
import { Association } from './requested-association.ts';
import type { NormalizedAnswer, NormalizedRequest } from './services.ts';
import type { TlsFiles } from './tls-files.ts';
import { openTransport } from './transport.ts';
import { DICOM_APPLICATION_CONTEXT } from './uid.ts';

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
    /** Whether we act as its provider and the peer as user, to report events (PS3.7 D.3.3.4). */
    readonly isProvider?: boolean;
  }[];
  readonly limits: DimseLimits;
  readonly clock: Clock;
  readonly connectMsMax: number;
  /** Left out: no TLS. */
  readonly tls?: TlsFiles;
  /** Takes events that the peer reports while the association is open; left out: they are answered 0211. */
  readonly onEvent?: (event: NormalizedRequest) => Promise<NormalizedAnswer>;
}

const CONTEXTS_MAX = 128;

/**
 * Opens an association. Throws `peer-unreachable` (no connection, no trust, or no answer in time),
 * `peer-rejected` (rejected, or no presentation context accepted), `peer-aborted`, `protocol-error`, or
 * `configuration-invalid` (a TLS file that cannot be read).
 */
export async function openAssociation(options: AssociationOptions): Promise<Association> {
  const proposed = proposeContexts(options);
  const socket = await openTransport(options);
  const { limits, clock, onEvent } = options;
  const connection = new Connection(socket, 'requestor', { limits, clock });
  try {
    const { presentationContexts, userInformation } = await negotiate(connection, options, proposed);
    const contexts = settleContexts(proposed, presentationContexts);
    if (contexts.size === 0) {
      // Told at once: otherwise every object would fail in its turn.
      throw new TriageError('peer-rejected', 'the peer accepted no presentation context');
    }
    return new Association({
      ...{ connection, contexts, limits, clock, roles: userInformation.roles ?? [] },
      peerPduBytesMax: settlePduBytesMax(userInformation.pduBytesMax, limits),
      ...(onEvent === undefined ? {} : { onEvent }),
    });
  } catch (thrown) {
    connection.abort(asTriageError(thrown));
    if (connection.isOpen) connection.destroy();
    throw thrown;
  }
}

function proposeContexts(options: AssociationOptions): ProposedContext[] {
  const { contexts } = options;
  if (contexts.length === 0 || contexts.length > CONTEXTS_MAX) {
    throw new TriageError('request-invalid', `${contexts.length} presentation contexts cannot be proposed`);
  }
  return contexts.map(({ abstractSyntax, transferSyntaxes }, index) => ({
    ...{ abstractSyntax, transferSyntaxes },
    contextId: index * 2 + 1,
  }));
}

async function negotiate(
  connection: Connection,
  options: AssociationOptions,
  proposed: readonly ProposedContext[],
): Promise<AssociateAccept> {
  const { calledAeTitle, callingAeTitle, limits } = options;
  const roles = rolesOf(options);
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
        ...(roles.length === 0 ? {} : { roles }),
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

function rolesOf(options: AssociationOptions): readonly RoleSelection[] {
  const classes = options.contexts
    .filter(({ isProvider }) => isProvider)
    .map(({ abstractSyntax }) => abstractSyntax);
  return [...new Set(classes)].map((sopClassUid) => ({ sopClassUid, isUser: false, isProvider: true }));
}
