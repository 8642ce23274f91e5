import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import {
  DXA_REPORT_SOP_CLASS_UIDS,
  IMAGE_SOP_CLASS_UIDS,
  isValidUid,
  TRANSFER_SYNTAXES,
} from '../dicom/uids.ts';
import { type Acceptor, startAcceptor } from '../dimse/acceptor.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import type { AssociationProposal, AssociationVerdict, DimseService } from '../dimse/services.ts';
import { STATUS } from '../dimse/status.ts';
import { storePriorityOf } from '../decide/job-priority.ts';
import type { TlsListening } from '../dimse/tls-server.ts';
import type { EndedAssociation, IncomingObject, StorageSink, StoreOutcome } from '../dimse/storage-sink.ts';
import { ERRORS, type ErrorCode, TriageError } from '../errors.ts';
import { isReadableByEveryone } from '../secret-file.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { judgeProposal, mayStore, REJECTIONS } from './acceptance-policy.ts';
import { type Meter, silentMeter } from '../meter.ts';
import type { IntakeGate } from './intake-gate.ts';
import type { InstanceReceiver, Reception } from './receive-instance.ts';

/** What of the configuration concerns the DICOM node. */
export type DicomNodeSettings = Pick<
  Config,
  | 'aeTitle'
  | 'dimseHost'
  | 'dimsePort'
  | 'tlsPort'
  | 'tlsCertificateFile'
  | 'tlsKeyFile'
  | 'tlsAuthoritiesFile'
  | 'tlsClientCertificate'
>;

/** What the DICOM node works with. */
export interface DicomNodeParts {
  readonly limits: DimseLimits;
  readonly receiver: InstanceReceiver;
  readonly gate: IntakeGate;
  readonly sites: SiteDirectory;
  /** What is served beside C-ECHO and C-STORE. */
  readonly services: readonly DimseService[];
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
}

/** The DICOM node while it runs. */
export interface DicomNode {
  readonly host: string;
  readonly port: number;
  /** null where TLS is not configured. */
  readonly tlsPort: number | null;
  /** Takes no new connection, lets associations end for so long, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** Kinds of films that are refused at the association, by SOP class, for the words to the administrator. */
const REFUSED_KINDS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10008.5.1.4.1.1.1.2', 'digital mammography'],
  ['1.2.840.10008.5.1.4.1.1.1.2.1', 'digital mammography'],
  ['1.2.840.10008.5.1.4.1.1.13.1.3', 'breast tomosynthesis'],
  ['1.2.840.10008.5.1.4.1.1.12.1.1', 'enhanced XA'],
  ['1.2.840.10008.5.1.4.1.1.12.2.1', 'enhanced XRF'],
]);

/** Refused callers that are remembered, so that one that polls does not fill the record. */
const REFUSED_CALLERS_MAX = 1_000;

/**
 * Starts the DICOM node: C-ECHO, C-STORE of radiographs in every transfer syntax that we hold, and the services,
 * each for the callers that the sites file gives the right to; the same again over TLS on a port of its own.
 */
export async function startDicomNode(settings: DicomNodeSettings, parts: DicomNodeParts): Promise<DicomNode> {
  const { aeTitle, dimseHost: host, dimsePort: port, tlsPort } = settings;
  const { limits, clock, log, services, meter = silentMeter } = parts;
  const tls = tlsPort === null ? undefined : tlsListening(settings, log);
  const running: Acceptor[] = [];
  // Each listener keeps its own count; the limit is that of the node.
  const countOpen = (): number =>
    running.reduce((sum, acceptor) => sum + acceptor.stats().associationsOpen, 0);
  meter.gauge('osteotriage_associations_open', () => Promise.resolve([{ labels: {}, value: countOpen() }]));
  const listener = {
    ...{ aeTitle, host, limits, services, clock, log },
    supportedStorage: new Set([...IMAGE_SOP_CLASS_UIDS, ...DXA_REPORT_SOP_CLASS_UIDS]),
    transferSyntaxes: TRANSFER_SYNTAXES.map((syntax) => syntax.uid),
    storage: storageSink(parts.receiver),
    acceptAssociation: (proposal: AssociationProposal): AssociationVerdict => {
      const verdict: AssociationVerdict =
        countOpen() >= limits.associationsMax
          ? { accepted: false, ...REJECTIONS.localLimit }
          : admit(proposal, aeTitle, parts);
      meter.count('osteotriage_associations_total', { result: answerOf(verdict) });
      return verdict;
    },
  };
  const plain = await startAcceptor({ ...listener, port });
  running.push(plain);
  if (tlsPort === null || tls === undefined) {
    return { host, port: plain.port, tlsPort: null, close: (graceMs) => plain.close(graceMs) };
  }
  try {
    const secure = await startAcceptor({ ...listener, port: tlsPort, tls });
    running.push(secure);
    const close = async (graceMs: number): Promise<void> => {
      await Promise.all([plain.close(graceMs), secure.close(graceMs)]);
    };
    return { host, port: plain.port, tlsPort: secure.port, close };
  } catch (thrown) {
    await plain.close(0);
    throw thrown;
  }
}

