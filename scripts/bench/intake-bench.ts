import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { syncDisks } from './bench-run.ts';
import { type FilmFile, writeFilmFiles } from './film-files.ts';
import { exitOf, type Receiver, RECEIVERS, type ReceiverName } from './intake-receivers.ts';
import { cpuSeconds, peakRssMb } from './process-figures.ts';
import { median, rounded } from './statistics.ts';

/** So many files of a size over so many associations at once. */
export interface IntakeCase {
  readonly files: number;
  readonly megabytesEach: number;
  readonly associations: number;
}

/** One receiver in one round of a case. */
export interface IntakeRun extends IntakeCase {
  readonly receiver: ReceiverName;
  readonly filesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Processor time of the receiver, all its threads and children. */
  readonly cpuMsPerFile: number;
  /** Processor time of the `storescu` that send. */
  readonly senderCpuMsPerFile: number;
  readonly peakRssMb: number;
}

/** The medians of a case: ours over each of the others. */
export interface IntakeRatio extends IntakeCase {
  readonly filesPerSecond: Readonly<Partial<Record<ReceiverName, number>>>;
  readonly cpuMsPerFile: Readonly<Partial<Record<ReceiverName, number>>>;
  readonly storescp?: number;
  readonly orthanc?: number;
}

/** What the bench of the intake found. */
export interface IntakeFigures {
  readonly ratios: readonly IntakeRatio[];
  readonly listenerPeakRssMb: number;
  /** Every file was answered Success, is held once, and its data set is byte-identical. */
  readonly allHeldByteIdentical: boolean;
  readonly runs: readonly IntakeRun[];
}

/**
 * Sends the same files by `storescu` to ours (SHA-256, syncs, database), to dcmtk's `storescp --fork` and to Orthanc.
 * Each round takes the receivers in another order and begins each with a `sync`, so that nobody pays for another's
 * unwritten pages.
 */
export async function benchIntake(options: {
  readonly cases: readonly IntakeCase[];
  readonly receivers: readonly ReceiverName[];
  readonly rounds: number;
}): Promise<IntakeFigures> {
  const { cases, receivers, rounds } = options;
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-bench-'));
  const runs: IntakeRun[] = [];
  let held = true;
  try {
    for (const [index, intakeCase] of cases.entries()) {
      const films = join(folder, `films-${index}`);
      const groups = await writeFilmFiles({
        folder: films,
        count: intakeCase.files,
        bytes: intakeCase.megabytesEach * 1e6,
        folders: intakeCase.associations,
        persons: 20,
      });
      for (let round = 0; round < rounds; round += 1) {
        for (let turn = 0; turn < receivers.length; turn += 1) {
          const name = receivers[(round + turn) % receivers.length] ?? 'osteotriage';
          const result = await runOnce(name, intakeCase, groups, folder);
          runs.push(result.run);
          held = held && result.held;
        }
      }
      await rm(films, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const ours = runs.filter((run) => run.receiver === 'osteotriage');
  return {
    ratios: cases.map((intakeCase) => ratioOf(intakeCase, receivers, runs)),
    listenerPeakRssMb: rounded(Math.max(0, ...ours.map((run) => run.peakRssMb))),
    allHeldByteIdentical: held,
    runs,
  };
}

async function runOnce(
  name: ReceiverName,
  intakeCase: IntakeCase,
  groups: readonly (readonly FilmFile[])[],
  folder: string,
): Promise<{ readonly run: IntakeRun; readonly held: boolean }> {
  const work = await mkdtemp(join(folder, 'receiver-'));
  await syncDisks();
  const receiver = await RECEIVERS[name](work);
  try {
    const before = await cpuSeconds(receiver.pid);
    const senderBefore = (await cpuSeconds('self')).children;
    const seconds = await sendGroups(groups, receiver);
    const sender = (await cpuSeconds('self')).children - senderBefore;
    const after = await cpuSeconds(receiver.pid);
    const cpu = after.own - before.own + after.children - before.children;
    const run = {
      receiver: name,
      ...intakeCase,
      filesPerSecond: rounded(intakeCase.files / seconds),
      megabytesPerSecond: rounded((intakeCase.files * intakeCase.megabytesEach) / seconds),
      cpuMsPerFile: rounded((1000 * cpu) / intakeCase.files),
      senderCpuMsPerFile: rounded((1000 * sender) / intakeCase.files),
      peakRssMb: rounded(await peakRssMb(receiver.pid)),
    };
    return { run, held: await receiver.check(groups) };
  } finally {
    await receiver.stop();
    await rm(work, { recursive: true, force: true });
  }
}

function ratioOf(
  intakeCase: IntakeCase,
  receivers: readonly ReceiverName[],
  runs: readonly IntakeRun[],
): IntakeRatio {
  const mine = runs.filter(
    (run) =>
      run.files === intakeCase.files &&
      run.megabytesEach === intakeCase.megabytesEach &&
      run.associations === intakeCase.associations,
  );
  const medians = (figure: 'filesPerSecond' | 'cpuMsPerFile'): Partial<Record<ReceiverName, number>> =>
    Object.fromEntries(
      receivers.map((name) => [
        name,
        median(mine.filter((run) => run.receiver === name).map((run) => run[figure])),
      ]),
    );
  const filesPerSecond = medians('filesPerSecond');
  const over = (other: 'storescp' | 'orthanc') => {
    const [ours, theirs] = [filesPerSecond.osteotriage, filesPerSecond[other]];
    return ours === undefined || theirs === undefined ? {} : { [other]: rounded(ours / theirs) };
  };
  return {
    ...intakeCase,
    ...over('storescp'),
    ...over('orthanc'),
    filesPerSecond,
    cpuMsPerFile: medians('cpuMsPerFile'),
  };
}

/** Seconds that one `storescu` for each group takes, all at once. Throws when one of them fails. */
async function sendGroups(
  groups: readonly (readonly FilmFile[])[],
  receiver: Pick<Receiver, 'calledAeTitle' | 'port'>,
): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    groups.map(async (group) => {
      const called = ['-aec', receiver.calledAeTitle, '-pdu', '131072', '+sd', '--no-halt'];
      const peer = ['127.0.0.1', String(receiver.port), dirname(group[0]?.path ?? '')];
      const status = await exitOf(spawn('storescu', [...called, ...peer], { stdio: 'ignore' }));
      if (status !== 0) throw new Error(`storescu ended with status ${status ?? 'none'}`);
    }),
  );
  return (performance.now() - startedAt) / 1000;
}
