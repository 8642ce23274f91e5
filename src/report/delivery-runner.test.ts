import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import dimse from 'dcmjs-dimse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportObjectKey } from '../archive/archive.ts';
import { systemClock } from '../clock.ts';
import { findDueDeliveries, recordDelivery, restartDeliveries } from '../database/delivery-records.ts';
import { makeAuthority } from '../testing/certificates.ts';
import {
  makeReportArchive,
  pacsAt,
  type ReportArchive,
  startSender,
  until,
} from '../testing/delivery-fixtures.ts';
import { freePort } from '../testing/free-port.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { startOrthanc } from '../testing/orthanc.ts';
import { requireTool } from '../testing/services.ts';
import { failUpdates, openBeside } from '../testing/test-record.ts';

dimse.log.setLevel('error');

const SR = '1.2.840.10008.5.1.4.1.1.88.34';

let archive: ReportArchive;
let clock: ManualClock;
let ending: (() => Promise<void> | void)[];

beforeEach(async () => {
  archive = await makeReportArchive();
  clock = new ManualClock();
  ending = [];
});
afterEach(async () => {
  for (const end of ending.toReversed()) await end();
  await archive.remove();
});

function send(...destinations: Parameters<typeof startSender>[2]) {
  const sender = startSender(archive, clock, destinations);
  ending.push(() => sender.close());
  return sender;
}

const isSettled = async () => Object.values(await archive.deliveries()).every(({ attempts }) => attempts > 0);

/** No status: the PACS closes the connection in place of an answer. */
const HANGS_UP = -1;

/** A PACS of another make (dcmjs-dimse) that answers each object of a SOP class with the next of its statuses. */
async function startPacs(
  statuses: Readonly<Record<string, readonly number[]>>,
  onStore: () => void = () => undefined,
): Promise<number> {
  const asked = new Map<string, number>();
  class Pacs extends dimse.Scp {
    override associationRequested(association: {
      getPresentationContexts(): {
        id: number;
        context: { setResult(result: number, syntax: string): void; getTransferSyntaxUids(): string[] };
      }[];
    }): void {
      for (const { context } of association.getPresentationContexts()) {
        context.setResult(0, context.getTransferSyntaxUids()[0]!);
      }
      this.sendAssociationAccept();
    }

    override cStoreRequest(
      request: { getAffectedSopClassUid(): string },
      callback: (response: never) => void,
    ): void {
      onStore();
      const sopClass = request.getAffectedSopClassUid();
      const time = asked.get(sopClass) ?? 0;
      asked.set(sopClass, time + 1);
      const answers = statuses[sopClass] ?? statuses['*'] ?? [0];
      const status = answers[Math.min(time, answers.length - 1)]!;
      if (status === HANGS_UP) {
        (this as unknown as { socket: Socket }).socket.destroy();
        return;
      }
      const response = dimse.responses.CStoreResponse.fromRequest(request as never);
      response.setStatus(status);
      callback(response as never);
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }
  }
  const port = await freePort();
  const server = new dimse.Server(Pacs);
  server.on('networkError', () => undefined);
  server.listen(port);
  ending.push(() => server.close());
  return port;
}

