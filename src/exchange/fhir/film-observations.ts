/** What was measured on a film as FHIR Observations: each has an identifier made of the film's and a name. Pure. */
import type { SharedFilm } from '../../database/shared-films.ts';
import { reasonText } from '../../decide/reason-texts.ts';
import type {
  AnalysisResult,
  PanoramicFinding,
  ReportedSide,
  SpineFinding,
  VertebraFinding,
} from '../../exam/analysis.ts';
import { isGraded } from '../../exam/worst-vertebra.ts';
import { mmPerPxOf } from '../../decide/referral-policy.ts';
import type { Code } from '../../report/content-item.ts';
import { outcomeCode } from '../../report/evaluation-items.ts';
import { scaleCodeOf } from '../../report/measurement-group.ts';
import { ANSWERS, CONCEPTS, UNITS } from '../../report/report-codes.ts';
import {
  DEFORMITY_CODES,
  GRADE_CODES,
  SPINE_ANSWERS,
  SPINE_CONCEPTS,
  VERTEBRA,
  VERTEBRA_LEVELS,
} from '../../report/spine-codes.ts';
import {
  conceptOf,
  dateOf,
  type FhirElement,
  type FhirResource,
  hl7Concept,
  instantOf,
  quantityOf,
  referenceTo,
} from './fhir-values.ts';

const KLEMETTI = { C1: ANSWERS.klemettiC1, C2: ANSWERS.klemettiC2, C3: ANSWERS.klemettiC3 };

/** The first Observation of every film that was read, which others refer to. */
export const OUTCOME_NAME = 'outcome';

/** Everything that was measured on a film, and the outcome first. */
export function filmObservations(film: SharedFilm, analysis: AnalysisResult): readonly FhirResource[] {
  const { panoramic, spine, boneDensity } = analysis;
  const make = makerFor(film, analysis);
  return [
    make(OUTCOME_NAME, {
      code: conceptOf(CONCEPTS.triageOutcome),
      valueCodeableConcept: conceptOf(outcomeCode(analysis)),
    }),
    ...(panoramic === null ? [] : panoramicObservations(make, analysis, panoramic)),
    ...(spine === null ? [] : spineObservations(make, spine)),
    ...(boneDensity === null
      ? []
      : [
          make('density', {
            code: conceptOf(CONCEPTS.boneDensityScore),
            valueQuantity: quantityOf(boneDensity.score, 3, UNITS.none),
            component: [numberComponent(CONCEPTS.boneDensityLimit, boneDensity.limit, 3, UNITS.none)],
          }),
        ]),
  ];
}

/** `part` names the side or the vertebra that it is of; left out: it rests on all of them. */
type Maker = (name: string, members: FhirElement, part?: string) => FhirResource;

function makerFor(film: SharedFilm, { models, correction }: AnalysisResult): Maker {
  const device = models.map(({ name, version }) => `${name} ${version}`).join(', ');
  const isCorrected = (part: string | undefined): boolean =>
    part === undefined || [...(correction?.sides ?? []), ...(correction?.levels ?? [])].includes(part);
  return (name, members, part) => ({
    resourceType: 'Observation',
    id: `${film.exam_id}.${name}`,
    // What a model says alone was verified by nobody.
    status: correction !== undefined && isCorrected(part) ? 'final' : 'preliminary',
    category: [hl7Concept('observation-category', 'imaging', 'Imaging')],
    subject: referenceTo('Patient', film.person_id),
    effectiveDateTime: dateOf(film.study_date),
    issued: instantOf(film.endedAtMs),
    performer:
      correction !== undefined && isCorrected(part)
        ? [{ ...referenceTo('Practitioner', correction.by.userId), display: correction.by.name }]
        : undefined,
    device: { type: 'Device', display: device === '' ? 'osteotriage' : `osteotriage: ${device}` },
    derivedFrom: [referenceTo('ImagingStudy', film.studyExamId)],
    ...members,
  });
}

function panoramicObservations(
  make: Maker,
  analysis: AnalysisResult,
  panoramic: PanoramicFinding,
): readonly FhirResource[] {
  const { meanWidthMm, magnification } = panoramic;
  const scale = codeComponent(CONCEPTS.measurementScale, scaleCodeOf(analysis.spacing, magnification));
  return [
    ...(meanWidthMm === null
      ? []
      : [
          make('mcw-mean', {
            code: conceptOf(CONCEPTS.corticalWidth),
            bodySite: conceptOf(ANSWERS.mandible),
            method: conceptOf(ANSWERS.mean, 'Mean of the assessable sides'),
            valueQuantity: quantityOf(meanWidthMm, 2, UNITS.millimetre),
            component: [scale],
          }),
        ]),
    ...panoramic.sides
      .filter((side) => side.assessable && side.widthPx !== null)
      .flatMap((side) => sideObservations(make, side, scale, mmPerPxOf(analysis.spacing, magnification))),
  ];
}

