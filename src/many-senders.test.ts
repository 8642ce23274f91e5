import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../scripts/demo/service-process.ts';
import { systemClock } from './clock.ts';
import { recordIn } from './commands/open-record.ts';
import { readStatus } from './commands/status.ts';
import { buildImage, type SyntheticElement } from './dicom/synthetic-image.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';

let folder: string;
let service: ServiceProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-senders-'));
  await mkdir(join(folder, 'data'));
  service = await startServiceProcess(join(folder, 'data'), {
    TRIAGE_WORKERS: '0',
    TRIAGE_LOG_LEVEL: 'warn',
    TRIAGE_DISK_FREE_MIB_MIN: '0',
  });
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function send(path: string, callingAeTitle = 'TEST'): Promise<number> {
  const { host, port, aeTitle: calledAeTitle } = service.ready.dimse;
  const peer = { host, port, calledAeTitle, callingAeTitle };
  const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 10_000 };
  for await (const result of sendFiles([path], options)) {
    if ('error' in result) throw result.error;
    return result.answer.status;
  }
  throw new Error('nothing was sent');
}

async function heldFiles(): Promise<number> {
  const entries = await readdir(join(folder, 'data', 'archive'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

describe('the same instance over twenty associations at once', { timeout: 60_000 }, () => {
  it('is stored once and answered Success twenty times', async () => {
    const pixels = new Uint8Array(2000 * 1500 * 2).map((_, index) => (index * 31) & 0xff);
    const path = join(folder, 'film.dcm');
    await writeFile(path, buildImage({ columns: 2000, rows: 1500, pixelData: pixels, elements: named(1) }));
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, index) => send(path, `SENDER${index}`)),
    );
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 0));
    expect(await readStatus(recordIn(join(folder, 'data')))).toMatchObject({
      received: 1,
      refused: 0,
    });
    expect(await heldFiles()).toBe(1);
  });
});

/** Names of the right form for film number `n`; the file meta information of a built image names 1.2.3.4.5. */
function named(n: number): SyntheticElement[] {
  return [
    [0x00080018, 'UI', '1.2.3.4.5'],
    [0x0020000d, 'UI', `2.25.77.${n}`],
    [0x0020000e, 'UI', `2.25.78.${n}`],
  ];
}

const LATIN_9 = (text: string): Buffer =>
  Buffer.concat(
    Array.from(text, (letter) => (letter === '€' ? Buffer.from([0xa4]) : Buffer.from(letter, 'latin1'))),
  );
const CYRILLIC = Buffer.from([0xbb, 0xee, 0xda]);
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Specific Character Set, Patient's Name as it is sent, and the name that must be shown. */
const NAMES: readonly (readonly [string, string, Buffer, string])[] = [
  ['ISO 8859-1', 'ISO_IR 100', latin('Åkerström^Märta Öhman'), 'Åkerström, Märta Öhman'],
  ['ISO 8859-15', 'ISO_IR 203', LATIN_9('Åström^Örjan €'), 'Åström, Örjan €'],
  ['UTF-8', 'ISO_IR 192', Buffer.from('Ängström^Åke Łukasz', 'utf8'), 'Ängström, Åke Łukasz'],
  ['one set with code extensions', 'ISO 2022 IR 100', latin('Öberg^Åsa'), 'Öberg, Åsa'],
  ['an escape after the default set', '\\ISO 2022 IR 100', latin('\x1b-AÖberg^\x1b-AÅsa Ä'), 'Öberg, Åsa Ä'],
  ['an escape to ISO 8859-15', 'ISO 2022 IR 6\\ISO 2022 IR 203', Buffer.concat([latin('\x1b-b'), LATIN_9('Öst€r^'), latin('\x1b-bÅke')]), 'Öst€r, Åke'],
  ['two sets, the first again after the part of the name', 'ISO 2022 IR 100\\ISO 2022 IR 144', Buffer.concat([latin('\x1b-L'), CYRILLIC, latin('^Åsa Ö')]), 'Люк, Åsa Ö'],
  ['letters without any set', '', Buffer.from('Sjögren^Åsa', 'utf8'), 'Sjögren, Åsa'],
]; // prettier-ignore

describe('letters on their way from C-STORE to the worklist', { timeout: 60_000 }, () => {
  it.each(NAMES)('are right in %s', async (title, characterSet, name, shown) => {
    const number = 100 + NAMES.findIndex(([other]) => other === title);
    const path = join(folder, `${number}.dcm`);
    const padded = name.length % 2 === 0 ? name : Buffer.concat([name, latin(' ')]);
    const elements: SyntheticElement[] = [
      ...named(number),
      [0x00080005, 'CS', characterSet],
      [0x00080060, 'CS', 'PX'],
      [0x00100010, 'PN', padded],
      [0x00100020, 'LO', `LETTERS-${number}`],
    ];
    await writeFile(path, buildImage({ columns: 4, rows: 4, pixelData: new Uint8Array(32), elements }));
    expect(await send(path)).toBe(0);
    const answer = await fetch(new URL('/api/exams', service.ready.http.url));
    const { exams } = (await answer.json()) as { exams: { person: { name: string; patientId: string } }[] };
    const exam = exams.find(({ person }) => person.patientId === `LETTERS-${number}`);
    expect(exam?.person.name).toBe(shown);
  });
});
