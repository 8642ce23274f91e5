import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildPages, PAGES_FOLDER } from '../../scripts/build-pages.ts';
import { openWithoutSignIn } from '../access/open-gate.ts';
import { systemClock } from '../clock.ts';
import {
  inventDelivery,
  inventExam,
  inventPerson,
  inventReferral,
  paintPng,
  ScriptedWorklist,
} from '../testing/scripted-worklist.ts';
import { EXAMPLE_PROFILE, exampleReport, TALKATIVE_SIDE } from '../testing/example-report.ts';
import { exampleSpineReport } from '../testing/example-spine.ts';
import { requireTool } from '../testing/services.ts';
import { serveReferralList } from './referral-list-routes.ts';
import { startHttpServer } from './server.ts';
import type { HttpServer } from './server.ts';
import { servedOperations } from '../testing/served-operations.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;
const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--no-first-run',
];

let browser: Browser;
let server: HttpServer;
let worklist: ScriptedWorklist;
let page: Page;
let complaints: string[] = [];

async function startServer(port: number): Promise<HttpServer> {
  const ignore = (): void => undefined;
  const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 10, 22, 8, 5) };
  const record = (): Promise<void> => Promise.resolve();
  return startHttpServer({
    host: '127.0.0.1',
    port,
    access: openWithoutSignIn(() => undefined),
    reader: worklist,
    pictures: worklist,
    events: worklist,
    deliveries: worklist,
    routes: [serveReferralList({ list: worklist.referralList, record, clock })],
    clock,
    log: { info: ignore, warn: ignore, error: ignore },
    pagesFolder: PAGES_FOLDER,
    operations: servedOperations(),
    limits: { bodyBytesMax: 1024, eventStreamsMax: 10 },
  });
}

function fillWorklist(): ScriptedWorklist {
  const filled = new ScriptedWorklist();
  filled.exams.push(inventExam({ examId: 'e1' }));
  const refused = { code: 'age-below-minimum', text: 'The patient was 9 years old at the examination.' };
  const child = inventPerson('Holm^Elsa', 'TEST-1002');
  filled.exams.push(
    inventExam({ examId: 'e2', state: 'not-eligible', person: child, reasons: [refused], referralId: null }),
  );
  filled.referrals.push(inventReferral({ referralId: 'r1' }));
  filled.refusals.push({
    refusalId: 1,
    at: '2026-11-22T08:00:00.000Z',
    callingAeTitle: 'CLINIC_3',
    sopInstanceUid: null,
    code: 'identifiers-missing',
    text: 'The file lacks a valid identifier.',
  });
  const shade = (column: number, row: number): number => (row > 400 ? 10 : 60 + (column % 97));
  const overlay = paintPng(1200, 500, (column, row) => (row === 400 ? 255 : shade(column, row)));
  filled.pictures.set('e1', { preview: paintPng(1200, 500, shade), overlay });
  return filled;
}

async function seriousViolations(): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

