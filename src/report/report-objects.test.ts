import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Corrector } from '../exam/correction.ts';
import { writePart10, type DicomDataset } from '../dicom/write-part10.ts';
import {
  EXAMPLE_DISPLAY,
  EXAMPLE_HEADER,
  EXAMPLE_PROFILE,
  exampleReport,
  TALKATIVE_SIDE,
  type ExampleOptions,
} from '../testing/example-report.ts';
import {
  exampleDensityReport,
  exampleSpine,
  exampleSpineReport,
  healthySpine,
  relativeLevels,
  type SpineExampleOptions,
} from '../testing/example-spine.ts';
import { complaintsOf } from '../testing/object-validation.ts';
import { requireTool } from '../testing/services.ts';
import { buildPresentationState, type FilmDisplay } from './presentation-state.ts';
import type { ReportInput } from './report-object.ts';
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
  'a film of which much is said': {
    rightSide: TALKATIVE_SIDE,
    magnification: 1.25,
    deviceProfile: EXAMPLE_PROFILE,
  },
  'a lossy film': { header: { transferSyntaxUid: '1.2.840.10008.1.2.4.50' } },
  'a film that was assessed anew': {
    revision: 1,
    predecessor: {
      studyInstanceUid: EXAMPLE_HEADER.studyInstanceUid,
      seriesInstanceUid: '2.25.8',
      sopInstanceUid: '2.25.7',
      sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34',
    },
  },
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
      studyId: null,
      modality: null,
    },
  },
};

const SPINE_CASES: Readonly<Record<string, SpineExampleOptions>> = {
  'a lateral film with a fracture': {},
  'a lateral film without one': { spine: healthySpine() },
  'a lateral film without a scale': { spacing: { mmPerPx: null, source: 'none' } },
  'a lateral film without a level': { spine: { vertebrae: relativeLevels(), sacrumPx: null } },
  'a lateral film without a vertebra': { spine: { vertebrae: [] } },
};

/** A name that DICOM could not hold as it is. */
const BY: Corrector = { userId: 'u-17', name: 'Åsa ^ Påhittad = Lind', role: 'radiologist' };

/** The right side by a person's points, the left one as it was measured. */
function correctedReport(): ReportInput {
  const input = exampleReport({ revision: 1 });
  const { panoramic } = input.analysis;
  if (panoramic === null) throw new Error('the example is panoramic');
  const [right, left] = panoramic.sides;
  const sides = [{ ...right, widthPx: 33, widthMm: 3.16, uncertaintyPx: null }, left] as const;
  const correction = {
    ...{ by: BY, atMs: 0, sides: ['R'] as const, levels: [] },
    measured: { outcome: 'positive', panoramic: { sides: panoramic.sides, meanWidthMm: 2.65 }, spine: null },
  };
  return { ...input, analysis: { ...input.analysis, panoramic: { ...panoramic, sides }, correction } };
}

/** L1 by a person's points and name. */
function correctedSpineReport(): ReportInput {
  const input = exampleSpineReport({ revision: 1 });
  const before = exampleSpine();
  const correction = {
    ...{ by: { ...BY, role: 'coordinator' as const }, atMs: 0, sides: [], levels: ['L1'] },
    measured: { outcome: 'negative', panoramic: null, spine: before },
  };
  return { ...input, analysis: { ...input.analysis, correction } };
}

/** Every kind of film. */
const REPORTS: readonly (readonly [string, ReportInput])[] = [
  ['a film with a point that a person set', correctedReport()],
  ['a lateral film with points that a person set', correctedSpineReport()],
  ...Object.entries(CASES).map(([name, options]) => [name, exampleReport(options)] as const),
  ...Object.entries(SPINE_CASES).map(([name, options]) => [name, exampleSpineReport(options)] as const),
  ['a film of which a model of the site speaks', exampleDensityReport()],
];

/** Those of which something is drawn. */
const DRAWN = REPORTS.filter(
  ([, { analysis }]) => analysis.panoramic !== null || (analysis.spine?.vertebrae.length ?? 0) > 0,
);

/**
 * The template that the validator carries is older than the qualitative evaluations of a measurement group (PS3.16
 * TID 1501, Measurement and Qualitative Evaluation Group), and takes them for an extension, which is allowed.
 */
const EVALUATION_IN_GROUP =
  /^Warning: .*Measurement Group"\)\/(?:CODE|TEXT) \([^)]*(?:\)[^)]*)?\): Content Item not in template$/;

const LUT = { entries: Uint16Array.from({ length: 4096 }, (_, i) => i * 16), firstMapped: -5, bits: 16 };

const DISPLAYS: Readonly<Record<string, Partial<FilmDisplay>>> = {
  'where black is bone': { photometricInterpretation: 'MONOCHROME1', presentationLutShape: null },
  'with tables': { modalityLut: LUT, voiLut: LUT },
  'with two windows': { windowCenter: [1000, 2000.25], windowWidth: [500, 900], voiLutFunction: 'SIGMOID' },
  'that says nothing of how it is shown': {
    windowCenter: [],
    windowWidth: [],
    rescaleSlope: null,
    rescaleIntercept: null,
    presentationLutShape: null,
  },
  'of oblong pixels': { pixelAspectRatio: [], imagerPixelSpacing: [0.1, 0.2] },
};

