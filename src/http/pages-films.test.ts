import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXAMPLE_PROFILE, exampleReport, TALKATIVE_SIDE } from '../testing/example-report.ts';
import { exampleSpineReport } from '../testing/example-spine.ts';
import { openBrowser, openStage, overflowOf, violationsOf } from '../testing/pages-stage.ts';
import type { Stage } from '../testing/pages-stage.ts';
import { inventDelivery, inventExam, inventPerson, paintPng } from '../testing/scripted-worklist.ts';
import { requireTool } from '../testing/services.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;

let browser: Browser;
let stage: Stage;

function fill({ worklist }: Pick<Stage, 'worklist'>): void {
  worklist.exams.push(inventExam({ examId: 'e1' }));
  const refused = { code: 'age-below-minimum', text: 'The patient was 9 years old at the examination.' };
  const child = inventPerson('Holm^Elsa', 'TEST-1002');
  worklist.exams.push(
    inventExam({ examId: 'e2', state: 'not-eligible', person: child, reasons: [refused], referralId: null }),
  );
  worklist.refusals.push({
    refusalId: 1,
    at: '2026-11-22T08:00:00.000Z',
    callingAeTitle: 'CLINIC_3',
    sopInstanceUid: null,
    code: 'identifiers-missing',
    text: 'The file lacks a valid identifier.',
  });
  const shade = (column: number, row: number): number => (row > 400 ? 10 : 60 + (column % 97));
  const overlay = paintPng(1200, 500, (column, row) => (row === 400 ? 255 : shade(column, row)));
  worklist.pictures.set('e1', { preview: paintPng(1200, 500, shade), overlay });
}

