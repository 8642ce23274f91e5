import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const fsyncDescriptor = promisify(fsync);

/** Resolves when the names in a folder are durable. */
export async function syncFolder(path: string): Promise<void> {
  // Opening a folder that is in use costs less than sending the call to another thread.
  const folder = openSync(path, 'r');
  try {
    await fsyncDescriptor(folder);
  } finally {
    closeSync(folder);
  }
}
