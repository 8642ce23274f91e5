import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openStage, overflowOf, STAGE_NOW_MS, violationsOf } from '../testing/pages-stage.ts';
import type { Stage } from '../testing/pages-stage.ts';
import { daysFrom } from '../testing/scripted-referrals.ts';
import { inventPerson } from '../testing/scripted-worklist.ts';
import { requireTool } from '../testing/services.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;

let browser: Browser;
let stage: Stage;

const fill = ({ referrals }: Pick<Stage, 'referrals'>): void => {
  referrals.invent({ referralId: 'r1' });
  referrals.invent({
    ...{ referralId: 'r2', person: inventPerson('Ek^Signe', 'TEST-1004'), urgency: 870, ageYears: 92 },
    ...{ kind: 'fracture', meanWidthMm: null, assessments: ['treatment', 'dxa'] },
    reasons: [{ code: 'fracture', text: 'L1 is wedged.' }],
    vertebra: { level: 'L1', genantGrade: 2, deformity: 'wedge', lossPercent: 31 },
    ...{ createdAt: daysFrom(STAGE_NOW_MS, -9), arrivedAt: daysFrom(STAGE_NOW_MS, -9) },
  });
  referrals.invent({
    ...{ referralId: 'r3', person: inventPerson('Holm^Elsa', 'TEST-1005'), state: 'dxa-booked' },
    owner: { userId: 'u2', name: 'Per Kollega' },
  });
};

async function open(
  path = '',
  options: Parameters<typeof openStage>[2] = {},
  change: Parameters<typeof openStage>[1] = () => undefined,
): Promise<Stage> {
  stage = await openStage(
    browser,
    (parts) => {
      fill(parts);
      change(parts);
    },
    options,
  );
  await stage.page.goto(stage.url + path);
  await stage.page.locator('tbody tr').first().waitFor();
  return stage;
}

/** The person whose row has the focus. */
const focused = () => stage.page.evaluate<string>('document.activeElement.textContent');
const rowsShown = () => stage.page.locator('tbody tr .row-link').allInnerTexts();

