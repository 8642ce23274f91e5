import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { changeCommitment, findAskedCommitments } from '../database/delivery-commitments.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import type { DicomDataset, DicomValue } from '../dicom/write-part10.ts';
import type { NormalizedAnswer, NormalizedRequest } from '../dimse/services.ts';
import { STATUS } from '../dimse/status.ts';
import type { Log } from '../telemetry.ts';
import { type CommitmentLimits, committed, DEFAULT_COMMITMENT_LIMITS, refused } from './commitment-policy.ts';

/** What taking an answer needs. */
export interface CommitmentReportParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly commitmentLimits?: CommitmentLimits;
  /** Called when something is to be sent again. */
  readonly onRefused?: () => void;
}

/**
 * Takes an N-EVENT-REPORT about a request of ours (PS3.4 J.3.3), whichever listener it comes to: the request stands in
 * the record under its Transaction UID.
 */
export async function takeCommitmentReport(
  { database, clock, log, commitmentLimits = DEFAULT_COMMITMENT_LIMITS, onRefused }: CommitmentReportParts,
  { dataset }: NormalizedRequest,
): Promise<NormalizedAnswer> {
  const transactionUid = dataset['TransactionUID'];
  if (typeof transactionUid !== 'string') return { status: STATUS.missingAttribute };
  const kept = new Set(sopReferences(dataset['ReferencedSOPSequence']).map(([uid]) => uid));
  const failed = new Map(sopReferences(dataset['FailedSOPSequence']));
  const nowMs = clock.nowMs();
  const isOurs = await transact(database, async (transaction) => {
    const asked = await findAskedCommitments(transaction, transactionUid);
    // Told a second time, it stands as it is.
    for (const each of asked.filter(({ commitment }) => commitment === 'asked')) {
      const { sopInstanceUid, asks } = each;
      // Whatever is named as failed is so, and what is not named at all waits for another answer.
      const change = failed.has(sopInstanceUid)
        ? refused(failed.get(sopInstanceUid) ?? null, asks, nowMs, commitmentLimits)
        : kept.has(sopInstanceUid)
          ? committed(nowMs)
          : null;
      if (change !== null) await changeCommitment(transaction, each, transactionUid, change);
    }
    return asked.length > 0;
  });
  if (!isOurs) {
    return { status: STATUS.processingFailure, comment: 'no request of that Transaction UID is open' };
  }
  log.info({ kept: kept.size, failed: failed.size }, 'a destination answered about commitment');
  if (failed.size > 0) onRefused?.();
  return { status: STATUS.success };
}

/** Instances that a report names, with the reason where it gives one. */
function sopReferences(sequence: DicomValue | undefined): readonly (readonly [string, number | null])[] {
  if (!Array.isArray(sequence)) return [];
  return (sequence as readonly DicomDataset[]).flatMap((item) => {
    const { ReferencedSOPInstanceUID: uid, FailureReason: reason } = item;
    return typeof uid === 'string' ? [[uid, typeof reason === 'number' ? reason : null] as const] : [];
  });
}
