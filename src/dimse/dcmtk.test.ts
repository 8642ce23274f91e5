import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { acceptEveryone } from '../testing/accept-everyone.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { requireTool } from '../testing/services.ts';
import type { Acceptor } from './acceptor.ts';
import { startAcceptor } from './acceptor.ts';
import { silentLog } from '../telemetry.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { openAssociation } from './requestor.ts';
import type { DimseService } from './services.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';
const WORKLIST = '1.2.840.10008.5.1.4.31';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const IMPLICIT_LITTLE = '1.2.840.10008.1.2';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'dimse-dcmtk-'));
let acceptor: Acceptor | undefined;
let storescp: ReturnType<typeof spawn> | undefined;

afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await acceptor?.close(0);
  acceptor = undefined;
  storescp?.kill('SIGKILL');
});

/** A test that needs a program of dcmtk, skipped with the reason in its name where it is missing. */
function itWith(tool: string, name: string, test: (path: string) => Promise<void>): void {
  const found = requireTool(tool);
  if (found.available) it(name, () => test(found.path));
  else it.skip(`${name} (${found.reason})`, () => undefined);
}

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const isLong = vr === 'OW' || vr === 'OB';
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  if (isLong) header.writeUInt32LE(value.length, 8);
  else header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
}

function text(value: string, padding = ' '): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : value + padding, 'latin1');
}