function sideObservations(
  make: Maker,
  side: ReportedSide,
  scale: FhirElement,
  mmPerPx: number | null,
): readonly FhirResource[] {
  const { widthPx, widthMm, uncertaintyPx, otherWidthPx, pmi, mci } = side;
  const bodySite = mandibleSide(side.side);
  const name = side.side.toLowerCase();
  const inMm = widthMm !== null && mmPerPx !== null;
  const length = (px: number) =>
    inMm ? quantityOf(px * mmPerPx, 2, UNITS.millimetre) : quantityOf(px, 1, UNITS.pixels);
  const lengthComponent = (code: Code, px: number | null) =>
    px === null ? [] : [{ code: conceptOf(code), valueQuantity: length(px) }];
  return [
    make(
      `mcw-${name}`,
      {
        code: conceptOf(CONCEPTS.corticalWidth),
        bodySite,
        method: conceptOf(ANSWERS.perpendicularThroughForamen),
        valueQuantity: inMm ? quantityOf(widthMm, 2, UNITS.millimetre) : length(widthPx ?? 0),
        component: [
          scale,
          ...lengthComponent(CONCEPTS.corticalWidthError, uncertaintyPx),
          ...lengthComponent(CONCEPTS.corticalWidthRival, otherWidthPx),
        ],
      },
      side.side,
    ),
    ...(pmi === null
      ? []
      : [
          make(
            `pmi-${name}`,
            {
              code: conceptOf(CONCEPTS.panoramicIndex),
              bodySite,
              valueQuantity: quantityOf(pmi, 3, UNITS.ratio),
            },
            side.side,
          ),
        ]),
    ...(mci === null
      ? []
      : [
          make(
            `mci-${name}`,
            {
              code: conceptOf(CONCEPTS.corticalIndex),
              bodySite,
              valueCodeableConcept: conceptOf(KLEMETTI[mci.class]),
              component: [
                numberComponent(CONCEPTS.residueLayers, mci.signs.residueLayers, 0, UNITS.none),
                numberComponent(CONCEPTS.bandPorosity, mci.signs.porosityShare * 100, 0, UNITS.percent),
              ],
            },
            side.side,
          ),
        ]),
  ];
}

function spineObservations(make: Maker, spine: SpineFinding): readonly FhirResource[] {
  const { vertebrae, worstGrade } = spine;
  return [
    make('genant-worst', {
      code: conceptOf(SPINE_CONCEPTS.worstGrade),
      bodySite: conceptOf(SPINE_ANSWERS.spine),
      method: conceptOf(SPINE_ANSWERS.sixPoints),
      valueCodeableConcept: conceptOf(
        worstGrade === null ? SPINE_ANSWERS.notGraded : GRADE_CODES[worstGrade],
      ),
    }),
    ...vertebrae.map((vertebra) => vertebraObservation(make, vertebra)),
  ];
}

function vertebraObservation(make: Maker, vertebra: VertebraFinding): FhirResource {
  const { level, levelConfidence, lossPercent, lossErrorPercent, deformity, reason, remarks } = vertebra;
  const percent = (code: Code, value: number | null | undefined) =>
    value == null ? [] : [numberComponent(code, value, 1, UNITS.percent)];
  const texts = [
    ...[...(reason === null ? [] : [reason]), ...remarks].map((code) => reasonText(code, 'en', { level })),
    ...(levelConfidence === null ? [reasonText('levels-relative', 'en')] : []),
  ];
  const grade = isGraded(vertebra) ? GRADE_CODES[vertebra.genantGrade] : SPINE_ANSWERS.notGraded;
  const components = [
    ...(deformity === null ? [] : [codeComponent(SPINE_CONCEPTS.deformity, DEFORMITY_CODES[deformity])]),
    ...percent(SPINE_CONCEPTS.wedgeLoss, lossPercent?.wedge),
    ...percent(SPINE_CONCEPTS.wedgeLossError, lossErrorPercent?.wedge),
    ...percent(SPINE_CONCEPTS.biconcaveLoss, lossPercent?.biconcave),
    ...percent(SPINE_CONCEPTS.biconcaveLossError, lossErrorPercent?.biconcave),
    ...percent(SPINE_CONCEPTS.crushLoss, lossPercent?.crush),
    ...percent(SPINE_CONCEPTS.crushLossError, lossErrorPercent?.crush),
  ];
  return make(
    `vertebra-${level.toLowerCase()}`,
    {
      code: conceptOf(SPINE_CONCEPTS.grade),
      bodySite: conceptOf(VERTEBRA_LEVELS[level] ?? VERTEBRA, `Vertebra ${level}`),
      method: conceptOf(SPINE_ANSWERS.sixPoints),
      valueCodeableConcept: conceptOf(grade),
      component: components.length === 0 ? undefined : components,
      note: texts.length === 0 ? undefined : texts.map((text) => ({ text })),
    },
    level,
  );
}

/** SNOMED CT has no code for half a mandible: the whole, and the side in words and as an expression. */
function mandibleSide(side: 'R' | 'L'): FhirElement {
  const laterality = side === 'R' ? ANSWERS.right : ANSWERS.left;
  const { value, scheme, meaning } = ANSWERS.mandible;
  const { laterality: attribute } = CONCEPTS;
  return conceptOf(
    [
      {
        value: `${value}:${attribute.value}=${laterality.value}`,
        scheme,
        meaning: `${laterality.meaning} ${meaning.toLowerCase()}`,
      },
      ANSWERS.mandible,
    ],
    `${meaning}, ${laterality.meaning.toLowerCase()}`,
  );
}

function numberComponent(
  code: Code,
  value: number,
  decimals: number,
  unit: Pick<Code, 'value' | 'meaning'>,
): FhirElement {
  return { code: conceptOf(code), valueQuantity: quantityOf(value, decimals, unit) };
}

function codeComponent(code: Code, value: Code): FhirElement {
  return { code: conceptOf(code), valueCodeableConcept: conceptOf(value) };
}