describe('the answer of a PACS', () => {
  it('is a delivery, another try or the end, by its status', async () => {
    const expected = [
      [0x0000, 'delivered', null],
      [0xb000, 'delivered', 'stored, some values coerced'],
      [0xb006, 'delivered', 'stored, some elements discarded'],
      [0xb007, 'delivered', 'stored, although the data set does not match its SOP class'],
      [0x0111, 'delivered', 'already there'],
      [0xa700, 'pending', 'status 0xA700'],
      [0x0122, 'pending', 'status 0x0122'],
      [0xa900, 'dead', 'status 0xA900'],
      [0xc000, 'dead', 'status 0xC000'],
    ] as const;
    for (const [number] of expected.entries()) await archive.addReports(number, ['pacs']);
    send(pacsAt(await startPacs({ [SR]: expected.map(([status]) => status) })));
    const reports = () =>
      archive.database.selectFrom('deliveries').selectAll().where('kind', '=', 'SR').execute();
    await until('an answer to each', async () => (await reports()).every(({ attempts }) => attempts === 1));
    const found = (await reports()).map(({ state, note }) => `${state}: ${note}`);
    expect(found.sort()).toEqual(expected.map(([, state, note]) => `${state}: ${note}`).sort());
  });

  it('that is out of room is followed by another try, later each time, until there is room', async () => {
    await archive.addReports(1, ['pacs']);
    const sender = send(pacsAt(await startPacs({ [SR]: [0xa700, 0xa700, 0x0000] })));
    await until('the first answers', isSettled);
    const report = async () => (await archive.deliveries())['pacs SR']!;
    // Ten seconds after the first failure, twenty after the second.
    for (const [waitMs, attempts] of [
      [9_000, 1],
      [1_001, 2],
      [19_000, 2],
      [1_001, 3],
    ] as const) {
      clock.advance(waitMs);
      sender.ring();
      await systemClock.sleep(50);
      await until(`attempt ${attempts}`, async () => (await report()).attempts === attempts);
    }
    expect(await report()).toMatchObject({ state: 'delivered', attempts: 3, note: null });
  });
});

describe('one report that cannot go out', () => {
  it('because its object is not to be had now holds up no other, and is tried again', async () => {
    const [first] = [await archive.addReports(1, ['pacs']), await archive.addReports(2, ['pacs'])];
    const lost = reportObjectKey(first, 0, 'SR');
    await rename(await archive.objects.readablePath(lost), join(archive.folder, 'lost'));
    const sender = send(pacsAt(await startPacs({})));
    await until('the five others', async () => (await states('delivered')) === 5);
    expect(
      await archive.database.selectFrom('deliveries').selectAll().where('exam_id', '=', first).execute(),
    ).toContainEqual(
      expect.objectContaining({ kind: 'SR', state: 'pending', note: 'storage-failed', attempts: 1 }),
    );
    await archive.objects.putFile(join(archive.folder, 'lost'), lost);
    clock.advance(10_001);
    sender.ring();
    await until('that one', async () => (await states('delivered')) === 6);
  });

  it('whose answer cannot be written down goes out again at the pace of the poll, not without end', async () => {
    await archive.addReports(1, ['pacs']);
    await archive.database
      .updateTable('deliveries')
      .set({ state: 'dead' })
      .where('kind', '!=', 'SR')
      .execute();
    const mend = await failUpdates(archive.database, 'deliveries');
    let sent = 0;
    send(pacsAt(await startPacs({}, () => (sent += 1))));
    await until('it was sent', () => sent > 0);
    await systemClock.sleep(300);
    expect(sent).toBe(1);
    await mend();
    clock.advance(5_000);
    await until('delivered', async () => (await states('delivered')) === 1);
    expect(sent).toBe(2);
  });

  it('because the PACS closes the connection at it holds up no other', async () => {
    for (const number of [1, 2, 3]) await archive.addReports(number, ['pacs']);
    const sender = send(pacsAt(await startPacs({ [SR]: [HANGS_UP] })));
    for (let association = 0; association < 4; association += 1) {
      await systemClock.sleep(100);
      clock.advance(1_000);
      sender.ring();
    }
    await until('the six others', async () => (await states('delivered')) === 6);
    expect(await states('pending')).toBe(3);
  });
});

async function states(state: 'delivered' | 'pending'): Promise<number> {
  const rows = await archive.database.selectFrom('deliveries').select('state').execute();
  return rows.filter((row) => row.state === state).length;
}

