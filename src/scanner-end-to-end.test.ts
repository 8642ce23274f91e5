import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { acceptReferral } from './database/referral-records.ts';
import type { Database } from './database/schema.ts';
import { databasePath, openSqlite } from './database/sqlite.ts';
import { decodeDataSet } from './dicom/dimse-data-set.ts';
import { splitPart10 } from './dicom/part10.ts';
import { SOP_CLASSES } from './dicom/uids.ts';
import { type DicomDataset, writePart10 } from './dicom/write-part10.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { openAssociation } from './dimse/requestor.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { dxaReport } from './testing/dxa-report.ts';
import { beginningOf, endOf, insertTestReferral, referralState } from './testing/scanner-fixtures.ts';
import { requireTool } from './testing/services.ts';
import { type ServiceProcess, startServiceProcess } from '../scripts/demo/service-process.ts';

const findscu = requireTool('findscu');
const storescu = requireTool('storescu');
const run = promisify(execFile);

const addresses = ['127.0.0.1'];
const SITES = {
  sites: [
    {
      id: 'hospital',
      name: 'An invented hospital',
      peers: [
        { aeTitle: 'DXA1', addresses, rights: ['worklist', 'mpps', 'dxa-results'] },
        { aeTitle: 'CLINIC', addresses, rights: ['store'] },
      ],
    },
  ],
};

const ORDER = {
  stationAeTitle: null,
  scheduledDate: '20260706',
  scheduledTime: '090000',
  actor: 'test',
  nowMs: 1_700_000_100_000,
};

let folder: string;
let service: ServiceProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-scanner-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'sites.json'), JSON.stringify(SITES));
  const settings = { TRIAGE_WORKERS: '0', TRIAGE_SITES: join(folder, 'sites.json') };
  service = await startServiceProcess(join(folder, 'data'), settings);
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command of the program beside the service, as a person would, and reads its JSON. */
async function command(...words: string[]): Promise<unknown> {
  const { stdout } = await run(
    process.execPath,
    ['src/main.ts', ...words, '--data', join(folder, 'data'), '--json'],
    { cwd: PROJECT_FOLDER },
  );
  return JSON.parse(stdout);
}

async function withDatabase<Result>(step: (database: Kysely<Database>) => Promise<Result>): Promise<Result> {
  const database = openSqlite(databasePath(join(folder, 'data')));
  try {
    return await step(database);
  } finally {
    await database.destroy();
  }
}

const stateOf = (referralId: string) => withDatabase((database) => referralState(database, referralId));
const openReferral = (number: number, patientName: string) =>
  withDatabase((database) => insertTestReferral(database, number, { patientName }));

/** The next event of the worklist page that is of the referral. */
async function nextEvent(referralId: string, cause: () => Promise<unknown>): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(new URL('/api/events', service.ready.http.url), { signal: stop.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  await cause();
  let text = '';
  while (!text.includes(referralId)) text += (await reader.read()).value ?? '';
  stop.abort();
  return text;
}

async function askWorklist(patientName: string, asWhom = 'DXA1'): Promise<readonly DicomDataset[]> {
  const { port, aeTitle } = service.ready.dimse;
  const own = await mkdtemp(join(folder, 'find-'));
  const step = 'ScheduledProcedureStepSequence[0]';
  const keys = ['SpecificCharacterSet=ISO_IR 192', `PatientName=${patientName}`, `${step}.Modality=BMD`];
  const keyed = keys.flatMap((key) => ['-k', key]);
  const peer = ['-aet', asWhom, '-aec', aeTitle, '127.0.0.1', String(port)];
  await run('findscu', ['-W', '-X', '-od', own, ...peer, ...keyed]);
  const files = await readdir(own);
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(own, file));
      const { datasetOffset, transferSyntaxUid } = splitPart10(bytes);
      return decodeDataSet(bytes.subarray(datasetOffset), transferSyntaxUid);
    }),
  );
}

