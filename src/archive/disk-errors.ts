import { TriageError, asTriageError } from '../errors.ts';

/** What a failure of the disk is to the sender. */
export function storageError(thrown: unknown): TriageError {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TriageError('storage-full', 'the disk of the data folder is full', { cause: thrown });
  }
  return asTriageError(thrown, 'storage-failed');
}
