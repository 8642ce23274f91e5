/** What an acceptor serves beside C-ECHO and C-STORE, and whom it serves it to. */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AssociateReject } from './pdu.ts';

/** Who asks for an association; the certificate is the one that TLS checked. */
export interface AssociationProposal {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly secure: boolean;
  /** Lower-case hexadecimal SHA-256 of the client certificate; null where none was shown. */
  readonly certificateSha256: string | null;
}

/** A caller whose association was accepted. */
export interface Caller extends AssociationProposal {
  /** The site that the acceptance policy found; an opaque name in this layer. */
  readonly siteId: string;
}

/** The answer of a policy to a proposal; `abstractSyntaxes` null leaves all that the acceptor serves. */
export type AssociationVerdict =
  | {
      readonly accepted: true;
      readonly siteId: string;
      readonly abstractSyntaxes: ReadonlySet<string> | null;
    }
  | ({ readonly accepted: false } & AssociateReject);

/** Serves C-FIND of its SOP classes (PS3.7 9.1.2). */
export interface FindService {
  readonly kind: 'find';
  readonly sopClassUids: readonly string[];
  /**
   * Yields one data set for each match (status FF00), none for no match; a TriageError ends the answer with the
   * status of its code. `cancelled` fires on C-CANCEL and when the association ends.
   */
  find(identifier: DicomDataset, caller: Caller, cancelled: AbortSignal): AsyncIterable<DicomDataset>;
  /** Whether optional keys of an identifier are not matched: its matches then carry FF01 (PS3.4 K.4.1.1.4). */
  hasUnsupportedKeys?(identifier: DicomDataset): boolean;
}

/** The answer to an operation of a normalized service (PS3.7 10.1). */
export interface NormalizedAnswer {
  readonly status: number;
  readonly comment?: string;
  /** Error ID (0000,0903), for a failure that the standard tells apart by it. */
  readonly errorId?: number;
  /** Set where N-CREATE left the name to us. */
  readonly sopInstanceUid?: string;
  readonly dataset?: DicomDataset;
}

/** A request to a normalized service. */
export interface NormalizedRequest {
  readonly sopClassUid: string;
  /** null where N-CREATE leaves the name to us. */
  readonly sopInstanceUid: string | null;
  /** Of N-ACTION and N-EVENT-REPORT: the type; else null. */
  readonly typeId: number | null;
  readonly dataset: DicomDataset;
}

/** Sends an N-EVENT-REPORT to a caller: on its association while that is open; rejects where it has ended. */
export type EventReporter = (report: {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly typeId: number;
  readonly dataset: DicomDataset;
}) => Promise<number>;

/** Serves the operations of a normalized SOP class; one that is left out is answered 0211. */
export interface NormalizedService {
  readonly kind: 'normalized';
  readonly sopClassUids: readonly string[];
  create?(request: NormalizedRequest, caller: Caller): Promise<NormalizedAnswer>;
  set?(request: NormalizedRequest, caller: Caller): Promise<NormalizedAnswer>;
  /** `report` may be used after the answer was sent. */
  action?(request: NormalizedRequest, caller: Caller, report: EventReporter): Promise<NormalizedAnswer>;
  /** Events from a peer that acts as provider towards us, as a PACS reporting a commitment we asked for. */
  event?(request: NormalizedRequest, caller: Caller): Promise<NormalizedAnswer>;
}

/** Any service. */
export type DimseService = FindService | NormalizedService;
