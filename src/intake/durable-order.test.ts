import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import { requireTool } from '../testing/services.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';

const strace = requireTool('strace');
const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const EXPLICIT = '1.2.840.10008.1.2.1';
const PROJECT = resolve(import.meta.dirname, '..', '..');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-strace-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function storeUnderStrace(tracePath: string): Promise<number> {
  const trace = [
    '-D',
    '-f',
    '-y',
    '-s',
    '40',
    '-e',
    'trace=fsync,fdatasync,rename,renameat,renameat2,write,writev,sendto,sendmsg',
  ];
  const service = spawn(
    'strace',
    [
      ...trace,
      '-o',
      tracePath,
      process.execPath,
      'src/main.ts',
      'serve',
      '--data',
      join(folder, 'data'),
      '--dimse-port',
      '0',
      '--http-port',
      '0',
    ],
    {
      cwd: PROJECT,
      env: { ...process.env, TRIAGE_WORKERS: '0', TRIAGE_LOG_LEVEL: 'silent' },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const ended = new Promise((settle) => service.once('exit', settle));
  const line = await new Promise<string>((settle) =>
    createInterface({ input: service.stdout }).once('line', settle),
  );
  const { dimse } = JSON.parse(line) as { dimse: { port: number } };
  const association = await openAssociation({
    host: '127.0.0.1',
    port: dimse.port,
    callingAeTitle: 'TEST',
    calledAeTitle: 'OSTEOTRIAGE',
    contexts: [{ abstractSyntax: DX, transferSyntaxes: [EXPLICIT] }],
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: 10_000,
  });
  const answer = await association.store({
    sopClassUid: DX,
    sopInstanceUid: '1.2.3.4.5',
    transferSyntaxUid: EXPLICIT,
    dataset: tinyDataSet({ study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.5' }),
  });
  await association.release();
  service.kill('SIGTERM');
  await ended;
  return answer.status;
}

describe.skipIf(!strace.available)(
  `the order of system calls before Success${strace.available ? '' : ` (${strace.reason})`}`,
  () => {
    it('syncs the file, renames it, syncs the folder, syncs the committed row, and only then answers', async () => {
      const tracePath = join(folder, 'trace.txt');
      expect(await storeUnderStrace(tracePath)).toBe(0);
      const lines = (await readFile(tracePath, 'utf8')).split('\n');
      // A call that another thread interrupted is in two lines; its end is what counts.
      const find = (pattern: RegExp, from: number) =>
        lines.findIndex((line, index) => index >= from && pattern.test(line));
      const fileSynced = find(/fsync\(\d+<.*\/scratch\/[^>]*\.part>/, 0);
      const renamed = find(
        /rename(at2?)?\(.*\.part".*\/objects\/[0-9a-f]{2}\/|rename(at2?)?\(.*\.part/,
        fileSynced,
      );
      const folderSynced = find(/fsync\(\d+<.*\/archive\/objects\/[0-9a-f]{2}>/, renamed);
      const rowSynced = find(/(fsync|fdatasync)\(\d+<.*osteotriage\.sqlite-wal>/, folderSynced);
      // C-STORE-RSP leaves on the association's socket as a P-DATA-TF (type 04).
      const answered = find(/(write|writev|sendto|sendmsg)\(\d+<(socket|TCP)[^>]*>.*\\4\\0/, fileSynced);
      expect(fileSynced).toBeGreaterThan(-1);
      expect(renamed).toBeGreaterThan(fileSynced);
      expect(folderSynced).toBeGreaterThan(renamed);
      expect(rowSynced).toBeGreaterThan(folderSynced);
      expect(answered).toBeGreaterThan(rowSynced);
    }, 120_000);
  },
);