describe.skipIf(!tool.available)(`films and deliveries in Chromium${skipped}`, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    if (tool.available) browser = await openBrowser(tool.path);
  });
  beforeEach(async () => {
    stage = await openStage(browser, fill);
  });
  afterEach(() => stage.close());
  afterAll(() => browser.close());

  it('show one film with its overlay and numbers, and change size and picture by keys', async () => {
    const { page } = stage;
    await page.goto(`${stage.url}films`);
    await page.getByRole('link', { name: 'Open the film of Almgren' }).click();
    await page.getByRole('heading', { name: 'Almgren, Ingrid' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/exams/e1');

    const overlay = page.getByRole('img', { name: 'what was measured' });
    await overlay.waitFor();
    await expect.poll(() => page.evaluate('document.querySelector(".viewer img").naturalWidth')).toBe(1200);
    const numbers = page.locator('table.numbers');
    expect(await numbers.innerText()).toMatch(/Patient’s right[^]*2\.34 ± 0\.15 mm\s+24\.4 pixels\s+0\.21/);
    await page.getByText('mandible-contour 1.0.0').waitFor();
    expect(await page.getByText('detector scale, not corrected for magnification').count()).toBe(2);

    // Nothing here serves the samples of the film, so the picture is what stays.
    await page.getByText('the picture is shown instead').waitFor();
    const viewer = page.getByRole('region', { name: 'Film, can be moved' });
    await viewer.focus();
    await page.keyboard.press('z');
    await page.getByRole('button', { name: '100 %', pressed: true }).waitFor();
    await expect.poll(async () => Math.round((await overlay.boundingBox())?.width ?? 0)).toBe(1200);
    await page.keyboard.press('o');
    await page.getByRole('img', { name: 'as it was received' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(stage.complaints).toEqual([]);
  });

  it('explain each number of a side on a narrow screen, in both languages', async () => {
    const { page, worklist } = stage;
    const { analysis } = exampleReport({
      rightSide: TALKATIVE_SIDE,
      widthPx: { R: 28.2, L: null },
      magnification: 1.25,
      deviceProfile: EXAMPLE_PROFILE,
    });
    worklist.exams.push(inventExam({ examId: 'e9', analysis, reasons: analysis.reasons }));
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${stage.url}exams/e9`);
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
    expect(await overflowOf(page)).toBe(0);
    expect(
      await page.evaluate(
        '(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector("table.numbers").parentElement)',
      ),
    ).toBe(0);
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByText('eller 3,2 mm om den inre linjen räknas till kortikalis').waitFor();
    expect(await overflowOf(page)).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
    expect(stage.complaints).toEqual([]);
  });

  it('show each vertebra in words, and what the film asks for', async () => {
    const { page, worklist } = stage;
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
    const overlay = paintPng(700, 900, (column, row) => (column > 480 ? 0 : (row * 3 + column) % 200));
    worklist.pictures.set('e4', { preview: paintPng(480, 900, (column) => column % 200), overlay });
    await page.goto(`${stage.url}exams/e4`);
    await page.getByRole('heading', { name: 'Ek, Signe' }).waitFor();
    await page.getByText('wedge, 31 % of the height lost').waitFor();
    const numbers = await page.locator('table.numbers').innerText();
    expect(numbers).toMatch(/L1\s+2, moderate\s+wedge\s+31 ± 2\s+18 ± 2\s+0 ± 2/);
    expect(numbers).toMatch(/L2\s+not graded[^]*L2: a corner is not certain enough/);
    await page.getByText('by the picture, 0.98').waitFor();
    // The words at the side of the film do not make the film smaller.
    // Nothing here serves the samples of the film, so the picture is what stays.
    await page.getByText('the picture is shown instead').waitFor();
    const viewer = page.getByRole('region', { name: 'Film, can be moved' });
    await viewer.focus();
    await page.keyboard.press('z');
    const shown = page.getByRole('img', { name: 'what was measured' });
    await expect.poll(async () => Math.round((await shown.boundingBox())?.width ?? 0)).toBe(1458);
    expect(await violationsOf(page)).toEqual([]);
    expect(stage.complaints).toEqual([]);
  });

  it('list every film with its reason, by state, and what was refused', async () => {
    const { page } = stage;
    await page.goto(`${stage.url}films`);
    await page.getByText('The patient was 9 years old').waitFor();
    await page.getByText('The file lacks a valid identifier.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: /^Finding/ }).click();
    await page.getByText('Holm, Elsa').waitFor({ state: 'detached' });
    expect(page.url()).toContain('/films?state=positive');
    await expect.poll(() => page.getByText('Almgren, Ingrid').count()).toBe(1);
  });

  it('list the reports that were given up, and send those of one receiver again', async () => {
    const { page, worklist } = stage;
    worklist.deliveries.push(inventDelivery(), inventDelivery({ object: 'GSPS' }));
    worklist.deliveries.push(inventDelivery({ destination: 'archive', note: 'peer-unreachable' }));
    await page.goto(stage.url);
    await page.getByRole('link', { name: /^Deliveries\s*3$/ }).click();
    await page.getByRole('heading', { name: 'Reports that could not be delivered' }).waitFor();
    // Why, in words and not as a code.
    await page.getByText('The receiving archive could not be reached.').waitFor();
    await page.getByText('Drawing over the film').waitFor();
    expect(await page.getByText('status 0xA900').count()).toBe(2);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Send 2 again to regional-pacs' }).click();
    await page.getByRole('heading', { name: 'regional-pacs' }).waitFor({ state: 'detached' });
    expect(worklist.deliveries.map(({ destination }) => destination)).toEqual(['archive']);
    await page.getByRole('button', { name: 'Send 1 again to archive' }).click();
    await page.getByText('Nothing was given up').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(stage.complaints).toEqual([]);
  });

  it('show a site user films and no more of the node', async () => {
    const { page, referrals } = stage;
    referrals.roles = ['site-user'];
    await page.goto(`${stage.url}films`);
    await page.getByText('Almgren, Ingrid').waitFor();
    expect(await page.getByText('Refused on arrival').count()).toBe(0);
    await page.getByRole('link', { name: 'Open the film of Almgren' }).click();
    await page.getByRole('heading', { name: 'Almgren, Ingrid' }).waitFor();
    expect(stage.complaints).toEqual([]);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`are ${colorScheme}, in Swedish, at both widths: nothing is cut off and axe finds nothing`, async () => {
      await stage.close();
      stage = await openStage(browser, fill, {
        ...{ colorScheme, locale: 'sv-SE', viewport: { width: 390, height: 844 } },
      });
      stage.worklist.deliveries.push(inventDelivery());
      const { page } = stage;
      for (const path of ['films', 'deliveries', 'exams/e1']) {
        await page.setViewportSize({ width: 390, height: 844 });
        await page.goto(stage.url + path);
        await page.getByText('Almgren, Ingrid').first().waitFor();
        expect(await overflowOf(page), path).toBe(0);
        expect(await violationsOf(page), path).toEqual([]);
        await page.setViewportSize({ width: 1280, height: 800 });
        expect(await violationsOf(page), path).toEqual([]);
      }
    });
  }
});
