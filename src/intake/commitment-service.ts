import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { recordCommitmentRequest, type SopReference } from '../database/commitment-records.ts';
import type { Database } from '../database/schema.ts';
import { isValidUid, SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset, DicomValue } from '../dicom/write-part10.ts';
import type { EventReporter, NormalizedAnswer, NormalizedService } from '../dimse/services.ts';
import { STATUS } from '../dimse/status.ts';

/** The one SOP instance of Storage Commitment Push (PS3.4 J.3). */
export const COMMITMENT_INSTANCE_UID = '1.2.840.10008.1.20.1.1';

/** Action Type ID of a request for commitment (PS3.4 Table J.3.2-1). */
const REQUEST_COMMITMENT = 1;

/** Instances in one request; the length of the data set limits them to about this as well. */
const REFERENCES_MAX = 10_000;

/** What the service needs. */
export interface CommitmentServiceParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  /** Called when a request stands in the record, with the way back on the association it came by. */
  readonly onRequest: (requestId: string, report: EventReporter) => void;
}

/**
 * Storage Commitment Push Model as SCP (PS3.4 Annex J): a request is written down and answered Success; what is
 * held is looked at afterwards and reported by N-EVENT-REPORT. Who may ask is for the acceptance policy; what is
 * held is committed to whoever asks, for a PACS asks for what a modality sent.
 */
export function commitmentService({ database, clock, onRequest }: CommitmentServiceParts): NormalizedService {
  return {
    kind: 'normalized',
    sopClassUids: [SOP_CLASSES.storageCommitment],
    async action(request, caller, report): Promise<NormalizedAnswer> {
      if (request.sopInstanceUid !== COMMITMENT_INSTANCE_UID) return { status: STATUS.noSuchObjectInstance };
      if (request.typeId !== REQUEST_COMMITMENT) return { status: STATUS.noSuchActionType };
      const transactionUid = request.dataset['TransactionUID'];
      if (typeof transactionUid !== 'string') {
        return { status: STATUS.missingAttribute, comment: 'Transaction UID (0008,1195) is missing' };
      }
      if (!isValidUid(transactionUid)) {
        return { status: STATUS.invalidArgumentValue, comment: 'Transaction UID (0008,1195) is no UID' };
      }
      const references = readReferences(request.dataset['ReferencedSOPSequence']);
      if (references === undefined) {
        return {
          status: STATUS.invalidArgumentValue,
          comment: `1 to ${REFERENCES_MAX} referenced SOPs with both UIDs are needed`,
        };
      }
      const { callingAeTitle, calledAeTitle, siteId } = caller;
      const asked = { transactionUid, callingAeTitle, calledAeTitle, siteId, references };
      const requestId = await recordCommitmentRequest(database, asked, clock.nowMs());
      if (requestId === undefined) {
        return { status: STATUS.processingFailure, comment: 'the Transaction UID is in use for others' };
      }
      onRequest(requestId, report);
      return { status: STATUS.success };
    },
  };
}

function readReferences(sequence: DicomValue | undefined): readonly SopReference[] | undefined {
  if (!Array.isArray(sequence) || sequence.length === 0 || sequence.length > REFERENCES_MAX) return undefined;
  const references = (sequence as readonly DicomDataset[]).flatMap((item): SopReference[] => {
    const { ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid } = item;
    const isWhole =
      typeof sopClassUid === 'string' &&
      typeof sopInstanceUid === 'string' &&
      isValidUid(sopClassUid) &&
      isValidUid(sopInstanceUid);
    return isWhole ? [[sopClassUid, sopInstanceUid]] : [];
  });
  return references.length === sequence.length ? references : undefined;
}
