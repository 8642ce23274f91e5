/** A DICOMweb server on a free port with a record of its own, and bodies for it. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import type { JsonDataSet } from '../dicom/dicom-json.ts';
import { part10Prefix } from '../dicom/part10.ts';
import type { TriageError } from '../errors.ts';
import { type DicomwebAddress, startDicomweb } from '../http/dicomweb-server.ts';
import { InstanceReceiver } from '../intake/receive-instance.ts';
import { parseSites, type SiteBook } from '../sites.ts';
import { silentLog } from '../telemetry.ts';
import { openTestRecord } from './test-record.ts';
import { tinyDataSet, type TinyFilm } from './tiny-data-set.ts';

/** A server for tests, and what it stands on. */
export interface DicomwebFixture {
  readonly url: string;
  readonly folder: string;
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly received: string[];
  /** Closes the intake with this, or opens it again. */
  closeGate(reason: TriageError | undefined): void;
  close(): Promise<void>;
}

/** The keys of the two invented clinics. */
export const CLINIC_KEYS = { north: 'key-of-the-north', south: 'key-of-the-south' } as const;

/** Two clinics with a key each. */
export function twoClinics(): SiteBook {
  const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');
  return parseSites(
    JSON.stringify({
      sites: [
        { id: 'north', name: 'Norra kliniken', apiKeySha256: [sha256(CLINIC_KEYS.north)] },
        { id: 'south', name: 'Södra kliniken', apiKeySha256: [sha256(CLINIC_KEYS.south)] },
      ],
    }),
    'test',
  );
}

/** What differs from a server on a free port of loopback. */
export interface DicomwebFixtureOptions {
  readonly instanceBytesMax?: number;
  readonly address?: Partial<DicomwebAddress>;
  readonly clock?: Clock;
}

/** Starts a server; without a book it is the one of loopback. */
export async function startTestDicomweb(
  book: SiteBook | null,
  options: DicomwebFixtureOptions = {},
): Promise<DicomwebFixture> {
  const { instanceBytesMax = 16 * 1024 * 1024, address = {}, clock = systemClock } = options;
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-dicomweb-'));
  const database = await openTestRecord();
  const objects = await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS);
  const received: string[] = [];
  let closed: TriageError | undefined;
  const gate = { judgeInstance: () => closed, judgeAssociation: () => undefined };
  const receiver = new InstanceReceiver({
    database,
    objects,
    clock: systemClock,
    log: silentLog,
    gate,
    onReceived: (examId) => received.push(examId),
  });
  const server = await startDicomweb(
    {
      sites: {
        book: () => book,
        siteOfApiKey: (key) => {
          const sha256 = createHash('sha256').update(key).digest('hex');
          return book?.sites.find((site) => site.apiKeySha256.includes(sha256));
        },
      },
      receiver,
      gate,
      database,
      objects,
      clock,
      log: silentLog,
      instanceBytesMax,
    },
    { host: '127.0.0.1', port: 0, certificateFile: '', keyFile: '', ...address },
  );
  return {
    url: server.url,
    folder,
    database,
    objects,
    received,
    closeGate: (reason) => {
      closed = reason;
    },
    async close() {
      await server.close();
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A DICOM file of a tiny film. */
export function tinyFile(film: TinyFilm): Buffer {
  const fields = {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
    sopInstanceUid: film.instance,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
  };
  return Buffer.concat([part10Prefix(fields), tinyDataSet(film)]);
}

/** One part of a body. */
export interface BodyPart {
  readonly type?: string;
  readonly location?: string;
  readonly bytes: Buffer;
}

/** A multipart body, ended unless told otherwise. */
export function multipartBody(parts: readonly BodyPart[], boundary = 'b0undary'): Buffer {
  const pieces = parts.flatMap(({ type = 'application/dicom', location, bytes }) => [
    Buffer.from(`--${boundary}\r\nContent-Type: ${type}\r\n`),
    Buffer.from(location === undefined ? '\r\n' : `Content-Location: ${location}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** The Content-Type that goes with it. */
export function multipartType(root = 'application/dicom', boundary = 'b0undary'): string {
  return `multipart/related; type="${root}"; boundary=${boundary}`;
}

/** What a store transaction answered. */
export interface StoreAnswer {
  readonly status: number;
  readonly json: JsonDataSet & {
    readonly code?: string;
    readonly message?: string;
    readonly action?: string;
  };
  readonly headers: Headers;
}

/** What differs from a request of the northern clinic to `/studies`. */
export interface PostOptions {
  readonly path?: string;
  readonly type?: string;
  readonly key?: string | null;
}

/** Sends a body to be stored. */
export async function postStudies(
  server: DicomwebFixture,
  body: Buffer,
  options: PostOptions = {},
): Promise<StoreAnswer> {
  const { path = '/studies', type = multipartType(), key = CLINIC_KEYS.north } = options;
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': type, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
    body: new Uint8Array(body),
  });
  const json = (await response.json()) as StoreAnswer['json'];
  return { status: response.status, json, headers: response.headers };
}

/** The first value of an element in each item of a sequence of the answer. */
export function answeredValues(answer: StoreAnswer, sequence: string, tag: string): readonly unknown[] {
  const items = (answer.json[sequence]?.Value ?? []) as JsonDataSet[];
  return items.map((item) => item[tag]?.Value?.[0]);
}

/** SOP Instance UIDs that the answer says are held. */
export function referenced(answer: StoreAnswer): readonly unknown[] {
  return answeredValues(answer, '00081199', '00081155');
}

/** SOP Instance UIDs that the answer says are not. */
export function failed(answer: StoreAnswer): readonly unknown[] {
  return answeredValues(answer, '00081198', '00081155');
}

/** Failure reasons, of those that have a name or in another sequence. */
export function reasons(answer: StoreAnswer, sequence = '00081198'): readonly unknown[] {
  return answeredValues(answer, sequence, '00081197');
}