/** What the TLS port shows and asks; throws configuration-invalid naming the setting that is missing. */
function tlsListening(settings: DicomNodeSettings, log: Log): TlsListening {
  const files = {
    TRIAGE_TLS_CERTIFICATE_FILE: settings.tlsCertificateFile,
    TRIAGE_TLS_KEY_FILE: settings.tlsKeyFile,
    TRIAGE_TLS_CA_FILE: settings.tlsAuthoritiesFile,
  };
  const missing = Object.entries(files).flatMap(([variable, path]) => (path === '' ? [variable] : []));
  if (missing.length > 0) {
    throw new TriageError('configuration-invalid', `TRIAGE_TLS_PORT also needs ${missing.join(', ')}`);
  }
  if (isReadableByEveryone(settings.tlsKeyFile)) {
    log.warn({ path: settings.tlsKeyFile }, 'everyone on this machine can read the private key: chmod 600');
  }
  return {
    certificateFile: settings.tlsCertificateFile,
    keyFile: settings.tlsKeyFile,
    authoritiesFile: settings.tlsAuthoritiesFile,
    clientCertificate: settings.tlsClientCertificate,
  };
}

/** The answer as it is counted: result, source and reason as the standard numbers them, as in the log of the sender. */
function answerOf(verdict: AssociationVerdict): string {
  if (verdict.accepted) return 'accepted';
  return `rejected ${verdict.result}/${verdict.source}/${verdict.reason}`;
}

/** The policy, and the gate for those who may send films: a scanner gets its worklist also while the queue is full. */
function admit(
  proposal: AssociationProposal,
  aeTitle: string,
  { sites, gate }: DicomNodeParts,
): AssociationVerdict {
  const verdict = judgeProposal(proposal, sites.book(), aeTitle);
  if (!verdict.accepted || !mayStore(verdict.abstractSyntaxes)) return verdict;
  return gate.judgeAssociation() === undefined ? verdict : { accepted: false, ...REJECTIONS.localLimit };
}

function storageSink(receiver: InstanceReceiver): StorageSink {
  const noted = new Set<string>();
  return {
    async begin(incoming): Promise<IncomingObject> {
      const reception = await receiver.begin({
        ...incoming,
        storePriority: storePriorityOf(incoming.priority),
      });
      return {
        write: (chunk) => reception.write(chunk),
        finish: async () => answer(await reception.finish()),
        abort: () => reception.abort(),
      };
    },
    async refused(incoming, outcome): Promise<void> {
      const { sopInstanceUid, callingAeTitle } = incoming;
      // A UID of the wrong form may hold anything, so it is not written down.
      const named = isValidUid(sopInstanceUid) ? sopInstanceUid : '';
      const code = codeOf(outcome);
      await receiver.refuse(
        { sopInstanceUid: named, callingAeTitle },
        new TriageError(code, ERRORS[code].action),
      );
    },
    ended(association): void {
      const kinds = refusedKindsOf(association);
      const { callingAeTitle } = association.caller;
      const note = `${callingAeTitle}: ${kinds.join(', ')}`;
      if (kinds.length === 0 || noted.has(note) || noted.size >= REFUSED_CALLERS_MAX) return;
      noted.add(note);
      const words = `${kinds.join(', ')} is not read by this node and was refused: the caller sent nothing`;
      void receiver.refuse(
        { sopInstanceUid: '', callingAeTitle },
        new TriageError('sop-class-not-supported', words),
      );
    },
  };
}

/** A sender that proposes all there is and then sends a film was refused nothing that it wanted. */
function refusedKindsOf({ refusedAbstractSyntaxes, storeRequests }: EndedAssociation): readonly string[] {
  if (storeRequests > 0) return [];
  const kinds = refusedAbstractSyntaxes.map((uid) => REFUSED_KINDS.get(uid));
  return [...new Set(kinds.filter((kind) => kind !== undefined))];
}

function answer(reception: Reception): StoreOutcome {
  if (reception.kind !== 'refused') return { status: STATUS.success };
  const { code } = reception.error;
  return { status: ERRORS[code].dimse, comment: code };
}

/** The DIMSE layer puts our code into the comment where it had one; else the status says enough. */
function codeOf(outcome: StoreOutcome): ErrorCode {
  const { status, comment } = outcome;
  if (comment !== undefined && Object.hasOwn(ERRORS, comment)) return comment as ErrorCode;
  if (status === STATUS.sopClassNotSupported) return 'sop-class-not-supported';
  if (status === STATUS.dataSetDoesNotMatchSopClass) return 'sop-class-mismatch';
  if (status === STATUS.invalidSopInstance || status === STATUS.missingAttribute)
    return 'identifiers-missing';
  return 'unexpected';
}
