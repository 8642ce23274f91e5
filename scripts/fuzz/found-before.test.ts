import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import type { FileVerdict } from './file-child.ts';

const FOLDER = join(PROJECT_FOLDER, 'dicom-fixtures', 'fuzz');
const files = readdirSync(FOLDER).filter((file) => file.startsWith('file-'));

describe('what the fuzzer once found', () => {
  it('is read or refused within seconds, with an error of the table', { timeout: 30_000 }, async () => {
    expect(files.length).toBeGreaterThan(0);
    const child = fork(join(import.meta.dirname, 'file-child.ts'), { serialization: 'advanced' });
    try {
      await once(child, 'message');
      for (const file of files) {
        child.send(readFileSync(join(FOLDER, file)));
        const [verdict] = (await once(child, 'message', { signal: AbortSignal.timeout(10_000) })) as [
          FileVerdict,
        ];
        expect(verdict.unexpected, file).toEqual([]);
      }
    } finally {
      child.kill('SIGKILL');
    }
  });
});
