import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { asTriageError } from '../errors.ts';
import { closePools, film, startPool } from '../testing/scripted-pool.ts';

afterEach(closePools);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie still has a number; its state says that it is gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function waitUntil(isTrue: () => boolean, waitMsMax: number): Promise<number> {
  const startMs = performance.now();
  while (!isTrue() && performance.now() - startMs < waitMsMax) await systemClock.sleep(20);
  return performance.now() - startMs;
}

describe('the worker pool', () => {
  it('answers every film with its own analysis', async () => {
    const pool = await startPool({ workers: 2 });
    const ids = ['a', 'b', 'c', 'd'];
    const replies = await Promise.all(ids.map((id) => pool.analyse(film('answer', id))));
    expect(replies.map((reply) => reply.analysis.file)).toEqual(ids);
    expect(pool.stats()).toMatchObject({ items: 4, runs: 4, pending: 0, restarts: 0, failures: {} });
  });

  it('puts films that wait together into one run', async () => {
    const pool = await startPool({ limits: { itemsMax: 4, waitMsMax: 200 } });
    const replies = await Promise.all(['a', 'b', 'c', 'd'].map((id) => pool.analyse(film('answer', id))));
    expect(replies.map((reply) => reply.analysis.image?.columns)).toEqual([4, 4, 4, 4]);
    expect(pool.stats()).toMatchObject({ items: 4, runs: 1 });
  });

  it('sends a lone film when it has waited its limit', async () => {
    const pool = await startPool({ limits: { itemsMax: 4, waitMsMax: 60 } });
    const startMs = performance.now();
    await pool.analyse(film('answer'));
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(55);
  });

  it('takes no more than it has room for and says so', async () => {
    const pool = await startPool();
    expect(pool.capacity()).toBe(2);
    const held = [pool.analyse(film('wait-300', 'a')), pool.analyse(film('answer', 'b'))];
    expect(pool.capacity()).toBe(0);
    await expect(pool.analyse(film('answer', 'c'))).rejects.toMatchObject({ code: 'server-busy' });
    await Promise.all(held);
    expect(pool.capacity()).toBe(2);
  });

  it('retries the films of a crashed batch one by one, so that only the bad one fails', async () => {
    const pool = await startPool({ limits: { itemsMax: 4, waitMsMax: 200 } });
    const paths = ['answer', 'crash', 'answer', 'answer'];
    const settled = await Promise.allSettled(paths.map((path, i) => pool.analyse(film(path, `film-${i}`))));
    expect(settled.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: 'worker-crashed' } });
    for (const i of [0, 2, 3]) {
      expect(settled[i]).toMatchObject({ value: { analysis: { file: `film-${i}`, image: { columns: 1 } } } });
    }
    expect(pool.stats()).toMatchObject({ restarts: 2, pending: 0, failures: { 'worker-crashed': 1 } });
  });

  it('kills a film that hangs or spins at its deadline, and goes on', async () => {
    const pool = await startPool({ jobMsMax: 400 });
    for (const path of ['hang', 'spin']) {
      await expect(pool.analyse(film(path))).rejects.toMatchObject({ code: 'worker-deadline' });
    }
    await expect(pool.analyse(film('answer'))).resolves.toMatchObject({ analysis: { file: 'answer' } });
    expect(pool.stats().failures).toEqual({ 'worker-deadline': 2 });
  });

  it('replaces a worker that was killed from outside', async () => {
    const pool = await startPool();
    const [pid] = pool.workerPids();
    process.kill(pid!, 'SIGKILL');
    await waitUntil(() => pool.stats().restarts === 1, 5000);
    await expect(pool.analyse(film('answer'))).resolves.toBeDefined();
    expect(pool.workerPids()).not.toContain(pid);
  });

  it('passes on the failure of one film without touching its neighbours or its worker', async () => {
    const pool = await startPool({ limits: { itemsMax: 2, waitMsMax: 200 } });
    const [bad, good] = await Promise.allSettled([pool.analyse(film('fail')), pool.analyse(film('answer'))]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'not-part-10' } });
    expect(good.status).toBe('fulfilled');
    expect(pool.stats()).toMatchObject({ restarts: 0, failures: { 'not-part-10': 1 } });
  });

  it('lets no film hang on a worker that leaves it out or talks rubbish', async () => {
    const pool = await startPool();
    await expect(pool.analyse(film('leave-out'))).rejects.toMatchObject({ code: 'inference-failed' });
    await expect(pool.analyse(film('rubbish'))).rejects.toMatchObject({ code: 'worker-crashed' });
    await expect(pool.analyse(film('answer'))).resolves.toBeDefined();
  });

  it('loses nothing in a storm of good, bad and fatal films', async () => {
    const pool = await startPool({ workers: 2, limits: { itemsMax: 3, waitMsMax: 5 }, jobMsMax: 2000 });
    const paths = Array.from({ length: 40 }, (_, i) =>
      i % 13 === 5 ? 'crash' : i % 7 === 3 ? 'fail' : 'answer',
    );
    const outcomes = new Map<string, string>();
    let next = 0;
    const client = async (): Promise<void> => {
      for (let i = next++; i < paths.length; i = next++) {
        const path = paths[i]!;
        const settle = (outcome: string): unknown => outcomes.set(`${i}`, outcome);
        await pool.analyse(film(path, `${i}`)).then(
          ({ analysis }) => settle(analysis.file === `${i}` ? 'answer' : 'another film'),
          (failure: unknown) => settle(asTriageError(failure).code === 'not-part-10' ? 'fail' : 'crash'),
        );
      }
    };
    await Promise.all(Array.from({ length: 12 }, client));
    expect(Array.from(paths, (_, i) => outcomes.get(`${i}`))).toEqual(paths);
  });
});

