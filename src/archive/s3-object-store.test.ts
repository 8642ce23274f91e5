import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLog } from '../telemetry.ts';
import { makeAuthority } from '../testing/certificates.ts';
import { requireTool } from '../testing/services.ts';
import { startS3Store, type TestS3Store } from '../testing/s3-store.ts';
import { describeObjectStore } from './object-store.contract.ts';
import type { ObjectStore } from './object-store.ts';
import { openS3ObjectStore, type OpenS3Store, type S3Limits } from './s3-object-store.ts';

const KIB = 1024;
const KEY = `objects/ab/${'ab'.repeat(32)}.dcm`;
const FILM = randomBytes(700 * KIB);
/** Of a service, but for the waits. */
const QUICK: Partial<S3Limits> = { retryWaitMs: 20 };

let remote: TestS3Store;
let folder: string;
let opened: OpenS3Store[];
beforeAll(async () => {
  remote = await startS3Store();
});
afterAll(() => remote.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-s3-scratch-'));
  opened = [];
});
afterEach(async () => {
  remote.setFault({ kind: 'none' });
  await remote.clear();
  for (const each of opened) each.close();
  await rm(folder, { recursive: true });
});

async function open(
  limits: Partial<S3Limits> = QUICK,
  { endpoint, region, bucket, accessKeyFile, secretKeyFile }: Omit<TestS3Store, 'stop'> = remote,
): Promise<OpenS3Store> {
  const store = await openS3ObjectStore({
    ...{ endpoint, region, bucket, accessKeyFile, secretKeyFile, limits },
    ...{ scratchFolder: join(folder, 'scratch'), clock: systemClock, log: silentLog },
  });
  opened.push(store);
  return store;
}

function otherKey(number: number): string {
  return KEY.replace('objects/ab', `objects/0${number}`);
}

/** As a listener does, to the end of the writer. */
async function receive(store: ObjectStore, bytes: Uint8Array = FILM, key = KEY): Promise<number> {
  const writer = store.beginWrite(Buffer.alloc(0));
  try {
    await writer.write(bytes);
    return await writer.commit(key);
  } finally {
    await writer.discard();
  }
}

function callsOf(method: string): number {
  return remote.requests.filter((request) => request.startsWith(`${method} `)).length;
}

async function scratchFiles(): Promise<readonly string[]> {
  return (await readdir(join(folder, 'scratch'))).filter((name) => name !== 'cache');
}

describeObjectStore('on S3', async () => ({
  store: await open(),
  scratchFolder: join(folder, 'scratch'),
  openAgain: () => open(),
}));