describe.skipIf(!tool.available)(`the pages in Chromium${skipped}`, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await buildPages();
    if (!tool.available) return;
    browser = await chromium.launch({ executablePath: tool.path, args: BROWSER_ARGUMENTS });
  });

  beforeEach(async () => {
    worklist = fillWorklist();
    server = await startServer(0);
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    return async () => {
      await context.close();
      await server.close();
    };
  });

  afterAll(async () => {
    await browser.close();
  });

  it('show a referral, and a new one by itself, announced and without a reload', async () => {
    await page.goto(server.url);
    const rows = page.locator('tbody tr');
    await rows.getByText('Almgren, Ingrid').waitFor();
    expect(await rows.first().innerText()).toMatch(/2\.41 mm\s+detector scale/);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.evaluate('window.notReloaded = true');

    const person = inventPerson('Sjögren^Astrid', 'TEST-1003');
    worklist.referrals.push(
      inventReferral({ referralId: 'r2', person, arrivedAt: '2026-11-22T08:04:30.000Z' }),
    );
    worklist.tell({ type: 'referral', referralId: 'r2' });
    await rows.getByText('Sjögren, Astrid').waitFor({ timeout: 20_000 });

    expect(await rows.first().innerText()).toMatch(/Sjögren, Astrid\s+New/);
    await page.getByRole('status').filter({ hasText: 'New referral: Sjögren, Astrid' }).waitFor();
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(await seriousViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('show one film with its overlay and numbers, and change size and picture by keys', async () => {
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Open film of Almgren' }).click();
    await page.getByRole('heading', { name: 'Almgren, Ingrid' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/exams/e1');

    const overlay = page.getByRole('img', { name: 'what was measured' });
    await overlay.waitFor();
    await expect.poll(() => page.evaluate('document.querySelector(".viewer img").naturalWidth')).toBe(1200);
    const numbers = page.locator('table.numbers');
    expect(await numbers.innerText()).toMatch(/Patient’s right[^]*2\.34 ± 0\.15 mm\s+24\.4 pixels\s+0\.21/);
    expect(await page.getByText('mandible-contour 1.0.0').count()).toBe(1);
    expect(await page.getByText('detector scale, not corrected for magnification').count()).toBe(2);

    const viewer = page.getByRole('region', { name: 'Film, can be moved' });
    await viewer.focus();
    await page.keyboard.press('z');
    expect(await page.getByRole('button', { name: '100 %' }).getAttribute('aria-pressed')).toBe('true');
    expect(Math.round((await overlay.boundingBox())?.width ?? 0)).toBe(1200);
    await page.keyboard.press('o');
    await page.getByRole('img', { name: 'as it was received' }).waitFor();
    expect(await seriousViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('explain each number of a side on a narrow screen, in both languages', async () => {
    const { analysis } = exampleReport({
      rightSide: TALKATIVE_SIDE,
      widthPx: { R: 28.2, L: null },
      magnification: 1.25,
      deviceProfile: EXAMPLE_PROFILE,
    });
    worklist.exams.push(inventExam({ examId: 'e9', analysis, reasons: analysis.reasons }));
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${server.url}exams/e9`);
    const numbers = page.locator('table.numbers');
    await numbers.waitFor();
    const said = await numbers.innerText();
    expect(said).toMatch(/2\.16 ± 0\.16 mm\s+28\.2 pixels\s+0\.21\s+C2/);
    expect(said).toContain('or 3.2 mm if the inner line is counted as cortex');
    expect(said).toContain(
      'C3 10 %): defects of the margin 0.5 mm deep, one residue layer, 12 % of the band dark',
    );
    expect(said).toContain('foramen uncertain');
    expect(said).toMatch(/Not measured\s+The mental foramen was not found/);
    expect(await page.getByText('corrected by profile Room 2').count()).toBe(2);
    const beyond = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(beyond)).toBe(0);
    expect(
      await page.evaluate(
        '(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector("table.numbers").parentElement)',
      ),
    ).toBe(0);
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByText('eller 3,2 mm om den inre linjen räknas till kortikalis').waitFor();
    expect(await page.evaluate(beyond)).toBe(0);
    expect(await seriousViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('show a fracture with what it asks for before a thin cortex, and each vertebra in words', async () => {
    const { analysis } = exampleSpineReport();
    const { reasons } = analysis;
    const person = inventPerson('Ek^Signe', 'TEST-1004');
    const assessments = ['treatment', 'dxa'] as const;
    worklist.exams.push(
      inventExam({
        examId: 'e4',
        view: 'spine-lateral',
        modality: 'DX',
        person,
        reasons,
        analysis,
        assessments,
      }),
    );
    worklist.referrals.push(
      inventReferral({
        ...{ referralId: 'r4', person, reasons, assessments, kind: 'fracture', meanWidthMm: null },
        vertebra: { level: 'L1', genantGrade: 2, deformity: 'wedge', lossPercent: 31 },
        ...{ sortingScore: 0.2, examIds: ['e4'], arrivedAt: '2026-11-22T07:00:00.000Z' },
      }),
    );
    const overlay = paintPng(700, 900, (column, row) => (column > 480 ? 0 : (row * 3 + column) % 200));
    worklist.pictures.set('e4', { preview: paintPng(480, 900, (column) => column % 200), overlay });
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Most pressing first' }).click();
    const first = page.locator('tbody tr').first();
    await first.getByText('Ek, Signe').waitFor();
    expect(await first.innerText()).toMatch(/L1: grade 2\s+wedge[^]*Treatment assessment\s*DXA/);
    expect(await seriousViolations()).toEqual([]);

    await page.getByRole('link', { name: 'Open film of Ek' }).click();
    await page.getByRole('heading', { name: 'Ek, Signe' }).waitFor();
    await page.getByText('wedge, 31 % of the height lost').waitFor();
    const numbers = await page.locator('table.numbers').innerText();
    expect(numbers).toMatch(/L1\s+2, moderate\s+wedge\s+31 ± 2\s+18 ± 2\s+0 ± 2/);
    expect(numbers).toMatch(/L2\s+not graded[^]*L2: a corner is not certain enough/);
    await page.getByText('by the picture, 0.98').waitFor();
    // The words at the side of the film do not make the film smaller.
    const viewer = page.getByRole('region', { name: 'Film, can be moved' });
    await viewer.focus();
    await page.keyboard.press('z');
    const shown = page.getByRole('img', { name: 'what was measured' });
    await expect.poll(async () => Math.round((await shown.boundingBox())?.width ?? 0)).toBe(1458);
    expect(await seriousViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('list every film with its reason, by state, and what was refused', async () => {
    await page.goto(`${server.url}films`);
    await page.getByText('The patient was 9 years old').waitFor();
    await page.getByText('The file lacks a valid identifier.').waitFor();
    expect(await seriousViolations()).toEqual([]);
    await page.getByRole('button', { name: /^Finding/ }).click();
    await page.getByText('Holm, Elsa').waitFor({ state: 'detached' });
    expect(page.url()).toContain('/films?state=positive');
    expect(await page.getByText('Almgren, Ingrid').count()).toBe(1);
  });

  it('list the reports that were given up, and send those of one receiver again', async () => {
    worklist.deliveries.push(inventDelivery(), inventDelivery({ object: 'GSPS' }));
    worklist.deliveries.push(inventDelivery({ destination: 'archive', note: 'peer-unreachable' }));
    await page.goto(server.url);
    await page.getByRole('link', { name: /^Deliveries\s*3$/ }).click();
    await page.getByRole('heading', { name: 'Reports that could not be delivered' }).waitFor();
    // Why, in words and not as a code.
    await page.getByText('The receiving archive could not be reached.').waitFor();
    await page.getByText('Drawing over the film').waitFor();
    expect(await page.getByText('status 0xA900').count()).toBe(2);
    expect(await seriousViolations()).toEqual([]);
    await page.getByRole('button', { name: 'Send 2 again to regional-pacs' }).click();
    await page.getByRole('heading', { name: 'regional-pacs' }).waitFor({ state: 'detached' });
    expect(worklist.deliveries.map(({ destination }) => destination)).toEqual(['archive']);
    await page.getByRole('button', { name: 'Send 1 again to archive' }).click();
    await page.getByText('Nothing was given up').waitFor();
    expect(await seriousViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('speak Swedish when asked, and still do after a reload', async () => {
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByRole('heading', { name: 'Remisser till bentäthetsmätning' }).waitFor();
    await page.reload();
    await page.getByText('2,41 mm').waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('sv');
  });

  it('say what to do when there is nothing yet', async () => {
    worklist.referrals.length = 0;
    await page.goto(server.url);
    await page.getByText('Send films by DICOM C-STORE').waitFor();
    expect(await seriousViolations()).toEqual([]);
  });

  it('say when the service is gone, and find it again by themselves', async () => {
    await page.goto(server.url);
    await page.getByText('Live', { exact: true }).waitFor();
    const { port } = new URL(server.url);
    await server.close();
    await page.getByText('What you see may be out of date').waitFor({ timeout: 30_000 });
    const person = inventPerson('Sjögren^Astrid', 'TEST-1003');
    worklist.referrals.push(inventReferral({ referralId: 'r2', person }));
    server = await startServer(Number(port));
    await page.getByText('Sjögren, Astrid').first().waitFor({ timeout: 20_000 });
    await page.getByText('Live', { exact: true }).waitFor();
  });
});
