import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writePart10, type DicomDataset } from '../dicom/write-part10.ts';
import { EXAMPLE_HEADER, exampleReport, type ExampleOptions } from '../testing/example-report.ts';
import { requireTool } from '../testing/services.ts';
import { buildSecondaryCapture } from './secondary-capture.ts';
import { buildStructuredReport } from './structured-report.ts';

const PICTURE = { columns: 31, rows: 21, rgb: new Uint8Array(31 * 21 * 3).fill(90) };

const CASES: Readonly<Record<string, ExampleOptions>> = {
  'a positive': {},
  'a negative': { widthPx: { R: 41, L: 43.5 }, pmi: 0.33 },
  'a film without spacing': { spacing: { mmPerPx: null, source: 'none' } },
  'a film with one side': { widthPx: { R: null, L: 25 } },
  'a film with no side': { widthPx: { R: null, L: null } },
  'a calibrated film without an index': { spacing: { mmPerPx: 0.08, source: 'calibrated' }, pmi: null },
  'a film of a known magnification': { magnification: 1.25 },
  'a lossy film': { header: { transferSyntaxUid: '1.2.840.10008.1.2.4.50' } },
  'a film that says next to nothing of its patient': {
    header: {
      patientName: null,
      patientId: null,
      issuerOfPatientId: null,
      patientBirthDate: null,
      patientSex: 'female',
      studyDate: null,
      studyTime: 'noon',
      accessionNumber: null,
      studyDescription: null,
      modality: null,
    },
  },
};

describe('a report object', () => {
  const tool = requireTool('dciodvfy');
  const folder = mkdtempSync(join(tmpdir(), 'osteotriage-report-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function errorsOf(dataset: DicomDataset): string[] {
    const path = join(folder, 'object.dcm');
    writeFileSync(path, writePart10(dataset));
    const { stdout, stderr } = spawnSync(tool.available ? tool.path : '', [path], { encoding: 'utf8' });
    const lines = `${stdout}\n${stderr}`.split('\n');
    // It names the IOD it recognised: without that nothing was checked.
    expect(lines.some((line) => /^(Comprehensive3DSR|SCImage)$/.test(line))).toBe(true);
    return lines.filter((line) => line.startsWith('Error'));
  }

  describe.skipIf(!tool.available)(
    tool.available ? 'has no error by dciodvfy' : `is not checked: ${tool.reason}`,
    () => {
      it.each(Object.entries(CASES))('as SR of %s', (_name, options) => {
        expect(errorsOf(buildStructuredReport(exampleReport(options)))).toEqual([]);
      });

      it.each(Object.entries(CASES))('as Secondary Capture of %s', (_name, options) => {
        expect(errorsOf(buildSecondaryCapture(exampleReport(options), PICTURE))).toEqual([]);
      });
    },
  );

  it('is the same object, byte by byte, when it is written again', () => {
    const write = () => writePart10(buildStructuredReport(exampleReport())).toString('base64');
    expect(write()).toBe(write());
  });

  it('stands in the original study, in a series of its own, with the patient copied', () => {
    const input = exampleReport();
    const objects = [buildStructuredReport(input), buildSecondaryCapture(input, PICTURE)];
    for (const object of objects) {
      expect(object).toMatchObject({
        StudyInstanceUID: EXAMPLE_HEADER.studyInstanceUid,
        PatientID: EXAMPLE_HEADER.patientId,
        IssuerOfPatientID: EXAMPLE_HEADER.issuerOfPatientId,
        PatientName: EXAMPLE_HEADER.patientName,
        SpecificCharacterSet: 'ISO_IR 192',
      });
    }
    const uids = objects.flatMap((object) => [object['SeriesInstanceUID'], object['SOPInstanceUID']]);
    expect(new Set([...uids, EXAMPLE_HEADER.seriesInstanceUid, EXAMPLE_HEADER.sopInstanceUid]).size).toBe(6);
  });

  it('has other UIDs for another film and for another model version', () => {
    const input = exampleReport();
    const newer = { ...input.analysis, models: [{ name: 'mandible-contour', version: '1.0.1', sha256: '' }] };
    const uids = [
      input,
      exampleReport({ header: { sopInstanceUid: '2.25.77' } }),
      { ...input, analysis: newer },
    ].map((each) => buildStructuredReport(each)['SOPInstanceUID']);
    expect(new Set(uids).size).toBe(3);
  });
});

describe('the structured report', () => {
  const text = (options: ExampleOptions) => JSON.stringify(buildStructuredReport(exampleReport(options)));

  it('is complete and verified by nobody', () => {
    const report = buildStructuredReport(exampleReport());
    expect(report).toMatchObject({ CompletionFlag: 'COMPLETE', VerificationFlag: 'UNVERIFIED' });
  });

  it('gives millimetres with their scale, and the index as a ratio', () => {
    const report = text({});
    expect(report).toContain('"NumericValue":"2.70"');
    expect(report).toContain('Detector scale, not corrected for magnification');
    expect(report).toContain('{ratio}');
    expect(report).not.toContain('{pixels}');
  });

  it('gives pixels and no millimetre where there is no spacing', () => {
    const report = text({ spacing: { mmPerPx: null, source: 'none' } });
    expect(report).toContain('"NumericValue":"28.2"');
    expect(report).toContain('{pixels}');
    expect(report).not.toContain('"CodeValue":"mm"');
  });

  it('draws the line from the outer to the inner margin, half a pixel on from our own coordinates', () => {
    const { analysis } = exampleReport();
    const { outerPx, innerPx } = analysis.panoramic!.sides[0];
    const points = [outerPx, innerPx].flatMap((point) => [point![0] + 0.5, point![1] + 0.5]);
    expect(text({})).toContain(`"GraphicType":"POLYLINE","GraphicData":${JSON.stringify(points)}`);
  });

  it('says why a side was not measured, and that nothing is ruled out', () => {
    const report = text({ widthPx: { R: null, L: 40 } });
    expect(report).toContain('Right side not measured. The mental foramen was not found');
    expect(report).toContain('does not rule out low bone density');
    expect(report).toContain('not a diagnosis');
  });
});

describe('the secondary capture', () => {
  it('says that it was drawn upon and keeps the loss of its source', () => {
    const lossy = exampleReport({ header: { transferSyntaxUid: '1.2.840.10008.1.2.4.50' } });
    expect(buildSecondaryCapture(lossy, PICTURE)).toMatchObject({
      BurnedInAnnotation: 'YES',
      ConversionType: 'WSD',
      LossyImageCompression: '01',
      Rows: 21,
      Columns: 31,
    });
    expect(buildSecondaryCapture(exampleReport(), PICTURE)).not.toHaveProperty('LossyImageCompression');
  });
});
