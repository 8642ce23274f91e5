import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { recordIn } from '../../src/commands/open-record.ts';
import { readStatus } from '../../src/commands/status.ts';
import { databasePath, openSqlite } from '../../src/database/sqlite.ts';
import { splitPart10 } from '../../src/dicom/part10.ts';
import { readHeader } from '../../src/dicom/read-header.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { sendFiles } from '../../src/dimse/send-files.ts';
import { asTriageError } from '../../src/errors.ts';
import { multipartBody, multipartType } from '../../src/testing/dicomweb-fixtures.ts';
import { type ServiceProcess, startServiceProcess } from '../demo/service-process.ts';

/** What a door answered: the status of a C-STORE or of a STOW instance, or why there was none. */
export interface DoorAnswer {
  /** Four hexadecimal digits; 0000 is Success. null where the file never became a request. */
  readonly status: string | null;
  /** The code of the sender's error, or the comment of the answer. */
  readonly detail: string | null;
}

/** What became of one file at one door. */
export interface DoorResult extends DoorAnswer {
  /** State of the exam; null where none is held. */
  readonly state: string | null;
  readonly reasons: readonly string[];
}

/** What a file says of itself, as far as it can be read. */
export interface FileIdentity {
  readonly sopClassUid: string | null;
  readonly transferSyntaxUid: string | null;
  readonly sopInstanceUid: string | null;
  /** Whether its data set names study, series and instance. */
  readonly isNamed: boolean;
}

/** One file at both doors. */
export interface FileResult extends FileIdentity {
  readonly path: string;
  readonly cStore: DoorResult;
  readonly stow: DoorResult;
}

const API_KEY = 'key-of-the-acceptance-run';
const TRIAGE_SECONDS_MAX = 600;
const BOOK = {
  sites: [
    {
      id: 'acceptance',
      name: 'Acceptance',
      peers: [{ aeTitle: 'ACCEPTANCE', addresses: ['127.0.0.1'] }],
      apiKeySha256: [createHash('sha256').update(API_KEY).digest('hex')],
    },
  ],
};

/**
 * Sends every file to a service by C-STORE and to another by STOW-RS, and waits until all are triaged. Files that
 * claim the same instance with other content go to services of their own: one service would rightly refuse them.
 */
export async function sendThroughBothDoors(paths: readonly string[]): Promise<readonly FileResult[]> {
  const files = await Promise.all(paths.map(async (path) => ({ path, ...(await identify(path)) })));
  const results: FileResult[] = [];
  for (const round of roundsOf(files)) {
    const roundPaths = round.map((file) => file.path);
    const cStore = await throughDoor(roundPaths, storeFile);
    const stow = await throughDoor(roundPaths, stowFile);
    round.forEach((file, index) =>
      results.push({ ...file, cStore: cStore[index] ?? NOTHING, stow: stow[index] ?? NOTHING }),
    );
  }
  return results.sort((a, b) => a.path.localeCompare(b.path));
}

function roundsOf<File extends FileIdentity>(files: readonly File[]): readonly File[][] {
  const rounds: File[][] = [];
  const claimed = new Map<string, number>();
  for (const file of files) {
    const round = file.sopInstanceUid === null ? 0 : (claimed.get(file.sopInstanceUid) ?? 0);
    (rounds[round] ??= []).push(file);
    if (file.sopInstanceUid !== null) claimed.set(file.sopInstanceUid, round + 1);
  }
  return rounds;
}

const NOTHING: DoorResult = { status: null, detail: null, state: null, reasons: [] };

