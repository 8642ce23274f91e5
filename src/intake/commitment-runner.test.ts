import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Database } from '../database/schema.ts';
import type { Caller, EventReporter } from '../dimse/services.ts';
import { TriageError } from '../errors.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { parseSites } from '../sites.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { failUpdates, openTestRecord } from '../testing/test-record.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { type CommitmentReport, CommitmentRunner } from './commitment-runner.ts';
import { COMMITMENT_INSTANCE_UID, commitmentService } from './commitment-service.ts';
import { InstanceReceiver } from './receive-instance.ts';

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const CR = '1.2.840.10008.5.1.4.1.1.1';
const HELD = '1.2.3.4.5';
const CALLER: Caller = {
  callingAeTitle: 'MODALITY',
  calledAeTitle: 'OSTEOTRIAGE',
  remoteAddress: '127.0.0.1',
  secure: false,
  certificateSha256: null,
  siteId: 'clinic',
};
const BOOK = parseSites(
  JSON.stringify({
    sites: [
      {
        id: 'clinic',
        name: 'Clinic',
        peers: [
          { aeTitle: 'MODALITY', addresses: ['127.0.0.1'], listensAt: { host: '127.0.0.1', port: 11113 } },
          { aeTitle: 'MUTE', addresses: ['127.0.0.1'] },
        ],
      },
    ],
  }),
  'test',
);

let folder: string;
let database: Kysely<Database>;
let objects: ObjectStore;
let clock: ManualClock;
let runner: CommitmentRunner;
/** What went over associations of our own, and what the peer answers there. */
let called: { readonly to: string; readonly report: CommitmentReport }[];
let answers: (number | TriageError)[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-commitment-'));
  objects = await openDiskObjectStore(folder, OBJECT_KINDS);
});
afterAll(() => rm(folder, { recursive: true }));
// Each test has a fresh record and, whatever an earlier one did to it, a whole object.
beforeEach(async () => {
  database = await openTestRecord();
  clock = new ManualClock();
  called = [];
  answers = [];
  runner = openRunner();
  runner.answerForAll();
  const receiver = new InstanceReceiver({
    database,
    objects,
    clock,
    log: silentLog,
    onReceived: () => undefined,
  });
  const reception = await receiver.begin({
    sopClassUid: DX,
    sopInstanceUid: HELD,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    callingAeTitle: 'SOMEONE',
  });
  await reception.write(tinyDataSet({ study: '1.2.3', series: '1.2.3.4', instance: HELD }));
  await reception.finish();
});
afterEach(async () => {
  await runner.close();
  await database.destroy();
});

