import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';

/** What the service prints when every part listens. */
export interface ReadyLine {
  readonly ready: true;
  readonly dimse: { readonly aeTitle: string; readonly host: string; readonly port: number };
  readonly http: { readonly url: string };
  /** null where DICOMweb is not configured. */
  readonly dicomweb: { readonly url: string | null };
}

/** A service that runs as its own process, as a site runs it. */
export interface ServiceProcess {
  readonly ready: ReadyLine;
  readonly process: ChildProcess;
  /** Sends SIGTERM; resolves with the exit status. */
  stop(): Promise<number | null>;
}

/** Starts `serve` on free ports; its log goes to `service.log` in the data folder or to `logFile`. Rejects when it ends at once. */
export async function startServiceProcess(
  dataFolder: string,
  environment: Readonly<Record<string, string>> = {},
  logFile = join(dataFolder, 'service.log'),
): Promise<ServiceProcess> {
  // Benches and tests of the engine have no accounts.
  const env = { ...process.env, TRIAGE_SIGN_IN: 'off', ...environment };
  const child = spawn(
    process.execPath,
    // As "npm start" does: a small young generation frees received buffers sooner and keeps the listener small.
    [
      '--max-semi-space-size=1',
      'src/main.ts',
      'serve',
      '--data',
      dataFolder,
      '--dimse-port',
      '0',
      '--http-port',
      '0',
    ],
    { cwd: PROJECT_FOLDER, env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
  // A demo or test that fails must leave nothing running.
  const cut = (): void => void child.kill('SIGKILL');
  process.once('exit', cut);
  const exited = new Promise<number | null>((settle) => child.once('exit', (code) => settle(code)));
  void exited.then(() => process.off('exit', cut));
  const lines = createInterface({ input: child.stdout });
  const ready = await Promise.race([
    new Promise<ReadyLine>((settle) => lines.once('line', (line) => settle(JSON.parse(line) as ReadyLine))),
    exited.then((code) => {
      throw new Error(`the service ended with status ${code ?? 'none'}; see ${logFile}`);
    }),
  ]);
  return {
    ready,
    process: child,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
