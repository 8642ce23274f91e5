import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLog } from '../telemetry.ts';
import type { AnalysisRequest } from '../../workers/messages.ts';
import { startWorkerPool, type PooledReply, type WorkerPool } from './worker-pool.ts';

let pool: WorkerPool;
afterEach(() => pool.close(0));

async function start(jobMsMax = 20_000): Promise<void> {
  pool = await startWorkerPool({
    ...{ workers: 1, setup: {}, limits: { itemsMax: 1, waitMsMax: 0 }, jobMsMax, startMsMax: 20_000 },
    ...{ clock: systemClock, log: silentLog },
    workerEntry: new URL('../testing/scripted-worker.ts', import.meta.url).pathname,
  });
}

function film(path: string, id = path): AnalysisRequest {
  return { id, path, source: 'dicom', options: {}, scratchFolder: null };
}

/** Analyses films one after the other, with as many at once as the pool takes. */
async function analyseAll(paths: readonly string[]): Promise<readonly PooledReply[]> {
  const replies: Promise<PooledReply>[] = [];
  for (const [at, path] of paths.entries()) {
    while (pool.capacity() === 0) await systemClock.sleep(2);
    replies.push(pool.analyse(film(path, `${at}`)));
  }
  return Promise.all(replies);
}

describe('a model in shadow', () => {
  it('does not delay the film’s own result, and is heard of afterwards', async () => {
    await start();
    const reply = await pool.analyse(film('shadow-wait-400'));
    let heard = false;
    void reply.shadow?.then(() => (heard = true));
    await systemClock.sleep(50);
    expect([reply.analysis.outcome, heard]).toEqual(['negative', false]);
    expect(await reply.shadow).toMatchObject({ file: 'shadow-wait-400', outcome: 'positive' });
  });

  it('is not heard of where none runs', async () => {
    await start();
    expect((await pool.analyse(film('answer'))).shadow).toBeUndefined();
  });

  it('fails without touching the result, and the reason is counted', async () => {
    await start();
    const [reply, next] = await analyseAll(['shadow-fail', 'answer']);
    expect(await reply?.shadow).toBeNull();
    expect([reply, next].map((one) => one?.analysis.outcome)).toEqual(['negative', 'negative']);
    expect(pool.stats()).toMatchObject({ failures: {}, shadowFailures: { 'inference-failed': 1 } });
  });

  it('that ends its worker each time fails no film, and none of the films that wait behind it', async () => {
    await start();
    const replies = await analyseAll(['shadow-crash', 'answer', 'shadow-crash', 'shadow-crash', 'answer']);
    expect(replies.map((reply) => reply.analysis.file)).toEqual(['0', '1', '2', '3', '4']);
    expect(await Promise.all(replies.map((reply) => reply.shadow ?? Promise.resolve('none')))).toEqual([
      ...[null, 'none', null, null, 'none'],
    ]);
    expect(pool.stats()).toMatchObject({ failures: {}, shadowFailures: { 'worker-crashed': 3 } });
  });

  it('that hangs is ended at its deadline, and the next film is read', async () => {
    await start(700);
    const [reply, next] = await analyseAll(['shadow-hang', 'answer']);
    expect(await reply?.shadow).toBeNull();
    expect(next?.analysis.outcome).toBe('negative');
    expect(pool.stats()).toMatchObject({ failures: {}, shadowFailures: { 'worker-deadline': 1 } });
  });
});
