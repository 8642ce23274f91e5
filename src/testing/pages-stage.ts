import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { buildPages, PAGES_FOLDER } from '../../scripts/build-pages.ts';
import { systemClock } from '../clock.ts';
import { startHttpServer } from '../http/server.ts';
import type { HttpServer } from '../http/server.ts';
import { ScriptedReferrals } from './scripted-referrals.ts';
import { ScriptedWorklist } from './scripted-worklist.ts';
import { servedOperations } from './served-operations.ts';

/** The moment that the scripted service lives in. */
export const STAGE_NOW_MS = Date.UTC(2026, 10, 22, 8, 5);

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

/** Pages over a scripted service, in a real browser. */
export interface Stage {
  readonly worklist: ScriptedWorklist;
  readonly referrals: ScriptedReferrals;
  readonly url: string;
  readonly page: Page;
  /** What the browser complained about: script errors and breaches of the content security policy. */
  readonly complaints: readonly string[];
  /** Stops the service, and starts it again at the same address. */
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  close(): Promise<void>;
}

/** WebGL drawn by the processor, as on a machine without a graphics card. */
export const SOFTWARE_GRAPHICS = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

/** Builds the pages and starts the browser; `graphics` says what it draws with. */
export async function openBrowser(
  executablePath: string,
  graphics: readonly string[] = [],
): Promise<Browser> {
  await buildPages();
  return chromium.launch({ executablePath, args: [...BROWSER_ARGUMENTS, ...graphics] });
}

/** A service of its own with a page of its own; `fill` says what there is, before anything is asked. */
export async function openStage(
  browser: Browser,
  fill: (stage: Pick<Stage, 'worklist' | 'referrals'>) => void = () => undefined,
  options: BrowserContextOptions = {},
): Promise<Stage> {
  const worklist = new ScriptedWorklist();
  const referrals = new ScriptedReferrals(worklist, () => STAGE_NOW_MS);
  fill({ worklist, referrals });
  const ignore = (): void => undefined;
  const start = (port: number): Promise<HttpServer> =>
    startHttpServer({
      ...{ host: '127.0.0.1', port, access: referrals.gate(), reader: worklist, pictures: worklist },
      ...{ events: worklist, deliveries: worklist, pagesFolder: PAGES_FOLDER },
      routes: [(app) => referrals.serve(app)],
      clock: { ...systemClock, nowMs: () => STAGE_NOW_MS },
      log: { info: ignore, warn: ignore, error: ignore },
      operations: servedOperations(),
      limits: { bodyBytesMax: 65_536, eventStreamsMax: 10 },
    });
  let server = await start(0);
  const { url } = server;
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'Europe/Stockholm',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  return {
    ...{ worklist, referrals, url, page, complaints },
    stopServer: () => server.close(),
    async startServer() {
      server = await start(Number(new URL(url).port));
    },
    async close() {
      await context.close();
      await server.close();
    },
  };
}

/** What axe finds on the page, of any impact. */
export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
  );
}

/** By how many pixels the page is wider than the screen. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
