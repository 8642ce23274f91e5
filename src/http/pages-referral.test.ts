import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exampleReport, TALKATIVE_SIDE } from '../testing/example-report.ts';
import { exampleSpineReport } from '../testing/example-spine.ts';
import { openBrowser, openStage, overflowOf, violationsOf } from '../testing/pages-stage.ts';
import type { Stage } from '../testing/pages-stage.ts';
import { inventExam, inventPerson, paintPng } from '../testing/scripted-worklist.ts';
import { requireTool } from '../testing/services.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;

let browser: Browser;
let stage: Stage;

const fill = ({ worklist, referrals }: Pick<Stage, 'worklist' | 'referrals'>): void => {
  const person = inventPerson('Ek^Signe', 'TEST-1004');
  const { analysis } = exampleSpineReport();
  const { reasons } = analysis;
  worklist.exams.push(inventExam({ examId: 'e4', view: 'spine-lateral', person, reasons, analysis }));
  const jaw = exampleReport({ rightSide: TALKATIVE_SIDE, magnification: 1.25 }).analysis;
  worklist.exams.push(
    inventExam({
      ...{ examId: 'e5', person, analysis: jaw, reasons: jaw.reasons },
      receivedAt: '2025-02-03T08:00:00.000Z',
    }),
  );
  const picture = paintPng(700, 900, (column) => column % 200);
  for (const examId of ['e4', 'e5']) worklist.pictures.set(examId, { preview: picture, overlay: picture });
  referrals.invent({
    ...{ referralId: 'r4', person, reasons, kind: 'fracture', meanWidthMm: null, examIds: ['e4'] },
    vertebra: { level: 'L1', genantGrade: 2, deformity: 'wedge', lossPercent: 31 },
  });
  const hidden = { ...inventPerson('', ''), birthDate: null, isProtected: true };
  referrals.invent({ referralId: 'r5', person: hidden, ageYears: null, examIds: [] });
};

async function open(path: string, options: Parameters<typeof openStage>[2] = {}): Promise<Stage> {
  stage = await openStage(browser, fill, options);
  await stage.page.goto(stage.url + path);
  await stage.page.locator('.referral-head').waitFor();
  return stage;
}

