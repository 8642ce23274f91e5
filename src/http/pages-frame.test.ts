import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../exam/staff.ts';
import { openBrowser, openStage, overflowOf, violationsOf } from '../testing/pages-stage.ts';
import type { Stage } from '../testing/pages-stage.ts';
import { inventExam, inventPerson } from '../testing/scripted-worklist.ts';
import { requireTool } from '../testing/services.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;

let browser: Browser;
let stage: Stage;

async function open(
  path: string,
  change: (parts: Pick<Stage, 'worklist' | 'referrals'>) => void = () => undefined,
  options: Parameters<typeof openStage>[2] = {},
): Promise<Stage> {
  stage = await openStage(
    browser,
    (parts) => {
      parts.worklist.exams.push(inventExam({ examId: 'e1' }));
      parts.referrals.invent({ referralId: 'r1' });
      change(parts);
    },
    options,
  );
  await stage.page.goto(stage.url + path);
  return stage;
}

const signedOut = ({ referrals }: Pick<Stage, 'referrals'>): void => {
  referrals.way = 'local';
  referrals.isSignedIn = false;
};

describe.skipIf(!tool.available)(`the frame of the pages in Chromium${skipped}`, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    if (tool.available) browser = await openBrowser(tool.path);
  });
  afterEach(() => stage.close());
  afterAll(() => browser.close());

  it('asks who it is first, says what is wrong, and then shows the page that was meant', async () => {
    const { page, referrals } = await open('referrals/r1', signedOut);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByText('Almgren').count()).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.getByLabel('User name').getAttribute('autocomplete')).toBe('username');
    await page.keyboard.type('karin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'User name or password is wrong' }).waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('password');
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.type('right');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Almgren, Ingrid' }).waitFor();
    await page.locator('.steps').getByRole('button', { name: 'Take over' }).click();
    await page.getByText('You lead the referral now.').waitFor();
    expect(referrals.unproven).toBe(0);

    // The session ends on the server: the next answer leads to the sign-in, and from there back.
    referrals.isSignedIn = false;
    stage.worklist.tell({ type: 'referral', referralId: 'r1' });
    await page.getByText('Sign in to go on where you were.').waitFor();
    expect(await page.getByText('Almgren').count()).toBe(0);
    await page.getByLabel('User name').fill('karin');
    await page.getByLabel('Password').fill('right');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Almgren, Ingrid' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/');
    expect(stage.complaints).toEqual([]);
  });

  it('leads to the identity provider where people sign in there', async () => {
    const { page } = await open('films', (parts) => {
      signedOut(parts);
      parts.referrals.way = 'oidc';
    });
    const link = page.getByRole('link', { name: 'Sign in with your organisation’s account' });
    expect(await link.getAttribute('href')).toBe('/sign-in/oidc?returnTo=%2Ffilms');
    await page.goto(`${stage.url}?sign-in-failed=unauthorised`);
    await page.getByRole('alert').filter({ hasText: 'did not succeed' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('opens nothing before a password that was given is changed', async () => {
    const { page } = await open('', ({ referrals }) => {
      referrals.way = 'local';
      referrals.mustChangePassword = true;
    });
    await page.getByRole('heading', { name: 'Choose a password of your own' }).waitFor();
    await page.getByLabel('Present password').fill('given');
    await page.getByLabel('New password', { exact: true }).fill('short');
    await page.getByLabel('New password again').fill('short');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The new password is too short').waitFor();
    await page.getByLabel('New password', { exact: true }).fill('correct horse battery');
    await page.getByLabel('New password again').fill('correct horse');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The two new passwords are not the same.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('New password again').fill('correct horse battery');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('link', { name: 'Almgren, Ingrid' }).waitFor();
  });

  const menus: readonly (readonly [Role, readonly string[], string])[] = [
    ['coordinator', ['Worklist', 'Films', 'People', 'Deliveries'], '/'],
    ['radiologist', ['Worklist', 'Films'], '/'],
    ['site-user', ['Films'], '/films'],
    ['administrator', ['Deliveries', 'Administration'], '/deliveries'],
    ['auditor', ['Audit'], '/audit'],
  ];
  it.each(menus)('offers a %s these pages and no others: %s', async (role, pages, start) => {
    const { page } = await open('', ({ referrals }) => {
      referrals.roles = [role];
    });
    const menu = page.getByRole('navigation', { name: 'Main' });
    await expect.poll(() => menu.getByRole('link').allInnerTexts()).toEqual(pages);
    await expect.poll(() => new URL(page.url()).pathname).toBe(start);
    const closed = role === 'auditor' ? 'films' : 'audit';
    await page.goto(stage.url + closed);
    await page.getByRole('heading', { name: 'This page is not for your role' }).waitFor();
    await page.getByRole('link', { name: 'To the first page' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe(start);
  });

  it('warns before an idle session ends, and stays when a person says so', async () => {
    const { page, referrals } = await open('account', ({ referrals: given }) => {
      given.idleEndsAt = new Date(Date.now() + 60_000).toISOString();
    });
    await page.getByText('You are about to be signed out').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    referrals.idleEndsAt = new Date(Date.now() + 600_000).toISOString();
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.getByText('You are about to be signed out').waitFor({ state: 'detached' });
  });

  it('keeps language and theme that were chosen, whatever the system says', async () => {
    const { page } = await open('', () => undefined, { colorScheme: 'light' });
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByRole('button', { name: 'Mörkt' }).click();
    await page.reload();
    await page.getByText('2,41 mm').waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('sv');
    expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe(
      'rgb(15, 23, 27)',
    );
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows the account at 390 pixels and at 200 % without cutting anything off', async () => {
    const { page } = await open('account', () => undefined, { viewport: { width: 390, height: 844 } });
    await page.getByRole('heading', { name: 'My account' }).waitFor();
    expect(await overflowOf(page)).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
    for (const path of ['', 'referrals/r1', 'films', 'deliveries']) {
      // 1280 pixels at 200 % are 640 of them.
      await page.setViewportSize({ width: 640, height: 400 });
      await page.goto(stage.url + path);
      await page.getByText('Almgren, Ingrid').or(page.getByText('Nothing was given up')).first().waitFor();
      expect(await overflowOf(page), path).toBe(0);
    }
  });

  it('says when there is no such page', async () => {
    const { page } = await open('admin/nothing/here');
    expect(await page.locator('body').innerText()).toContain('not-found');
    await page.goto(stage.url);
    await page.evaluate(
      "history.pushState(null, '', '/nothing'); dispatchEvent(new PopStateEvent('popstate'))",
    );
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  });

  it('says when the service is gone, and finds it again by itself', async () => {
    const { page, referrals } = await open('');
    await page.getByText('Live', { exact: true }).waitFor();
    await stage.stopServer();
    await page.getByText('What you see may be out of date').waitFor({ timeout: 30_000 });
    const person = inventPerson('Sjögren^Astrid', 'TEST-1003');
    referrals.invent({ referralId: 'r2', person });
    await stage.startServer();
    await page.getByText('Sjögren, Astrid').first().waitFor({ timeout: 20_000 });
    await page.getByText('Live', { exact: true }).waitFor();
  });
});
