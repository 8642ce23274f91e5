import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleDensityReport, exampleSpineReport } from '../testing/example-spine.ts';
import { requireTool } from '../testing/services.ts';
import type { ReportInput } from './report-object.ts';
import { makeResultPdf } from './result-pdf.ts';

const tool = requireTool('pdftotext');
const folder = mkdtempSync(join(tmpdir(), 'osteotriage-result-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The words of the page, a run of white space being one space and ± standing close. */
async function wordsOf({ header, analysis }: ReportInput): Promise<string> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = header;
  const pdf = await makeResultPdf({
    standing: {
      ...{ studyInstanceUid, seriesInstanceUid, sopInstanceUid, analysis, reasons: analysis.reasons },
      ...{ state: 'positive', revision: 0, receivedAtMs: 0, finishedAtMs: 1 },
    },
    film: header,
    siteName: 'Norra kliniken',
    softwareVersion: '9.9.9',
    overlayPng: null,
  });
  const path = join(folder, 'result.pdf');
  writeFileSync(path, pdf);
  const text = execFileSync(tool.available ? tool.path : '', ['-layout', path, '-'], { encoding: 'utf8' });
  return text.replaceAll(/\s+/g, ' ').replaceAll(/ ?± ?/g, '±');
}

describe.skipIf(!tool.available)(`a result${tool.available ? '' : ` (${tool.reason})`}`, () => {
  it('of a lateral film lists each vertebra with heights, losses, errors, grade, and why one has none', async () => {
    const words = await wordsOf(exampleSpineReport());
    for (const said of [
      'L1 18,2 21,6 26,4 31±2 18±2 0±2 2 kil / wedge',
      'T12 21,5 23,8 26,4 19±2 10±2 0±2 0',
      'Ställningstagande till behandling föreslås',
      'Measurement of the bone density (DXA) is suggested.',
      'eller kotfraktur',
    ]) {
      expect(words).toContain(said);
    }
    expect(words).toMatch(/L2 – – – – – L2: ett hörn/);
  });

  it('of a model of the site names the score as that model’s own', async () => {
    expect(await wordsOf(exampleDensityReport())).toMatch(/Own model of the site.* 0,810 0,500/);
  });
});
