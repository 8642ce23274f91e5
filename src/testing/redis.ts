import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { systemClock } from '../clock.ts';
import { freePort } from './free-port.ts';
import { requireTool, type Tool } from './services.ts';

const run = promisify(execFile);

const READY_MS_MAX = 10_000;
const POLL_MS = 25;

/** A Redis of its own on a free port, with an append-only file, that ends with the test. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Asks it through redis-cli, and returns what that prints. */
  command(...words: readonly string[]): Promise<string>;
  /** Ends it as a crash does; nobody answers at its port until it is started again. */
  kill(): Promise<void>;
  /** Kills it where it runs, and starts it again at the same port. */
  restart(how: { readonly loseData: boolean }): Promise<void>;
  /** Stops the process where it is: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** The program of Redis, or why there is none; a missing one throws where CI=true. */
export function requireRedis(): Tool {
  return requireTool('redis-server');
}

/** Starts a Redis, with its data in a folder that `stop` removes; settings are those of redis.conf. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const tool = requireRedis();
  if (!tool.available) throw new Error(tool.reason);
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-redis-'));
  const port = await freePort();
  const server = new RedisServer(tool.path, folder, port, settings);
  await server.start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    command: (...words) => server.command(words),
    kill: () => server.kill(),
    async restart({ loseData }) {
      await server.kill();
      if (loseData) await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
      await server.start();
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    async stop() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

class RedisServer {
  readonly #program: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;

  constructor(program: string, folder: string, port: number, settings: Readonly<Record<string, string>>) {
    this.#program = program;
    this.#folder = folder;
    this.#port = port;
    this.#settings = settings;
  }

  async start(): Promise<void> {
    const settings = {
      port: String(this.#port),
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: 'yes',
      ...this.#settings,
    };
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(this.#program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-2000)));
    this.#process = child;
    // A test that fails must leave nothing running.
    const cut = (): void => void child.kill('SIGKILL');
    process.once('exit', cut);
    child.once('exit', () => process.off('exit', cut));
    const giveUpAtMs = systemClock.nowMs() + READY_MS_MAX;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || systemClock.nowMs() > giveUpAtMs) {
        throw new Error(`Redis did not start: ${said}`);
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  async command(words: readonly string[]): Promise<string> {
    const password = this.#settings['requirepass'];
    const secret = password === undefined ? [] : ['--no-auth-warning', '-a', password];
    const { stdout } = await run('redis-cli', ['-p', String(this.#port), ...secret, ...words]);
    return stdout.trim();
  }

  // While it loads its file it answers LOADING.
  async #isReady(): Promise<boolean> {
    return (await this.command(['PING']).catch(() => '')) === 'PONG';
  }
}
