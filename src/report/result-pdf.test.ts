import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AnalysisResult } from '../exam/analysis.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import { EXAMPLE_PROFILE, exampleReport, TALKATIVE_SIDE } from '../testing/example-report.ts';
import { exampleDensityReport, exampleSpineReport } from '../testing/example-spine.ts';
import { requireTool } from '../testing/services.ts';
import type { ReportInput } from './report-object.ts';
import { buildStructuredReport } from './structured-report.ts';
import { makeResultPdf } from './result-pdf.ts';

const tool = requireTool('pdftotext');
const folder = mkdtempSync(join(tmpdir(), 'osteotriage-result-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A result as the record of an earlier version holds it, which knew less of a side. */
function earlierShape(analysis: AnalysisResult): unknown {
  const later = ['otherWidthPx', 'widthsBeside', 'mci', 'deviceProfile', 'boneDensity'];
  return JSON.parse(
    JSON.stringify(analysis, (key, value: unknown) => (later.includes(key) ? undefined : value)),
  );
}

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

  it('of a panoramic film explains each number: width, class, the other margin, the foramen, the scale', async () => {
    const words = await wordsOf(
      exampleReport({ rightSide: TALKATIVE_SIDE, magnification: 1.25, deviceProfile: EXAMPLE_PROFILE }),
    );
    for (const said of [
      'C2 (70 %)',
      'Skala / Scale: korrigerat med profilen Room 2',
      'magnification 1.25, step phantom, 2026-05-04',
      'one standard error',
    ]) {
      expect(words).toContain(said);
    }
    expect(words).toMatch(/2,16±0,16 mm/);
    expect(words).toMatch(/eller 3,2 mm om/);
    expect(words).toMatch(/foramen uncertain/);
  });

  it('of a result of an earlier version is made too', async () => {
    const { analysis, ...input } = exampleReport();
    const stored = parseStoredAnalysis(JSON.stringify(earlierShape(analysis)));
    expect(stored).toEqual(analysis);
    expect(await wordsOf({ ...input, analysis: stored })).toMatch(/2,70±0,20 mm/);
    expect(buildStructuredReport({ ...input, analysis: stored })).toEqual(
      buildStructuredReport({ ...input, analysis }),
    );
  });

  it('of a model of the site names the score as that model’s own', async () => {
    expect(await wordsOf(exampleDensityReport())).toMatch(/Own model of the site.* 0,810 0,500/);
  });
});
