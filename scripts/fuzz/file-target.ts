import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { createSeededRandom, pickOne } from '../phantom/seeded-random.ts';
import type { FileVerdict } from './file-child.ts';
import { readFileCorpus } from './file-corpus.ts';
import { type Finding, keepFinding } from './finding.ts';
import { mutateBytes } from './mutator.ts';
import type { FuzzResult, FuzzRun } from './pdu-target.ts';

const [HANG_MS, RSS_MB_MAX, FINDINGS_MAX] = [15_000, 900, 20];

/** Lets a child process read mutated Part 10 files: header, pixels and the whole data set. */
export async function fuzzFiles(run: FuzzRun): Promise<FuzzResult> {
  const corpus = await readFileCorpus();
  const findings: Finding[] = [];
  const target = new FileTarget();
  let inputs = 0;
  try {
    const endsAtMs = Date.now() + run.seconds * 1000;
    for (let input = run.only ?? 0; Date.now() < endsAtMs && findings.length < FINDINGS_MAX; input += 1) {
      const random = createSeededRandom(run.seed * 1_000_033 + input);
      const file = mutateBytes(pickOne(random, corpus), random, corpus);
      const found = await target.read(file);
      inputs += 1;
      if (found !== undefined) {
        findings.push(await keepFinding(run.findingsFolder, { target: 'file', input, ...found }, file));
      }
      if (run.only !== undefined) break;
    }
    return { inputs, findings, peakRssMb: target.peakRssMb };
  } finally {
    target.stop();
  }
}

type Found = Pick<Finding, 'kind' | 'detail'> | undefined;

class FileTarget {
  peakRssMb = 0;
  #child: ChildProcess | undefined;

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  /** Lets the child read one file; after a crash or a hang it is a fresh one. */
  async read(file: Buffer): Promise<Found> {
    this.#child ??= await startChild();
    const answer = await ask(this.#child, file);
    if ('unexpected' in answer) {
      this.peakRssMb = Math.max(this.peakRssMb, answer.rssMb);
      const [first] = answer.unexpected;
      if (first !== undefined) return { kind: 'unexpected-error', detail: first.slice(0, 1500) };
      if (answer.rssMb <= RSS_MB_MAX) return undefined;
    }
    this.stop();
    return 'unexpected' in answer ? { kind: 'memory', detail: `${answer.rssMb} MB` } : answer;
  }
}

function ask(child: ChildProcess, file: Buffer): Promise<FileVerdict | NonNullable<Found>> {
  return new Promise((settle) => {
    const timer = setTimeout(() => end({ kind: 'hang', detail: `no answer in ${HANG_MS} ms` }), HANG_MS);
    const end = (answer: FileVerdict | NonNullable<Found>): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      settle(answer);
    };
    child.once('message', (verdict) => end(verdict as FileVerdict));
    child.once('exit', (code, signal) =>
      end({ kind: 'crash', detail: `the reader ended: ${signal ?? code ?? ''}` }),
    );
    child.send(file);
  });
}

async function startChild(): Promise<ChildProcess> {
  const child = fork(join(PROJECT_FOLDER, 'scripts', 'fuzz', 'file-child.ts'), { serialization: 'advanced' });
  await once(child, 'message');
  return child;
}
