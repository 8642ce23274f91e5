import { describe, expect, it } from 'vitest';
import { EXAMPLE_DISPLAY } from '../testing/example-report.ts';
import {
  exampleDensityReport,
  exampleSpine,
  exampleSpineReport,
  relativeLevels,
  type SpineExampleOptions,
} from '../testing/example-spine.ts';
import { buildPresentationState } from './presentation-state.ts';
import { buildStructuredReport } from './structured-report.ts';

describe('the structured report of a lateral film', () => {
  const text = (options: SpineExampleOptions = {}) =>
    JSON.stringify(buildStructuredReport(exampleSpineReport(options)));

  it('has a group for each vertebra at its coded level, with points, heights, losses, grade and type', () => {
    const report = text();
    const groups = report.split('"Vertebra L1"')[1]!.split('"Vertebra L2"')[0]!;
    expect(groups).toContain('"CodeValue":"66794005","CodingSchemeDesignator":"SCT"');
    const { superiorAnterior, inferiorAnterior } = exampleSpine().vertebrae[2]!.pointsPx;
    const at = ([x, y]: readonly [number, number]) => [x + 0.5, y + 0.5];
    expect(groups).toContain(`"GraphicType":"POINT","GraphicData":${JSON.stringify(at(superiorAnterior))}`);
    const height = [...at(superiorAnterior), ...at(inferiorAnterior)];
    expect(groups).toContain(`"GraphicType":"POLYLINE","GraphicData":${JSON.stringify(height)}`);
    for (const said of ['18.22', '31.0', '1.8', 'GENANT-2', 'DEFORM-WEDGE', 'SCALE-DET']) {
      expect(groups).toContain(said);
    }
    expect(report.match(/"GraphicType":"POINT"/g)).toHaveLength(7 * 6 + 1);
  });

  it('says why a body is not graded, what is near a boundary, and what is suggested', () => {
    const report = text();
    expect(report.match(/"GENANT-NONE"/g)).toHaveLength(2);
    expect(report).toContain('L2: a corner is not certain enough');
    expect(report).toContain('T12: the loss lies within one standard error of the boundary');
    for (const code of ['POSITIVE-SPINE', 'ASSESS-TREATMENT', 'ASSESS-DXA']) expect(report).toContain(code);
    expect(report).not.toContain('ASSESS-FRAX');
  });

  it('gives heights in pixels without a scale, and a relative level in words', () => {
    const report = text({
      spacing: { mmPerPx: null, source: 'none' },
      spine: { vertebrae: relativeLevels() },
    });
    expect(report).not.toContain('"CodeValue":"mm"');
    expect(report).toContain('V3: The levels could not be counted');
    expect(report).toContain('"CodeValue":"51282000"');
  });

  it('names the score of a model of the site as that model’s own', () => {
    const report = JSON.stringify(buildStructuredReport(exampleDensityReport()));
    expect(report).toContain('Score of bone density by a model of this site');
    expect(report).toContain('"NumericValue":"0.810"');
    expect(report).toContain('POSITIVE-BMD');
  });
});

describe('the presentation state of a lateral film', () => {
  it('outlines each vertebra on a layer that says how it was graded, and names it beside it', () => {
    const lateral = buildPresentationState(exampleSpineReport(), EXAMPLE_DISPLAY)!;
    expect(lateral).toMatchObject({ ContentLabel: 'VERTEBRAE', BodyPartExamined: 'SPINE' });
    const annotations = lateral['GraphicAnnotationSequence'] as readonly Record<string, unknown[]>[];
    expect(annotations.map((each) => [each['GraphicLayer'], each['GraphicObjectSequence']?.length])).toEqual([
      ['VB_DEFORMED', 2],
      ['VB_GRADE_0', 3],
      ['VB_NOT_GRADED', 2],
      ['VB_TEXT', undefined],
    ]);
    const text = JSON.stringify(annotations);
    expect(text).toContain('"UnformattedTextValue":"L1 grade 2 wedge"');
    expect(text).toContain('L2: a corner is not certain enough');
    expect(text).toContain('NOT FOR DIAGNOSIS');
    const { superiorAnterior } = exampleSpine().vertebrae[0]!.pointsPx;
    expect(text).toContain(
      `"NumberOfGraphicPoints":7,"GraphicData":[${superiorAnterior[0] + 0.5},${superiorAnterior[1] + 0.5},`,
    );
  });

  it('is not made of a film on which there is nothing to draw', () => {
    expect(buildPresentationState(exampleDensityReport(), EXAMPLE_DISPLAY)).toBeNull();
    const empty = exampleSpineReport({ spine: { vertebrae: [] } });
    expect(buildPresentationState(empty, EXAMPLE_DISPLAY)).toBeNull();
  });
});
