import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGES_FOLDER } from '../../scripts/build-pages.ts';
import { openBrowser, openStage } from '../testing/pages-stage.ts';
import { requireTool } from '../testing/services.ts';
import { inventPerson } from '../testing/scripted-worklist.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;

/** The first view: everything that the browser fetched, as it came over the line. */
const FIRST_VIEW_BYTES_MAX = 200_000;
/** From the request of the page to rows of which a key has selected one. */
const INTERACTIVE_MS_MAX = 1_500;
/**
 * A coordinator's desktop computer in an office: a processor on which WORK takes so long, about twice what it takes on
 * a server's; 10 Mbit/s, 40 ms to the service and back. Coordinators keep the worklist at a desk; on a
 * telephone it can be read, and is not promised in this time.
 */
const OFFICE_WORK_MS = 460;
const OFFICE_LINE = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 625_000 };
/** In a page: objects, sorting and text, as scripts have them. Says how long it took. */
const WORK = `(() => {
  const startedAtMs = performance.now();
  for (let round = 0; round < 60; round += 1) {
    const rows = Array.from({ length: 4_000 }, (_, i) => ({ id: 'r' + ((i * 7_919) % 4_001), text: String(i * 31) }));
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (JSON.parse(JSON.stringify(rows)).length !== 4_000) throw new Error('no work was done');
  }
  return performance.now() - startedAtMs;
})()`;
const TRIES_MAX = 8;
const ROWS = 50;
/** What a screen shows of the fifty rows: they are drawn first. */
const FIRST_ROWS = 12;
/** In the page: the first frame in which rows stand there and a key has selected one. */
const WATCH = `{
  const look = () => {
    const rows = document.querySelectorAll('tbody tr').length;
    if (rows >= ${FIRST_ROWS}) dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }));
    if (document.querySelector('tr[aria-current="true"]') === null) requestAnimationFrame(look);
    else document.documentElement.dataset.readyMs = String(performance.now());
  };
  requestAnimationFrame(look);
}`;
/** With more to do than it has processors this machine measures the others, and the figure says nothing. */
const LOAD_MAX = cpus().length;

let browser: Browser;

describe.skipIf(!tool.available)(`the first view${skipped}`, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    if (tool.available) browser = await openBrowser(tool.path);
  });
  afterAll(() => browser.close());

  it('comes compressed, is small, and holds neither the viewer nor the other pages', async () => {
    const { bytes, names } = await firstView();
    process.stderr.write(`first view: ${bytes} bytes in ${names.length} answers\n`);
    expect(bytes).toBeLessThan(FIRST_VIEW_BYTES_MAX);
    expect(names.filter((name) => /viewer|audit|admin|person|referral-page/.test(name))).toEqual([]);
    // Both are taken from what was preloaded, and not read again when the stream of events opens right after.
    const count = (path: string): number => names.filter((name) => name.includes(path)).length;
    expect(count('/api/session')).toBe(1);
    expect(count('/api/events')).toBe(1);
    expect(count('/api/referrals?')).toBe(1);
    for (const name of readdirSync(join(PAGES_FOLDER, 'assets')).filter((file) => file.endsWith('.js'))) {
      expect(statSync(join(PAGES_FOLDER, 'assets', `${name}.gz`)).size, name).toBeGreaterThan(0);
    }
    expect(readFileSync(join(PAGES_FOLDER, 'index.html'), 'utf8')).not.toContain('viewer');
  });

  it('answers a key within the limit on a computer and a line of an office', async (context) => {
    const [load = 0] = loadavg();
    if (load > LOAD_MAX && process.env['CI'] !== 'true') {
      context.skip(
        `the load of this machine is ${load.toFixed(1)}: the time would be that of other programs`,
      );
    }
    // What other programs take of this machine only adds to it; the least disturbed round is the page's own.
    const times: number[] = [];
    while (times.length < TRIES_MAX && Math.min(...times) >= INTERACTIVE_MS_MAX) {
      // As much slower than this machine is in this moment: virtual machines have neighbours.
      const slowdown = Math.max(1, OFFICE_WORK_MS / (await workMs()));
      const { readyMs } = await firstView(slowdown);
      process.stderr.write(`slowed down ${slowdown.toFixed(2)} times: `);
      times.push(readyMs);
    }
    process.stderr.write(`interactive after ${times.map((time) => Math.round(time)).join(', ')} ms\n`);
    expect(Math.min(...times)).toBeLessThan(INTERACTIVE_MS_MAX);
  });
});

/** How long the work takes in a page now; the first time it is compiled. */
async function workMs(): Promise<number> {
  const page = await browser.newPage();
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) times.push(Number(await page.evaluate(WORK)));
  await page.close();
  return Math.min(...times);
}

/**
 * Opens the worklist in a fresh browser context and waits until a key moves the selection; with a slowdown on the
 * computer and the line of an office.
 */
async function firstView(slowdown?: number) {
  const stage = await openStage(browser, ({ referrals }) => {
    for (let n = 0; n < ROWS; n += 1) {
      const person = inventPerson(`Person^${n}`, `TEST-3${n}`);
      referrals.invent({ referralId: `m${n}`, person });
    }
  });
  const { page } = stage;
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  if (slowdown !== undefined) {
    await client.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    await client.send('Network.emulateNetworkConditions', OFFICE_LINE);
  }
  const names = new Map<string, string>();
  let bytes = 0;
  client.on('Network.responseReceived', ({ requestId, response }) => names.set(requestId, response.url));
  client.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.addInitScript(WATCH);
  await page.goto(stage.url, { waitUntil: 'commit' });
  await page.waitForSelector('html[data-ready-ms]', { state: 'attached', timeout: 30_000 });
  const readyMs = Number(await page.getAttribute('html', 'data-ready-ms'));
  // The others follow by themselves, and the events are listened to.
  await page
    .locator('tbody tr')
    .nth(ROWS - 1)
    .waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  await stage.close();
  return { bytes, names: [...names.values()], readyMs };
}