describe('the life of the workers', () => {
  it('waits and tries again when a worker dies at its start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'osteotriage-pool-'));
    const startsFile = join(folder, 'starts');
    const startMs = performance.now();
    const pool = await startPool({ setup: { startsFile, startsThatDie: 2 } });
    // 250 ms before the second start and 500 ms before the third.
    expect(performance.now() - startMs).toBeGreaterThan(740);
    expect(readFileSync(startsFile, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(pool.ready()).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it('does not start with workers that are unfit, and says why', async () => {
    await expect(startPool({ setup: { unfit: true } })).rejects.toMatchObject({ code: 'model-invalid' });
  });

  it('lets the films that a worker has end within the grace of a close, and rejects the rest', async () => {
    const pool = await startPool();
    const running = pool.analyse(film('wait-200'));
    const waiting = pool.analyse(film('answer'), { isSuspect: true });
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'lease-lost' });
    await pool.close(5000);
    await expect(running).resolves.toBeDefined();
    await rejected;
    expect(pool.workerPids()).toEqual([]);
    expect(pool.capacity()).toBe(0);
  });

  it('kills what is still running when the grace is over', async () => {
    const pool = await startPool();
    const rejected = expect(pool.analyse(film('hang'))).rejects.toMatchObject({ code: 'lease-lost' });
    const [pid] = pool.workerPids();
    await pool.close(100);
    await rejected;
    expect(isAlive(pid!)).toBe(false);
  });

  it.each(['hang', 'spin'])(
    'leaves no worker behind when the service is killed during a %s',
    async (path) => {
      const entry = new URL('../testing/pool-parent.ts', import.meta.url).pathname;
      const parent = spawn(process.execPath, [entry, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const line = await new Promise<string>((resolve) => {
        parent.stdout.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      });
      const pids = JSON.parse(line) as number[];
      expect(pids.filter(isAlive)).toHaveLength(2);
      await systemClock.sleep(100);
      parent.kill('SIGKILL');
      expect(await waitUntil(() => !pids.some(isAlive), 5000)).toBeLessThan(2000);
      expect(pids.filter(isAlive)).toEqual([]);
    },
  );
});
