import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../project-folder.ts';

it('a start that waits for its database ends at once when it is told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-serve-'));
  const key = join(folder, 'key');
  await writeFile(key, 'a-key-of-a-test', { mode: 0o600 });
  // Takes connections and says nothing, as a server behind a broken network does.
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { readonly port: number };
  const child = spawn(process.execPath, ['src/main.ts', 'serve', '--role', 'web', '--data', folder], {
    cwd: PROJECT_FOLDER,
    stdio: 'ignore',
    env: {
      ...process.env,
      TRIAGE_MODE: 'distributed',
      TRIAGE_DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/none`,
      TRIAGE_REDIS_URL: 'redis://127.0.0.1:1',
      TRIAGE_S3_ENDPOINT: 'http://127.0.0.1:1',
      TRIAGE_S3_ACCESS_KEY_FILE: key,
      TRIAGE_S3_SECRET_KEY_FILE: key,
    },
  });
  const exited = once(child, 'exit');
  await once(silent, 'connection');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  silent.close();
  await rm(folder, { recursive: true });
});
