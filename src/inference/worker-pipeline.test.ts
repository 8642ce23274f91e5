import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { WorkerPool } from './worker-pool.ts';
import { closePools, film, startPool } from '../testing/scripted-pool.ts';

afterEach(closePools);

/** Waits until a worker has begun what it was sent: only then may it be blamed for its death. */
async function awaitBegun(pool: WorkerPool): Promise<void> {
  await systemClock.sleep(300);
  expect(pool.stats().pending).toBeGreaterThan(0);
}

describe('a worker and its next batch', () => {
  it('computes the next film while what was made of the one before is being written', async () => {
    const pool = await startPool();
    const ended: string[] = [];
    const note = (id: string) => () => ended.push(id);
    const written = pool.analyse(film('write-1500', 'slow to write')).then(note('slow to write'));
    const computed = pool.analyse(film('answer', 'computed meanwhile')).then(note('computed meanwhile'));
    await Promise.all([written, computed]);
    expect(ended).toEqual(['computed meanwhile', 'slow to write']);
  });

  it('has room for another film as soon as it begins the one that was sent ahead', async () => {
    const pool = await startPool();
    const films = [pool.analyse(film('write-1000', 'a')), pool.analyse(film('wait-1000', 'b'))];
    await expect.poll(() => pool.capacity(), { timeout: 5000 }).toBe(1);
    films.push(pool.analyse(film('answer', 'c')));
    expect((await Promise.all(films)).map(({ analysis }) => analysis.file)).toEqual(['a', 'b', 'c']);
  });

  it('is not charged with the film that it had not begun when it was killed in the middle of another', async () => {
    const pool = await startPool();
    const begun = pool.analyse(film('wait-10000', 'begun'));
    const ahead = pool.analyse(film('answer', 'ahead'));
    const failed = expect(begun).rejects.toMatchObject({ code: 'worker-crashed' });
    await awaitBegun(pool);
    process.kill(pool.workerPids()[0]!, 'SIGKILL');
    await failed;
    await expect(ahead).resolves.toMatchObject({ analysis: { file: 'ahead' } });
    expect(pool.stats()).toMatchObject({ restarts: 1, pending: 0, failures: { 'worker-crashed': 1 } });
  });

  it('has its films tried alone when it died computing one and writing another', async () => {
    const pool = await startPool();
    const films = [pool.analyse(film('write-600', 'writing')), pool.analyse(film('wait-600', 'computing'))];
    await awaitBegun(pool);
    process.kill(pool.workerPids()[0]!, 'SIGKILL');
    expect((await Promise.all(films)).map(({ analysis }) => analysis.file)).toEqual(['writing', 'computing']);
    expect(pool.stats()).toMatchObject({ restarts: 1, items: 4, failures: {} });
  });

  it('does not let a hung film keep the one behind it for longer than its deadline', async () => {
    const pool = await startPool({ jobMsMax: 500 });
    const hung = expect(pool.analyse(film('hang'))).rejects.toMatchObject({ code: 'worker-deadline' });
    await expect(pool.analyse(film('answer', 'behind'))).resolves.toMatchObject({
      analysis: { file: 'behind' },
    });
    await hung;
  });

  it('answers eleven of twelve films in batches where one is poison', async () => {
    const pool = await startPool({ workers: 2, limits: { itemsMax: 4, waitMsMax: 50 } });
    const films = Array.from({ length: 12 }, (_, index) =>
      pool.analyse(film(index === 5 ? 'crash' : 'answer', `${index}`)),
    );
    const settled = await Promise.allSettled(films);
    const failed = settled.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    expect(failed).toEqual([5]);
    expect(pool.stats()).toMatchObject({ pending: 0, failures: { 'worker-crashed': 1 } });
  });

  it('gives a suspect to a worker that has nothing else, and it alone', async () => {
    const pool = await startPool({ limits: { itemsMax: 4, waitMsMax: 200 } });
    const suspect = pool.analyse(film('answer', 'suspect'), { isSuspect: true });
    const others = ['a', 'b', 'c'].map((id) => pool.analyse(film('answer', id)));
    expect((await suspect).analysis.image?.columns).toBe(1);
    expect((await Promise.all(others)).map(({ analysis }) => analysis.image?.columns)).toEqual([3, 3, 3]);
  });
});

