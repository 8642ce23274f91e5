import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDoubles } from '../scripts/bench/double-check.ts';
import { type FilmFile, writeFilmFiles } from '../scripts/bench/film-files.ts';
import { renderPanoramicPhantom } from '../scripts/phantom/panoramic-phantom.ts';
import { systemClock } from './clock.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';
import { type RoleProcess, roleProcess } from './testing/role-process.ts';
import type { StatusCounts } from './worklist/worklist-views.ts';

const FILMS = 6;
/** The promise: what a killed worker had in hand goes on within this. */
const RECOVERY_MS_MAX = 10_000;

let folder: string;
let service: RoleProcess;
let films: readonly FilmFile[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-recovery-'));
  const phantom = renderPanoramicPhantom({
    seed: 5,
    columns: 1_600,
    rows: 700,
    bits: 12,
    mcwRightMm: 2,
    mcwLeftMm: 2,
  }).film;
  const options = { phantom, folder, count: FILMS * 2, bytes: 1_000_000, folders: 1, persons: 4 };
  films = (await writeFilmFiles(options)).flat();
  const environment = {
    TRIAGE_DIMSE_PORT: '0',
    TRIAGE_HTTP_PORT: '0',
    TRIAGE_WORKERS: '2',
    TRIAGE_LOG_LEVEL: 'warn',
    TRIAGE_DISK_FREE_MIB_MIN: '0',
  };
  service = roleProcess({
    name: 'embedded',
    role: 'intake,worker,web',
    folder: join(folder, 'service'),
    environment,
  });
  await service.start();
}, 60_000);
afterAll(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

async function send(some: readonly FilmFile[]): Promise<void> {
  const { host, port, aeTitle: calledAeTitle } = service.ready().dimse!;
  const peer = { host, port, calledAeTitle, callingAeTitle: 'SENDER' };
  const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5_000 };
  const paths = some.map(({ path }) => path);
  for await (const result of sendFiles(paths, options)) {
    expect(result).toMatchObject({ answer: { status: 0 } });
  }
}

async function counts(): Promise<StatusCounts> {
  const answer = await fetch(new URL('api/status', service.ready().http!.url));
  return ((await answer.json()) as { readonly counts: StatusCounts }).counts;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Waits until a film more is done than were. */
async function waitForNext(pendingBefore: number): Promise<void> {
  await expect
    .poll(async () => (await counts()).pending, { timeout: 60_000, interval: 50 })
    .toBeLessThan(pendingBefore);
}

async function expectAllRead(received: number): Promise<void> {
  await expect
    .poll(counts, { timeout: 60_000 })
    .toMatchObject({ received, pending: 0, failed: 0, refused: 0 });
}

it('goes on within ten seconds where all workers of a service are killed', async () => {
  await send(films.slice(0, FILMS));
  await waitForNext(FILMS);
  const killed = await childrenOf(service.pid()!);
  expect(killed).toHaveLength(2);
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  const atMs = systemClock.monotonicMs();
  await waitForNext((await counts()).pending);
  expect(systemClock.monotonicMs() - atMs).toBeLessThan(RECOVERY_MS_MAX);
  await expectAllRead(FILMS);
}, 90_000);

it('goes on within ten seconds of its start where a service was killed with all that belongs to it', async () => {
  await send(films.slice(FILMS));
  await waitForNext(FILMS);
  const pids = [...(await childrenOf(service.pid()!)), service.pid()!];
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await service.kill();
  await service.start();
  const atMs = systemClock.monotonicMs();
  const { pending } = await counts();
  // On a fast machine all of it is done by now.
  await waitForNext(Math.max(pending, 1));
  expect(systemClock.monotonicMs() - atMs).toBeLessThan(RECOVERY_MS_MAX);
  await expectAllRead(FILMS * 2);
  expect(await findDoubles(join(folder, 'service', 'data'))).toEqual([]);
}, 90_000);