function openRunner(): CommitmentRunner {
  return new CommitmentRunner({
    ...{ database, objects, clock, log: silentLog, giveUpAfterMs: 3_600_000 },
    sites: { book: () => BOOK } as SiteDirectory,
    sendReport: ({ listensAt, callingAeTitle }, report) => {
      called.push({ to: `${callingAeTitle}@${listensAt.host}:${listensAt.port}`, report });
      const answer = answers.shift() ?? 0;
      return answer instanceof TriageError ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
}

const gone: EventReporter = () =>
  Promise.reject(new TriageError('peer-aborted', 'the association has ended'));

function reference(sopInstanceUid: string, sopClassUid = DX) {
  return { ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid };
}

async function ask(
  references: unknown = [reference(HELD)],
  {
    report = gone,
    caller = CALLER,
    change = {},
  }: { report?: EventReporter; caller?: Caller; change?: object } = {},
) {
  const service = commitmentService({ database, clock, onRequest: (id, back) => runner.requested(id, back) });
  const request = {
    sopClassUid: '1.2.840.10008.1.20.1',
    sopInstanceUid: COMMITMENT_INSTANCE_UID,
    typeId: 1,
    dataset: { TransactionUID: '2.25.77', ReferencedSOPSequence: references },
    ...change,
  } as Parameters<NonNullable<typeof service.action>>[0];
  return service.action?.(request, caller, report);
}

/** What is being answered is due again after this. */
const CLAIM_MS = 300_000;

async function settled() {
  const idle = () => database.selectFrom('commitment_requests').selectAll().executeTakeFirstOrThrow();
  for (let turn = 0; turn < 200; turn += 1) {
    const row = await idle();
    const waitMs = row.due_at_ms - clock.nowMs();
    if (row.state !== 'pending' || (row.attempts > 0 && waitMs > 0 && waitMs !== CLAIM_MS)) return row;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return idle();
}

async function objectPath(): Promise<string> {
  const { object_key } = await database.selectFrom('exams').select('object_key').executeTakeFirstOrThrow();
  return objects.readablePath(object_key);
}

describe('a request for commitment', () => {
  it('is answered on its own association under its Transaction UID when everything is held', async () => {
    const reports: CommitmentReport[] = [];
    const report: EventReporter = (event) => {
      reports.push(event);
      return Promise.resolve(0);
    };
    expect(await ask([reference(HELD)], { report })).toEqual({ status: 0 });
    expect(await settled()).toMatchObject({ state: 'reported', attempts: 1, note: null });
    expect(reports).toEqual([
      {
        sopClassUid: '1.2.840.10008.1.20.1',
        sopInstanceUid: '1.2.840.10008.1.20.1.1',
        typeId: 1,
        dataset: { TransactionUID: '2.25.77', ReferencedSOPSequence: [reference(HELD)] },
      },
    ]);
    expect(called).toEqual([]);
  });

  it('names what is not held and what is of another class, each with its reason', async () => {
    await ask([reference(HELD), reference('1.2.9'), reference(HELD, CR)]);
    expect(await settled()).toMatchObject({ state: 'reported' });
    expect(called[0]?.report).toMatchObject({
      typeId: 2,
      dataset: {
        ReferencedSOPSequence: [reference(HELD)],
        FailedSOPSequence: [
          { ...reference('1.2.9'), FailureReason: 0x0112 },
          { ...reference(HELD, CR), FailureReason: 0x0119 },
        ],
      },
    });
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['gone from the disk', (path) => rm(path)],
    ['cut short', (path) => truncate(path, 400)],
    ['longer than it was', (path) => appendFile(path, 'x')],
  ])('is refused for an object that is %s, whatever the record says', async (_what, harm) => {
    await harm(await objectPath());
    await ask();
    await settled();
    expect(called[0]?.report.dataset).toMatchObject({ FailedSOPSequence: [{ FailureReason: 0x0110 }] });
  });

  it('is refused for an object of which one bit is another', async () => {
    const path = await objectPath();
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await writeFile(path, bytes);
    await ask();
    await settled();
    expect(called[0]?.report.typeId).toBe(2);
  });

  it('is refused for a film that retention removed', async () => {
    await database.updateTable('exams').set({ object_removed_at_ms: 1 }).execute();
    await ask();
    await settled();
    expect(called[0]?.report.dataset).toMatchObject({ FailedSOPSequence: [{ FailureReason: 0x0112 }] });
  });

  it.each<[string, object, number]>([
    ['another instance', { sopInstanceUid: '1.2.3' }, 0x0112],
    ['another action', { typeId: 2 }, 0x0123],
    ['no Transaction UID', { dataset: { ReferencedSOPSequence: [reference(HELD)] } }, 0x0120],
    ['a Transaction UID of letters', { dataset: { TransactionUID: 'abc' } }, 0x0115],
    ['no references', { dataset: { TransactionUID: '2.25.1' } }, 0x0115],
    ['an empty list', { dataset: { TransactionUID: '2.25.1', ReferencedSOPSequence: [] } }, 0x0115],
    [
      'a reference without a class',
      { dataset: { TransactionUID: '2.25.1', ReferencedSOPSequence: [{ ReferencedSOPInstanceUID: '1.2' }] } },
      0x0115,
    ],
  ])('with %s is answered at once and not written down', async (_what, change, status) => {
    expect(await ask([], { change })).toMatchObject({ status });
    expect(await database.selectFrom('commitment_requests').selectAll().execute()).toEqual([]);
  });

  it('that comes again is answered again; its UID for other instances is refused', async () => {
    await ask();
    await settled();
    expect(await ask()).toEqual({ status: 0 });
    await settled();
    expect(called).toHaveLength(2);
    expect(await ask([reference('1.2.9')])).toMatchObject({ status: 0x0110 });
  });
});

describe('requests in number', () => {
  const insert = (count: number, state: string) =>
    sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
      insert into commitment_requests (request_id, transaction_uid, calling_ae_title, called_ae_title, site_id,
        references_json, state, attempts, due_at_ms, asked_at_ms)
      select ${sql.lit(state)} || i, ${sql.lit(state)} || i, 'MODALITY', 'OSTEOTRIAGE', 'clinic', '[]', ${sql.lit(state)}, 1,
        ${clock.nowMs() + 1000}, 0 from n`.execute(database);
  const count = async () =>
    (await database.selectFrom('commitment_requests').select('request_id').execute()).length;

  it('are refused for now above a thousand of one caller that wait, and others are not', async () => {
    await insert(1_000, 'pending');
    await expect(ask()).rejects.toMatchObject({ code: 'server-busy' });
    expect(await ask(undefined, { caller: { ...CALLER, callingAeTitle: 'MUTE' } })).toEqual({ status: 0 });
  });

  it('are forgotten a month after they were answered', async () => {
    await insert(5, 'reported');
    clock.advance(31 * 86_400_000);
    await ask();
    expect(await settled()).toMatchObject({ state: 'reported', transaction_uid: '2.25.77' });
    expect(await count()).toBe(1);
  });
});

describe('the way back', () => {
  it('is a new association to where the peer listens when its own has ended', async () => {
    await ask();
    expect(await settled()).toMatchObject({ state: 'reported' });
    expect(called[0]?.to).toBe('MODALITY@127.0.0.1:11113');
  });

  it('is tried again with growing waits while the peer is down, and the objects are looked at anew', async () => {
    const down = new TriageError('peer-unreachable', 'nobody listens');
    answers = [down, down];
    const startMs = clock.nowMs();
    await ask();
    expect(await settled()).toMatchObject({ state: 'pending', attempts: 1, due_at_ms: startMs + 10_000 });
    clock.advance(10_000);
    expect(await settled()).toMatchObject({ attempts: 2, due_at_ms: startMs + 30_000 });
    await rm(await objectPath());
    clock.advance(20_000);
    expect(await settled()).toMatchObject({ state: 'reported', attempts: 3 });
    expect(called.map(({ report }) => report.typeId)).toEqual([1, 1, 2]);
    expect(called.map(({ report }) => report.dataset['TransactionUID'])).toEqual(Array(3).fill('2.25.77'));
  });

  it('waits longer for a peer that refuses, and is given up after the limit', async () => {
    answers = [0x0110];
    const startMs = clock.nowMs();
    await ask();
    expect(await settled()).toMatchObject({ state: 'pending', due_at_ms: startMs + 60_000 });
    answers = [new TriageError('peer-rejected', 'rejected')];
    clock.advance(3_600_000);
    expect(await settled()).toMatchObject({ state: 'dead', note: 'rejected' });
  });

  it('is missing for a peer without listensAt, which the record says in words', async () => {
    await ask([reference(HELD)], { caller: { ...CALLER, callingAeTitle: 'MUTE' } });
    const row = await settled();
    expect(row).toMatchObject({ state: 'pending', attempts: 1 });
    expect(row.note).toMatch(/listensAt/);
    expect(called).toEqual([]);
  });

  it('is not told without end while the record takes no word of it', async () => {
    const mend = await failUpdates(database, 'commitment_requests');
    await Promise.all(
      ['2.25.1', '2.25.2', '2.25.3'].map((TransactionUID) =>
        ask([], { change: { dataset: { TransactionUID, ReferencedSOPSequence: [reference(HELD)] } } }),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(called.length).toBeLessThanOrEqual(3);
    await mend();
    clock.advance(CLAIM_MS);
    expect(await settled()).toMatchObject({ state: 'reported' });
  });

  it('is found again after a restart', async () => {
    answers = [new TriageError('peer-unreachable', 'nobody listens')];
    await ask();
    await settled();
    await runner.close();
    runner = openRunner();
    clock.advance(10_000);
    runner.answerForAll();
    expect(await settled()).toMatchObject({ state: 'reported', attempts: 2 });
  });

  it('is its own for the one who was asked: another that answers for all waits, and each tells once', async () => {
    const other = openRunner();
    other.answerForAll();
    await runner.close();
    runner = openRunner();
    let tellNow: () => void = () => undefined;
    const telling = new Promise<void>((tell) => (tellNow = tell));
    const told: CommitmentReport[] = [];
    let isTelling = false;
    await ask(undefined, {
      report: async (report) => {
        isTelling = true;
        await telling;
        told.push(report);
        return 0;
      },
    });
    await expect.poll(() => isTelling).toBe(true);
    // While the first is telling, neither its ring nor its poll lets the other one tell.
    other.ring();
    clock.advance(15_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    tellNow();
    expect(await settled()).toMatchObject({ state: 'reported', attempts: 1 });
    expect([told.length, called.length]).toEqual([1, 0]);
    await other.close();
  });

  it('is taken over from a listener that died before it answered', async () => {
    await runner.close();
    const service = commitmentService({ database, clock, onRequest: () => undefined });
    const dataset = { TransactionUID: '2.25.77', ReferencedSOPSequence: [reference(HELD)] };
    const asked = { sopClassUid: '1.2.840.10008.1.20.1', sopInstanceUid: COMMITMENT_INSTANCE_UID, typeId: 1 };
    await service.action?.({ ...asked, dataset }, CALLER, gone);
    runner = openRunner();
    runner.answerForAll();
    clock.advance(15_000);
    expect(await settled()).toMatchObject({ state: 'reported', attempts: 1 });
  });
});
