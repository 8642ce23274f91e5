import { readFileSync, statSync } from 'node:fs';
import { TriageError } from './errors.ts';

/** Whether every user of this machine can read a file that holds a secret; false where there is no such file. */
export function isReadableByEveryone(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  // Windows has no such bits: Node reports all of them set.
  return process.platform !== 'win32' && stat !== undefined && (stat.mode & 0o004) !== 0;
}

/** The secret that a file holds, without the end of its line. Throws configuration-invalid where there is none. */
export function readSecretFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TriageError('configuration-invalid', `the secret ${path} could not be read`, { cause });
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new TriageError('configuration-invalid', `the secret ${path} is empty`);
  return secret;
}
