import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { selectSteps, type StepFilter } from '../database/procedure-records.ts';
import { dismissReferral } from '../database/referral-records.ts';
import type { Database } from '../database/schema.ts';
import { decodeDataSet, encodeDataSet } from '../dicom/dimse-data-set.ts';
import { part10Prefix, splitPart10 } from '../dicom/part10.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Acceptor } from '../dimse/acceptor.ts';
import type { Caller } from '../dimse/services.ts';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { isOnPostgres, openTestRecord } from '../testing/test-record.ts';
import { insertAcceptedReferral } from '../testing/scanner-fixtures.ts';
import { startServices } from '../testing/served-services.ts';
import { requireTool } from '../testing/services.ts';
import { modalityWorklist, type ModalityWorklistParts } from './modality-worklist.ts';

const findscu = requireTool('findscu');
const run = promisify(execFile);
const STEP = 'ScheduledProcedureStepSequence[0]';
const CALLER: Caller = {
  callingAeTitle: 'SCAN',
  calledAeTitle: 'OSTEOTRIAGE',
  remoteAddress: '127.0.0.1',
  secure: false,
  certificateSha256: null,
  siteId: 'test',
};

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

type AskOptions = Partial<ModalityWorklistParts> & { readonly cancelled?: AbortSignal };

async function ask(identifier: DicomDataset, options: AskOptions = {}) {
  const { cancelled = new AbortController().signal, ...limits } = options;
  const service = modalityWorklist({ database, clock: systemClock, log: silentLog, ...limits });
  const found: DicomDataset[] = [];
  for await (const match of service.find(identifier, CALLER, cancelled)) found.push(match);
  return found;
}

const idsOf = (found: readonly DicomDataset[]) => found.map((match) => match['PatientID']);

/** Many accepted referrals, a hundred a day, made by the database itself. */
async function insertMany(count: number): Promise<void> {
  const numbers = sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  await sql`INSERT INTO persons (person_id, identity_key, patient_id, name, birth_date, sex) ${numbers}
    SELECT 'p' || i, 'k' || i, 'T-' || i, 'Namn^' || i, '19500101', 'F' FROM n`.execute(database);
  await sql`INSERT INTO referrals (referral_id, person_id, state, policy_version, created_at_ms, updated_at_ms) ${numbers}
    SELECT 'r' || i, 'p' || i, 'dxa-ordered', '1', i, i FROM n`.execute(database);
  await sql`INSERT INTO procedure_steps (step_id, referral_id, study_uid, requested_procedure_id, accession_number,
    scheduled_date, scheduled_time, state, created_at_ms, updated_at_ms) ${numbers}
    SELECT 'S' || i, 'r' || i, '1.2.' || i, 'R' || i, 'A' || i, CAST(20260000 + i / 100 AS TEXT),
    substr(CAST(1000000 + i % 100 AS TEXT), 2), 'scheduled', i, i FROM n`.execute(database);
}