describe.skipIf(!findscu.available || !storescu.available)(
  'a referral on its way to the scanner and back',
  { timeout: 60_000 },
  () => {
    it('is found a moment after it was accepted, and taken to done by the scanner', async () => {
      const referralId = await openReferral(1, 'Ödegård^Märta');
      expect(await askWorklist('ödeg*')).toEqual([]);
      const accepted = (await command('referral', 'accept', referralId, '--station', 'DXA1')) as {
        accessionNumber: string;
        stepId: string;
      };
      const [match] = await askWorklist('ödeg*');
      expect(match).toMatchObject({
        PatientName: 'Ödegård^Märta',
        PatientID: 'T-1',
        AccessionNumber: accepted.accessionNumber,
        ScheduledProcedureStepSequence: [{ ScheduledStationAETitle: 'DXA1', Modality: 'BMD' }],
      });
      const { port, host, aeTitle } = service.ready.dimse;
      const mpps = SOP_CLASSES.performedProcedureStep;
      const scanner = await openAssociation({
        ...{ host, port, callingAeTitle: 'DXA1', calledAeTitle: aeTitle, clock: systemClock },
        contexts: [{ abstractSyntax: mpps, transferSyntaxes: ['1.2.840.10008.1.2'] }],
        ...{ limits: DEFAULT_DIMSE_LIMITS, connectMsMax: 5_000 },
      });
      const named = { sopClassUid: mpps, sopInstanceUid: '1.2.3.500' };
      const dataset = beginningOf({ step_id: accepted.stepId }, { id: 'T-1' });
      const event = await nextEvent(referralId, () => scanner.create({ ...named, dataset }));
      expect(event).toContain('event: referral');
      expect(await stateOf(referralId)).toBe('dxa-booked');
      expect(await scanner.set({ ...named, dataset: endOf('COMPLETED') })).toMatchObject({ status: 0 });
      await scanner.release();
      expect(await stateOf(referralId)).toBe('dxa-done');
    });

    it('is ended by a result that storescu brings, and a stray result is listed', async () => {
      const referralId = await openReferral(2, 'Påhittad^Åsa');
      await command('referral', 'accept', referralId);
      const { port, aeTitle } = service.ready.dimse;
      const files = [join(folder, 'mine.dcm'), join(folder, 'stray.dcm')];
      await writeFile(files[0]!, writePart10(dxaReport('1.2.3.601', { PatientID: 'T-2' })));
      await writeFile(files[1]!, writePart10(dxaReport('1.2.3.602', { PatientID: 'T-99' })));
      await run('storescu', ['-aet', 'DXA1', '-aec', aeTitle, '127.0.0.1', String(port), ...files]);
      expect(await stateOf(referralId)).toBe('dxa-done');
      expect(await command('referral', 'results', '--unmatched')).toMatchObject({
        results: [{ kind: 'dxa-result', patientId: 'T-99', referralId: null }],
      });
    });

    it('is not shown to a caller without the right, nor ended by its result', async () => {
      const referralId = await openReferral(4, 'Annan^Person');
      await withDatabase((database) => acceptReferral(database, { ...ORDER, referralId }));
      await expect(askWorklist('annan*', 'CLINIC')).rejects.toThrow(/No Acceptable Presentation Contexts/i);
      const { port, aeTitle } = service.ready.dimse;
      const file = join(folder, 'foreign.dcm');
      await writeFile(file, writePart10(dxaReport('1.2.3.603', { PatientID: 'T-4' })));
      const peer = ['-aet', 'CLINIC', '-aec', aeTitle, '127.0.0.1', String(port)];
      await expect(run('storescu', [...peer, file])).rejects.toThrow(/No presentation context for/i);
      expect(await stateOf(referralId)).toBe('dxa-ordered');
    });

    it('is dismissed with a reason, and only with one', async () => {
      const referralId = await openReferral(3, 'Avskriven^Anna');
      await command('referral', 'accept', referralId, '--date', '20991231');
      const dismiss = ['src/main.ts', 'referral', 'dismiss', referralId, '--data', join(folder, 'data')];
      const end = (...words: string[]) =>
        new Promise<number | null>((settle) =>
          spawn(process.execPath, [...dismiss, ...words], { cwd: PROJECT_FOLDER }).once('exit', settle),
        );
      expect(
        await Promise.all([end(), end('--reason', 'known-and-treated', '--note', 'has had a DXA')]),
      ).toEqual([2, 0]);
      expect(await stateOf(referralId)).toBe('dismissed');
      expect(await askWorklist('avskriven*')).toEqual([]);
      expect(await command('referral', 'list', '--state', 'dismissed')).toMatchObject({
        referrals: [{ referralId, scheduledDate: '20991231' }],
      });
    });
  },
);
