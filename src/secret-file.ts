import { statSync } from 'node:fs';

/** Whether every user of this machine can read a file that holds a secret; false where there is no such file. */
export function isReadableByEveryone(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  // Windows has no such bits: Node reports all of them set.
  return process.platform !== 'win32' && stat !== undefined && (stat.mode & 0o004) !== 0;
}
