import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import { findHeldInstances, type HeldInstance, type SopReference } from '../database/commitment-records.ts';
import type { Database } from '../database/schema.ts';
import { splitPart10 } from '../dicom/part10.ts';
import { asTriageError } from '../errors.ts';
import type { Log } from '../telemetry.ts';

/** Failure Reason (0008,1197) of an instance that is not committed (PS3.3 C.14.1.1). */
export const FAILURE_REASON = {
  processingFailure: 0x0110,
  noSuchObjectInstance: 0x0112,
  classInstanceConflict: 0x0119,
} as const;

/** Where instances are looked for. */
export interface HeldInstanceParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly log: Log;
}

/** Bytes read at once; the file meta group that intake writes is far shorter. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Whether an instance is held whole: null, or the reason why not. It looks at the record and at the object itself,
 * to its last byte, for the peer may delete its own copy on our word.
 */
export async function judgeHeldInstance(
  [sopClassUid, sopInstanceUid]: SopReference,
  parts: HeldInstanceParts,
): Promise<number | null> {
  const held = await findHeldInstances(parts.database, sopInstanceUid);
  // A film that retention removed is no longer here, whatever the record remembers of it.
  if (held.length === 0 || held.some(({ isRemoved }) => isRemoved)) {
    return FAILURE_REASON.noSuchObjectInstance;
  }
  if (held.some((instance) => instance.sopClassUid !== sopClassUid))
    return FAILURE_REASON.classInstanceConflict;
  for (const instance of held) {
    // Which of two objects of one name is meant cannot be said, so both must be whole.
    if (!(await isIntact(instance, parts))) return FAILURE_REASON.processingFailure;
  }
  return null;
}

async function isIntact(instance: HeldInstance, { objects, log }: HeldInstanceParts): Promise<boolean> {
  const { objectKey, objectBytes, dataSetSha256 } = instance;
  try {
    const path = await objects.readablePath(objectKey);
    const { size } = await stat(path);
    const whole = size === objectBytes && (await digestDataSet(path)) === dataSetSha256;
    if (!whole) log.error({ objectKey }, 'an object of the archive is not what was received: restore it');
    return whole;
  } catch (thrown) {
    // A store that does not answer now says nothing of the object: whoever asked is told later.
    if (asTriageError(thrown).class === 'transient') throw thrown;
    log.error({ objectKey, err: thrown }, 'an object of the archive cannot be read: restore it');
    return false;
  }
}

/** SHA-256 of what follows the file meta group. */
async function digestDataSet(path: string): Promise<string> {
  const hash = createHash('sha256');
  let isFirst = true;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    hash.update(isFirst ? chunk.subarray(splitPart10(chunk).datasetOffset) : chunk);
    isFirst = false;
  }
  return hash.digest('hex');
}
