/** The answer to a store transaction (PS3.18 10.5.3, PS3.3 C.12.1.1.17): which instances are held, and which not and why. */
import { type JsonDataSet, writeDicomJson } from '../dicom/dicom-json.ts';
import { ERRORS, type TriageError } from '../errors.ts';
import type { InstanceKey } from '../exam/exam.ts';

/** What became of one instance of a request. */
export type StoreResult =
  | { readonly kind: 'stored'; readonly sopClassUid: string; readonly key: InstanceKey }
  | {
      readonly kind: 'failed';
      /** null where the part did not come to name them. */
      readonly sopClassUid: string | null;
      readonly sopInstanceUid: string | null;
      readonly error: TriageError;
    };

/** An HTTP status and its body, application/dicom+json. */
export interface StowAnswer {
  readonly status: number;
  readonly body: JsonDataSet;
}

/** Statuses that say more than 409 where every instance failed in the same way. */
const TELLING: readonly number[] = [413, 415, 503, 507];
const ERROR_COMMENT = '00000902';

/** Makes the answer; `root` is the address of this service, which a caller can retrieve from. */
export function answerStore(results: readonly StoreResult[], root: string): StowAnswer {
  const stored = results.filter((result) => result.kind === 'stored');
  const failed = results.filter((result) => result.kind === 'failed');
  const named = failed.filter((result) => result.sopInstanceUid !== null && result.sopClassUid !== null);
  const nameless = failed.filter((result) => !named.includes(result));
  const studies = new Set(stored.map(({ key }) => key.studyInstanceUid));
  const [study] = studies;
  return {
    status: statusOf(
      stored.length,
      failed.map(({ error }) => ERRORS[error.code].http),
    ),
    body: {
      ...(study !== undefined && studies.size === 1
        ? writeDicomJson({ RetrieveURL: `${root}/studies/${study}` })
        : {}),
      ...sequence(
        '00081199',
        stored.map((result) => storedItem(result, root)),
      ),
      ...sequence(
        '00081198',
        named.map((result) => failedItem(result)),
      ),
      ...sequence(
        '0008119A',
        nameless.map((result) => failedItem(result)),
      ),
    },
  };
}

/** PS3.18 table 10.5.3-1, and 507 where the disk is full. */
export function statusOf(storedCount: number, failures: readonly number[]): number {
  if (failures.length === 0) return 200;
  if (storedCount > 0) return 202;
  const [first = 409] = failures;
  return TELLING.includes(first) && failures.every((status) => status === first) ? first : 409;
}

function storedItem(
  { sopClassUid, key }: Extract<StoreResult, { kind: 'stored' }>,
  root: string,
): JsonDataSet {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = key;
  return writeDicomJson({
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    RetrieveURL: `${root}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`,
  });
}

function failedItem({
  sopClassUid,
  sopInstanceUid,
  error,
}: Extract<StoreResult, { kind: 'failed' }>): JsonDataSet {
  const isNamed = sopClassUid !== null && sopInstanceUid !== null;
  return {
    ...(isNamed
      ? writeDicomJson({ ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid })
      : {}),
    ...writeDicomJson({ FailureReason: ERRORS[error.code].dimse }),
    // The number says little, so the words go with it, as other servers do.
    [ERROR_COMMENT]: { vr: 'LT', Value: [`${error.code}: ${error.message}. ${ERRORS[error.code].action}`] },
  };
}

function sequence(tag: string, items: readonly JsonDataSet[]): JsonDataSet {
  return items.length === 0 ? {} : { [tag]: { vr: 'SQ', Value: items } };
}
