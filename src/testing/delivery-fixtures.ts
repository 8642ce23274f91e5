/** Reports in an archive with deliveries to PACS, and a PACS that answers what it is told. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { OBJECT_KINDS, reportObjectKey } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Database, DeliveryTable } from '../database/schema.ts';
import { type DicomDataset, writePart10 } from '../dicom/write-part10.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import type { ReportKind } from '../exam/exam-state.ts';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import { DEFAULT_COMMITMENT_LIMITS } from '../report/commitment-policy.ts';
import type { NormalizedAnswer, NormalizedRequest } from '../dimse/services.ts';
import { takeCommitmentReport } from '../report/commitment-report.ts';
import { type Deliveries, startDeliveries } from '../report/delivery-service.ts';
import { buildPresentationState } from '../report/presentation-state.ts';
import { buildSecondaryCapture } from '../report/secondary-capture.ts';
import { buildStructuredReport } from '../report/structured-report.ts';
import { NO_EXCHANGE } from '../exchange-settings.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Destination } from '../sites.ts';
import { silentLog } from '../telemetry.ts';
import { EXAMPLE_DISPLAY, exampleReport } from './example-report.ts';
import { insertTestExam } from './record-fixtures.ts';
import { openTestRecord } from './test-record.ts';

const PICTURE = { columns: 31, rows: 21, rgb: new Uint8Array(31 * 21 * 3).fill(90) };

/** A record and an archive with reports on the disk. */
export interface ReportArchive {
  readonly database: Kysely<Database>;
  readonly databasePath: string;
  readonly objects: ObjectStore;
  readonly folder: string;
  /** Adds an exam with its SR, SC and GSPS, due at the destinations. */
  addReports(number: number, destinations: readonly string[]): Promise<string>;
  /** Every delivery, by destination and kind. */
  deliveries(): Promise<Readonly<Record<string, DeliveryRow>>>;
  remove(): Promise<void>;
}

type DeliveryRow = Pick<DeliveryTable, 'state' | 'attempts' | 'note'> & {
  readonly commitment: string | null;
  readonly transactionUid: string | null;
};

/** Makes an empty archive below the system's folder for temporary files. */
export async function makeReportArchive(): Promise<ReportArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-delivery-'));
  const databasePath = join(folder, 'osteotriage.sqlite');
  const database = await openTestRecord(databasePath);
  const objects = await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS);
  return {
    ...{ database, databasePath, objects, folder },
    async addReports(number, destinations) {
      const sopInstanceUid = `2.25.${4000 + number}`;
      const examId = await insertTestExam(database, number, { sopInstanceUid });
      const input = exampleReport({ header: { sopInstanceUid } });
      const written: readonly (readonly [ReportKind, DicomDataset | null])[] = [
        ['SR', buildStructuredReport(input)],
        ['SC', buildSecondaryCapture(input, PICTURE)],
        ['GSPS', buildPresentationState(input, EXAMPLE_DISPLAY)],
      ];
      for (const [kind, dataset] of written) {
        if (dataset === null) continue;
        const key = reportObjectKey(examId, 0, kind);
        const path = join(folder, `${kind}.dcm`);
        await writeFile(path, writePart10(dataset));
        const bytes = await objects.putFile(path, key);
        await insertReport(database, { examId, kind, key, bytes, dataset });
        for (const name of destinations) await insertDelivery(database, examId, kind, name);
      }
      return examId;
    },
    async deliveries() {
      const rows = await database.selectFrom('deliveries').selectAll().execute();
      return Object.fromEntries(
        rows.map(({ destination, kind, state, attempts, note, commitment, transaction_uid }) => [
          `${destination} ${kind}`,
          { state, attempts, note, commitment, transactionUid: transaction_uid },
        ]),
      );
    },
    async remove() {
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A PACS of a sites file on this machine. */
export function pacsAt(port: number, change: Partial<Destination> = {}): Destination {
  return {
    ...{ name: 'pacs', aeTitle: 'PACS', host: '127.0.0.1', port, tls: false, commitment: false },
    objects: ['SR', 'SC', 'GSPS'],
    ...change,
  };
}

/** What a sender of a test is told beside its destinations. */
export interface SenderOptions {
  readonly tls?: {
    readonly certificateFile: string;
    readonly keyFile: string;
    readonly authoritiesFile: string;
  };
}

/** A sender, and the listener's part of what it asks for. */
export interface TestSender extends Deliveries {
  takeCommitmentReport(report: NormalizedRequest): Promise<NormalizedAnswer>;
}

/** Starts to send what is due in an archive, by a clock that a test can move. */
export function startSender(
  { database, objects }: ReportArchive,
  clock: Clock,
  destinations: readonly Destination[],
  { tls }: SenderOptions = {},
): TestSender {
  const sites: SiteDirectory = {
    book: () => null,
    destinations: () => destinations,
    destinationsOf: () => destinations.map(({ name }) => name),
    rulesOf: () => ({}),
    siteOfApiKey: () => undefined,
    exchange: () => NO_EXCHANGE,
    findSystem: () => undefined,
    referralDays: () => DEFAULT_REFERRAL_DAYS,
  };
  const config = {
    aeTitle: 'OSTEOTRIAGE',
    tlsCertificateFile: tls?.certificateFile ?? '',
    tlsKeyFile: tls?.keyFile ?? '',
    tlsAuthoritiesFile: tls?.authoritiesFile ?? '',
    deliveryDaysMax: 7,
  };
  const limits = DEFAULT_DIMSE_LIMITS;
  // Nothing is worth seconds of a test to wait for.
  const commitmentLimits = { ...DEFAULT_COMMITMENT_LIMITS, openMsMax: 150 };
  const parts = { database, objects, clock, log: silentLog, sites, config, limits, commitmentLimits };
  return {
    ...startDeliveries(parts),
    takeCommitmentReport: (report) => takeCommitmentReport(parts, report),
  };
}

/** Waits until something is true; throws with what it was about when that takes over ten seconds. */
export async function until(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let round = 0; round < 500; round += 1) {
    if (await isTrue()) return;
    await systemClock.sleep(20);
  }
  throw new Error(`not within ten seconds: ${what}`);
}

async function insertReport(
  database: Kysely<Database>,
  report: {
    readonly examId: string;
    readonly kind: ReportKind;
    readonly key: string;
    readonly bytes: number;
    readonly dataset: DicomDataset;
  },
): Promise<void> {
  const { examId, kind, key, bytes, dataset } = report;
  await database
    .insertInto('reports')
    .values({
      ...{ exam_id: examId, revision: 0, kind, object_key: key, object_bytes: bytes, created_at_ms: 1 },
      sop_class_uid: dataset['SOPClassUID'] as string,
      series_uid: dataset['SeriesInstanceUID'] as string,
      sop_uid: dataset['SOPInstanceUID'] as string,
    })
    .execute();
}

async function insertDelivery(
  database: Kysely<Database>,
  examId: string,
  kind: ReportKind,
  destination: string,
): Promise<void> {
  const row = { exam_id: examId, revision: 0, kind, destination, state: 'pending' as const, attempts: 0 };
  await database
    .insertInto('deliveries')
    .values({ ...row, due_at_ms: 0, first_try_at_ms: null, note: null })
    .execute();
}
