import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { PROJECT_FOLDER } from '../project-folder.ts';

/** What `serve` prints when what it is told to do is done. */
export interface RoleReady {
  readonly ready: true;
  readonly roles: readonly string[];
  readonly dimse: { readonly aeTitle: string; readonly host: string; readonly port: number } | null;
  readonly http: { readonly url: string } | null;
  readonly dicomweb: { readonly url: string | null } | null;
}

/** One process of the service, as a site runs it, that can be killed, stopped where it is, and started again. */
export interface RoleProcess {
  readonly name: string;
  /** Of the present run; throws while there is none. */
  ready(): RoleReady;
  pid(): number | undefined;
  /** Starts it, or again after it was killed; resolves when it is ready, and rejects when it ends before. */
  start(): Promise<RoleReady>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Stops it where it is: its connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGTERM; resolves with the exit status. */
  stop(): Promise<number | null>;
  /** How often it ended without being told to. */
  readonly endedByItself: () => number;
}

/** Says what a process is started with; nothing is started yet. */
export function roleProcess(options: {
  readonly name: string;
  readonly role: string;
  /** A folder of this process: its data are below it, and its log. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}): RoleProcess {
  const { name, role, folder, environment } = options;
  let child: ChildProcess | undefined;
  let exited: Promise<number | null> = Promise.resolve(null);
  let ready: RoleReady | undefined;
  let isEndAsked = false;
  let endedByItself = 0;
  const end = (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    isEndAsked = true;
    ready = undefined;
    // A stopped process hears no other signal.
    child?.kill('SIGCONT');
    child?.kill(signal);
    return exited;
  };
  const cut = (): void => void child?.kill('SIGKILL');
  return {
    name,
    endedByItself: () => endedByItself,
    pid: () => child?.pid,
    ready() {
      if (ready === undefined) throw new Error(`${name} does not run`);
      return ready;
    },
    async start() {
      await mkdir(folder, { recursive: true });
      isEndAsked = false;
      const started = spawn(
        process.execPath,
        ['--max-semi-space-size=1', 'src/main.ts', 'serve', '--role', role, '--data', join(folder, 'data')],
        { cwd: PROJECT_FOLDER, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      child = started;
      started.stderr.pipe(createWriteStream(join(folder, 'log'), { flags: 'a' }));
      // A test that fails must leave nothing running.
      process.once('exit', cut);
      exited = new Promise((settle) => started.once('exit', (code) => settle(code)));
      void exited.then(() => {
        process.off('exit', cut);
        if (!isEndAsked) endedByItself += 1;
      });
      const lines = createInterface({ input: started.stdout });
      ready = await Promise.race([
        new Promise<RoleReady>((settle) =>
          lines.once('line', (line) => settle(JSON.parse(line) as RoleReady)),
        ),
        exited.then((code) => {
          throw new Error(`${name} ended with status ${code ?? 'none'}; see ${join(folder, 'log')}`);
        }),
      ]);
      return ready;
    },
    async kill() {
      await end('SIGKILL');
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
  };
}
