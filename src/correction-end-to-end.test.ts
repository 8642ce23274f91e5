import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../scripts/demo/service-process.ts';
import { buildPages, PAGES_FOLDER } from '../scripts/build-pages.ts';
import { systemClock } from './clock.ts';
import { reassess } from './commands/deliveries.ts';
import { recordIn, withRecord } from './commands/open-record.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';
import type { AnalysisResult } from './exam/analysis.ts';
import { sidePointsOf } from './measure/corrected-side.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { complaintsOf } from './testing/object-validation.ts';
import { requireTool } from './testing/services.ts';
import type { ExamView } from './worklist/worklist-views.ts';

const FIXTURES = join(PROJECT_FOLDER, 'dicom-fixtures');
const dciodvfy = requireTool('dciodvfy');
const tool = requireTool('chromium');
/** WebGL drawn by the processor, as on a machine without a graphics card. */
const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--no-first-run',
];

let data: string;
let service: ServiceProcess;
let panoramic: string;
let lateral: string;

const address = (path: string): URL => new URL(path, service.ready.http.url);

async function ask(path: string, body?: unknown): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(
    address(path),
    body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: address('/').origin },
          body: JSON.stringify(body),
        },
  );
  return { status: response.status, answer: await response.json() };
}

async function examOf(examId: string): Promise<ExamView> {
  return ((await ask(`/api/exams/${examId}`)).answer as { exam: ExamView }).exam;
}

async function readAnalysis(examId: string): Promise<AnalysisResult> {
  for (let tenth = 0; tenth < 600; tenth += 1) {
    const { state, analysis } = await examOf(examId);
    if (state !== 'pending' && analysis !== null) return analysis;
    await delay(100);
  }
  throw new Error('the film was not read within a minute');
}

async function send(...names: string[]): Promise<void> {
  const { host, port, aeTitle } = service.ready.dimse;
  const peer = { host, port, calledAeTitle: aeTitle, callingAeTitle: 'TEST' };
  const files = names.map((name) => join(FIXTURES, name));
  const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5000 };
  for await (const result of sendFiles(files, options)) expect(result).not.toHaveProperty('error');
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'osteotriage-correction-'));
  service = await startServiceProcess(data, { TRIAGE_WORKERS: '1' });
  await send('02-thin-cortex.dcm', '28-spine-wedge-3.dcm');
  const { exams } = (await ask('/api/exams')).answer as { exams: ExamView[] };
  const ids = exams.map(({ examId }) => examId);
  for (const examId of ids) {
    const analysis = await readAnalysis(examId);
    if (analysis.panoramic === null) lateral = examId;
    else panoramic = examId;
  }
}, 90_000);
afterAll(async () => {
  await service.stop();
  await rm(data, { recursive: true, force: true });
});

