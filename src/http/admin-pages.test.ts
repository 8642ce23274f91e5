import { AxeBuilder } from '@axe-core/playwright';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PAGES_FOLDER } from '../../scripts/build-pages.ts';
import { UserDesk } from '../access/user-desk.ts';
import { sealTrail } from '../audit/audit-sealer.ts';
import { systemClock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import { insertJobs } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { type AdminStage, openAdminStage } from '../testing/admin-server.ts';
import { openBrowser } from '../testing/pages-stage.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { requireTool } from '../testing/services.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { startHttpServer } from './server.ts';
import type { HttpServer } from './server.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;
const PARTS = ['sites', 'users', 'models', 'failures', 'health', 'settings', 'history'] as const;
const THEMES = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 390 },
] as const;
const BOOK = {
  destinations: [{ name: 'pacs', aeTitle: 'PACS', host: 'pacs.example', port: 104 }],
  sites: [
    {
      id: 'north',
      name: 'Folktandvården Norr',
      peers: [{ aeTitle: 'NORR_CR', addresses: ['10.1.2.0/24'] }],
      reportsTo: ['pacs'],
      rules: { ageYearsMin: 55 },
    },
    { id: 'south', name: 'Röntgen Syd' },
  ],
};

let browser: Browser;
let folder: string;
let database: Kysely<Database>;
let stage: AdminStage;
let server: HttpServer;
let context: BrowserContext;
let page: Page;
let complaints: string[];

async function fill(): Promise<void> {
  const examId = await insertTestExam(database, 1);
  await insertJobs(database, [routineJob(examId)], 1);
  await database
    .updateTable('jobs')
    .set({ state: 'dead', last_error: 'worker-deadline', attempts: 3 })
    .execute();
  const reasons = [{ code: 'pixel-data-unreadable', text: 'The image cannot be decoded.' }];
  await database
    .updateTable('exams')
    .set({ state: 'failed', reasons_json: JSON.stringify(reasons), finished_at_ms: 5 })
    .execute();
  const { person_id: personId } = await database
    .selectFrom('persons')
    .select('person_id')
    .executeTakeFirstOrThrow();
  for (const actor of ['user anna', 'user bertil', 'service']) {
    const subject = examId;
    await recordAudit(database, {
      ...{ atMs: Date.UTC(2026, 10, 21, 9), actor, action: 'exam seen', subject, personId },
      detail: { revision: 1 },
    });
  }
  await sealTrail(database);
}