describe('what answers in the place of a PACS', () => {
  it('and speaks no DICOM, as a proxy during its maintenance, is tried again like one that is down', async () => {
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    }).listen(0, '127.0.0.1');
    ending.push(() => void proxy.close());
    await until('it listens', () => proxy.listening);
    await archive.addReports(1, ['pacs']);
    send(pacsAt((proxy.address() as AddressInfo).port));
    await until('an attempt', isSettled);
    expect(await states('pending')).toBe(3);
  });
});

describe('several destinations', () => {
  it('wait for none of them that is down or silent', async () => {
    const held: Socket[] = [];
    const silent = createServer((socket) => void held.push(socket)).listen(0, '127.0.0.1');
    ending.push(() => {
      for (const socket of held) socket.destroy();
      silent.close();
    });
    await archive.addReports(1, ['pacs', 'down', 'silent']);
    await until('it listens', () => silent.listening);
    const silentPort = (silent.address() as AddressInfo).port;
    const sender = send(
      pacsAt(silentPort, { name: 'silent' }),
      pacsAt(await freePort(), { name: 'down' }),
      pacsAt(await startPacs({})),
    );
    await until('the one that is up has everything', async () => {
      const { 'pacs SR': sr, 'pacs SC': sc, 'pacs GSPS': gsps } = await archive.deliveries();
      return [sr, sc, gsps].every((row) => row?.state === 'delivered');
    });
    expect(await archive.deliveries()).toMatchObject({
      'down SR': { state: 'pending', attempts: 1, note: 'peer-unreachable' },
      'silent SR': { state: 'pending', attempts: 0 },
    });
    // What hangs must not hang the end of the service.
    const closing = sender.close();
    await systemClock.sleep(50);
    clock.advance(3_001);
    await closing;
    for (const socket of held) socket.destroy();
  });

  it('that are no longer configured are set aside for a person to see', async () => {
    await archive.addReports(1, ['old-pacs']);
    send(pacsAt(await startPacs({})));
    await until('set aside', async () => (await archive.deliveries())['old-pacs SR']?.state === 'dead');
    expect((await archive.deliveries())['old-pacs SR']?.note).toBe('no such destination is configured');
  });
});

describe('a delivery that two processes have read', () => {
  it('keeps what the first wrote: one that was stopped meanwhile and goes on changes nothing', async () => {
    await archive.addReports(1, ['pacs']);
    const { database } = archive;
    const [read] = await findDueDeliveries(database, 'pacs', clock.nowMs(), 1);
    const nowMs = clock.nowMs();
    const later = { state: 'pending' as const, dueAtMs: nowMs + 1, nowMs, note: 'busy', commitment: false };
    await recordDelivery(database, read!, later);
    await recordDelivery(database, read!, { ...later, state: 'dead', note: 'from before' });
    expect((await archive.deliveries())[`pacs ${read!.kind}`]).toMatchObject({
      ...{ state: 'pending', attempts: 1, note: 'busy' },
    });
  });
});

describe('a dead delivery', () => {
  it('that another process starts again is found and delivered', async () => {
    await archive.addReports(1, ['pacs']);
    send(pacsAt(await startPacs({ '*': [0xc000, 0x0000] })));
    await until('given up', async () =>
      Object.values(await archive.deliveries()).every(({ state }) => state === 'dead'),
    );
    const other = await openBeside(archive.database);
    const by = { nowMs: clock.nowMs(), actor: 'operator' };
    expect(await restartDeliveries(other, { kind: 'SR' }, by)).toBe(1);
    await other.destroy();
    clock.advance(5_000);
    await until('delivered', async () => (await archive.deliveries())['pacs SR']?.state === 'delivered');
    expect(await archive.deliveries()).toMatchObject({
      'pacs SR': { attempts: 1 },
      'pacs SC': { state: 'dead' },
    });
    const audit = await archive.database.selectFrom('audit_trail').selectAll().execute();
    expect(audit).toMatchObject([
      { actor: 'operator', action: '1 dead deliveries restarted', subject: 'SR' },
    ]);
  });
});

