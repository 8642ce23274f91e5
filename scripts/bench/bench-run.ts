import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { exitOf } from './intake-receivers.ts';
import type { Figure } from './targets.ts';

/** How much is measured. */
export interface BenchSize {
  /** Counted rounds, side by side; one more before them warms up. */
  readonly rounds: number;
  /** A try of the bench itself: tiny sizes, figures that mean nothing. */
  readonly quick: boolean;
}

/** What a part of the bench found: figures with their targets, and what they were made from. */
export interface BenchPart {
  readonly figures: readonly Figure[];
  readonly details: unknown;
}

/** Says on standard error what is being done; standard output is for the one JSON object. */
export function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

/** Gives work a folder of its own and removes it afterwards. */
export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes all unwritten pages, so that nobody who is measured next pays for another's. */
export async function syncDisks(): Promise<void> {
  await exitOf(spawn('sync', [], { stdio: 'ignore' }));
}

/** The numbers of the rounds; round 0 warms up and is not counted. */
export function* roundsOf({
  rounds,
}: BenchSize): Generator<{ readonly round: number; readonly counts: boolean }> {
  for (let round = 0; round <= rounds; round += 1) yield { round, counts: round > 0 };
}
