/** Takes a picture of every page of the worklist: both themes, both languages, wide and narrow; invented people. */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { requireTool } from '../src/testing/services.ts';
import { buildPages } from './build-pages.ts';
import { type InventedClinic, openInventedClinic } from './screenshots/invented-clinic.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: join(tmpdir(), 'osteotriage-screenshots') } },
});

const THEMES = ['light', 'dark'] as const;
const LOOKS = [
  { locale: 'sv-SE', width: 1280, height: 900 },
  { locale: 'sv-SE', width: 390, height: 844 },
  { locale: 'en-GB', width: 1280, height: 900 },
] as const;

process.exitCode = await takePictures();

async function takePictures(): Promise<number> {
  const tool = requireTool('chromium');
  if (!tool.available) {
    process.stderr.write(`no pictures: ${tool.reason}; scripts/services.sh installs it\n`);
    return 1;
  }
  await buildPages();
  await mkdir(values.out, { recursive: true });
  const clinic = await openInventedClinic();
  const browser = await chromium.launch({
    executablePath: tool.path,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    for (const look of LOOKS)
      for (const theme of THEMES) await pictureAll(browser, clinic, { ...look, theme });
  } finally {
    await browser.close();
    await clinic.stop();
  }
  process.stdout.write(`${values.out}\n`);
  return 0;
}

async function pictureAll(
  browser: Browser,
  clinic: InventedClinic,
  look: (typeof LOOKS)[number] & { readonly theme: (typeof THEMES)[number] },
): Promise<void> {
  const { locale, width, height, theme } = look;
  const context = await browser.newContext({ locale, colorScheme: theme, viewport: { width, height } });
  const page = await context.newPage();
  const { url } = clinic.service.ready.http;
  const take = async (name: string): Promise<void> => {
    // What is fetched when a page opens, and the film in its viewer, must be there.
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await page.screenshot({
      path: join(values.out, `${name}-${locale.slice(0, 2)}-${width}-${theme}.png`),
      fullPage: true,
    });
  };
  await page.goto(url);
  await page.locator('input[name="username"]').waitFor();
  await take('sign-in');
  await signIn(page, clinic.coordinator);
  for (const [name, address] of await listPages(clinic)) {
    await page.goto(new URL(address, url).href);
    await page.locator('h1').first().waitFor();
    await take(name);
  }
  await context.close();
}

async function signIn(page: Page, who: { readonly login: string; readonly password: string }): Promise<void> {
  await page.locator('input[name="username"]').fill(who.login);
  await page.locator('input[autocomplete="current-password"]').fill(who.password);
  await page.keyboard.press('Enter');
  await page.locator('a[href="/account"]').first().waitFor();
}

/** Every page by a name, with referrals in several states. */
async function listPages({ coordinator }: InventedClinic): Promise<readonly (readonly [string, string])[]> {
  const { client } = coordinator;
  const { rows } = await client.list('all');
  const closed = await client.list('closed');
  const chosen = [...rows, ...closed.rows].filter(
    (row, index, all) =>
      all.findIndex(({ state, kind }) => state === row.state && kind === row.kind) === index,
  );
  const [first] = rows;
  const tabs = ['new', 'mine', 'awaiting-dxa', 'awaiting-answer', 'overdue', 'closed', 'all'];
  return [
    ...tabs.map((tab) => [`worklist-${tab}`, `/?tab=${tab}`] as const),
    ...chosen.map(
      (row) => [`referral-${row.state}-${row.kind ?? 'none'}`, `/referrals/${row.referralId}`] as const,
    ),
    ['films', '/films'],
    ['exam', `/exams/${first?.examIds[0] ?? ''}`],
    ['persons', '/persons'],
    ['person', `/persons/${first?.personId ?? ''}`],
    ['deliveries', '/deliveries'],
    ['audit', '/audit'],
    ...['sites', 'users', 'models', 'failures', 'health', 'settings', 'history'].map(
      (part) => [`admin-${part}`, `/admin/${part}`] as const,
    ),
    ['account', '/account'],
  ];
}
