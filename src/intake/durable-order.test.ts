import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { instanceObjectKey } from '../archive/archive.ts';
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

/** Starts the service under strace, and gives its port and what ends it. */
async function startUnderStrace(tracePath: string): Promise<{ port: number; stop: () => Promise<unknown> }> {
  const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64,write,writev,sendto,sendmsg';
  const trace = ['-D', '-f', '-y', '-s', '5000', '-e', calls, '-o', tracePath];
  const serve = [
    'src/main.ts',
    'serve',
    '--data',
    join(folder, 'data'),
    '--dimse-port',
    '0',
    '--http-port',
    '0',
  ];
  const service = spawn('strace', [...trace, process.execPath, ...serve], {
    cwd: PROJECT,
    env: { ...process.env, TRIAGE_WORKERS: '0', TRIAGE_LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise((settle) => service.once('exit', settle));
  const line = await new Promise<string>((settle) =>
    createInterface({ input: service.stdout }).once('line', settle),
  );
  const { dimse } = JSON.parse(line) as { dimse: { port: number } };
  return {
    port: dimse.port,
    stop: () => {
      service.kill('SIGTERM');
      return ended;
    },
  };
}

interface Instance {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

async function store(port: number, uids: Instance): Promise<number> {
  const association = await openAssociation({
    host: '127.0.0.1',
    port,
    callingAeTitle: 'TEST',
    calledAeTitle: 'OSTEOTRIAGE',
    contexts: [{ abstractSyntax: DX, transferSyntaxes: [EXPLICIT] }],
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: 10_000,
  });
  const answer = await association.store({
    sopClassUid: DX,
    sopInstanceUid: uids.instance,
    transferSyntaxUid: EXPLICIT,
    dataset: tinyDataSet(uids),
  });
  await association.release();
  return answer.status;
}

/** A system call with the numbers of the lines in which it began and ended. */
interface Call {
  readonly name: string;
  readonly text: string;
  readonly began: number;
  ended: number;
}

/** A call that another thread interrupted is in two lines. */
function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  for (const [index, line] of trace.split('\n').entries()) {
    const [, thread = '', resumed, name] = /^(\d+) +(<\.\.\. )?(\w+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const earlier = open.get(thread);
    if (resumed !== undefined) {
      if (earlier !== undefined) earlier.ended = index;
      open.delete(thread);
      continue;
    }
    const isOpen = line.endsWith('<unfinished ...>');
    const call = { name, text: line, began: index, ended: isOpen ? Infinity : index };
    if (isOpen) open.set(thread, call);
    calls.push(call);
  }
  return calls;
}

describe.skipIf(!strace.available)(
  `the order of system calls before Success${strace.available ? '' : ` (${strace.reason})`}`,
  () => {
    it('syncs each file, renames it, syncs its folder, syncs its committed row, and only then answers', async () => {
      const tracePath = join(folder, 'trace.txt');
      const sent = Array.from({ length: 6 }, (_, index) => ({
        study: `1.2.3.${index}`,
        series: `1.2.3.4.${index}`,
        instance: `1.2.3.4.5.${100 + index}`,
      }));
      const service = await startUnderStrace(tracePath);
      // The first alone, the others at once: these share syncs of the record.
      const [first, ...others] = sent;
      const statuses = [await store(service.port, first!)];
      statuses.push(...(await Promise.all(others.map((uids) => store(service.port, uids)))));
      await service.stop();
      expect(statuses).toEqual(sent.map(() => 0));
      const calls = callsOf(await readFile(tracePath, 'utf8'));
      for (const uids of sent) expectDurableBeforeAnswer(calls, uids);
    }, 120_000);
  },
);

function expectDurableBeforeAnswer(calls: readonly Call[], uids: Instance): void {
  const find = (what: string, name: RegExp, text: string, after: number): Call => {
    const found = calls.find(
      (call) => name.test(call.name) && call.text.includes(text) && call.began > after,
    );
    expect(found, `${what} of ${uids.instance}`).toBeDefined();
    return found!;
  };
  const instance = {
    studyInstanceUid: uids.study,
    seriesInstanceUid: uids.series,
    sopInstanceUid: uids.instance,
  };
  const key = instanceObjectKey(instance, createHash('sha256').update(tinyDataSet(uids)).digest('hex'));
  const renamed = find('the rename', /^rename/, key, -1);
  const scratch = /scratch\/[^"]+\.part/.exec(renamed.text)?.[0] ?? 'no scratch file';
  const fileSynced = find('the sync of the file', /^fsync$/, scratch, -1);
  const folderSynced = find('the sync of the folder', /^fsync$/, `${dirname(key)}>`, renamed.ended);
  const written = calls.find(
    ({ name, text }) => name === 'pwrite64' && text.includes('-wal>') && text.includes(uids.instance),
  );
  const rowSynced = find('the sync of the row', /^f(data)?sync$/, '.sqlite-wal>', written?.ended ?? Infinity);
  // C-STORE-RSP leaves on the association's socket with the instance that it answers.
  const answered = find('the answer', /^(write|writev|sendto|sendmsg)$/, uids.instance, -1);
  expect(fileSynced.ended).toBeLessThan(renamed.began);
  expect(renamed.ended).toBeLessThan(folderSynced.began);
  expect(folderSynced.ended).toBeLessThan(written?.began ?? 0);
  expect(rowSynced.ended).toBeLessThan(answered.began);
}
