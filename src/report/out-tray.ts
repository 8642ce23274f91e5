/** The out-tray of a clinic without a PACS: each result as a PDF and as JSON beside it. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asTriageError, TriageError } from '../errors.ts';
import { isValidUid } from '../dicom/uids.ts';

/** One result as it is put there. */
export interface OutTrayResult {
  readonly sopInstanceUid: string;
  readonly revision: number;
  readonly pdf: Uint8Array;
  /** Text of `osteotriage.result/1`. */
  readonly analysisJson: string;
}

/**
 * Puts a result into the folder, whole or not at all, the JSON last: whoever waits for it finds the PDF there. The
 * same result again replaces itself; a later revision stands beside the earlier one. Whoever may read the folder may
 * read what is put there, whatever the service's own files allow. The folder itself is not made,
 * for a share that is not mounted must not be filled in secret. Throws storage-failed or storage-full.
 */
export async function writeToOutTray(folder: string, result: OutTrayResult): Promise<void> {
  const name = resultFileName(result.sopInstanceUid, result.revision);
  try {
    await writeWhole(folder, `${name}.pdf`, result.pdf);
    await writeWhole(folder, `${name}.json`, Buffer.from(result.analysisJson, 'utf8'));
  } catch (thrown) {
    const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
    if (thrown instanceof TriageError) throw thrown;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new TriageError('storage-full', 'the disk of the out-tray is full', { cause: thrown });
    }
    // The path is left out: only its own clinic knows what its folders are called.
    throw new TriageError('storage-failed', `the out-tray cannot be written (${code ?? 'unknown'})`, {
      cause: asTriageError(thrown),
    });
  }
}

/** What a result is called in the out-tray, without the suffix: its film, and the revision from the second on. */
export function resultFileName(sopInstanceUid: string, revision: number): string {
  if (!isValidUid(sopInstanceUid)) throw new TriageError('unexpected', 'a result without a valid name');
  return revision === 0 ? sopInstanceUid : `${sopInstanceUid}.revision-${revision + 1}`;
}

async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const partPath = join(folder, `.${name}.part`);
  const { mode } = await stat(folder);
  const file = await open(partPath, 'w');
  try {
    // A share may know no modes.
    await file.chmod(mode & 0o666).catch(() => undefined);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(partPath, join(folder, name));
  } catch (thrown) {
    await rm(partPath, { force: true });
    throw thrown;
  }
}