const [storescp, dcmqrscp, orthancTool, openssl] = ['storescp', 'dcmqrscp', 'Orthanc', 'openssl'].map(
  requireTool,
) as [Tool, Tool, Tool, Tool];
type Tool = ReturnType<typeof requireTool>;

function start(tool: Tool, ...words: string[]): ChildProcess {
  if (!tool.available) throw new Error(tool.reason);
  const child = spawn(tool.path, words, { stdio: 'ignore' });
  ending.push(() => void child.kill('SIGKILL'));
  return child;
}

/** Sends, and tries again by moving the clock until the program listens. */
async function delivered(): Promise<void> {
  await until('everything is delivered', async () => {
    clock.advance(10_001);
    return Object.values(await archive.deliveries()).every(({ state }) => state === 'delivered');
  });
}

describe('a real PACS gets every kind of report', () => {
  it.skipIf(!storescp.available)('storescp', async () => {
    const [port, folder] = [await freePort(), join(archive.folder, 'pacs')];
    await mkdir(folder);
    start(storescp, '-aet', 'PACS', '-od', folder, String(port));
    await archive.addReports(1, ['pacs']);
    send(pacsAt(port));
    await delivered();
    expect(await readdir(folder)).toHaveLength(3);
  });

  it.skipIf(!storescp.available || !openssl.available)(
    'storescp over TLS, with a certificate at both ends',
    async () => {
      if (!openssl.available) return;
      const authority = makeAuthority(openssl.path, archive.folder, 'authority');
      const [node, pacs] = [authority.issue('node'), authority.issue('pacs')];
      const [port, folder] = [await freePort(), join(archive.folder, 'pacs')];
      await mkdir(folder);
      start(
        storescp,
        ...['+tls', pacs.keyFile, pacs.certificateFile, '+cf', authority.authoritiesFile, '-rc'],
        ...['-aet', 'PACS', '-od', folder, String(port)],
      );
      await archive.addReports(1, ['pacs']);
      const tls = { ...node, authoritiesFile: authority.authoritiesFile };
      const sender = startSender(archive, clock, [pacsAt(port, { tls: true })], { tls });
      ending.push(() => sender.close());
      await delivered();
      expect(await readdir(folder)).toHaveLength(3);
    },
  );

  it.skipIf(!dcmqrscp.available)('dcmqrscp', async () => {
    const [port, folder] = [await freePort(), join(archive.folder, 'qr')];
    await mkdir(folder);
    const settings = join(archive.folder, 'dcmqrscp.cfg');
    await writeFile(
      settings,
      [
        `NetworkTCPPort = ${port}\nMaxPDUSize = 16384\nMaxAssociations = 4`,
        'HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END',
        `AETable BEGIN\nPACS ${folder} RW (50, 100mb) ANY\nAETable END\n`,
      ].join('\n'),
    );
    start(dcmqrscp, '-c', settings, '--allow-shutdown');
    await archive.addReports(1, ['pacs']);
    send(pacsAt(port));
    await delivered();
    expect((await readdir(folder)).filter((file) => file.endsWith('.dcm'))).toHaveLength(3);
  });

  it.skipIf(!orthancTool.available)('Orthanc, which has them once however often they are sent', async () => {
    if (!orthancTool.available) return;
    const orthanc = await startOrthanc(orthancTool.path);
    ending.push(() => orthanc.stop());
    await archive.addReports(1, ['pacs', 'pacs-again']);
    const there = { aeTitle: 'ORTHANC' };
    send(pacsAt(orthanc.dicomPort, there), pacsAt(orthanc.dicomPort, { ...there, name: 'pacs-again' }));
    await delivered();
    const instances = await orthanc.instances();
    expect(instances).toHaveLength(3);
    const tags = await Promise.all(
      instances.map((id) => orthanc.request('GET', `instances/${id}/simplified-tags`)),
    );
    expect(tags.map((each) => (each as { Modality: string }).Modality).sort()).toEqual(['OT', 'PR', 'SR']);
  });
});