async function violations(): Promise<string[]> {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

async function chooseTheme(theme: string): Promise<void> {
  await page.evaluate(`localStorage.setItem('osteotriage.theme', ${JSON.stringify(theme)})`);
}

describe.skipIf(!tool.available)(
  `audit and administration in Chromium${skipped}`,
  { timeout: 120_000 },
  () => {
    beforeAll(async () => {
      if (tool.available) browser = await openBrowser(tool.path);
    });
    afterAll(async () => {
      await browser.close();
    });

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'osteotriage-admin-'));
      await writeFile(join(folder, 'sites.json'), `${JSON.stringify(BOOK, null, 2)}\n`);
      database = await openTestRecord();
      await fill();
      const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 10, 22, 8, 5) };
      const users = new UserDesk({ database, sites: { book: () => null }, clock });
      await users.create(
        { login: 'kim', name: 'Kim Koord', roles: ['coordinator'], siteIds: null },
        'user operator',
      );
      stage = await openAdminStage({ folder, database, clock, pagesFolder: PAGES_FOLDER });
      server = await startHttpServer(stage.options);
      context = await browser.newContext({
        ...{ locale: 'en-GB', timezoneId: 'Europe/Stockholm', viewport: { width: 1280, height: 900 } },
      });
      page = await context.newPage();
      page.setDefaultTimeout(6_000);
      complaints = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) complaints.push(message.text());
      });
    });
    afterEach(async () => {
      await context.close();
      await server.close();
      await stage.sites.close();
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
      expect(complaints).toEqual([]);
    });

    it.each(THEMES)('axe finds nothing on any part in $theme, $width wide', async ({ theme, width }) => {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(new URL('/admin/health', server.url).href);
      await chooseTheme(theme);
      for (const part of [...PARTS.map((name) => `admin/${name}`), 'audit']) {
        await page.goto(new URL(`/${part}`, server.url).href);
        await page.locator('main section').first().waitFor();
        for (const details of await page.locator('main details > summary').all()) {
          if (await details.isVisible()) await details.click();
        }
        expect(await violations(), part).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth'), part).toBeLessThanOrEqual(width);
      }
    });

    it('a rule of a site is changed with a look at what changes, and holds at once', async () => {
      await page.goto(new URL('/admin', server.url).href);
      await page.getByText('Folktandvården Norr').first().click();
      await page.getByRole('textbox', { name: 'PMI below' }).first().fill('0.25');
      const preview = page.getByRole('region', { name: 'What will change' });
      await preview.getByText('sites.north.rules.pmiMin').waitFor();
      await preview.getByText('A rule holds for films from now on.').waitFor();
      await page.getByRole('textbox', { name: 'Why' }).fill('agreed with the clinic');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved.', { exact: true }).waitFor();
      expect(stage.sites.rulesOf('north')).toMatchObject({ ageYearsMin: 55, pmiMin: 0.25 });
      await page.getByRole('link', { name: 'History' }).click();
      await page.getByText('agreed with the clinic').waitFor();
      expect(await page.getByRole('listitem').first().innerText()).toMatch(/sites\.north\.rules\.pmiMin/);
    });

    it('a wrong text is refused with its place, and nothing is lost', async () => {
      await page.goto(new URL('/admin/sites', server.url).href);
      await page.getByText('The whole file as text').click();
      const text = page.getByRole('textbox', { name: 'Everything else stands here' });
      await text.fill((await text.inputValue()).replace('"port": 104', '"port": 104000'));
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('alert').getByText('destinations.0.port').waitFor();
      expect(await text.inputValue()).toContain('104000');
      expect(await readFile(stage.sitesPath, 'utf8')).toContain('"port": 104\n');
      await page.getByRole('button', { name: 'Discard' }).click();
      await expect.poll(() => text.inputValue()).not.toContain('104000');
    });

    it('a user is added, and the one-time password told once', async () => {
      await page.goto(new URL('/admin/users', server.url).href);
      await page.getByRole('button', { name: 'Add a user' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'User name' }).fill('maja');
      await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Maja Mott');
      await dialog.getByRole('checkbox', { name: 'Coordinator' }).uncheck();
      await dialog.getByRole('checkbox', { name: 'Site user' }).check();
      await dialog.getByRole('button', { name: 'Add a user' }).click();
      await dialog.getByText('at least one site').waitFor();
      await dialog.getByRole('checkbox', { name: 'Röntgen Syd (south)' }).check();
      expect(await violations()).toEqual([]);
      await dialog.getByRole('button', { name: 'Add a user' }).click();
      const told = page.getByRole('dialog', { name: 'One-time password for Maja Mott' });
      await told.waitFor();
      expect((await told.locator('.one-time-password').innerText()).length).toBeGreaterThan(8);
      await told.getByRole('button', { name: 'Close' }).click();
      await page
        .getByRole('row', { name: /Maja Mott/ })
        .getByText('south')
        .waitFor();
    });

    it('a film that was given up is read again', async () => {
      await page.goto(new URL('/admin/failures', server.url).href);
      await page.getByRole('button', { name: /^Read again: / }).click();
      await page.getByText('It waits to be read again.').waitFor();
      await page.getByText('No film is set aside.').waitFor();
    });

    it('the auditor sees who has seen a person, in Swedish, and verifies the chain', async () => {
      await page.goto(new URL('/audit', server.url).href);
      await page.getByRole('button', { name: 'Svenska' }).click();
      await page.getByRole('textbox', { name: 'Om vem' }).fill('T-1');
      await page.getByRole('button', { name: 'Sök' }).click();
      const looks = page.getByRole('region', { name: 'Vem har sett personen' });
      await looks.getByText('Tittade på en bilds resultat').first().waitFor();
      await expect.poll(() => looks.locator('tbody tr').count()).toBeGreaterThanOrEqual(3);
      expect(page.url()).not.toContain('T-1');
      await sealTrail(database);
      await page.getByRole('button', { name: 'Kontrollera kedjan' }).click();
      await page.getByText(/^Kontrollerad och hel: \d+ rader/).waitFor();
      expect(await violations()).toEqual([]);
    });
  },
);
