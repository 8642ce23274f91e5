import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusAnswer } from '../../src/worklist/worklist-routes.ts';
import { startServiceProcess } from '../demo/service-process.ts';
import { verifyArchive } from './archive-check.ts';
import type { FilmFile } from './film-files.ts';

/** Who receives in the bench. */
export type ReceiverName = 'osteotriage' | 'storescp' | 'orthanc';

/** A receiver that runs. */
export interface Receiver {
  readonly calledAeTitle: string;
  readonly port: number;
  readonly pid: number;
  /** Whether everything sent is held, whole; the others are not ours to check. */
  check(groups: readonly (readonly FilmFile[])[]): Promise<boolean>;
  stop(): Promise<void>;
}

/** Starts each receiver in a fresh folder. */
export const RECEIVERS: Readonly<Record<ReceiverName, (work: string) => Promise<Receiver>>> = {
  osteotriage: startOurs,
  storescp: startStorescp,
  orthanc: startOrthanc,
};

async function startOurs(work: string): Promise<Receiver> {
  const service = await startServiceProcess(work, { TRIAGE_WORKERS: '0', TRIAGE_LOG_LEVEL: 'warn' });
  return {
    calledAeTitle: service.ready.dimse.aeTitle,
    port: service.ready.dimse.port,
    pid: service.process.pid ?? 0,
    async check(groups) {
      const sent = groups.flat();
      const answer = await fetch(new URL('api/status', service.ready.http.url));
      const { counts } = (await answer.json()) as StatusAnswer;
      return (
        counts?.received === sent.length &&
        counts.refused === 0 &&
        (await verifyArchive(work, sent)).length === 0
      );
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
  return startPeer('storescp', flags, port, 'STORESCP');
}

// As fast as its configuration makes it: no compression, no sync, the longest PDU, a thread for each association.
async function startOrthanc(work: string): Promise<Receiver> {
  const port = await freePort();
  const path = join(work, 'orthanc.json');
  await writeFile(
    path,
    JSON.stringify({
      StorageDirectory: join(work, 'storage'),
      IndexDirectory: join(work, 'storage'),
      StorageCompression: false,
      SyncStorageArea: false,
      HttpServerEnabled: false,
      DicomAet: 'ORTHANC',
      DicomPort: port,
      DicomCheckCalledAet: false,
      DicomAlwaysAllowStore: true,
      DicomAlwaysAllowEcho: true,
      DicomMaximumPduLength: 131_072,
      DicomThreadsCount: 8,
      DeidentifyLogs: false,
      Plugins: [],
    }),
  );
  return startPeer('/usr/sbin/Orthanc', [path], port, 'ORTHANC');
}

async function startPeer(
  program: string,
  flags: readonly string[],
  port: number,
  calledAeTitle: string,
): Promise<Receiver> {
  const child = spawn(program, flags, { stdio: 'ignore' });
  await waitForPort(port);
  return {
    calledAeTitle,
    port,
    pid: child.pid ?? 0,
    check: () => Promise.resolve(true),
    stop: async () => {
      child.kill('SIGKILL');
      await exitOf(child);
    },
  };
}

/** Resolves with the exit status; rejects when the program could not be started. */
export function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
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
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const open = await new Promise<boolean>((settle) => {
      const socket = connect(port, '127.0.0.1', () => settle(true)).once('error', () => settle(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
