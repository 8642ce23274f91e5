import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openS3ObjectStore, type OpenS3Store } from '../archive/s3-object-store.ts';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { ERRORS } from '../errors.ts';
import { silentLog } from '../telemetry.ts';
import { startS3Store, type TestS3Store } from '../testing/s3-store.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { InstanceReceiver, type InstanceOffer, type Reception } from './receive-instance.ts';

const UIDS = { study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.5' };
const OFFER: InstanceOffer = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  sopInstanceUid: UIDS.instance,
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  callingAeTitle: 'CLINIC',
};
const DATA_SET = tinyDataSet(UIDS);

let remote: TestS3Store;
let folder: string;
let database: Kysely<Database>;
let objects: OpenS3Store;
let receiver: InstanceReceiver;
beforeAll(async () => {
  remote = await startS3Store();
});
afterAll(() => remote.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-intake-s3-'));
  database = await openTestRecord();
  const { endpoint, region, bucket, accessKeyFile, secretKeyFile } = remote;
  objects = await openS3ObjectStore({
    ...{ endpoint, region, bucket, accessKeyFile, secretKeyFile },
    ...{ scratchFolder: join(folder, 'scratch'), clock: systemClock, log: silentLog },
    limits: { attemptsMax: 2, retryWaitMs: 10, attemptMsMax: 1_500 },
  });
  receiver = new InstanceReceiver({
    ...{ database, objects, clock: systemClock, log: silentLog },
    onReceived: () => undefined,
  });
});
afterEach(async () => {
  remote.setFault({ kind: 'none' });
  await remote.clear();
  objects.close();
  await database.destroy();
  await rm(folder, { recursive: true });
});

async function receive(): Promise<Reception> {
  const reception = await receiver.begin(OFFER);
  await reception.write(DATA_SET);
  return reception.finish();
}

async function countExams(): Promise<number> {
  return (await database.selectFrom('exams').select('exam_id').execute()).length;
}

async function expectHeldOnce(): Promise<void> {
  expect(await database.selectFrom('jobs').select('exam_id').execute()).toHaveLength(1);
  const { object_key: key } = await database
    .selectFrom('exams')
    .select('object_key')
    .executeTakeFirstOrThrow();
  expect((await objects.read(key)).subarray(-DATA_SET.length).equals(DATA_SET)).toBe(true);
}

it.each([
  ['full', { kind: 'full' }, 'storage-full'],
  ['down', { kind: 'down' }, 'storage-failed'],
  ['silent', { kind: 'silent' }, 'storage-failed'],
  ['closed to our key', { kind: 'refuse' }, 'storage-failed'],
  ['broken off in the middle of each film', { kind: 'cut-after-bytes', bytes: 10 }, 'storage-failed'],
] as const)('a store that is %s has the film sent again, and it is held once', async (_, fault, code) => {
  remote.setFault(fault);
  expect(await receive()).toMatchObject({ kind: 'refused', error: { code, class: 'transient' } });
  // Out of resources: the sender is to come again (PS3.4 Table B.2-1).
  expect(ERRORS[code].dimse).toBe(0xa700);
  expect(await countExams()).toBe(0);
  remote.setFault({ kind: 'none' });
  expect((await receive()).kind).toBe('stored');
  await expectHeldOnce();
});

it('nobody is told Success before a slow store has said that it holds the film', async () => {
  remote.setFault({ kind: 'slow', ms: 300 });
  const calls = remote.requests.length;
  const reception = receive();
  await expect.poll(() => remote.requests.length, { interval: 5 }).toBeGreaterThan(calls);
  expect(await countExams()).toBe(0);
  expect((await reception).kind).toBe('stored');
  remote.setFault({ kind: 'none' });
  await expectHeldOnce();
});

it('a film whose storing was not answered is stored again under the same name', async () => {
  remote.setFault({ kind: 'lose-answer', times: 1 });
  expect((await receive()).kind).toBe('stored');
  const puts = remote.requests.filter((request) => request.startsWith('PUT '));
  expect(new Set(puts.slice(-2)).size).toBe(1);
  await expectHeldOnce();
});

it('whoever asks about a film that is held is told so only while the store can say it', async () => {
  await receive();
  remote.setFault({ kind: 'down' });
  expect(await receive()).toMatchObject({ kind: 'refused', error: { code: 'storage-failed' } });
  remote.setFault({ kind: 'none' });
  expect((await receive()).kind).toBe('already-held');
  await expectHeldOnce();
});
