import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HashThread } from './hash-thread.ts';

const BYTES = 1000;

function memoryOf(value: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(BYTES);
  new Uint8Array(memory).fill(value);
  return memory;
}

describe('the thread that hashes', () => {
  it('hashes streams that take turns, each for itself', async () => {
    const thread = new HashThread();
    const [one, two] = [thread.begin(), thread.begin()];
    expect(await one.update(memoryOf(1), 0, BYTES, false)).toBeNull();
    expect(await two.update(memoryOf(2), 10, 20, true)).toBe(digestOf(Buffer.alloc(20, 2)));
    expect(await one.update(memoryOf(3), 0, 1, true)).toBe(
      digestOf(Buffer.concat([Buffer.alloc(BYTES, 1), Buffer.alloc(1, 3)])),
    );
  });

  it('fails the streams it had when it dies, and hashes those that begin afterwards', async () => {
    const thread = new HashThread();
    const [held, fatal] = [thread.begin(), thread.begin()];
    await held.update(memoryOf(1), 0, BYTES, false);
    // Bytes beyond the memory are what the thread does not survive.
    const died = fatal.update(memoryOf(1), 0, BYTES + 1, true);
    const waited = held.update(memoryOf(1), 0, BYTES, false);
    await expect(died).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(waited).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(held.update(memoryOf(1), 0, BYTES, true)).rejects.toMatchObject({ code: 'storage-failed' });
    expect(() => held.forget()).not.toThrow();
    expect(await thread.begin().update(memoryOf(4), 0, BYTES, true)).toBe(digestOf(Buffer.alloc(BYTES, 4)));
  });
});

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