describe('the modality worklist', () => {
  it('has the steps of accepted referrals only, in the order of their time', async () => {
    const late = await insertAcceptedReferral(database, 1, {}, { scheduledTime: '150000' });
    await insertAcceptedReferral(database, 2, {}, { scheduledTime: '080000' });
    expect(idsOf(await ask({}))).toEqual(['T-2', 'T-1']);
    const dismissal = { referralId: late.referral_id, reason: 'other', actor: 'test', nowMs: 1 } as const;
    await dismissReferral(database, dismissal);
    expect(idsOf(await ask({}))).toEqual(['T-2']);
  });

  it('keeps the steps of another station from a scanner that does not ask for them', async () => {
    await insertAcceptedReferral(database, 1, {}, { stationAeTitle: 'DXA1' });
    await insertAcceptedReferral(database, 2, {}, { stationAeTitle: 'SCAN' });
    await insertAcceptedReferral(database, 3);
    const at = (station: string) =>
      ask({ ScheduledProcedureStepSequence: [{ ScheduledStationAETitle: station }] });
    expect(idsOf(await ask({})).sort()).toEqual(['T-2', 'T-3']);
    expect(idsOf(await at('DXA1')).sort()).toEqual(['T-1', 'T-3']);
    expect(idsOf(await at('D*')).sort()).toEqual(['T-1', 'T-3']);
  });

  it('books what a scanner fetched, once, and leaves alone what it did not', async () => {
    const step = await insertAcceptedReferral(database, 1);
    const other = await insertAcceptedReferral(database, 2, {}, { scheduledDate: '20260801' });
    const told: string[] = [];
    const days = () => ({ ...DEFAULT_REFERRAL_DAYS, 'dxa-booked': 3 });
    const day = { ScheduledProcedureStepSequence: [{ ScheduledProcedureStepStartDate: '20260706' }] };
    const clock = new ManualClock(1_800_000_000_000);
    const askAgain = () => ask(day, { clock, days, onReferral: (referralId) => void told.push(referralId) });
    expect(await askAgain()).toHaveLength(1);
    await vi.waitFor(() => expect(told).toEqual([step.referral_id]));
    expect(await askAgain()).toHaveLength(1);
    const stateOf = async (referralId: string) =>
      database.selectFrom('referrals').selectAll().where('referral_id', '=', referralId).executeTakeFirst();
    expect(await stateOf(step.referral_id)).toMatchObject({
      ...{ state: 'dxa-booked', version: 4, due_at_ms: 1_800_000_000_000 + 3 * 86_400_000 },
    });
    expect(await stateOf(other.referral_id)).toMatchObject({ state: 'dxa-ordered', version: 3 });
    const fetched = database
      .selectFrom('referral_events')
      .selectAll()
      .where('action', '=', 'fetched-by-scanner');
    expect(await fetched.execute()).toMatchObject([
      {
        referral_id: step.referral_id,
        actor: 'scanner SCAN',
        from_state: 'dxa-ordered',
        to_state: 'dxa-booked',
      },
    ]);
  });

  it('says when more match than it answers, after those that it does', async () => {
    await insertMany(5);
    await expect(ask({}, { matchesMax: 4 })).rejects.toMatchObject({ code: 'answer-too-long' });
    expect(await ask({}, { matchesMax: 5 })).toHaveLength(5);
  });

  it('goes on over pages without losing or doubling a step, and stops when it is cancelled', async () => {
    await insertMany(1_234);
    const found = await ask({});
    expect(new Set(idsOf(found)).size).toBe(1_234);
    expect(found).toHaveLength(1_234);
    expect(await ask({}, { cancelled: AbortSignal.abort() })).toHaveLength(0);
  });

  it.skipIf(isOnPostgres)(
    'reads along an index whatever it is asked, with a hundred thousand accepted referrals',
    async () => {
      await insertMany(100_000);
      const all: StepFilter = {
        ...{ state: 'scheduled', dateFrom: null, dateTo: null, patientIds: null, stepIds: null },
        ...{ studyUids: null, accessionNumbers: null, stationAeTitles: ['SCAN'] },
      };
      const after = { scheduledDate: '20260900', scheduledTime: '000005', stepId: 'S1' };
      const planOf = async (
        change: Partial<StepFilter>,
        from: typeof after | null = null,
      ): Promise<string> => {
        const query = selectSteps(database, { ...all, ...change }, from, 10).compile();
        const { rows } = await database.executeQuery<{ detail: string }>({
          ...query,
          sql: `EXPLAIN QUERY PLAN ${query.sql}`,
        });
        return rows.map(({ detail }) => detail).join('; ');
      };
      expect(await planOf({})).toMatch(/SEARCH s USING INDEX procedure_steps_by_date \(state=\?\)/);
      expect(await planOf({})).not.toMatch(/SCAN|TEMP B-TREE/);
      const oneDay = await planOf({ dateFrom: '20260700', dateTo: '20260700' });
      expect(oneDay).toMatch(
        /procedure_steps_by_date \(state=\? AND scheduled_date>\? AND scheduled_date<\?\)/,
      );
      const nextPage = /procedure_steps_by_date \(state=\? AND \(scheduled_date,scheduled_time,step_id\)>/;
      expect(await planOf({}, after)).toMatch(nextPage);
      expect(await planOf({ dateFrom: '20260100', dateTo: '20270000' }, after)).toMatch(nextPage);
      const onePatient = await planOf({ patientIds: ['T-77777'] });
      expect(onePatient).toMatch(/persons_by_patient_id/);
      expect(onePatient).not.toMatch(/SCAN s|procedure_steps_by_date/);
      expect(await planOf({ accessionNumbers: ['A77777'] })).toMatch(/procedure_steps_by_accession/);
      const found = await ask({ PatientID: 'T-77777' });
      expect(found).toMatchObject([{ AccessionNumber: 'A77777', StudyInstanceUID: '1.2.77777' }]);
      const date = '20260700';
      const day = await ask({ ScheduledProcedureStepSequence: [{ ScheduledProcedureStepStartDate: date }] });
      expect(day).toHaveLength(100);
    },
  );
});

describe.skipIf(!findscu.available)(
  `findscu -W${findscu.available ? '' : ` (${findscu.reason})`}`,
  { timeout: 30_000 },
  () => {
    let node: Acceptor;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'osteotriage-findscu-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      node = await startServices([modalityWorklist({ database, clock: systemClock, log: silentLog })]);
    });
    afterEach(() => node.close(0));

    async function find(keys: readonly string[], options: readonly string[] = [], query?: Buffer) {
      const own = await mkdtemp(join(folder, 'find-'));
      const queryFiles = query === undefined ? [] : [join(folder, 'query.dcm')];
      for (const file of queryFiles) {
        const uids = { sopClassUid: SOP_CLASSES.modalityWorklistFind, sopInstanceUid: '1.2.3' };
        const prefix = part10Prefix({ ...uids, transferSyntaxUid: '1.2.840.10008.1.2.1' });
        await writeFile(file, Buffer.concat([prefix, query ?? Buffer.alloc(0)]));
      }
      const keyed = keys.flatMap((key) => ['-k', key]);
      const { stdout, stderr } = await run(
        'findscu',
        [
          '-W',
          '-v',
          '-X',
          '-od',
          own,
          '-aet',
          'SCAN',
          ...options,
          '127.0.0.1',
          String(node.port),
          ...queryFiles,
          ...keyed,
        ],
        { encoding: 'utf8' },
      );
      const files = (await readdir(own)).sort();
      const matches = await Promise.all(
        files.map(async (file) => {
          const bytes = await readFile(join(own, file));
          const { datasetOffset, transferSyntaxUid } = splitPart10(bytes);
          return decodeDataSet(bytes.subarray(datasetOffset), transferSyntaxUid);
        }),
      );
      return { matches, said: stdout + stderr };
    }

    it('finds a step by range, wildcard and single value, and nothing by others', async () => {
      await insertAcceptedReferral(database, 1);
      await insertAcceptedReferral(database, 2, {}, { scheduledDate: '20260801' });
      const day = await find([
        'PatientName',
        'PatientID',
        `${STEP}.Modality=BMD`,
        `${STEP}.ScheduledProcedureStepStartDate=20260701-20260731`,
        `${STEP}.ScheduledProcedureStepStartTime`,
      ]);
      expect(idsOf(day.matches)).toEqual(['T-1']);
      expect(day.matches[0]).toMatchObject({
        PatientName: 'Påhittad^Åsa',
        ScheduledProcedureStepSequence: [{ ScheduledStationAETitle: 'SCAN', Modality: 'BMD' }],
      });
      expect(idsOf((await find(['PatientName=P?hit*'])).matches)).toEqual(['T-1', 'T-2']);
      expect(idsOf((await find(['PatientID=T-2', 'PatientName'])).matches)).toEqual(['T-2']);
      expect((await find([`${STEP}.Modality=CT`])).matches).toEqual([]);
      expect((await find([`${STEP}.ScheduledProcedureStepStatus`])).matches).toHaveLength(2);
    });

    it('finds names with Å, Ä and Ö, asked in Latin-1 and in UTF-8, and answers in the same', async () => {
      await insertAcceptedReferral(database, 1, { patientName: 'Öberg^Åsa Märta' });
      const utf8 = await find(['SpecificCharacterSet=ISO_IR 192', 'PatientName=öberg^å*']);
      expect(utf8.matches).toMatchObject([
        { SpecificCharacterSet: 'ISO_IR 192', PatientName: 'Öberg^Åsa Märta' },
      ]);
      const query = { SpecificCharacterSet: 'ISO_IR 100', PatientName: 'ÖBERG^ÅSA*' };
      const latin1 = await find([], [], encodeDataSet(query, '1.2.840.10008.1.2.1'));
      expect(latin1.matches).toMatchObject([
        { SpecificCharacterSet: 'ISO_IR 100', PatientName: 'Öberg^Åsa Märta' },
      ]);
    });

    it('is told by FF01 that a key is not matched, and by A900 that a date cannot be read', async () => {
      await insertAcceptedReferral(database, 1);
      const unsupported = await find(['PatientID', 'PatientWeight=70']);
      expect(unsupported.matches).toHaveLength(1);
      expect(unsupported.said).toMatch(/Pending: Warning|Warning.*Optional|0xff01/i);
      const wrong = await find([`${STEP}.ScheduledProcedureStepStartDate=tomorrow`]);
      expect(wrong.matches).toEqual([]);
      expect(wrong.said).toMatch(/0xa900|Identifier ?Does ?Not ?Match|SOPClass/i);
    });

    it('is given no more after a cancel', async () => {
      await insertMany(1_900);
      const { matches, said } = await find(['PatientID'], ['--cancel', '3']);
      expect(matches.length).toBeGreaterThanOrEqual(3);
      expect(matches.length).toBeLessThan(1_900);
      expect(said).toMatch(/Cancel/);
    });

    it.each(['-xi', '-xe'])('is answered in every plain transfer syntax: %s', async (syntax) => {
      await insertAcceptedReferral(database, 1);
      expect(idsOf((await find(['PatientID'], [syntax])).matches)).toEqual(['T-1']);
    });
  },
);