describe.skipIf(!tool.available)(`one referral in Chromium${skipped}`, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    if (tool.available) browser = await openBrowser(tool.path);
  });
  afterEach(() => stage.close());
  afterAll(() => browser.close());

  it('is led from the first look to its end, each step by the one button that is next', async () => {
    const { page, referrals } = await open('referrals/r4');
    const dialog = page.getByRole('dialog');
    const press = (name: string) => page.locator('.steps').getByRole('button', { name, exact: true }).click();
    await press('Take over');
    await page.getByText('You lead the referral now. (Ek, Signe)').waitFor();
    await press('Accept');
    await press('Order DXA …');
    await dialog.getByLabel('Station, AE title').fill('DXA1');
    await dialog.getByRole('button', { name: 'Order DXA' }).click();
    await press('Book DXA …');
    await dialog.getByRole('button', { name: 'Book DXA' }).click();
    await expect.poll(() => dialog.getByText('Fill this in.').count()).toBe(2);
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('date');
    await dialog.getByLabel('Date').fill('2026-12-03');
    await dialog.getByLabel('Time').fill('14:30');
    await dialog.getByRole('button', { name: 'Book DXA' }).click();
    await press('Record T-scores …');
    await dialog.getByLabel('Measured on').fill('2026-12-03');
    await dialog.getByLabel('Lumbar spine').fill('-2,7x');
    await dialog.getByRole('button', { name: 'Record T-scores' }).click();
    await dialog.getByText('Write a number from −9 to 5').waitFor();
    await dialog.getByLabel('Lumbar spine').fill('−2,7');
    await dialog.getByLabel('Total hip').fill('-1.9');
    await dialog.getByRole('button', { name: 'Record T-scores' }).click();
    await page.getByText('Osteopenia').waitFor();
    const more = page.locator('.menu');
    await more.locator('summary').click();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await more.locator('summary').press('Enter');
    await more.getByRole('button', { name: 'Send to treatment assessment' }).click();
    await press('Close …');
    await dialog.getByRole('radio', { name: 'Treatment started' }).check();
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByText('The referral was closed. (Ek, Signe)').waitFor();
    expect(referrals.referrals[0]).toMatchObject({
      ...{ state: 'closed', outcome: 'treatment-started' },
      dxa: { tScores: { lumbarSpine: -2.7, femoralNeck: null, totalHip: -1.9 } },
    });
    const history = page.locator('.history');
    await expect
      .poll(() => history.innerText())
      .toMatch(
        /Closed\s+Treatment started[^]*T-scores recorded[^]*Lumbar spine[^]*-2.7[^]*DXA booked[^]*2026-12-03 14:30[^]*DXA ordered\s+DXA1[^]*Accepted[^]*Taken over/,
      );
    await page.getByRole('button', { name: 'Undo' }).first().click();
    await page.getByText('It was undone.').waitFor();
    expect(referrals.referrals[0]?.state).toBe('treatment-assessment');
    expect(stage.complaints).toEqual([]);
  });

  it('says what was measured, how sure that is and beside which limit, for each film of the person', async () => {
    const { page } = await open('referrals/r4');
    const chart = page.locator('figure.threshold');
    await chart.waitFor();
    expect(await chart.innerText()).toMatch(
      /Height lost, L1: 31 ± 2 %, 6.1 standard errors beyond the limit\.[^]*± 1 standard error/,
    );
    expect(await chart.getByRole('img').getAttribute('aria-label')).toBe(
      '31 ± 2 %; grade 1, grade 2, grade 3',
    );
    await page.getByText('What the models are and are not').click();
    await page.getByText('It never rules out low bone density or a fracture.').waitFor();
    await page.getByText('vertebra-points 1.0.0').waitFor();
    await page.getByRole('button', { name: /^Panoramic, 2025-02-03/ }).click();
    await page.getByText(/Mean cortical width: 2\.12 ± 0\.11 mm/).waitFor();
    expect(await chart.innerText()).toMatch(
      /standard errors beyond the limit[^]*corrected for magnification/,
    );
    expect(await chart.getByRole('img').getAttribute('aria-label')).toMatch(/mm; limit 3\.0$/);
    expect(await page.getByRole('link', { name: 'PDF in Swedish' }).getAttribute('href')).toBe(
      '/api/referrals/r4/letter.pdf?language=sv',
    );
  });

  it('keeps risk factors, and says which number cannot be', async () => {
    const { page, referrals } = await open('referrals/r4');
    await page.getByText('Risk factors …').click();
    await page.getByLabel('Weight, kg').fill('580');
    await page.getByRole('button', { name: 'Save risk factors' }).click();
    await page.getByText('Write weight from 20 to 300 kg').waitFor();
    await page.getByLabel('Weight, kg').fill('58,5');
    await page.getByLabel('Smokes').selectOption('no');
    await page.getByLabel('Major fracture, % in 10 years').fill('21.5');
    await page.getByLabel('Version').fill('4.3');
    await page.getByRole('button', { name: 'Save risk factors' }).click();
    await page.getByText('The risk factors were saved.').waitFor();
    expect(referrals.referrals[0]?.riskFactors).toMatchObject({
      ...{ weightKg: 58.5, heightCm: null, smokes: false, hasPriorFracture: null },
      frax: { majorPercent: 21.5, hipPercent: null, withBmd: false, version: '4.3', country: 'SE' },
    });
    await page.getByText('Major fracture, % in 10 years').first().waitFor();
  });

  it('hides a protected identity until it is asked for', async () => {
    const { page } = await open('referrals/r5');
    await page.getByRole('heading', { name: 'Name is protected' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show the name' }).click();
    await page.getByRole('heading', { name: 'Dold, Person' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Name is protected' }).waitFor();
  });

  it('tells one clear thing when it was changed elsewhere, and shows what is true now', async () => {
    const { page, referrals } = await open('referrals/r4');
    // The page cannot hear of it before it acts.
    await page.route('**/api/referrals/r4', (route) => route.abort());
    referrals.act('r4', { action: 'accept', version: 1 });
    await page.locator('.steps').getByRole('button', { name: 'Take over' }).click();
    const sentence = 'Nothing was changed. Accepted by Karin Koordinator, 22 Nov 2026, 09:05.';
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    await page.unroute('**/api/referrals/r4');
    await page.locator('.steps').getByRole('button', { name: 'Order DXA …' }).waitFor({ timeout: 20_000 });
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is ${colorScheme}, in Swedish, at both widths: nothing is cut off and axe finds nothing`, async () => {
      const { page } = await open('referrals/r4', {
        ...{ colorScheme, locale: 'sv-SE', viewport: { width: 390, height: 844 } },
      });
      await page.locator('figure.threshold').waitFor();
      await page.getByText('Riskfaktorer …').click();
      await page.getByText('Vad modellerna är och inte är').click();
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 800 });
      expect(await violationsOf(page)).toEqual([]);
    });
  }
});