describe('another setup', () => {
  it('is taken over by every worker without losing or doubling a film', async () => {
    const pool = await startPool({ workers: 2, setup: { mark: 1 } });
    const before = pool.workerPids();
    const answers: { readonly file: string; readonly mark: number | undefined }[] = [];
    let running = true;
    const client = async (name: string): Promise<number> => {
      let count = 0;
      for (; running; count += 1) {
        const { analysis } = await pool.analyse(film('wait-20', `${name}-${count}`));
        answers.push({ file: analysis.file, mark: analysis.image?.bitsStored });
      }
      return count;
    };
    const clients = ['a', 'b', 'c'].map(client);
    await pool.useSetup({ mark: 2 });
    const switchedAt = answers.length;
    running = false;
    const counts = await Promise.all(clients);
    expect(new Set(answers.map(({ file }) => file)).size).toBe(counts.reduce((a, b) => a + b, 0));
    expect(answers.slice(0, switchedAt).some(({ mark }) => mark === 1)).toBe(true);
    await expect(pool.analyse(film('answer'))).resolves.toMatchObject({
      analysis: { image: { bitsStored: 2 } },
    });
    await expect.poll(() => pool.workerPids().length, { timeout: 5000 }).toBe(2);
    expect(pool.workerPids().filter((pid) => before.includes(pid))).toEqual([]);
    expect(pool.stats()).toMatchObject({ restarts: 0, failures: {} });
  });

  it('is refused, and the one of before goes on, where a worker does not become ready with it', async () => {
    const pool = await startPool({ workers: 2, setup: { mark: 1 } });
    await expect(pool.useSetup({ unfit: true })).rejects.toMatchObject({ code: 'model-invalid' });
    await expect(pool.analyse(film('answer'))).resolves.toMatchObject({
      analysis: { image: { bitsStored: 1 } },
    });
    expect(pool.stats()).toMatchObject({ restarts: 0 });
  });

  it('lets a film that runs end on the worker that has it', async () => {
    const pool = await startPool({ setup: { mark: 1 } });
    const running = pool.analyse(film('wait-3000'));
    await pool.useSetup({ mark: 2 });
    expect((await running).analysis.image?.bitsStored).toBe(1);
  });

  it('is used from then on when a worker dies', async () => {
    const pool = await startPool({ setup: { mark: 1 } });
    await pool.useSetup({ mark: 2 });
    await expect(pool.analyse(film('crash'))).rejects.toMatchObject({ code: 'worker-crashed' });
    expect((await pool.analyse(film('answer'))).analysis.image?.bitsStored).toBe(2);
  });
});

describe('the number of workers', () => {
  it('is what the memory holds, asked when the first one is warm', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'osteotriage-pool-'));
    const startsFile = join(folder, 'starts');
    const pool = await startPool({ workers: 3, setup: { startsFile }, spareMemoryBytes: () => 0 });
    await pool.analyse(film('answer'));
    expect(pool.stats()).toMatchObject({ workers: 1, liveWorkers: 1 });
    expect(readFileSync(startsFile, 'utf8').trim().split('\n')).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });

  it('is what was asked for where there is room', async () => {
    const pool = await startPool({ workers: 2, spareMemoryBytes: () => Number.MAX_SAFE_INTEGER });
    await expect.poll(() => pool.stats().liveWorkers, { timeout: 10_000 }).toBe(2);
  });
});

describe('the batch size', () => {
  it('is measured once, used and remembered, and the worker that measured is replaced', async () => {
    const saved: number[] = [];
    const calibrations = {
      find: () => Promise.resolve(undefined),
      save: (_: unknown, device: string, itemsMax: number) => {
        expect(device).toBe('scripted');
        saved.push(itemsMax);
        return Promise.resolve();
      },
    };
    const pool = await startPool({ calibrations });
    const [pid] = pool.workerPids();
    await expect.poll(() => saved, { timeout: 10_000 }).toEqual([2]);
    expect(pool.stats().batchItemsMax).toBe(2);
    await expect.poll(() => pool.workerPids().includes(pid!), { timeout: 10_000 }).toBe(false);
    expect(saved).toEqual([2]);
  });

  it('is used at once where it is remembered', async () => {
    const calibrations = {
      find: () => Promise.resolve(4),
      save: () => Promise.reject(new Error('not again')),
    };
    const pool = await startPool({ calibrations, limits: { itemsMax: 1, waitMsMax: 200 } });
    await expect.poll(() => pool.stats().batchItemsMax).toBe(4);
    const films = ['a', 'b', 'c', 'd'].map((id) => pool.analyse(film('answer', id)));
    expect((await Promise.all(films)).map(({ analysis }) => analysis.image?.columns)).toEqual([4, 4, 4, 4]);
  });
});