describe('a film whose points a person corrects', { timeout: 90_000 }, () => {
  it('refuses points beyond the film, of another kind of film, and of a sight that is old', async () => {
    const path = `/api/exams/${panoramic}/corrections`;
    const side = { ...sidePointsOf((await readAnalysis(panoramic)).panoramic!.sides[0]) };
    const order = (changes: object, revision = 0) => ({
      ...{ revision, note: null },
      points: { sides: [{ ...side, ...changes }], vertebrae: [] },
    });
    expect((await ask(path, order({ outerPx: [-1, 5] }))).status).toBe(400);
    expect((await ask(path, order({ innerPx: null }))).status).toBe(400);
    expect((await ask(`/api/exams/${lateral}/corrections`, order({}))).status).toBe(400);
    expect((await ask(path, order({}, 3))).answer).toMatchObject({ code: 'state-conflict' });
    expect((await ask(path)).answer).toMatchObject({ revision: 0, corrections: [] });
  });

  it('is measured by them, keeps what was measured, and has a successor report that names the person', async () => {
    const before = await readAnalysis(panoramic);
    const [right, left] = before.panoramic!.sides;
    const widened = (side: typeof right) => {
      const points = sidePointsOf(side);
      const [[x, y], [outerX, outerY]] = [points.innerPx!, points.outerPx!];
      // Twice the width: the film is no finding any more.
      return { ...points, innerPx: [2 * x - outerX, 2 * y - outerY] };
    };
    const points = { sides: [widened(right), widened(left)], vertebrae: [] };
    const order = { revision: 0, note: 'The inner line is cortex.', points };
    expect((await ask(`/api/exams/${panoramic}/corrections`, order)).answer).toEqual({ revision: 1 });
    const after = await readAnalysis(panoramic);
    expect(after.panoramic!.sides[0].widthPx).toBeCloseTo(2 * right.widthPx!, 6);
    expect(after.correction).toMatchObject({
      ...{ sides: ['R', 'L'], by: { userId: 'operator', name: 'Operator', role: 'radiologist' } },
      measured: { outcome: 'positive', panoramic: { sides: before.panoramic!.sides } },
    });
    expect([before.outcome, after.outcome]).toEqual(['positive', 'negative']);
    expect(after.reasons.map(({ code }) => code)).toContain('points-corrected');
    await withRecord(recordIn(data), async (database) => {
      const reports = await database
        .selectFrom('reports')
        .select(['kind', 'revision', 'sop_uid', 'object_key'])
        .where('exam_id', '=', panoramic)
        .where('kind', '=', 'SR')
        .orderBy('revision')
        .execute();
      expect(reports.map(({ revision }) => revision)).toEqual([0, 1]);
      const file = join(data, 'archive', reports[1]!.object_key);
      const bytes = await readFile(file, 'latin1');
      expect(bytes).toContain(reports[0]!.sop_uid);
      expect(bytes).toContain('Person Observer Name');
      expect(bytes).toContain('Operator^');
      expect(bytes).toContain('Points set by a person. Measured before: ');
      if (dciodvfy.available) expect(complaintsOf(dciodvfy.path, file)).toEqual([]);
      const events = await database
        .selectFrom('referral_events')
        .select('action')
        .where('details_json', 'like', `%${panoramic}%`)
        .execute();
      expect(events.map(({ action }) => action)).toContain('film-revised');
      const audit = await database
        .selectFrom('audit_trail')
        .select(['actor', 'person_id'])
        .where('subject', '=', panoramic)
        .where('action', '=', 'points corrected')
        .executeTakeFirstOrThrow();
      expect(audit.actor).toBe('user operator');
      expect(audit.person_id).not.toBeNull();
    });
  });

  it('keeps the correction when it is assessed anew for another reason, and loses it when it is taken back', async () => {
    const corrected = await readAnalysis(panoramic);
    await reassess(recordIn(data), panoramic);
    const again = await readAnalysis(panoramic);
    expect(again.panoramic!.sides).toEqual(corrected.panoramic!.sides);
    expect(again.correction).toMatchObject({ sides: ['R', 'L'] });
    const order = { revision: 2, note: null, points: { sides: [], vertebrae: [] } };
    expect((await ask(`/api/exams/${panoramic}/corrections`, order)).status).toBe(200);
    const measured = await readAnalysis(panoramic);
    expect(measured.correction).toBeUndefined();
    expect(measured.panoramic!.sides).toEqual(corrected.correction!.measured.panoramic!.sides);
  });
});

