import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readStatus } from '../../src/commands/status.ts';
import { startServiceProcess } from '../demo/service-process.ts';
import { verifyArchive } from './archive-check.ts';
import { type FilmFile, writeFilmFiles } from './film-files.ts';

/** Files a second and megabytes a second of one receiver. */
export interface IntakeRun {
  readonly receiver: 'osteotriage' | 'storescp';
  readonly associations: number;
  readonly filesPerSecond: number;
  readonly megabytesPerSecond: number;
}

/** What the bench of the intake found. */
export interface IntakeFigures {
  readonly files: number;
  readonly megabytesEach: number;
  readonly runs: readonly IntakeRun[];
  /** Ours / storescp by the medians of the rounds, by number of associations. */
  readonly ratio: Readonly<Record<string, number>>;
  readonly listenerPeakRssMb: number;
  /** Every file was answered Success, is held once, and its data set is byte-identical. */
  readonly allHeldByteIdentical: boolean;
}

interface Receiver {
  readonly name: IntakeRun['receiver'];
  readonly calledAeTitle: string;
  readonly port: number;
  /** Peak resident memory so far, MB. */
  peakRssMb(): Promise<number>;
  /** Whether everything sent is held, whole. */
  check(groups: readonly (readonly FilmFile[])[]): Promise<boolean>;
  stop(): Promise<void>;
}

/** Sends the same files by `storescu` to ours (SHA-256, fsync, database) and to dcmtk's `storescp --fork`, in turns. */
export async function benchIntake(options: {
  readonly count: number;
  readonly bytes: number;
  readonly rounds: number;
}): Promise<IntakeFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-bench-'));
  const runs: IntakeRun[] = [];
  let peak = 0;
  let held = true;
  try {
    for (const associations of [1, 8]) {
      const files = await writeFilmFiles({
        ...options,
        folder: join(folder, `films-${associations}`),
        folders: associations,
        persons: 20,
      });
      for (let round = 0; round < options.rounds; round += 1) {
        for (const start of [startOurs, startStorescp]) {
          const work = await mkdtemp(join(folder, 'receiver-'));
          const receiver = await start(work);
          const seconds = await sendGroups(files, receiver);
          runs.push({
            receiver: receiver.name,
            associations,
            filesPerSecond: options.count / seconds,
            megabytesPerSecond: (options.count * options.bytes) / seconds / 1e6,
          });
          held = (await receiver.check(files)) && held;
          peak = Math.max(peak, await receiver.peakRssMb());
          await receiver.stop();
          await rm(work, { recursive: true, force: true });
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const median = (receiver: string, associations: number) => {
    const speeds = runs.filter((run) => run.receiver === receiver && run.associations === associations);
    const sorted = speeds.map((run) => run.filesPerSecond).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const ratio = Object.fromEntries(
    [1, 8].map((associations) => [
      associations,
      median('osteotriage', associations) / median('storescp', associations),
    ]),
  );
  return {
    files: options.count,
    megabytesEach: options.bytes / 1e6,
    runs,
    ratio,
    listenerPeakRssMb: peak,
    allHeldByteIdentical: held,
  };
}

/** Seconds that one `storescu` for each group takes, all at once. Throws when one of them fails. */
export async function sendGroups(
  groups: readonly (readonly FilmFile[])[],
  receiver: { readonly calledAeTitle: string; readonly port: number },
): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    groups.map(async (group) => {
      const folder = dirname(group[0]?.path ?? '');
      const flags = [
        '-aec',
        receiver.calledAeTitle,
        '-pdu',
        '131072',
        '+sd',
        '--no-halt',
        '127.0.0.1',
        String(receiver.port),
        folder,
      ];
      const status = await exitOf(spawn('storescu', flags, { stdio: 'ignore' }));
      if (status !== 0) throw new Error(`storescu ended with status ${status ?? 'none'}`);
    }),
  );
  return (performance.now() - startedAt) / 1000;
}

async function startOurs(work: string): Promise<Receiver> {
  const service = await startServiceProcess(work, { TRIAGE_WORKERS: '0', TRIAGE_LOG_LEVEL: 'warn' });
  return {
    name: 'osteotriage',
    calledAeTitle: service.ready.dimse.aeTitle,
    port: service.ready.dimse.port,
    peakRssMb: () => peakRssMb(service.process.pid),
    async check(groups) {
      const sent = groups.flat();
      const { received, refused } = await readStatus(work);
      return received === sent.length && refused === 0 && (await verifyArchive(work, sent)).length === 0;
    },
    stop: async () => {
      await service.stop();
    },
  };
}

async function startStorescp(work: string): Promise<Receiver> {
  const port = await freePort();
  const folder = join(work, 'received');
  await mkdir(folder);
  const flags = ['--fork', '-aet', 'STORESCP', '-pdu', '131072', '-od', folder, '+xa', String(port)];
  const child = spawn('storescp', flags, { stdio: 'ignore' });
  await waitForPort(port);
  return {
    name: 'storescp',
    calledAeTitle: 'STORESCP',
    port,
    peakRssMb: () => Promise.resolve(0),
    check: () => Promise.resolve(true),
    stop: async () => {
      child.kill('SIGKILL');
      await exitOf(child);
    },
  };
}

async function peakRssMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((settle, fail) => {
    child.once('exit', (code) => settle(code));
    child.once('error', fail);
  });
}

function freePort(): Promise<number> {
  return new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => settle(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const open = await new Promise<boolean>((settle) => {
      const socket = connect(port, '127.0.0.1', () => settle(true)).once('error', () => settle(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