async function throughDoor(
  paths: readonly string[],
  send: (path: string, service: ServiceProcess) => Promise<DoorAnswer>,
): Promise<readonly DoorResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-acceptance-'));
  const data = join(folder, 'data');
  await mkdir(data);
  await writeFile(join(folder, 'sites.json'), JSON.stringify(BOOK));
  const service = await startServiceProcess(data, {
    TRIAGE_SITES: join(folder, 'sites.json'),
    TRIAGE_DICOMWEB_PORT: '0',
    TRIAGE_WORKERS: '2',
    TRIAGE_DISK_FREE_MIB_MIN: '0',
    TRIAGE_LOG_LEVEL: 'warn',
  });
  try {
    const answers: DoorAnswer[] = [];
    for (const path of paths) answers.push(await send(path, service));
    await untilTriaged(data);
    return await findStates(data, paths, answers);
  } finally {
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** One association a file, so that a refused context is the answer to this file and to no other. */
async function storeFile(path: string, service: ServiceProcess): Promise<DoorAnswer> {
  const { host, port, aeTitle } = service.ready.dimse;
  try {
    const peer = { host, port, calledAeTitle: aeTitle, callingAeTitle: 'ACCEPTANCE' };
    const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 10_000 };
    for await (const result of sendFiles([path], options)) {
      if ('error' in result) return { status: null, detail: result.error.code };
      return { status: hex(result.answer.status), detail: result.answer.comment ?? null };
    }
    return { status: null, detail: 'nothing was sent' };
  } catch (thrown) {
    return { status: null, detail: asTriageError(thrown).code };
  }
}

type JsonItems = Readonly<Record<string, { readonly Value?: readonly unknown[] }>>;

async function stowFile(path: string, service: ServiceProcess): Promise<DoorAnswer> {
  const body = multipartBody([{ bytes: await readFile(path) }]);
  const response = await fetch(new URL('/studies', service.ready.dicomweb.url ?? ''), {
    method: 'POST',
    headers: { 'content-type': multipartType(), authorization: `Bearer ${API_KEY}` },
    body: new Uint8Array(body),
  });
  const answer = (await response.json()) as JsonItems;
  if (answer['00081199']?.Value?.length === 1) return { status: '0000', detail: null };
  const [failure] = (answer['00081198']?.Value ?? []) as JsonItems[];
  const reason = failure?.['00081197']?.Value?.[0];
  return {
    status: typeof reason === 'number' ? hex(reason) : null,
    detail: `HTTP ${response.status}`,
  };
}

function hex(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0');
}

async function untilTriaged(data: string): Promise<void> {
  for (let second = 0; second < TRIAGE_SECONDS_MAX; second += 1) {
    if ((await readStatus(recordIn(data))).pending === 0) return;
    await delay(1000);
  }
  throw new Error(`some films were not triaged within ${TRIAGE_SECONDS_MAX} s`);
}

/** The exam of each file by the SHA-256 of its data set: two files may claim the same instance. */
async function findStates(
  data: string,
  paths: readonly string[],
  answers: readonly DoorAnswer[],
): Promise<readonly DoorResult[]> {
  const database = openSqlite(databasePath(data), { readOnly: true });
  try {
    const rows = await database
      .selectFrom('exams')
      .select(['data_set_sha256', 'state', 'reasons_json'])
      .execute();
    return await Promise.all(
      answers.map(async (answer, index) => {
        const sha256 = await dataSetSha256(paths[index] ?? '');
        const row = rows.find((exam) => exam.data_set_sha256 === sha256);
        const reasons = row === undefined ? [] : (JSON.parse(row.reasons_json) as { code: string }[]);
        return { ...answer, state: row?.state ?? null, reasons: reasons.map((reason) => reason.code) };
      }),
    );
  } finally {
    await database.destroy();
  }
}

async function dataSetSha256(path: string): Promise<string | null> {
  const bytes = await readFile(path);
  try {
    return createHash('sha256')
      .update(bytes.subarray(splitPart10(bytes).datasetOffset))
      .digest('hex');
  } catch {
    return null;
  }
}

async function identify(path: string): Promise<FileIdentity> {
  const bytes = await readFile(path);
  try {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = splitPart10(bytes);
    return { ...{ sopClassUid, sopInstanceUid, transferSyntaxUid }, isNamed: isNamed(bytes) };
  } catch {
    return { sopClassUid: null, sopInstanceUid: null, transferSyntaxUid: null, isNamed: false };
  }
}

function isNamed(bytes: Buffer): boolean {
  try {
    readHeader(bytes, { withoutMetaUids: true });
    return true;
  } catch (thrown) {
    return asTriageError(thrown).code !== 'identifiers-missing';
  }
}