describe.skipIf(!tool.available)(
  `the viewer in Chromium${tool.available ? '' : ` (${tool.reason})`}`,
  { timeout: 150_000 },
  () => {
    let browser: Browser;
    let page: Page;
    const complaints: string[] = [];

    beforeAll(async () => {
      await buildPages();
      if (!tool.available) return;
      browser = await chromium.launch({ executablePath: tool.path, args: BROWSER_ARGUMENTS });
      page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) complaints.push(message.text());
      });
    });
    afterAll(() => browser.close());

    const pane = () => page.locator('.pane[data-open="true"]');
    /** Mean grey of the film as it is drawn, beside the chin, where no bone is. */
    const greyOf = async (): Promise<number> => {
      const picture = (await pane().screenshot()).toString('base64');
      // Text, for what runs in the page is typed by no library of this project.
      return page.evaluate<number>(`(async () => {
        const bytes = Uint8Array.from(atob('${picture}'), (letter) => letter.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        context.drawImage(bitmap, 0, 0);
        const greys = context.getImageData(bitmap.width * 0.12, bitmap.height * 0.82, 80, 40).data;
        return greys.reduce((sum, value) => sum + value, 0) / greys.length;
      })()`);
    };

    it('is a file of its own, which the first view does not load', async () => {
      const assets = await readdir(join(PAGES_FOLDER, 'assets'));
      const first = await readFile(join(PAGES_FOLDER, 'index.html'), 'utf8');
      const viewer = assets.filter((name) => /^viewer-.*\.js$/.test(name));
      expect(viewer).toHaveLength(1);
      expect(first).not.toContain(viewer[0]);
    });

    it('draws the film, and its greys, its overlay and its ruler answer to buttons and keys', async () => {
      await page.goto(address(`/exams/${panoramic}`).href);
      await pane().waitFor({ timeout: 90_000 });
      const asGiven = await greyOf();
      await page.getByRole('button', { name: 'Invert' }).click();
      await expect.poll(greyOf).toBeGreaterThan(asGiven + 20);
      await pane().focus();
      await page.keyboard.press('i');
      await expect.poll(greyOf).toBeLessThan(asGiven + 10);
      await page.getByRole('button', { name: 'Brightness +' }).click({ clickCount: 3 });
      await expect.poll(greyOf).toBeGreaterThan(asGiven + 5);
      await page.locator('.result .line-border').waitFor({ state: 'attached' });
      await page.getByRole('button', { name: 'Overlay' }).click();
      await page.locator('.result').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Ruler' }).click();
      const { spacing } = await readAnalysis(panoramic);
      const [start, end] = await Promise.all(
        ['Start of the ruler', 'End of the ruler'].map((name) =>
          page.getByRole('button', { name }).getAttribute('aria-label'),
        ),
      );
      const columnOf = (label: string | null | undefined): number =>
        Number(/column (\d+)/.exec(label ?? '')?.[1]);
      const shownMm = Number(/Ruler: ([\d.]+) mm, detector scale/.exec(start ?? '')?.[1]);
      expect(shownMm).toBeCloseTo((columnOf(end) - columnOf(start)) * spacing.mmPerPx!, 0);
      await page.getByRole('button', { name: 'End of the ruler' }).focus();
      await page.keyboard.press('Shift+ArrowRight');
      const longer = page.getByRole('button', { name: 'End of the ruler' });
      await expect
        .poll(async () =>
          Number(/Ruler: ([\d.]+) mm/.exec((await longer.getAttribute('aria-label')) ?? '')?.[1]),
        )
        .toBeCloseTo(shownMm + 10 * spacing.mmPerPx!, 1);
      expect(complaints).toEqual([]);
    });

    it('moves a point of a vertebra by the keyboard; the grade follows, is saved, and stands beside the measured one', async () => {
      const before = await readAnalysis(lateral);
      await page.goto(address(`/exams/${lateral}`).href);
      await pane().waitFor({ timeout: 90_000 });
      await page.getByRole('button', { name: 'Correct points' }).click();
      const value = page.locator('[data-value="corrected"]');
      const asMeasured = await value.innerText();
      await page.getByRole('button', { name: /^Upper front, / }).focus();
      for (let press = 0; press < 4; press += 1) await page.keyboard.press('Shift+ArrowDown');
      await expect.poll(() => value.innerText()).not.toBe(asMeasured);
      const shown = await value.innerText();
      await page.getByLabel('Note (why)').fill('Lip of bone');
      await page.getByRole('button', { name: 'Save correction' }).click();
      await page.getByText(/^Corrected by Operator/).waitFor({ timeout: 60_000 });
      const after = await readAnalysis(lateral);
      const [body] = after.spine!.vertebrae;
      expect(after.correction).toMatchObject({ levels: [body!.level] });
      expect(shown).toContain(`Heights ${body!.heightsPx!.anterior.toFixed(1)} /`);
      expect(body!.pointsPx.superiorAnterior[1]).toBeCloseTo(
        before.spine!.vertebrae[0]!.pointsPx.superiorAnterior[1] + 40,
        1,
      );
      await page.getByText(`${body!.level}: measured`).waitFor();
      await page.getByText('Note: Lip of bone').waitFor();
      expect(complaints).toEqual([]);
    });
  },
);

describe('a film for the viewer', () => {
  it('is answered compressed, and its sight is written down with the person', async () => {
    const response = await fetch(address(`/api/exams/${panoramic}/film`));
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(2_000_000);
    const seen = await withRecord(recordIn(data), (database) =>
      database
        .selectFrom('audit_trail')
        .select('person_id')
        .where('action', '=', 'film seen')
        .where('subject', '=', panoramic)
        .execute(),
    );
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every(({ person_id }) => person_id !== null)).toBe(true);
  });
});
