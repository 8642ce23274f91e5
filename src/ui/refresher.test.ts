import { describe, expect, it } from 'vitest';
import { Refresher } from './refresher.ts';

function scripted() {
  const started: string[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const refresher = new Refresher(async (key) => {
    started.push(key);
    await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { started, waiting, refresher, settle };
}

describe('the refresher', () => {
  it('reads once more, not two hundred times, after a burst that came while it was reading', async () => {
    const { started, waiting, refresher, settle } = scripted();
    refresher.mark('exams');
    for (let event = 0; event < 200; event += 1) refresher.mark('exams');
    expect(started).toEqual(['exams']);
    waiting[0]!.resolve();
    await settle();
    expect(started).toEqual(['exams', 'exams']);
    waiting[1]!.resolve();
    await settle();
    expect(started).toHaveLength(2);
  });

  it('reads different keys side by side', () => {
    const { started, refresher } = scripted();
    refresher.mark('exams', 'referrals');
    expect(started).toEqual(['exams', 'referrals']);
  });

  it('goes on after a read that failed', async () => {
    const { started, waiting, refresher, settle } = scripted();
    refresher.mark('exams');
    waiting[0]!.reject(new Error('offline'));
    await settle();
    refresher.mark('exams');
    expect(started).toEqual(['exams', 'exams']);
  });
});
