import { join } from 'node:path';
import { lockFolder } from '../database/sqlite.ts';
import { TriageError } from '../errors.ts';

/**
 * Keeps backup and retention from running at once on a data folder: a backup copies what its database names, and
 * retention would take it away meanwhile. The lock ends with the process. Throws state-conflict.
 */
export function holdUpkeep(dataFolder: string): () => void {
  try {
    return lockFolder(join(dataFolder, 'upkeep.lock'));
  } catch (cause) {
    throw new TriageError(
      'state-conflict',
      'a backup or a removal of films is under way on this data folder; try again when it has ended',
      { cause },
    );
  }
}
