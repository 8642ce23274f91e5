import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { databasePath, openSqlite } from '../src/database/sqlite.ts';
import { recordIn } from '../src/commands/open-record.ts';
import { readStatus } from '../src/commands/status.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { freePort } from '../src/testing/free-port.ts';
import { openFaultDisk } from './fault-plan/fault-disk.ts';
import { FaultProxy } from './fault-plan/fault-proxy.ts';
import { FilmSenders } from './fault-plan/film-senders.ts';
import { readTemplates } from './fault-plan/invented-film.ts';
import { NodeUnderFault } from './fault-plan/node-under-fault.ts';
import { type Fault, type FaultPlan, planFaults } from './fault-plan/plan.ts';
import { judgeRun } from './fault-plan/verdict.ts';
import { createSeededRandom } from './phantom/seeded-random.ts';

// A service with workers and a PACS under a seeded plan of faults while films keep coming; afterwards everything that
// was answered Success must be held whole, triaged once, and be in the PACS once.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
    'films-per-second': { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const seconds = Number(values.seconds);
const filmsPerSecond = Number(values['films-per-second']);
const [MEBIBYTE, QUIET_SECONDS_MAX, SENDERS] = [2 ** 20, 900, 2];
const random = createSeededRandom(seed + 1);
const work = await mkdtemp(join(tmpdir(), 'osteotriage-faults-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await runPlan();
if (process.exitCode === 0) await rm(work, { recursive: true, force: true });
else say(`kept for a look: ${work}`);

async function runPlan(): Promise<number> {
  const disk = await openFaultDisk(work);
  const [dataFolder, pacsFolder, filmsFolder] = ['data', 'pacs', 'films'].map((name) =>
    join(name === 'data' ? disk.folder : work, name),
  ) as [string, string, string];
  for (const folder of [dataFolder, pacsFolder, filmsFolder]) await mkdir(folder);
  const pacsPort = await freePort();
  const pacs = spawn('storescp', ['-aet', 'PACS', '-od', pacsFolder, String(pacsPort)], { stdio: 'ignore' });
  process.once('exit', () => pacs.kill('SIGKILL'));
  const [senderWire, pacsWire] = [new FaultProxy(0), new FaultProxy(pacsPort)];
  await Promise.all([senderWire.open(), pacsWire.open()]);
  const node = new NodeUnderFault({
    ...{ dataFolder, logFile: join(work, 'service.log'), wire: senderWire },
    settings: () => ({
      TRIAGE_PACS: `PACS@127.0.0.1:${pacsWire.port}`,
      TRIAGE_WORKERS: '2',
      TRIAGE_LOG_LEVEL: 'warn',
      // Far more workers are killed here than in any year, so a film gets more attempts.
      TRIAGE_JOB_ATTEMPTS_MAX: '20',
      // In every second run of the service intake is not closed by the watermark, and the disk truly runs full.
      TRIAGE_DISK_FREE_MIB_MIN: random.next() < 0.5 ? '0' : '24',
    }),
  });
  let status = 1;
  try {
    await node.start();
    const templates = await readTemplates(join(PROJECT_FOLDER, 'dicom-fixtures'));
    const senders = new FilmSenders({
      ...{ seed, random, templates, folder: filmsFolder, port: senderWire.port },
      aeTitle: () => node.aeTitle,
    });
    const plan = planFaults(seed, seconds);
    await playFaults(plan, senders, { disk, node, senderWire, pacsWire });
    const problems = await settle(senders, node, dataFolder);
    status = await report(plan, senders, node, { disk, dataFolder, pacsFolder, problems });
    return status;
  } finally {
    pacs.kill('SIGKILL');
    await node.kill();
    await Promise.all([senderWire.close(), pacsWire.close()]);
    await disk.close(status !== 0);
  }
}

interface Stage {
  readonly disk: Awaited<ReturnType<typeof openFaultDisk>>;
  readonly node: NodeUnderFault;
  readonly senderWire: FaultProxy;
  readonly pacsWire: FaultProxy;
}

async function playFaults(plan: FaultPlan, senders: FilmSenders, stage: Stage): Promise<void> {
  const stopped = new AbortController();
  const sending = Array.from({ length: SENDERS }, () =>
    senders.run(filmsPerSecond / SENDERS, stopped.signal),
  );
  const telling = tellProgress(senders, stage.node, stopped.signal);
  const startedAtMs = Date.now();
  // One after the other, for a service that starts slowly makes a fault last longer than its plan.
  const play = async (row: readonly Fault[]): Promise<void> => {
    for (const fault of row) {
      await delay(Math.max(0, fault.startSeconds * 1000 - (Date.now() - startedAtMs)));
      await inject(fault, stage);
    }
  };
  await Promise.all([play(plan.wires), play(plan.machine)]);
  await delay(Math.max(0, seconds * 1000 - (Date.now() - startedAtMs)));
  stopped.abort();
  await Promise.all([...sending, telling]);
}

async function inject(fault: Fault, { disk, node, senderWire, pacsWire }: Stage): Promise<void> {
  const lastsMs = fault.lastsSeconds * 1000;
  const throughWire = async (wire: FaultProxy, mode: Parameters<FaultProxy['turn']>[0]): Promise<void> => {
    await wire.turn(mode);
    await delay(lastsMs);
    await wire.turn({ kind: 'pass' });
  };
  const draw = (): number => 200 + random.next() * 1.5 * MEBIBYTE;
  switch (fault.kind) {
    case 'sender-drops':
      return throughWire(senderWire, { kind: 'cut', draw });
    case 'pacs-down':
      return throughWire(pacsWire, { kind: 'down' });
    case 'pacs-slow':
      return throughWire(pacsWire, { kind: 'slow', waitMs: 150 });
    case 'pacs-aborts':
      return throughWire(pacsWire, { kind: 'cut', draw });
    case 'kill-worker':
      return node.killWorker(random.next());
    case 'disk-slow':
      return disk.slow(fault.lastsSeconds);
    case 'kill-service':
      await node.kill();
      await delay(lastsMs);
      return node.start();
    case 'disk-full':
    case 'disk-low':
      return fillDisk(fault, disk, node);
  }
}

async function fillDisk(fault: Fault, disk: Stage['disk'], node: NodeUnderFault): Promise<void> {
  const bytesLeft = fault.kind === 'disk-low' ? 12 * MEBIBYTE : random.next() * MEBIBYTE;
  if (await disk.fill(bytesLeft)) {
    await delay(fault.lastsSeconds * 1000);
    await disk.release();
    return;
  }
  // Without a disk of its own the watermark is put above what any disk has free.
  await node.kill();
  await node.start({ TRIAGE_DISK_FREE_MIB_MIN: '100000000' });
  await delay(fault.lastsSeconds * 1000);
  await node.kill();
  await node.start();
}

async function tellProgress(senders: FilmSenders, node: NodeUnderFault, stopped: AbortSignal): Promise<void> {
  for (let tick = 1; !stopped.aborted; tick += 1) {
    await node.noteMemory();
    if (tick % 12 === 0) {
      say(
        `${senders.films.length} films, ${senders.acknowledged.size} answered Success, ${node.starts} starts`,
      );
    }
    await delay(5000, undefined, { signal: stopped }).catch(() => undefined);
  }
}

/** Without faults everything must come to an end; what does not is a problem in words. */
async function settle(
  senders: FilmSenders,
  node: NodeUnderFault,
  dataFolder: string,
): Promise<readonly string[]> {
  let complete = false;
  for (let round = 0; round < 20 && !complete; round += 1) {
    complete = await senders.sendRest();
    if (!complete) await delay(2000);
  }
  const problems = complete ? [] : ['some films were never answered Success'];
  await hurryDeliveries(node, dataFolder);
  for (let second = 0; second < QUIET_SECONDS_MAX; second += 1) {
    const { pending, deliveriesPending } = await readStatus(recordIn(dataFolder));
    if (pending === 0 && deliveriesPending === 0) {
      const status = await node.stop();
      return status === 0
        ? problems
        : [...problems, `SIGTERM ended the service with ${status ?? 'no status'}`];
    }
    await delay(1000);
  }
  return [
    ...problems,
    `not quiet after ${QUIET_SECONDS_MAX} s: ${JSON.stringify(await readStatus(recordIn(dataFolder)))}`,
  ];
}

/** Retries and deliveries that wait for an hour after many failures are due now, so that the run can end. */
async function hurryDeliveries(node: NodeUnderFault, dataFolder: string): Promise<void> {
  await node.stop();
  const database = openSqlite(databasePath(dataFolder));
  const nowMs = Date.now();
  await database.updateTable('deliveries').set({ due_at_ms: nowMs }).where('state', '=', 'pending').execute();
  await database.updateTable('jobs').set({ due_at_ms: nowMs }).where('state', '=', 'waiting').execute();
  await database.destroy();
  await node.start();
}

async function report(
  plan: FaultPlan,
  senders: FilmSenders,
  node: NodeUnderFault,
  found: { disk: Stage['disk']; dataFolder: string; pacsFolder: string; problems: readonly string[] },
): Promise<number> {
  const films = senders.films.filter((film) => senders.acknowledged.has(film.sopInstanceUid));
  const { wrong, reportsInPacs } = await judgeRun(found.dataFolder, found.pacsFolder, films);
  const ended = node.endedByItself > 0 ? [`the service ended by itself ${node.endedByItself} times`] : [];
  const summary = {
    ...{ seed, seconds, disk: found.disk.description },
    faults: Object.fromEntries(
      Object.entries(Object.groupBy([...plan.wires, ...plan.machine], (fault) => fault.kind)).map(
        ([kind, list]) => [kind, list.length],
      ),
    ),
    ...{ films: senders.films.length, acknowledged: films.length, answers: senders.answers },
    ...{ reportsInPacs, serviceStarts: node.starts, peakRssMb: node.peakRssMb },
    counts: await readStatus(recordIn(found.dataFolder)),
    wrong: [...found.problems, ...ended, ...wrong],
  };
  process.stdout.write(
    values.json ? `${JSON.stringify(summary)}\n` : `${JSON.stringify(summary, null, 2)}\n`,
  );
  return summary.wrong.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