function uint16(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

/** A small Secondary Capture of nobody in Explicit VR Little Endian, with a private element that must survive. */
function dataset(sopInstanceUid: string, side: number, sopClassUid = SECONDARY_CAPTURE): Buffer {
  const pixels = Buffer.alloc(side * side * 2);
  for (let index = 0; index < side * side; index += 1)
    pixels.writeUInt16LE((index * 40503) & 0xffff, index * 2);
  return Buffer.concat([
    element(0x0008, 0x0016, 'UI', text(sopClassUid, '\0')),
    element(0x0008, 0x0018, 'UI', text(sopInstanceUid, '\0')),
    element(0x0008, 0x0060, 'CS', text('PX')),
    element(0x0009, 0x0010, 'LO', text('OSTEOTRIAGE TEST')),
    element(0x0009, 0x1001, 'LO', text('kept')),
    element(0x0010, 0x0010, 'PN', text('Phantom^One')),
    element(0x0010, 0x0020, 'LO', text('P1')),
    element(0x0020, 0x000d, 'UI', text('1.2.3.1', '\0')),
    element(0x0020, 0x000e, 'UI', text('1.2.3.2', '\0')),
    element(0x0028, 0x0002, 'US', uint16(1)),
    element(0x0028, 0x0004, 'CS', text('MONOCHROME2')),
    element(0x0028, 0x0010, 'US', uint16(side)),
    element(0x0028, 0x0011, 'US', uint16(side)),
    element(0x0028, 0x0100, 'US', uint16(16)),
    element(0x0028, 0x0101, 'US', uint16(16)),
    element(0x0028, 0x0102, 'US', uint16(15)),
    element(0x0028, 0x0103, 'US', uint16(0)),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
}

function writePart10(
  file: string,
  sopInstanceUid: string,
  content: Buffer,
  sopClassUid = SECONDARY_CAPTURE,
): string {
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', text(sopClassUid, '\0')),
    element(0x0002, 0x0003, 'UI', text(sopInstanceUid, '\0')),
    element(0x0002, 0x0010, 'UI', text(EXPLICIT_LITTLE, '\0')),
    element(0x0002, 0x0012, 'UI', text('1.2.3', '\0')),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length, 0);
  const path = join(folder, file);
  const head = [Buffer.alloc(128), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', length), meta];
  writeFileSync(path, Buffer.concat([...head, content]));
  return path;
}

async function listen(services: readonly DimseService[] = []): Promise<MemorySink> {
  const storage = new MemorySink();
  acceptor = await startAcceptor({
    ...{ aeTitle: 'OSTEOTRIAGE', host: '127.0.0.1', port: 0, limits: DEFAULT_DIMSE_LIMITS },
    ...{ storage, log: silentLog, clock: systemClock, acceptAssociation: acceptEveryone },
    supportedStorage: new Set([SECONDARY_CAPTURE]),
    transferSyntaxes: [EXPLICIT_LITTLE, IMPLICIT_LITTLE],
    services,
  });
  return storage;
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await systemClock.sleep(50);
  }
  throw new Error(`nobody listens on port ${port}`);
}

describe('with dcmtk at the other end', () => {
  itWith('echoscu', 'answers echoscu', async (echoscu) => {
    await listen();
    await run(echoscu, ['-aec', 'OSTEOTRIAGE', '127.0.0.1', String(acceptor?.port)]);
    expect(acceptor?.stats()).toMatchObject({ associationsAccepted: 1, associationsBroken: 0 });
  });

  itWith(
    'storescu',
    'takes from storescu the data set byte for byte, small and large PDUs',
    async (storescu) => {
      const sink = await listen();
      const content = dataset('1.2.3.4', 700);
      const file = writePart10('one.dcm', '1.2.3.4', content);
      const target = ['-aec', 'OSTEOTRIAGE', '-xe', '127.0.0.1', String(acceptor?.port), file];
      await run(storescu, ['--max-send-pdu', '4096', ...target]);
      await run(storescu, ['--max-send-pdu', '131072', ...target]);
      expect(sink.objects.map((object) => object.ending)).toEqual(['finished', 'finished']);
      for (const object of sink.objects) {
        expect(object.incoming.transferSyntaxUid).toBe(EXPLICIT_LITTLE);
        expect(object.dataset.equals(content)).toBe(true);
      }
    },
  );

  itWith('storescu', 'tells storescu of a SOP class that is not stored', async (storescu) => {
    await listen();
    const path = writePart10('ct.dcm', '1.2.3.5', dataset('1.2.3.5', 8, CT_IMAGE), CT_IMAGE);
    await expect(
      run(storescu, ['-R', '-aec', 'OSTEOTRIAGE', '127.0.0.1', String(acceptor?.port), path]),
    ).rejects.toThrow('No Acceptable Presentation Contexts');
    expect(acceptor?.stats()).toMatchObject({ associationsAccepted: 1, objectsStored: 0 });
  });

  /** Gives so many matches, and notes how many were asked for before the query was cancelled. */
  function patients(count: number, seen: { given: number; cancelled: boolean }): DimseService {
    return {
      kind: 'find',
      sopClassUids: [WORKLIST],
      async *find(identifier, _caller, cancelled) {
        cancelled.addEventListener('abort', () => (seen.cancelled = true));
        expect(identifier).toMatchObject({
          PatientName: 'Å*',
          ScheduledProcedureStepSequence: [{ Modality: 'BMD' }],
        });
        for (; seen.given < count; seen.given += 1) {
          await systemClock.sleep(1);
          yield { SpecificCharacterSet: 'ISO_IR 100', PatientName: `Åkerö^${seen.given}` };
        }
      },
    };
  }

  const query = [
    '-W',
    '-aec',
    'OSTEOTRIAGE',
    '-k',
    'SpecificCharacterSet=ISO_IR 192',
    '-k',
    'PatientName=Å*',
  ];
  const step = ['-k', 'ScheduledProcedureStepSequence[0].Modality=BMD', '127.0.0.1'];

  itWith('findscu', 'tells findscu every match, and stops when findscu cancels', async (findscu) => {
    const seen = { given: 0, cancelled: false };
    await listen([patients(3, seen)]);
    const all = await run(findscu, ['-v', ...query, ...step, String(acceptor?.port)], { encoding: 'latin1' });
    expect((all.stdout + all.stderr).match(/Åkerö\^\d/g)).toEqual(['Åkerö^0', 'Åkerö^1', 'Åkerö^2']);
    await acceptor?.close(0);
    const endless = { given: 0, cancelled: false };
    await listen([patients(100_000, endless)]);
    await run(findscu, ['--cancel', '5', ...query, ...step, String(acceptor?.port)]);
    expect(endless.cancelled).toBe(true);
    expect(endless.given).toBeLessThan(5000);
    expect(acceptor?.stats()).toMatchObject({ associationsAccepted: 1, associationsBroken: 0 });
  });

  itWith('storescp', 'sends to storescp what it then holds byte for byte', async (path) => {
    const port = 20_000 + (process.pid % 20_000);
    storescp = spawn(path, ['-aet', 'PACS', '+B', '-od', folder, '-fe', '.received', String(port)], {
      stdio: 'ignore',
    });
    await waitForPort(port);
    const association = await openAssociation({
      ...{ host: '127.0.0.1', port, callingAeTitle: 'OSTEOTRIAGE', calledAeTitle: 'PACS' },
      ...{ limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 2000 },
      contexts: [
        { abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [IMPLICIT_LITTLE] },
        { abstractSyntax: SECONDARY_CAPTURE, transferSyntaxes: [EXPLICIT_LITTLE] },
      ],
    });
    expect(await association.echo()).toBe(0);
    const content = dataset('1.2.3.6', 700);
    const object = { sopClassUid: SECONDARY_CAPTURE, sopInstanceUid: '1.2.3.6' };
    const answer = await association.store({
      ...object,
      transferSyntaxUid: EXPLICIT_LITTLE,
      dataset: content,
    });
    expect(answer).toEqual({ status: 0 });
    await association.release();
    const file = (await readdir(folder)).find((name) => name.endsWith('.received'));
    const held = readFileSync(join(folder, file ?? ''));
    expect(held.subarray(-content.length).equals(content)).toBe(true);
  });
});
