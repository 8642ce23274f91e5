import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isReadableByEveryone } from './secret-file.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-secret-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file that holds a secret', () => {
  it.each([
    [0o600, false],
    [0o640, false],
    [0o644, true],
  ])('with mode %o is readable by everyone: %s', (mode, expected) => {
    const path = join(folder, 'secret');
    writeFileSync(path, 'secret');
    chmodSync(path, mode);
    expect(isReadableByEveryone(path)).toBe(expected);
  });

  it('that cannot be looked at is left to whoever reads it, who says so in words', () => {
    expect(isReadableByEveryone(join(folder, 'gone'))).toBe(false);
    expect(isReadableByEveryone(join(folder, 'secret', 'key.pem'))).toBe(false);
  });
});