describe('a store that does not serve', () => {
  it('that is slow makes the sender wait, and nothing is an object before it answers', async () => {
    const store = await open();
    remote.setFault({ kind: 'slow', ms: 300 });
    const startedAtMs = performance.now();
    const committed = receive(store);
    expect(await store.has(KEY)).toBe(false);
    expect(await committed).toBe(FILM.length);
    expect(performance.now() - startedAtMs).toBeGreaterThan(290);
    expect((await store.read(KEY)).equals(FILM)).toBe(true);
  });

  it('that is full is storage-full at once, and takes again when it has room', async () => {
    const store = await open();
    await receive(store, FILM, otherKey(1));
    remote.setFault({ kind: 'full' });
    const calls = callsOf('PUT');
    await expect(receive(store)).rejects.toMatchObject({ code: 'storage-full', class: 'transient' });
    expect(callsOf('PUT') - calls).toBe(1);
    // What is there can be read.
    expect((await store.read(otherKey(1))).equals(FILM)).toBe(true);
    expect(await scratchFiles()).toEqual([]);
    remote.setFault({ kind: 'none' });
    expect(await receive(store)).toBe(FILM.length);
  });

  it.each([
    ['is down', { kind: 'down' }],
    ['takes requests and never answers', { kind: 'silent' }],
    ['asks for patience', { kind: 'busy' }],
    ['dies in the middle of an upload', { kind: 'cut-after-bytes', bytes: 100 * KIB }],
    ['damages what it is sent', { kind: 'corrupt' }],
  ] as const)(
    'that %s is storage-failed after some attempts, and served when it is back',
    async (_, fault) => {
      const attemptMsMax = fault.kind === 'silent' ? 300 : 10_000;
      const store = await open({ ...QUICK, attemptsMax: 2, attemptMsMax });
      remote.setFault(fault);
      await expect(receive(store)).rejects.toMatchObject({ code: 'storage-failed', class: 'transient' });
      remote.setFault({ kind: 'none' });
      expect(await store.has(KEY)).toBe(false);
      expect(await scratchFiles()).toEqual([]);
      expect(await receive(store)).toBe(FILM.length);
      expect((await store.read(KEY)).equals(FILM)).toBe(true);
    },
  );

  it.each([
    ['dies in the middle of an upload', { kind: 'cut-after-bytes', bytes: 100 * KIB, times: 1 }],
    ['stores a film and loses the answer', { kind: 'lose-answer', times: 1 }],
    ['damages a film on its way', { kind: 'corrupt', times: 1 }],
    ['is busy twice', { kind: 'busy', times: 2 }],
  ] as const)('that %s and then comes back has the film once and whole', async (_, fault) => {
    const store = await open();
    remote.setFault(fault);
    expect(await receive(store)).toBe(FILM.length);
    expect((await store.read(KEY)).equals(FILM)).toBe(true);
  });

  it.each([
    ['cut', { kind: 'cut-after-bytes', bytes: 1000 }],
    ['damaged', { kind: 'corrupt' }],
  ] as const)('gives no film that was %s on its way, and the whole one when it can', async (_, fault) => {
    const store = await open();
    await receive(store);
    remote.setFault(fault);
    await expect(store.read(KEY)).rejects.toMatchObject({ code: 'storage-failed' });
    remote.setFault({ ...fault, times: 1 });
    expect((await readFile(await store.readablePath(KEY))).equals(FILM)).toBe(true);
    expect(await readdir(join(folder, 'scratch', 'cache'))).toHaveLength(1);
  });

  it('says at the start which setting is wrong, and starts where the store is only away', async () => {
    await expect(open(QUICK, { ...remote, bucket: 'nowhere' })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('create the bucket nowhere') as string,
    });
    remote.setFault({ kind: 'refuse' });
    await expect(open()).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining(remote.accessKeyFile) as string,
    });
    remote.setFault({ kind: 'down' });
    const store = await open();
    remote.setFault({ kind: 'none' });
    expect(await receive(store)).toBe(FILM.length);
  });

  it('that forbids while the service runs loses nothing for good', async () => {
    const store = await open();
    remote.setFault({ kind: 'refuse' });
    const steps = [
      () => receive(store),
      () => store.has(KEY),
      () => store.read(KEY),
      () => store.remove([KEY]),
    ];
    for (const step of steps) {
      await expect(step()).rejects.toMatchObject({
        code: 'storage-failed',
        message: expect.stringContaining(remote.secretKeyFile) as string,
      });
    }
  });

  it('that hangs answers within a budget over all attempts, also where all connections hang', async () => {
    const store = await open({ ...QUICK, attemptMsMax: 400, callMsMax: 600, connectionsMax: 1 });
    remote.setFault({ kind: 'silent' });
    const startedAtMs = performance.now();
    const calls = await Promise.allSettled([1, 2, 3].map((number) => receive(store, FILM, otherKey(number))));
    for (const call of calls) {
      expect(call).toMatchObject({ reason: { code: 'storage-failed', class: 'transient' } });
    }
    // The film adds a third of a second to each budget; without budgets it would be seven seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(3_500);
    expect(await scratchFiles()).toEqual([]);
    remote.setFault({ kind: 'none' });
    expect(await receive(store)).toBe(FILM.length);
  });

  it('is known to take nothing after three failures in a row, and is tried until it does', async () => {
    const store = await open();
    remote.setFault({ kind: 'full' });
    for (const number of [1, 2, 3]) {
      expect(store.problem()).toBeUndefined();
      await expect(receive(store, FILM, otherKey(number))).rejects.toMatchObject({ code: 'storage-full' });
    }
    expect(store.problem()).toMatchObject({ code: 'storage-full', class: 'transient' });
    remote.setFault({ kind: 'none' });
    await expect.poll(() => store.problem(), { timeout: 5_000 }).toBeUndefined();
    // What was stored to learn that is removed.
    const trials = remote.requests.filter((request) => request.includes('/trials/'));
    expect(trials.at(-1)).toBe(trials.at(-2)?.replace('PUT', 'DELETE'));
  });

  it('that has other keys now is served with them once they stand in their files', async () => {
    const secretKeyFile = join(folder, 'secret-key');
    await copyFile(remote.secretKeyFile, secretKeyFile);
    const store = await open(QUICK, { ...remote, secretKeyFile });
    await receive(store);
    // What the store refuses is signed with a key that is read again: first none, then a wrong one, then the right one.
    await rm(secretKeyFile);
    remote.setFault({ kind: 'refuse', times: 1 });
    await expect(store.has(KEY)).rejects.toMatchObject({ code: 'storage-failed' });
    await writeFile(secretKeyFile, 'another secret');
    remote.setFault({ kind: 'refuse', times: 1 });
    await expect(store.has(KEY)).rejects.toMatchObject({ code: 'storage-failed' });
    await copyFile(remote.secretKeyFile, secretKeyFile);
    expect(await store.has(KEY)).toBe(true);
  });

  it('refuses a wrong secret: the store checks what we sign', async () => {
    const secretKeyFile = join(folder, 'other');
    await writeFile(secretKeyFile, 'another secret');
    await expect(open(QUICK, { ...remote, secretKeyFile })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('SignatureDoesNotMatch') as string,
    });
  });
});

