import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, chown, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { systemClock } from '../clock.ts';
import { freePort } from './free-port.ts';
import { requireTool, type Tool } from './services.ts';

const run = promisify(execFile);

/** Debian keeps the programs of each version in a folder of its own, which is not on PATH. */
const VERSIONS_FOLDER = '/usr/lib/postgresql';
const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
const POLL_MS = 25;
const SERVER_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '32MB',
  // Tests make and drop databases; a checkpoint for each is not what they measure.
  max_wal_size: '4GB',
  log_min_messages: 'warning',
};

/** A PostgreSQL of its own, with fsync as in a clinic, that ends with the test. */
export interface TestPostgres {
  /** An empty database of a superuser, who needs no password; each test better makes its own. */
  readonly url: string;
  readonly port: number;
  /** Makes a database, empty or as a copy of another one that nobody is connected to, and returns its URL. */
  makeDatabase(template?: string): Promise<string>;
  /** Adds a user who has to show this password, and returns the URL of the first database for that user. */
  addUser(name: string, password: string): Promise<string>;
  /** Starts it again, as after a crash (`immediate`) unless said otherwise. */
  restart(how?: 'immediate' | 'fast'): Promise<void>;
  /** Stops all its processes where they are, so that connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** The program of PostgreSQL, or why there is none; a missing one throws where CI=true. */
export function requirePostgres(): Tool {
  const versions = existsSync(VERSIONS_FOLDER) ? readdirSync(VERSIONS_FOLDER) : [];
  const newest = versions.toSorted((one, other) => Number(other) - Number(one))[0];
  const path = join(VERSIONS_FOLDER, newest ?? '', 'bin', 'postgres');
  return newest !== undefined && existsSync(path) ? { available: true, path } : requireTool('postgres');
}

/** Starts a PostgreSQL on a free port, with its data in a folder that `stop` removes. */
export async function startPostgres(): Promise<TestPostgres> {
  const tool = requirePostgres();
  if (!tool.available) throw new Error(tool.reason);
  const user = await serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-postgres-'));
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--username=triage', '--no-sync'];
  await run(tool.path.replace(/postgres$/, 'initdb'), ['-D', data, ...options], { ...user, cwd: folder });
  const server = new PostgresServer(tool.path, user, folder, await freePort());
  await server.start();
  const url = (name: string) => `postgres://triage@127.0.0.1:${server.port}/${name}`;
  let made = 0;
  return {
    url: url('postgres'),
    port: server.port,
    async makeDatabase(template) {
      const name = `record_${++made}`;
      const from = template === undefined ? '' : ` TEMPLATE ${new URL(template).pathname.slice(1)}`;
      await server.query(`CREATE DATABASE ${name}${from}`);
      return url(name);
    },
    async addUser(name, password) {
      await server.query(`CREATE ROLE ${name} SUPERUSER LOGIN PASSWORD '${password}'`);
      await server.demandPassword(name);
      return url('postgres').replace('triage@', `${name}@`);
    },
    async restart(how = 'immediate') {
      await server.end(how === 'immediate' ? 'SIGQUIT' : 'SIGINT');
      await server.start();
    },
    pause: () => server.signalAll('SIGSTOP'),
    resume: () => server.signalAll('SIGCONT'),
    async stop() {
      server.signalAll('SIGCONT');
      await server.end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: there it runs as the user that its package made. */
async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const numberOf = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout.trim());
  return { uid: await numberOf('-u'), gid: await numberOf('-g') };
}

class PostgresServer {
  readonly port: number;
  readonly #program: string;
  readonly #user: ServerUser | undefined;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(program: string, user: ServerUser | undefined, folder: string, port: number) {
    this.#program = program;
    this.#user = user;
    this.#folder = folder;
    this.port = port;
  }

  async start(): Promise<void> {
    const log = await open(join(this.#folder, 'log'), 'a');
    const settings = Object.entries(SERVER_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(
      this.#program,
      ['-D', join(this.#folder, 'data'), '-p', String(this.port), ...settings],
      {
        ...this.#user,
        cwd: this.#folder,
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    await log.close();
    this.#process = child;
    // A test that fails must leave nothing running.
    const cut = (): void => void child.kill('SIGQUIT');
    process.once('exit', cut);
    child.once('exit', () => process.off('exit', cut));
    const giveUpAtMs = systemClock.nowMs() + READY_MS_MAX;
    while (!this.#isReady()) {
      if (child.exitCode !== null || systemClock.nowMs() > giveUpAtMs) {
        throw new Error(`PostgreSQL did not start: ${readFileSync(join(this.#folder, 'log'), 'utf8')}`);
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const cut = systemClock.schedule(STOP_MS_MAX, () => void child.kill('SIGQUIT'));
    await ended;
    cut();
  }

  /** Statements for the whole server go to its own client, so that the program under test is not what is relied on. */
  async query(text: string): Promise<void> {
    const url = `postgres://triage@127.0.0.1:${this.port}/postgres`;
    await run(this.#program.replace(/postgres$/, 'psql'), [
      '-X',
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      text,
      url,
    ]);
  }

  async demandPassword(user: string): Promise<void> {
    const path = join(this.#folder, 'data', 'pg_hba.conf');
    const others = readFileSync(path, 'utf8');
    await writeFile(path, `host all ${user} 127.0.0.1/32 scram-sha-256\n`);
    await appendFile(path, others);
    await this.query('SELECT pg_reload_conf()');
  }

  /** Its children lead sessions of their own, so each is told. */
  signalAll(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const { pid, exitCode } = this.#process ?? {};
    if (pid === undefined || exitCode !== null) return;
    process.kill(pid, signal);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const child of children.filter((text) => text !== '')) {
      try {
        process.kill(Number(child), signal);
      } catch {
        // It ended by itself.
      }
    }
  }

  // The eighth line of its file is its state.
  #isReady(): boolean {
    const path = join(this.#folder, 'data', 'postmaster.pid');
    if (!existsSync(path)) return false;
    const lines = readFileSync(path, 'utf8').split('\n');
    return Number(lines[0]) === this.#process?.pid && lines[7]?.trim() === 'ready';
  }
}
