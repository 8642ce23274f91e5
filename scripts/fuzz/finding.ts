import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Something that must not happen, with the input that made it happen. */
export interface Finding {
  readonly target: 'pdu' | 'file';
  readonly kind: 'crash' | 'hang' | 'memory' | 'unexpected-error' | 'deaf';
  readonly detail: string;
  /** Which input of the seed: `--only N` runs it again. */
  readonly input: number;
  readonly file: string;
}

/** Keeps the input of a finding in a file, so that it can become a fixture. */
export async function keepFinding(
  folder: string,
  finding: Omit<Finding, 'file'>,
  bytes: Buffer,
): Promise<Finding> {
  await mkdir(folder, { recursive: true });
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const file = join(folder, `${finding.target}-${finding.kind}-${digest}.bin`);
  await writeFile(file, bytes);
  process.stderr.write(
    `${finding.target} ${finding.kind}: ${finding.detail} (input ${finding.input}, kept in ${file})\n`,
  );
  return { ...finding, file };
}