const openssl = requireTool('openssl');

describe.skipIf(!openssl.available)('a store over TLS', () => {
  it('is served where its authority is known, and only then', async () => {
    const authority = makeAuthority(openssl.available ? openssl.path : '', folder, 'authority');
    const { certificateFile, keyFile } = authority.issue('store');
    const secure = await startS3Store({
      cert: await readFile(certificateFile),
      key: await readFile(keyFile),
    });
    const known = getCACertificates('default');
    try {
      const stranger = await open(QUICK, secure);
      await expect(receive(stranger)).rejects.toMatchObject({
        code: 'storage-failed',
        message: expect.stringContaining('certificate') as string,
      });
      // As NODE_EXTRA_CA_CERTS does for a service.
      setDefaultCACertificates([...known, await readFile(authority.authoritiesFile, 'utf8')]);
      const store = await open(QUICK, secure);
      expect(await receive(store)).toBe(FILM.length);
      expect((await store.read(KEY)).equals(FILM)).toBe(true);
    } finally {
      setDefaultCACertificates(known);
      await secure.stop();
    }
  });
});

describe('a large object', () => {
  const LARGE = randomBytes(2_500 * KIB + 1);
  const limits = { ...QUICK, wholeBytesMax: 1024 * KIB, partBytes: 1000 * KIB };

  it('is sent in parts and comes back whole', async () => {
    const store = await open(limits);
    const calls = callsOf('PUT');
    expect(await receive(store, LARGE)).toBe(LARGE.length);
    expect(callsOf('PUT') - calls).toBe(3);
    const read = await store.read(KEY);
    expect(createHash('sha256').update(read).digest('hex')).toBe(
      createHash('sha256').update(LARGE).digest('hex'),
    );
  });

  it('goes on after a part that was cut or damaged', async () => {
    const store = await open(limits);
    remote.setFault({ kind: 'cut-after-bytes', bytes: 500 * KIB, times: 3 });
    expect(await receive(store, LARGE)).toBe(LARGE.length);
    expect((await store.read(KEY)).equals(LARGE)).toBe(true);
  });

  it('is taken back where the store is full in the middle, and no part of it stays', async () => {
    const store = await open(limits);
    remote.setFault({ kind: 'full' });
    await expect(receive(store, LARGE)).rejects.toMatchObject({ code: 'storage-full' });
    remote.setFault({ kind: 'none' });
    expect(await store.has(KEY)).toBe(false);
  });
});

describe('what an S3 store keeps here', () => {
  it('refuses a film beyond the room for those that wait for the store', async () => {
    const store = await open({ ...QUICK, spoolBytesMax: 1000 * KIB });
    const first = store.beginWrite(Buffer.alloc(0));
    await first.write(FILM);
    const second = store.beginWrite(Buffer.alloc(0));
    await expect(second.write(FILM)).rejects.toMatchObject({ code: 'storage-full' });
    await expect(second.flush()).rejects.toMatchObject({ code: 'storage-full' });
    await expect(second.commit(KEY)).rejects.toMatchObject({ code: 'storage-full' });
    await second.discard();
    expect(await first.commit(KEY)).toBe(FILM.length);
    await first.discard();
    expect(await receive(store, FILM, otherKey(1))).toBe(FILM.length);
    expect(await scratchFiles()).toEqual([]);
  });

  it('shares a download, asks whether a copy is still right, and keeps copies below the limit', async () => {
    const store = await open({ ...QUICK, cacheBytesMax: 2 * FILM.length });
    for (const number of [1, 2, 3]) await receive(store, FILM, otherKey(number));
    const calls = callsOf('GET');
    await Promise.all(Array.from({ length: 10 }, () => store.read(otherKey(1))));
    expect(callsOf('GET') - calls).toBe(1);
    const scratch = await store.makeScratch();
    const lent = await store.readablePath(otherKey(1), scratch);
    for (const number of [2, 3]) await store.read(otherKey(number));
    expect(await readdir(join(folder, 'scratch', 'cache'))).toHaveLength(2);
    // Its copy is gone from the cache; the job still has it.
    expect((await readFile(lent)).equals(FILM)).toBe(true);
    const other = await open({ ...QUICK });
    await receive(other, Buffer.from('of another process'), otherKey(3));
    expect((await other.read(otherKey(3))).toString()).toBe('of another process');
  });
});