describe.skipIf(!tool.available)(`the worklist in Chromium${skipped}`, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    if (tool.available) browser = await openBrowser(tool.path);
  });
  afterEach(() => stage.close());
  afterAll(() => browser.close());

  it('says in each row who, what, how pressing, until when, whose and what next', async () => {
    const { page } = await open();
    const first = await page.locator('tbody tr').first().innerText();
    expect(first).toMatch(/Ek, Signe[^]*TEST-1004[^]*92 years, female[^]*Folktandvården Ekbacken/);
    expect(first).toMatch(/L1: grade 2\s+wedge[^]*Treatment assessment\s*DXA/);
    expect(first).toMatch(/High\s+870 of 1,000[^]*overdue, 2 days late\s+2026-11-20[^]*nobody yet[^]*New/);
    await page.getByRole('button', { name: 'Take over: Ek, Signe' }).waitFor();
    const views = page.getByRole('navigation', { name: 'Views' });
    // The counts have an answer of their own.
    await expect
      .poll(async () => (await views.innerText()).replaceAll(/\s+/g, ' '))
      .toBe('New 2 Mine 0 Waiting for DXA 1 Waiting for an answer 0 Overdue 1 Closed 0 All 3');
  });

  it('is walked by keys alone: move, claim, accept, undo, dismiss with a reason, help, search, open', async () => {
    const { page, referrals } = await open();
    await page.keyboard.press('j');
    await expect.poll(focused).toBe('Ek, Signe');
    await page.keyboard.press('j');
    await expect.poll(focused).toBe('Almgren, Ingrid');
    await page.keyboard.press('k');
    await expect.poll(focused).toBe('Ek, Signe');
    await page.keyboard.press('c');
    await page.getByText('You lead the referral now. (Ek, Signe)').waitFor();
    expect(referrals.referrals[1]).toMatchObject({ state: 'under-review', owner: { userId: 'u1' } });
    // It left this view, and the row in its place is selected.
    await expect.poll(rowsShown).toEqual(['Almgren, Ingrid']);
    await page.keyboard.press('k');
    await expect.poll(focused).toBe('Almgren, Ingrid');
    await page.keyboard.press('a');
    await page.getByText('The referral was accepted. (Almgren, Ingrid)').waitFor();
    await page.getByText('Nobody new').waitFor();
    await page.keyboard.press('u');
    await page.getByText('It was undone. (Almgren, Ingrid)').waitFor();
    await expect.poll(rowsShown).toEqual(['Almgren, Ingrid']);
    await page.keyboard.press('j');
    await page.keyboard.press('d');
    const dialog = page.getByRole('dialog', { name: 'Dismiss' });
    await dialog.getByRole('button', { name: 'Dismiss' }).click();
    await dialog.getByText('Fill this in.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await dialog.getByRole('radio', { name: 'Known and treated' }).check();
    // A key of the list is a letter here.
    await dialog.getByLabel('Note (optional)').pressSequentially('ajd?');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('The referral was dismissed. (Almgren, Ingrid)').waitFor();
    expect(referrals.referrals[0]).toMatchObject({
      ...{ state: 'dismissed', dismissalReason: 'known-and-treated' },
      events: [{ details: { reason: 'known-and-treated', note: 'ajd?' } }, {}, {}, {}],
    });

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys of the worklist' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto(`${stage.url}?tab=all`);
    await page.locator('tbody tr').nth(2).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('holm');
    await expect.poll(rowsShown).toEqual(['Holm, Elsa']);
    expect(page.url()).not.toContain('holm');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Holm, Elsa' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/referrals/r3');
    expect(stage.complaints).toEqual([]);
  });

  it('shows a new row by itself, says so aloud, and leaves the selected row where it is', async () => {
    const { page, worklist, referrals } = await open();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.evaluate('window.notReloaded = true');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await expect.poll(focused).toBe('Almgren, Ingrid');
    referrals.invent({
      ...{ referralId: 'r9', person: inventPerson('Sjögren^Astrid', 'TEST-1009'), urgency: 999 },
      createdAt: daysFrom(STAGE_NOW_MS, 0.001),
    });
    worklist.tell({ type: 'referral', referralId: 'r9' });
    await page.getByRole('status').filter({ hasText: 'New referral: Sjögren, Astrid' }).waitFor();
    await expect.poll(rowsShown).toEqual(['Sjögren, Astrid', 'Ek, Signe', 'Almgren, Ingrid']);
    await expect.poll(focused).toBe('Almgren, Ingrid');
    expect(await page.locator('tr[aria-current="true"]').innerText()).toContain('Almgren, Ingrid');
    expect(await page.evaluate('window.notReloaded')).toBe(true);
  });

  it('tells in Swedish who was quicker, with what and when, and shows what is true now', async () => {
    const { page, referrals } = await open('', { locale: 'sv-SE' });
    // The colleague's claim reaches the service while this page still shows the version before.
    await page.route('**/api/referrals?*', (route) => route.abort());
    await page.route('**/api/referrals/r2/actions', async (route) => {
      await page.unroute('**/api/referrals?*');
      await route.continue();
    });
    referrals.act('r2', { action: 'claim', version: 1 }, { userId: 'u2', name: 'Per Kollega' });
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    const sentence = 'Inget ändrades. Övertagen av Per Kollega, 22 nov. 2026 09:05. Uppgifterna har lästs om';
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    await expect.poll(rowsShown, { timeout: 20_000 }).toEqual(['Almgren, Ingrid']);
    expect(referrals.referrals[1]?.version).toBe(2);
    expect(await violationsOf(page)).toEqual([]);
  });

  it('keeps views, sorting and filters in the address, and pages through a long list with few rows at a time', async () => {
    const many = ({ referrals }: Pick<Stage, 'referrals'>): void => {
      for (let n = 0; n < 120; n += 1) {
        const person = inventPerson(`Person^${String(n).padStart(3, '0')}`, `TEST-2${n}`);
        referrals.invent({ referralId: `m${n}`, person, urgency: 300 - n });
      }
    };
    const { page, referrals } = await open('', {}, many);
    await page.getByText('122 referrals').waitFor();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(50);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText('Page 2').waitFor();
    await expect.poll(rowsShown).toContain('Person, 048');
    await page.getByRole('button', { name: 'Next page' }).click();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(22);
    await page.getByRole('link', { name: /^Overdue/ }).click();
    await expect.poll(rowsShown).toEqual(['Ek, Signe']);
    await page.getByLabel('Sort by').selectOption('due');
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('Finding', { exact: true }).selectOption('thin-cortex');
    await page.getByText('Nothing matches').waitFor();
    expect(new URL(page.url()).search).toBe('?tab=overdue&sort=due&kind=thin-cortex');
    await page.reload();
    await page.getByText('Nothing matches').waitFor();
    expect(referrals.asked.at(-1)).toContain('tab=overdue&sort=due&kind=thin-cortex&limit=50');
    expect(await page.getByRole('link', { name: 'Export as CSV' }).getAttribute('href')).toBe(
      '/api/referrals.csv?tab=overdue&sort=due&kind=thin-cortex&language=en',
    );
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await expect.poll(rowsShown).toEqual(['Ek, Signe']);
  });

  it('says what to do when a view is empty, and what is wrong when nothing can be read', async () => {
    const { page, worklist } = await open();
    await page.getByRole('link', { name: /^Mine/ }).click();
    await page.getByText('Open the new ones and press c to take one over.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    worklist.failure = new Error('no record');
    await page.reload();
    await page.getByText('This could not be loaded.').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is ${colorScheme}, in Swedish, at 390 pixels: nothing is cut off and axe finds nothing`, async () => {
      const { page } = await open('?tab=all', {
        ...{ colorScheme, locale: 'sv-SE', viewport: { width: 390, height: 844 } },
      });
      expect(await page.locator('tbody tr').first().innerText()).toMatch(
        /Ek, Signe[^]*Förfaller\s+förfallen, 2 dagar sen/,
      );
      expect(await overflowOf(page)).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 800 });
      expect(await violationsOf(page)).toEqual([]);
      const dark = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      expect(dark).toBe(colorScheme === 'dark' ? 'rgb(15, 23, 27)' : 'rgb(244, 246, 247)');
    });
  }
});
