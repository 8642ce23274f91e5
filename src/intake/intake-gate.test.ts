import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { insertJobs } from '../database/job-records.ts';
import { TriageError } from '../errors.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { intakeProbes, openIntakeGate, type WatermarkGate } from './intake-gate.ts';

const MIB = 1024 * 1024;
const LIMITS = { diskFreeMibMin: 100, queueItemsMax: 3 };

const clock = new ManualClock();
let gate: WatermarkGate | undefined;

afterEach(() => gate?.close());

/** Lets the promises of a look that the clock began come to their end. */
async function lookAgain(): Promise<void> {
  clock.advance(1_000);
  await new Promise((resolve) => setImmediate(resolve));
}

async function open(probed: { free: number; waiting: number; fails?: boolean }) {
  const probe = (read: () => number) => () =>
    probed.fails === true ? Promise.reject(new Error('no disk')) : Promise.resolve(read());
  const probes = { freeBytes: probe(() => probed.free), waitingItems: probe(() => probed.waiting) };
  gate = await openIntakeGate(LIMITS, probes, clock, silentLog);
  return gate;
}

describe('the gate of intake', () => {
  it('closes for instances below the watermark and opens again by itself', async () => {
    const probed = { free: 100 * MIB, waiting: 0 };
    const opened = await open(probed);
    expect(opened.judgeInstance()).toBeUndefined();
    probed.free = 100 * MIB - 1;
    await lookAgain();
    expect(opened.judgeInstance()).toMatchObject({ code: 'storage-full', class: 'transient' });
    expect(opened.judgeAssociation()).toBeUndefined();
    probed.free = 101 * MIB;
    await lookAgain();
    expect(opened.judgeInstance()).toBeUndefined();
  });

  it('is closed, and says so, while the object store takes nothing', async () => {
    const store: { problem?: TriageError } = {};
    const probes = {
      freeBytes: () => Promise.resolve(200 * MIB),
      waitingItems: () => Promise.resolve(0),
      storeProblem: () => store.problem,
    };
    gate = await openIntakeGate(LIMITS, probes, clock, silentLog);
    expect(gate.judgeInstance()).toBeUndefined();
    store.problem = new TriageError('storage-full', 'the bucket is full');
    expect(gate.judgeInstance()).toBe(store.problem);
    expect(gate.problem()).toBe('the bucket is full');
    delete store.problem;
    expect(gate.problem()).toBeNull();
  });

  it('is closed from the start on a disk that is full', async () => {
    expect((await open({ free: 0, waiting: 0 })).judgeInstance()?.code).toBe('storage-full');
  });

  it('closes for associations while more films wait than may, and only for those', async () => {
    const probed = { free: 200 * MIB, waiting: 3 };
    const opened = await open(probed);
    expect(opened.judgeAssociation()).toBeUndefined();
    probed.waiting = 4;
    await lookAgain();
    expect(opened.judgeAssociation()).toMatchObject({ code: 'server-busy', class: 'transient' });
    expect(opened.judgeInstance()).toBeUndefined();
    probed.waiting = 3;
    await lookAgain();
    expect(opened.judgeAssociation()).toBeUndefined();
  });

  it('keeps its judgement while it cannot look, and goes on looking', async () => {
    const probed = { free: 0, waiting: 0, fails: false };
    const opened = await open(probed);
    probed.fails = true;
    probed.free = 200 * MIB;
    await lookAgain();
    expect(opened.judgeInstance()?.code).toBe('storage-full');
    probed.fails = false;
    await lookAgain();
    expect(opened.judgeInstance()).toBeUndefined();
  });

  it('counts the jobs that wait', async () => {
    const database = await openTestRecord();
    const { waitingItems, freeBytes } = intakeProbes(tmpdir(), database);
    expect(await waitingItems(10)).toBe(0);
    await insertJobs(database, [routineJob(await insertTestExam(database, 1))], 0);
    expect(await waitingItems(10)).toBe(1);
    expect(await freeBytes()).toBeGreaterThan(0);
    await database.destroy();
  });
});

describe.skipIf(getuid?.() !== 0)('the gate on a real disk (a tmpfs needs root)', () => {
  it('closes when the disk fills and opens when a file is removed', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'osteotriage-disk-'));
    const database = await openTestRecord();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
    } catch {
      rmSync(folder, { recursive: true });
      skip('mounting is not allowed here; the injected probes above say the same');
    }
    try {
      const probes = intakeProbes(folder, database);
      gate = await openIntakeGate({ diskFreeMibMin: 4, queueItemsMax: 3 }, probes, clock, silentLog);
      expect(gate.judgeInstance()).toBeUndefined();
      writeFileSync(join(folder, 'film'), Buffer.alloc(5 * MIB));
      await gate.look();
      expect(gate.judgeInstance()?.code).toBe('storage-full');
      rmSync(join(folder, 'film'));
      await gate.look();
      expect(gate.judgeInstance()).toBeUndefined();
    } finally {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
      await database.destroy();
    }
  });
});
