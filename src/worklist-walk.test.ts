import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPages } from '../scripts/build-pages.ts';
import { type ServiceProcess, startServiceProcess } from '../scripts/demo/service-process.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { requireTool } from './testing/services.ts';
import { signInFirst, TEST_PASSWORD, type WorklistClient } from './testing/worklist-client.ts';
import { VIEWER_WORDS } from './ui/viewer-words.ts';
import { WORDS } from './ui/words.ts';

const tools = ['chromium', 'storescu', 'findscu'].map(requireTool);
const missing = tools.flatMap((tool) => (tool.available ? [] : [tool.reason]));
const run = promisify(execFile);

const addresses = ['127.0.0.1'];
const SITES = {
  sites: [
    {
      id: 'clinic',
      name: 'An invented clinic',
      peers: [
        { aeTitle: 'CLINIC', addresses, rights: ['store'] },
        { aeTitle: 'DXA1', addresses, rights: ['worklist', 'mpps'] },
      ],
    },
  ],
};

/** A thin cortex and a fracture, each in one language; what storescu proposes is the film's own compression. */
const WALKS = [
  {
    language: 'en',
    locale: 'en-GB',
    login: 'anna.ek',
    film: '02-thin-cortex.dcm',
    proposal: '-xs',
    point: 'point-innerPx',
  },
  {
    language: 'sv',
    locale: 'sv-SE',
    login: 'bo.lind',
    film: '27-spine-wedge-2.dcm',
    proposal: '-xt',
    point: 'point-superiorAnterior',
  },
] as const;

let folder: string;
let service: ServiceProcess;
let administrator: WorklistClient;
let browser: Browser;

