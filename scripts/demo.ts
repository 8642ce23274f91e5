import { SingleBar } from 'cli-progress';
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import { listFiles } from '../src/commands/list-files.ts';
import { recordIn } from '../src/commands/open-record.ts';
import { readStatus } from '../src/commands/status.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { DEFAULT_DIMSE_LIMITS } from '../src/dimse/limits.ts';
import { type SendResult, sendFiles } from '../src/dimse/send-files.ts';
import { statusKind } from '../src/dimse/status.ts';
import { type DemoRow, describeFinding, describeTruth, formatTable } from './demo/demo-table.ts';
import { readFirstSignIn, signInDemo } from './demo/demo-session.ts';
import { ExamWatch } from './demo/exam-watch.ts';
import { type ServiceProcess, startServiceProcess } from './demo/service-process.ts';
import type { Catalogue, CatalogueEntry } from './phantom/fixture-catalogue.ts';
import { renderFixtureSet } from './phantom/fixture-set.ts';

const OUTCOME_MS_MAX = 60_000;
const CONNECT_MS_MAX = 5_000;

/** A file to send and, for a fixture, what must become of it. */
interface Film {
  readonly path: string;
  readonly entry: CatalogueEntry | null;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string' },
  },
});
const seed = values.seed === undefined ? undefined : Number(values.seed);
if (seed !== undefined && (!Number.isInteger(seed) || seed < 0 || seed > 999)) {
  process.stderr.write('--seed takes a whole number from 0 to 999\n');
  process.exit(2);
}
process.exitCode = await runDemo();

async function runDemo(): Promise<number> {
  const startedAtMs = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-demo-'));
  const films = await collectFilms(folder);
  say(`Data in ${folder}; starting the service …`);
  const service = await startServiceProcess(folder, { TRIAGE_SIGN_IN: 'local' });
  const cookie = await signInDemo(folder, service.ready.http.url);
  const rows = await sendFilms(films, service, cookie);
  const counts = await readStatus(recordIn(folder));
  const measured = rows.filter((row) => row.outcome === 'positive' || row.outcome === 'negative');
  const times = measured.flatMap((row) => (row.ms === null ? [] : [row.ms])).sort((a, b) => a - b);
  const asExpected = rows.every((row) => row.asExpected !== false);
  say(`\n${formatTable(rows)}\n`);
  say(
    `Median from the last byte to the row on the worklist, of the films that were measured: ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(0)} ms`,
  );
  say(
    asExpected
      ? 'Every fixture ended as its catalogue says.'
      : 'NOT every fixture ended as its catalogue says.',
  );
  say('Findings for triage, not diagnoses; they never rule out low bone density. Research use.');
  if (values.once) {
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  } else {
    const { login, oneTimePassword } = await readFirstSignIn(folder);
    say(`\nWorklist: ${service.ready.http.url}`);
    say(`Sign in as ${login} with the one-time password ${oneTimePassword}; it is changed at once.`);
    say(
      `DICOM node: ${service.ready.dimse.aeTitle} at ${service.ready.dimse.host}:${service.ready.dimse.port}`,
    );
    say('Ctrl-C ends it.');
    process.once('SIGINT', () => void service.stop());
    await new Promise((settle) => service.process.once('exit', settle));
  }
  if (values.json) {
    const { received, positive, negative, notAssessable, notEligible, refused, referrals, reportsWritten } =
      counts;
    const triaged = received - counts.pending - counts.failed;
    const secondsTotal = Math.round((Date.now() - startedAtMs) / 100) / 10;
    process.stdout.write(
      `${JSON.stringify({ received, triaged, positive, negative, notAssessable, notEligible, refused, referrals, reportsWritten, secondsTotal })}\n`,
    );
  }
  return asExpected ? 0 : 1;
}

async function collectFilms(folder: string): Promise<readonly Film[]> {
  const stored = join(PROJECT_FOLDER, 'dicom-fixtures');
  const catalogue = JSON.parse(await readFile(join(stored, 'catalogue.json'), 'utf8')) as Catalogue;
  const films = catalogue.fixtures.map((entry): Film => ({ path: join(stored, entry.file), entry }));
  const own = (await listFiles(positionals)).map((path): Film => ({ path, entry: null }));
  const sendable = films.filter((film) => film.entry?.send === true);
  if (seed === undefined) return [...sendable, ...own];
  const fresh = join(folder, 'phantoms');
  const bar = progressBar('Rendering phantoms of this seed');
  const rendered = await renderFixtureSet(seed, fresh, (done, total) =>
    done === 1 ? bar.start(total, 1) : bar.update(done),
  );
  bar.stop();
  return [
    ...rendered.fixtures.map((entry): Film => ({ path: join(fresh, entry.file), entry })),
    ...sendable.filter((film) => film.entry?.recipe.kind === 'broken'),
    ...own,
  ];
}

/** One film at a time, so that the milliseconds are those of an idle machine. */
async function sendFilms(
  films: readonly Film[],
  service: ServiceProcess,
  cookie: string,
): Promise<readonly DemoRow[]> {
  const { dimse, http } = service.ready;
  const watch = new ExamWatch(http.url, cookie);
  await watch.open();
  const bar = progressBar('Sending by C-STORE');
  bar.start(films.length, 0);
  const byPath = new Map(films.map((film) => [film.path, film]));
  const rows: DemoRow[] = [];
  const results = sendFiles([...byPath.keys()], {
    peer: { host: dimse.host, port: dimse.port, calledAeTitle: dimse.aeTitle, callingAeTitle: 'DEMO' },
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: CONNECT_MS_MAX,
  });
  for await (const result of results) {
    rows.push(await followFilm(result, byPath.get(result.path)?.entry ?? null, watch));
    bar.increment();
  }
  bar.stop();
  await watch.close();
  return rows;
}

async function followFilm(
  result: SendResult,
  entry: CatalogueEntry | null,
  watch: ExamWatch,
): Promise<DemoRow> {
  const judge = (outcome: string, reasons: readonly string[]) =>
    entry === null ? null : outcome === entry.expected.outcome && reasons.includes(entry.expected.reason);
  const unread = { view: '', found: '', drawn: '', ms: null };
  const file = basename(result.path);
  if ('error' in result) {
    const { code } = result.error;
    return { ...unread, file, outcome: 'not sent', reason: code, asExpected: judge('not sent', [code]) };
  }
  if (statusKind(result.answer.status) !== 'success') {
    const reason = result.answer.comment ?? result.answer.status.toString(16);
    return { ...unread, file, outcome: 'refused', reason, asExpected: judge('refused', [reason]) };
  }
  const { exam, seenAtMs } = await watch.outcomeOf(result.sopInstanceUid, OUTCOME_MS_MAX);
  const codes = exam.reasons.map((reason) => reason.code);
  return {
    file,
    view: exam.view ?? '',
    outcome: exam.state,
    reason: codes[0] ?? '',
    found: describeFinding(exam),
    drawn: entry === null ? '' : describeTruth(entry),
    ms: seenAtMs - result.lastByteAtMs,
    asExpected: judge(exam.state, codes),
  };
}

function progressBar(title: string): SingleBar {
  return new SingleBar({
    format: `${title} {bar} {value}/{total}`,
    stream: process.stderr,
    hideCursor: true,
  });
}

/** For people; with --json it goes beside the result, so that the last line is the result alone. */
function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
