import type { Browser, Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  openBrowser,
  openStage,
  overflowOf,
  SOFTWARE_GRAPHICS,
  violationsOf,
} from '../testing/pages-stage.ts';
import type { Stage } from '../testing/pages-stage.ts';
import { inventExam, paintPng } from '../testing/scripted-worklist.ts';
import { requireTool } from '../testing/services.ts';

const tool = requireTool('chromium');
const skipped = tool.available ? '' : ` (skipped: ${tool.reason})`;

let browser: Browser;
let stage: Stage;
const asked: string[] = [];

async function open(
  graphics: readonly string[],
  options: Parameters<typeof openStage>[2] = {},
): Promise<Page> {
  if (!tool.available) throw new Error(tool.reason);
  browser = await openBrowser(tool.path, graphics);
  stage = await openStage(
    browser,
    ({ worklist }) => {
      worklist.exams.push(inventExam({ examId: 'e1' }));
      const shade = (column: number, row: number): number => (row > 400 ? 10 : 60 + (column % 97));
      worklist.pictures.set('e1', {
        preview: paintPng(1200, 500, shade),
        overlay: paintPng(1200, 500, (column, row) => (row === 400 ? 255 : shade(column, row))),
      });
    },
    options,
  );
  const { page } = stage;
  asked.length = 0;
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.route('**/api/exams/e1/film', (route) => route.fulfill({ body: samplesOf(1200, 500) }));
  await page.goto(`${stage.url}exams/e1`);
  return page;
}

/** An answer as the service gives it: the length of the head, the head, the samples. */
function samplesOf(columns: number, rows: number): Buffer {
  const window = { center: 400, width: 800 };
  const head = {
    ...{ columns, rows, reduction: 1, filmColumns: columns, filmRows: rows, lowest: 0, highest: 800 },
    ...{ window, fileWindow: null, spacing: { mmPerPx: 0.1, source: 'detector' } },
  };
  const text = JSON.stringify(head);
  // Samples begin at an even byte.
  const bytes = Buffer.from(text.padEnd(text.length + (text.length % 2)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  const samples = Uint16Array.from({ length: columns * rows }, (_none, at) => at % 800);
  return Buffer.concat([length, bytes, Buffer.from(samples.buffer)]);
}

type Place = readonly [x: number, y: number];

/** Moves fingers by 60 pixels; `fingersAt` says where they are after so many. */
async function drag(page: Page, fingersAt: (step: number) => readonly Place[]): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', fingers: readonly Place[]) =>
    client.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: fingers.map(([x, y], id) => ({ x, y, id })),
    });
  await touch('touchStart', fingersAt(10));
  for (let step = 20; step <= 60; step += 10) await touch('touchMove', fingersAt(step));
  await touch('touchEnd', []);
  await client.detach();
}

/** Where the name of a measured side stands over the film. */
async function markOf(page: Page): Promise<Place> {
  return page.evaluate<Place>(
    "['x', 'y'].map((name) => Number(document.querySelector('.result text').getAttribute(name)))",
  );
}

/** How long a measured width is on the screen: how large the film is drawn. */
async function widthOnScreen(page: Page): Promise<number> {
  return page.evaluate<number>("document.querySelector('.result .line-width').getTotalLength()");
}

describe.skipIf(!tool.available)(`the film in Chromium${skipped}`, { timeout: 120_000 }, () => {
  afterEach(async () => {
    await stage.close();
    await browser.close();
  });

  for (const [locale, sentence] of [
    ['en-GB', 'which has no graphics (WebGL 2); the picture is shown instead.'],
    ['sv-SE', 'som saknar grafik (WebGL 2); en enkel bild visas i stället.'],
  ] as const) {
    it(`is a picture in a browser without WebGL, with and without the measurement, ${locale}`, async () => {
      const page = await open(['--disable-3d-apis'], { locale });
      expect(await page.evaluate("document.createElement('canvas').getContext('webgl2')")).toBeNull();
      await page.getByText(sentence).waitFor();
      const seen = page.locator('.viewer-frame img:visible');
      for (const picture of ['overlay', 'preview', 'overlay']) {
        await expect.poll(() => seen.getAttribute('src')).toBe(`/api/exams/e1/${picture}.png`);
        await expect
          .poll(() => page.evaluate(`document.querySelector('img[src$="${picture}.png"]').naturalWidth`))
          .toBe(1200);
        await page.locator('.viewer-frame').press('o');
      }
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        expect(await overflowOf(page)).toBe(0);
        expect(await violationsOf(page)).toEqual([]);
      }
      // What it cannot draw is not fetched, and nobody's sight of it written down.
      expect(asked.filter((path) => /\/film$|\/viewer-.*\.js$/.test(path))).toEqual([]);
      expect(stage.complaints).toEqual([]);
    });
  }

  it('answers to one finger as the chosen tool says, to two by growing, and a ruler follows the finger', async () => {
    const page = await open(SOFTWARE_GRAPHICS, { hasTouch: true, viewport: { width: 390, height: 844 } });
    const pane = page.locator('.pane[data-open="true"]');
    await pane.waitFor({ timeout: 30_000 });
    await page.evaluate('document.querySelector(".pane").scrollIntoView({ block: "center" })');
    const greys = page.getByRole('combobox', { name: 'Greys' });
    const { x, y, width, height } = (await pane.boundingBox())!;
    const middle: Place = [x + width / 2, y + height / 2];
    expect(await greys.inputValue()).toBe('film');
    await drag(page, (step) => [[middle[0] + step, middle[1] + step]]);
    await expect.poll(() => greys.inputValue()).toBe('own');

    const asFitted = await widthOnScreen(page);
    // The browser takes no tap so soon after a drag, so the buttons are clicked.
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    const before = await markOf(page);
    await drag(page, (step) => [[middle[0] + step, middle[1] + step]]);
    await expect.poll(async () => (await markOf(page))[0] - before[0]).toBeCloseTo(50, 0);
    expect(await widthOnScreen(page)).toBeCloseTo(asFitted, 0);

    await page.getByRole('button', { name: 'Zoom', exact: true }).click();
    await drag(page, (step) => [[middle[0], middle[1] + step]]);
    await expect.poll(() => widthOnScreen(page)).toBeGreaterThan(asFitted * 1.3);
    await page.getByRole('button', { name: 'Fit' }).click();
    await expect.poll(() => widthOnScreen(page)).toBeCloseTo(asFitted, 0);
    await page.getByRole('button', { name: 'Greys', exact: true }).click();
    await drag(page, (step) => [
      [middle[0] - step, middle[1]],
      [middle[0] + step, middle[1]],
    ]);
    await expect.poll(() => widthOnScreen(page)).toBeGreaterThan(asFitted * 1.3);

    await page.getByRole('button', { name: 'Fit' }).click();
    await page.getByRole('button', { name: 'Ruler' }).click();
    const end = page.getByRole('button', { name: 'End of the ruler' });
    const asPut = await end.getAttribute('aria-label');
    const grip = (await end.boundingBox())!;
    const from: Place = [grip.x + grip.width / 2, grip.y + grip.height / 2];
    await drag(page, (step) => [[from[0] - step, from[1] + step]]);
    await expect.poll(() => end.getAttribute('aria-label')).not.toBe(asPut);
    expect(await overflowOf(page)).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
    expect(stage.complaints).toEqual([]);
  });
});