describe.skipIf(missing.length > 0)(
  `a finding on its way to a closed referral${missing.length > 0 ? ` (skipped: ${missing.join(', ')})` : ''}`,
  { timeout: 180_000 },
  () => {
    beforeAll(async () => {
      await buildPages();
      folder = await mkdtemp(join(tmpdir(), 'osteotriage-walk-'));
      const data = join(folder, 'data');
      await mkdir(data);
      const sitesFile = join(folder, 'sites.json');
      await writeFile(sitesFile, JSON.stringify(SITES));
      service = await startServiceProcess(data, { TRIAGE_SITES: sitesFile, TRIAGE_SIGN_IN: 'local' });
      administrator = await signInFirst(service.ready.http.url, data);
      for (const { login } of WALKS) await administrator.addColleague(login, login, ['coordinator']);
      const [tool] = tools;
      if (tool?.available === true) {
        const args = ['--no-sandbox', '--disable-dev-shm-usage', '--use-gl=angle', '--use-angle=swiftshader'];
        browser = await chromium.launch({
          executablePath: tool.path,
          args: [...args, '--enable-unsafe-swiftshader'],
        });
      }
    }, 120_000);

    afterAll(async () => {
      await browser.close();
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it.each(WALKS)(
      'goes the whole way in $locale',
      async ({ language, locale, login, film, proposal, point }) => {
        const context = await browser.newContext({ locale, viewport: { width: 1280, height: 900 } });
        const complaints = collectComplaints(context);
        const page = await context.newPage();
        const walk = new Walk(page, language);
        await walk.signIn(login);
        await sendFilm(film, proposal);
        const referralId = await walk.meetNewRow();
        await walk.claim();
        await walk.lookAtFilm();
        await walk.correctPoint(point);
        await walk.accept();
        await walk.orderDxa();
        expect(await askAsScanner()).toBeGreaterThan(0);
        await walk.seeBooked();
        await walk.recordTScores();
        await walk.close();
        await walk.findClosed(referralId);
        expect(complaints).toEqual([]);
        await context.close();
      },
    );

    it.each(['light', 'dark'] as const)(
      'left pages of people on which axe finds nothing, %s',
      async (theme) => {
        const context = await browser.newContext({ locale: 'sv-SE', colorScheme: theme });
        const walk = new Walk(await context.newPage(), 'sv');
        await walk.checkSignInPage();
        await walk.signIn('anna.ek');
        const { rows } = await administrator.list('all');
        const [row] = rows;
        const pages = [
          '/persons',
          `/persons/${row?.personId ?? ''}`,
          `/exams/${row?.examIds[0] ?? ''}`,
          '/account',
        ];
        for (const address of pages) expect(await walk.findFaults(address), address).toEqual([]);
        await context.close();
      },
    );

    it('left an audit trail that verifies', async () => {
      expect(await verifyAudit()).toMatchObject({ firstBad: null });
    });
  },
);

async function verifyAudit(): Promise<unknown> {
  const words = ['src/main.ts', 'audit', 'verify', '--json', '--data', join(folder, 'data')];
  const { stdout } = await run(process.execPath, words, { cwd: PROJECT_FOLDER });
  return JSON.parse(stdout);
}

/** What the browser says is wrong: a script that failed, or something that the security policy refused. */
function collectComplaints(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on('weberror', (failure) => complaints.push(failure.error().message));
  context.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  return complaints;
}

async function sendFilm(film: string, proposal: string): Promise<void> {
  const { port, aeTitle } = service.ready.dimse;
  const path = join(PROJECT_FOLDER, 'dicom-fixtures', film);
  await run('storescu', [proposal, '-aet', 'CLINIC', '-aec', aeTitle, '127.0.0.1', String(port), path]);
}

/** A scanner reads its worklist; returns how many steps it got. */
async function askAsScanner(): Promise<number> {
  const { port, aeTitle } = service.ready.dimse;
  const own = await mkdtemp(join(folder, 'find-'));
  const keys = ['PatientName', 'ScheduledProcedureStepSequence[0].Modality=BMD'].flatMap((key) => [
    '-k',
    key,
  ]);
  await run('findscu', [
    ...['-W', '-X', '-od', own, '-aet', 'DXA1', '-aec', aeTitle, '127.0.0.1', String(port)],
    ...keys,
  ]);
  return (await readdir(own)).length;
}

/** The coordinator's day, one step after the other; everything is found by the words that a person reads. */
class Walk {
  readonly #page: Page;
  readonly #words: (typeof WORDS)['en'];
  readonly #said: (typeof VIEWER_WORDS)['en'];

  constructor(page: Page, language: 'en' | 'sv') {
    this.#page = page;
    this.#words = WORDS[language];
    this.#said = VIEWER_WORDS[language];
  }

  async signIn(login: string): Promise<void> {
    await this.#page.goto(service.ready.http.url);
    await this.#page.getByLabel(this.#words.login, { exact: true }).fill(login);
    await this.#page.getByLabel(this.#words.password, { exact: true }).fill(TEST_PASSWORD);
    await this.#page.keyboard.press('Enter');
    await this.#page.getByRole('heading', { name: this.#words.worklistTitle }).waitFor();
  }

  /** What axe finds at an address. */
  async findFaults(address: string): Promise<readonly string[]> {
    await this.#page.goto(new URL(address, service.ready.http.url).href);
    await this.#page.locator('h1').first().waitFor();
    await this.#page.waitForLoadState('networkidle').catch(() => undefined);
    return this.#faults();
  }

  async checkSignInPage(): Promise<void> {
    await this.#page.goto(service.ready.http.url);
    await this.#page.getByLabel(this.#words.login, { exact: true }).waitFor();
    expect(await this.#faults()).toEqual([]);
  }

  async #faults(): Promise<readonly string[]> {
    const { violations } = await new AxeBuilder({ page: this.#page }).analyze();
    return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)].join(' | '));
  }

  /** The row comes by itself while the page is open; the keyboard opens it. */
  async meetNewRow(): Promise<string> {
    const row = this.#page.locator('tr[data-referral]').first();
    await row.waitFor({ timeout: 30_000 });
    const referralId = await row.getAttribute('data-referral');
    await this.#page.keyboard.press('j');
    await this.#page.keyboard.press('Enter');
    await this.#page.waitForURL(`**/referrals/${referralId ?? ''}`);
    return referralId ?? '';
  }

  async claim(): Promise<void> {
    await this.#next('claim');
    await this.#seeTold('done-claim');
  }

  async lookAtFilm(): Promise<void> {
    await this.#viewerTool(this.#said.correctPoints).waitFor({ timeout: 60_000 });
    const overlay = this.#viewerTool(this.#said.overlayOn);
    const before = await overlay.getAttribute('aria-pressed');
    await overlay.click();
    await expect.poll(() => overlay.getAttribute('aria-pressed')).not.toBe(before);
    await overlay.click();
    expect(await this.#faults()).toEqual([]);
  }

  /** One point by ten pixels; the value follows, and the film is assessed anew. */
  async correctPoint(point: (typeof WALKS)[number]['point']): Promise<void> {
    await this.#viewerTool(this.#said.correctPoints).click();
    const corrected = this.#page.locator('[data-value="corrected"]').first();
    const before = await corrected.innerText();
    await this.#page.getByRole('button', { name: this.#said[point] }).first().click();
    await this.#page.keyboard.press('Shift+ArrowUp');
    await expect.poll(() => corrected.innerText()).not.toBe(before);
    await this.#page.getByLabel(this.#said.correctionNote).fill('margin set by hand');
    await this.#page.getByRole('button', { name: this.#said.saveCorrection }).click();
    await this.#page.getByText(this.#said.correctionSaved).first().waitFor();
    const title = this.#page.getByText(this.#said.correctionsTitle).first();
    await title.waitFor({ timeout: 60_000 });
    // The film is assessed anew, and its referral with it; what was seen before that is of an earlier version.
    await this.#page
      .getByText(/corrected points on the film|korrigerat punkter på bilden/)
      .waitFor({ timeout: 60_000 });
    await this.#page.reload();
    await this.#page.locator('.steps .button-main').waitFor({ timeout: 30_000 });
  }

  async accept(): Promise<void> {
    await this.#next('accept');
    await this.#seeTold('done-accept');
  }

  async orderDxa(): Promise<void> {
    await this.#next('order-dxa');
    await this.#submitDialog();
    await this.#seeTold('done-order-dxa');
  }

  /** The page is open while the scanner asks. */
  async seeBooked(): Promise<void> {
    const badge = this.#page.locator('.standing').getByText(this.#words['referral-dxa-booked']);
    await badge.waitFor({ timeout: 20_000 });
  }

  async recordTScores(): Promise<void> {
    await this.#next('record-dxa');
    const dialog = this.#page.getByRole('dialog');
    await dialog.getByLabel(this.#words.measuredOn).fill(new Date().toISOString().slice(0, 10));
    await dialog.getByLabel(this.#words.lumbarSpine).fill('-2,7');
    await this.#submitDialog();
    await this.#seeTold('done-record-dxa');
  }

  async close(): Promise<void> {
    const close = this.#page.getByRole('button', { name: this.#words['do-close'], exact: true });
    if (!(await close.isVisible()))
      await this.#page.getByText(this.#words.moreActions, { exact: true }).click();
    await close.click();
    await this.#page.getByRole('dialog').getByLabel(this.#words['outcome-treatment-started']).check();
    await this.#submitDialog();
    await this.#seeTold('done-close');
  }

  async findClosed(referralId: string): Promise<void> {
    await this.#page.goto(new URL('/?tab=closed', service.ready.http.url).href);
    await this.#page.locator(`tr[data-referral="${referralId}"]`).waitFor();
  }

  async #next(action: 'claim' | 'accept' | 'order-dxa' | 'record-dxa'): Promise<void> {
    const step = this.#page.locator('.steps .button-main');
    await expect.poll(() => step.innerText(), { timeout: 20_000 }).toBe(this.#words[`do-${action}`]);
    await step.click();
  }

  /** What the page says of what was done; where it says something else, the failure shows it. */
  async #seeTold(key: 'done-claim' | 'done-accept' | 'done-order-dxa' | 'done-record-dxa' | 'done-close') {
    const told = this.#page.locator('.deed-message');
    await expect.poll(() => told.innerText(), { timeout: 20_000 }).toContain(this.#words[key]);
  }

  async #submitDialog(): Promise<void> {
    await this.#page.getByRole('dialog').locator('button[type="submit"]').click();
  }

  #viewerTool(name: string) {
    return this.#page.getByRole('button', { name, exact: true }).first();
  }
}
