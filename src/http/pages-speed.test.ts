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
/** From the request of the page to fifty rows that answer a key. */
const INTERACTIVE_MS_MAX = 1_500;
/** A clinic's old computer on a slow line: a quarter of this processor, 1.6 Mbit/s, 150 ms. */
const PROFILE = {
  cpuRate: 4,
  network: { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 },
} as const;
const TRIES = 5;
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
    // Both are taken from what was preloaded; the rows are read once more when the stream of events is open.
    const count = (path: string): number => names.filter((name) => name.includes(path)).length;
    expect(count('/api/session')).toBe(1);
    expect(count('/api/referrals?')).toBeLessThanOrEqual(2);
    for (const name of readdirSync(join(PAGES_FOLDER, 'assets')).filter((file) => file.endsWith('.js'))) {
      expect(statSync(join(PAGES_FOLDER, 'assets', `${name}.gz`)).size, name).toBeGreaterThan(0);
    }
    expect(readFileSync(join(PAGES_FOLDER, 'index.html'), 'utf8')).not.toContain('viewer');
  });

  it('answers a key within the limit on a slow computer and a slow line', async (context) => {
    const [load = 0] = loadavg();
    if (load > LOAD_MAX && process.env['CI'] !== 'true') {
      context.skip(
        `the load of this machine is ${load.toFixed(1)}: the time would be that of other programs`,
      );
    }
    const times: number[] = [];
    for (let round = 0; round < TRIES; round += 1) times.push((await firstView(PROFILE)).readyMs);
    const best = Math.min(...times);
    process.stderr.write(`interactive after ${times.map((time) => Math.round(time)).join(', ')} ms\n`);
    // What other programs take of this machine only adds to it; the least disturbed round is the page's own.
    expect(best).toBeLessThan(INTERACTIVE_MS_MAX);
  });
});

/** Opens the worklist in a fresh browser context and waits until a key moves the selection. */
async function firstView(profile?: typeof PROFILE) {
  const stage = await openStage(browser, ({ referrals }) => {
    for (let n = 0; n < 50; n += 1) {
      const person = inventPerson(`Person^${n}`, `TEST-3${n}`);
      referrals.invent({ referralId: `m${n}`, person });
    }
  });
  const { page } = stage;
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  if (profile !== undefined) {
    await client.send('Emulation.setCPUThrottlingRate', { rate: profile.cpuRate });
    await client.send('Network.emulateNetworkConditions', profile.network);
  }
  const names = new Map<string, string>();
  let bytes = 0;
  client.on('Network.responseReceived', ({ requestId, response }) => names.set(requestId, response.url));
  client.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  // The page itself says when: the first frame in which rows stand there, listening, after a key was answered.
  await page.addInitScript(() => {
    const look = (): void => {
      if (document.querySelectorAll('tbody tr').length < 50) {
        requestAnimationFrame(look);
        return;
      }
      dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }));
      const selected = document.querySelector('tr[aria-current="true"]');
      if (selected === null) requestAnimationFrame(look);
      else document.documentElement.dataset['readyMs'] = String(performance.now());
    };
    requestAnimationFrame(look);
  });
  await page.goto(stage.url, { waitUntil: 'commit' });
  await page.waitForFunction(() => document.documentElement.dataset['readyMs'] !== undefined, undefined, {
    timeout: 30_000,
  });
  const readyMs = Number(await page.evaluate(() => document.documentElement.dataset['readyMs']));
  await stage.close();
  return { bytes, names: [...names.values()], readyMs };
}