describe('a report object', () => {
  const tool = requireTool('dciodvfy');
  const folder = mkdtempSync(join(tmpdir(), 'osteotriage-report-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function complaints(dataset: DicomDataset | null): readonly string[] {
    if (dataset === null) throw new Error('nothing was built');
    const path = join(folder, 'object.dcm');
    writeFileSync(path, writePart10(dataset));
    return complaintsOf(tool.available ? tool.path : '', path);
  }

  describe.skipIf(!tool.available)(
    tool.available ? 'has no error and no unexplained warning by dciodvfy' : `is not checked: ${tool.reason}`,
    () => {
      it.each(REPORTS)('as SR of %s', (_name, input) => {
        expect(complaints(buildStructuredReport(input))).toEqual([]);
      });

      it.each(REPORTS)('as Secondary Capture of %s', (_name, input) => {
        expect(complaints(buildSecondaryCapture(input, PICTURE))).toEqual([]);
      });

      it.each(DRAWN)('as presentation state of %s', (_name, input) => {
        expect(complaints(buildPresentationState(input, EXAMPLE_DISPLAY))).toEqual([]);
      });

      it.each(Object.entries(DISPLAYS))('as presentation state of a film %s', (_name, display) => {
        const state = buildPresentationState(exampleReport(), { ...EXAMPLE_DISPLAY, ...display });
        expect(complaints(state)).toEqual([]);
      });
    },
  );

  const validator = requireTool('DicomSRValidator');
  const validated = validator.available ? '' : ` (${validator.reason})`;

  // Slow, for it walks every template by XPath: one report of each kind that has everything.
  it.skipIf(!validator.available).each([
    ['a panoramic film', exampleReport(CASES['a film that was assessed anew'])],
    ['a lateral film', exampleSpineReport({ spine: { vertebrae: exampleSpine().vertebrae.slice(2, 3) } })],
  ])(
    `of %s has no error by DicomSRValidator${validated}`,
    async (_name, input) => {
      const path = join(folder, `${input.header.modality}.dcm`);
      writeFileSync(path, writePart10(buildStructuredReport(input)));
      const limits = ['xpathExprOpLimit', 'xpathExprGrpLimit', 'xpathTotalOpLimit'];
      const { stdout, stderr } = await promisify(execFile)(
        validator.available ? validator.path : '',
        [path],
        { env: { ...process.env, JAVA_TOOL_OPTIONS: limits.map((name) => `-Djdk.xml.${name}=0`).join(' ') } },
      );
      const lines = `${stdout}\n${stderr}`.split('\n');
      expect(lines.some((line) => line.startsWith('Root Template Validation Complete'))).toBe(true);
      const complaints = lines.filter((line) => /error|warning|exception/i.test(line));
      expect(complaints.filter((line) => !EVALUATION_IN_GROUP.test(line))).toEqual([]);
    },
    600_000,
  );

  it('is the same object, byte by byte, when it is written again', () => {
    const write = () => writePart10(buildStructuredReport(exampleReport())).toString('base64');
    expect(write()).toBe(write());
  });

  it('stands in the original study, in a series of its own, with the patient copied', () => {
    const input = exampleReport();
    const objects = [
      buildStructuredReport(input),
      buildSecondaryCapture(input, PICTURE),
      buildPresentationState(input, EXAMPLE_DISPLAY)!,
    ];
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
    expect(new Set([...uids, EXAMPLE_HEADER.seriesInstanceUid, EXAMPLE_HEADER.sopInstanceUid]).size).toBe(8);
  });

  it('has other UIDs for another film or one that was moved to another series, another model version and another revision', () => {
    const input = exampleReport();
    const newer = { ...input.analysis, models: [{ name: 'mandible-contour', version: '1.0.1', sha256: '' }] };
    const uids = [
      input,
      exampleReport({ header: { sopInstanceUid: '2.25.77' } }),
      exampleReport({ header: { seriesInstanceUid: '2.25.77' } }),
      exampleReport({ header: { studyInstanceUid: '2.25.77' } }),
      { ...input, analysis: newer },
      { ...input, revision: 1 },
    ].map((each) => buildStructuredReport(each)['SOPInstanceUID']);
    expect(new Set(uids).size).toBe(6);
  });
});

describe('the structured report', () => {
  const text = (options: ExampleOptions) => JSON.stringify(buildStructuredReport(exampleReport(options)));

  it('is complete and verified by nobody', () => {
    const report = buildStructuredReport(exampleReport());
    expect(report).toMatchObject({ CompletionFlag: 'COMPLETE', VerificationFlag: 'UNVERIFIED' });
  });

  it('names the report that it takes the place of, and the first names none', () => {
    expect(buildStructuredReport(exampleReport())).not.toHaveProperty('PredecessorDocumentsSequence');
    expect(
      buildStructuredReport(exampleReport(CASES['a film that was assessed anew']))[
        'PredecessorDocumentsSequence'
      ],
    ).toEqual({
      StudyInstanceUID: EXAMPLE_HEADER.studyInstanceUid,
      ReferencedSeriesSequence: {
        SeriesInstanceUID: '2.25.8',
        ReferencedSOPSequence: {
          ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.88.34',
          ReferencedSOPInstanceUID: '2.25.7',
        },
      },
    });
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

  it('gives the rival width, the class with its signs, and whose word the correction is', () => {
    const report = text(CASES['a film of which much is said']!);
    expect(report).toContain('"CodeValue":"MCW-RIVAL"');
    expect(report).toContain('"NumericValue":"3.18"');
    expect(report).toContain('"CodeValue":"MCI-C2"');
    for (const sign of ['MCI-DEFECTS', 'MCI-RESIDUES', 'MCI-POROSITY']) expect(report).toContain(sign);
    expect(report).toContain(
      'Klemetti C2 (C1 20 %, C2 70 %, C3 10 %); or 3.2 mm if the inner line is counted as cortex; 2.0 to 2.5 mm within 4 mm of the foramen; foramen uncertain',
    );
    expect(report).toContain('profile Room 2 (magnification 1.25, step phantom, 2026-05-04)');
    expect(text({})).not.toContain('MCW-RIVAL');
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

describe('the presentation state', () => {
  const state = (display: Partial<FilmDisplay> = {}, options: ExampleOptions = {}) =>
    buildPresentationState(exampleReport(options), { ...EXAMPLE_DISPLAY, ...display });

  it('points at the film and shows it as the film asks', () => {
    expect(state()).toMatchObject({
      Modality: 'PR',
      ReferencedSeriesSequence: {
        SeriesInstanceUID: EXAMPLE_HEADER.seriesInstanceUid,
        ReferencedImageSequence: { ReferencedSOPInstanceUID: EXAMPLE_HEADER.sopInstanceUid },
      },
      SoftcopyVOILUTSequence: { WindowCenter: 2048.5, WindowWidth: 4096 },
      PresentationLUTShape: 'IDENTITY',
      DisplayedAreaSelectionSequence: { DisplayedAreaBottomRightHandCorner: [2800, 1244] },
    });
    expect(state(DISPLAYS['where black is bone'])).toMatchObject({ PresentationLUTShape: 'INVERSE' });
    expect(state(DISPLAYS['with two windows'])).toMatchObject({
      SoftcopyVOILUTSequence: { WindowCenter: 1000, VOILUTFunction: 'SIGMOID' },
    });
    expect(state(DISPLAYS['that says nothing of how it is shown'])).not.toHaveProperty(
      'SoftcopyVOILUTSequence',
    );
  });

  it('draws the width where it was measured, half a pixel on from our own coordinates, within the film', () => {
    const { analysis } = exampleReport();
    const { outerPx, innerPx } = analysis.panoramic!.sides[0];
    const width = [outerPx, innerPx].flatMap((point) => [point![0] + 0.5, point![1] + 0.5]);
    const text = JSON.stringify(state());
    expect(text).toContain(`"NumberOfGraphicPoints":2,"GraphicData":${JSON.stringify(width)}`);
    const numbers = [...text.matchAll(/"GraphicData":\[([^\]]+)/g)].flatMap(([, list]) =>
      list!.split(',').map(Number),
    );
    // The border, and for each side the tangent, the width, two bars and the way to the foramen.
    expect(numbers.length).toBe((251 + 2 * 5 * 2) * 2);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(2800);
  });

  it('draws a rival margin as dashes on a layer of its own', () => {
    expect(JSON.stringify(state())).not.toContain('MCW_RIVAL');
    const { GraphicLayerSequence: layers, GraphicAnnotationSequence: drawn } = state(
      {},
      { rightSide: TALKATIVE_SIDE },
    ) as Record<string, DicomDataset[]>;
    expect(layers!.map((layer) => layer['GraphicLayer'])).toEqual(['MCW_LINES', 'MCW_RIVAL', 'MCW_TEXT']);
    expect(drawn![1]!['GraphicObjectSequence']).toHaveLength(5);
  });

  it('says the widths, what was not measured, and that it is no diagnosis', () => {
    const text = JSON.stringify(state({}, { widthPx: { R: null, L: 25 } }));
    expect(text).toContain('NOT FOR DIAGNOSIS');
    expect(text).toContain('Right: not measured');
    expect(text).toContain('Left: 2.40 ± 0.20 mm');
  });

  it('is not made of a colour picture nor of many frames, which it cannot show', () => {
    expect(state({ samplesPerPixel: 3 })).toBeNull();
    expect(state({ numberOfFrames: 2 })).toBeNull();
  });
});
