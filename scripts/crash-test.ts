import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import { recordIn } from '../src/commands/open-record.ts';
import { readStatus } from '../src/commands/status.ts';
import { DEFAULT_DIMSE_LIMITS } from '../src/dimse/limits.ts';
import { sendFiles } from '../src/dimse/send-files.ts';
import { verifyArchive } from './bench/archive-check.ts';
import { type FilmFile, writeFilmFiles } from './bench/film-files.ts';
import { findDoubles } from './bench/double-check.ts';
import { startServiceProcess } from './demo/service-process.ts';
import { renderPanoramicPhantom } from './phantom/panoramic-phantom.ts';
import { createSeededRandom } from './phantom/seeded-random.ts';

// Kills the service with SIGKILL at random moments while films arrive over eight associations and are triaged, and
// looks afterwards whether everything that was answered Success is there, whole, once, triaged once.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '20' },
    files: { type: 'string', default: '200' },
    megabytes: { type: 'string', default: '10' },
  },
});
const random = createSeededRandom(Number(values.seed));
const folder = await mkdtemp(join(tmpdir(), 'osteotriage-crash-'));
const data = join(folder, 'data');
process.exitCode = await crashTest();
if (process.exitCode === 0) await rm(folder, { recursive: true, force: true });
else process.stdout.write(`The data is kept in ${folder}\n`);

async function crashTest(): Promise<number> {
  const bytes = Number(values.megabytes) * 1e6;
  // About `bytes` at two bytes a sample, with a thin cortex, so that its people are referred.
  const columns = 2 * Math.round(Math.sqrt(bytes / 2 / 0.43) / 2);
  const thin = { mcwRightMm: 2, mcwLeftMm: 2 };
  const size = { columns, rows: Math.round(columns * 0.43), bits: 12 };
  const phantom = renderPanoramicPhantom({ seed: Number(values.seed), ...size, ...thin }).film;
  const groups = await writeFilmFiles({
    phantom,
    folder,
    count: Number(values.files),
    bytes,
    folders: 8,
    persons: 20,
  });
  await mkdir(data);
  const acknowledged = new Set<string>();
  for (let kill = 0; kill < Number(values.kills); kill += 1) {
    const service = await startServiceProcess(data, { TRIAGE_LOG_LEVEL: 'warn' });
    const sending = Promise.allSettled(
      groups.map((group) => sendGroup(group, service.ready.dimse, acknowledged)),
    );
    const waitMs = 100 + random.next() * 2500;
    await delay(waitMs);
    service.process.kill('SIGKILL');
    await sending;
    process.stdout.write(
      `kill ${kill + 1} after ${waitMs.toFixed(0)} ms, ${acknowledged.size} answered Success\n`,
    );
  }
  const service = await startServiceProcess(data, { TRIAGE_LOG_LEVEL: 'warn' });
  await Promise.all(groups.map((group) => sendGroup(group, service.ready.dimse, acknowledged)));
  await waitUntilTriaged();
  await service.stop();
  const films = groups.flat().filter((film) => acknowledged.has(film.sopInstanceUid));
  const wrong = [...(await verifyArchive(data, films)), ...(await findDoubles(data))];
  const counts = await readStatus(recordIn(data));
  process.stdout.write(
    `${JSON.stringify({ seed: Number(values.seed), kills: Number(values.kills), acknowledged: acknowledged.size, wrong, counts })}\n`,
  );
  const complete =
    acknowledged.size === groups.flat().length &&
    counts.pending === 0 &&
    counts.failed === 0 &&
    counts.referrals > 0;
  return wrong.length === 0 && complete ? 0 : 1;
}

async function sendGroup(
  group: readonly FilmFile[],
  dimse: { readonly aeTitle: string; readonly host: string; readonly port: number },
  acknowledged: Set<string>,
): Promise<void> {
  // Films that were answered Success are not sent again: they must be there without that.
  const open = group.filter((film) => !acknowledged.has(film.sopInstanceUid));
  const results = sendFiles(
    open.map((film) => film.path),
    {
      peer: { host: dimse.host, port: dimse.port, calledAeTitle: dimse.aeTitle, callingAeTitle: 'CRASH' },
      limits: DEFAULT_DIMSE_LIMITS,
      clock: systemClock,
      connectMsMax: 5000,
    },
  );
  for await (const result of results) {
    if (!('error' in result) && result.answer.status === 0) acknowledged.add(result.sopInstanceUid);
  }
}

async function waitUntilTriaged(): Promise<void> {
  for (let second = 0; second < 600; second += 1) {
    if ((await readStatus(recordIn(data))).pending === 0) return;
    await delay(1000);
  }
}
