/**
 * The result of a referral that a person has looked at: ORU^R01 with the finding of the film that speaks most clearly,
 * what was decided, and the T-scores once they are known (2.5.1 section 7.3.1). Pure.
 */
import type { FilmFacts, ReferralFacts } from '../../database/referral-facts.ts';
import { scaleText } from '../../decide/cortex-words.ts';
import { densityClassOf } from '../../decide/dxa-class.ts';
import { DISCLAIMER, type Language } from '../../decide/reason-texts.ts';
import type { AnalysisResult, ReportedSide } from '../../exam/analysis.ts';
import { isGraded, largestLossPercent } from '../../exam/worst-vertebra.ts';
import type { Hl7Receiver } from '../../exchange-settings.ts';
import { reasonLines } from '../../report/finding-lines.ts';
import { DXA_CODE } from './order-message.ts';
import {
  type MessageStamp,
  messageHeader,
  OWN_AUTHORITY,
  OWN_SCHEME,
  patientSegments,
} from './message-head.ts';
import { type Field, messageText, segment, timeText } from './segment.ts';

/** How final a result is (HL7 tables 0085 and 0123): a referral under way, ended, or ended and then corrected. */
export type ResultStatus = 'P' | 'F' | 'C';

/** A result on its way to one receiver. */
export interface Hl7Result {
  readonly facts: ReferralFacts;
  readonly status: ResultStatus;
}

interface Observation {
  /** NM a number, CE a code, TX a text. */
  readonly type: 'NM' | 'CE' | 'TX';
  readonly code: Field;
  readonly value: Field;
  readonly unit?: string;
  /** HL7 table 0078: below or far below normal, abnormal. */
  readonly flag?: 'L' | 'LL' | 'A';
}

/** T-scores as LOINC names them; the femoral neck has no code of its own there that this service knows. */
const T_SCORES = [
  ['lumbarSpine', ['38267-1', 'DXA Lumbar spine [T-score] Bone density', 'LN']],
  ['femoralNeck', own('T-NECK', 'DXA T-score of the femoral neck')],
  ['totalHip', ['38264-8', 'DXA Hip [T-score] Bone density', 'LN']],
] as const;

/** Writes the message. */
export function resultMessage(result: Hl7Result, receiver: Hl7Receiver, stamp: MessageStamp): string {
  const { facts, status } = result;
  const [lead] = facts.films;
  return messageText([
    messageHeader('ORU^R01', receiver, stamp),
    ...patientSegments(facts.person, timeText(stamp.atMs).slice(0, 8)),
    ...(lead === undefined ? [] : filmSegments(lead, result, receiver)),
    ...dxaSegments(facts, status, lead === undefined ? 1 : 2),
  ]);
}

function filmSegments(film: FilmFacts, { facts, status }: Hl7Result, { language }: Hl7Receiver) {
  const observations = [...decisionsOf(facts), ...valuesOf(film.analysis, language)];
  const lines = [...reasonLines(film.reasons, language), DISCLAIMER[language]];
  return [
    segment('OBR', {
      1: 1,
      2: film.accessionNumber,
      3: [facts.referralId, OWN_AUTHORITY],
      4: own('TRIAGE', 'Radiograph read for signs of osteoporosis: a finding for triage, not a diagnosis'),
      7: film.studyDate ?? timeText(film.receivedAtMs),
      25: status,
    }),
    ...lines.map((line, index) => segment('NTE', { 1: index + 1, 2: 'L', 3: line, 4: 'RE' })),
    ...observationSegments(observations, status),
  ];
}

function dxaSegments({ dxa, steps: [step], ageYears }: ReferralFacts, status: ResultStatus, number: number) {
  if (dxa === null) return [];
  const scores = T_SCORES.flatMap(([region, code]): readonly Observation[] => {
    const value = dxa.tScores[region];
    return value === null
      ? []
      : [
          {
            type: 'NM',
            code,
            value,
            unit: '{T-score}',
            ...flagOf(value <= -2.5 ? 'LL' : value < -1 ? 'L' : null),
          },
        ];
  });
  const densityClass = densityClassOf(dxa.tScores, ageYears);
  const order: Field = step === undefined ? null : [step.accession_number, OWN_AUTHORITY];
  return [
    segment('OBR', {
      ...{ 1: number, 2: order, 3: order, 4: DXA_CODE },
      7: dxa.measuredOn.replaceAll('-', ''),
      25: status,
    }),
    ...observationSegments(
      [
        ...scores,
        ...(densityClass === null
          ? []
          : [
              {
                type: 'TX' as const,
                code: own('WHO-CLASS', 'WHO class of bone density'),
                value: densityClass,
              },
            ]),
      ],
      status,
    ),
  ];
}

/** What people made of the finding. */
function decisionsOf({ state, dismissalReason, outcome }: ReferralFacts): readonly Observation[] {
  const decision =
    state === 'dismissed'
      ? own('DISMISSED', `Dismissed after review: ${dismissalReason ?? 'other'}`)
      : state === 'closed'
        ? own('CLOSED', `Closed: ${outcome ?? 'other'}`)
        : state === 'flagged' || state === 'under-review'
          ? own('UNDER-REVIEW', 'Under review again')
          : own('ACCEPTED', 'Accepted after review');
  return [{ type: 'CE', code: own('DECISION', 'Decision after review'), value: decision }];
}

/** Every measured value of a film. */
function valuesOf(analysis: AnalysisResult | null, language: Language): readonly Observation[] {
  if (analysis === null) return [];
  const { panoramic, spine, boneDensity, spacing, outcome } = analysis;
  const isPositive = outcome === 'positive';
  return [
    ...(panoramic?.sides ?? []).flatMap(sideValues),
    ...number(
      'MCW-MEAN',
      'Mean mandibular cortical width',
      panoramic?.meanWidthMm ?? null,
      2,
      'mm',
      isPositive ? 'L' : null,
    ),
    ...(panoramic === null
      ? []
      : [
          {
            type: 'TX' as const,
            code: own('SCALE', 'Scale of measurement'),
            value: scaleText(spacing, panoramic, language),
          },
        ]),
    ...(spine?.vertebrae ?? []).filter(isGraded).flatMap((vertebra): readonly Observation[] => {
      const { level, genantGrade, lossErrorPercent, deformity } = vertebra;
      if (genantGrade === 0) return [];
      const error = deformity === 'none' ? null : (lossErrorPercent?.[deformity] ?? null);
      return [
        ...number(
          `GENANT-${level}`,
          `Grade of deformity of ${level} (Genant 1993)`,
          genantGrade,
          0,
          '1',
          'A',
        ),
        ...number(
          `LOSS-${level}`,
          `Loss of height of ${level} (${deformity})`,
          largestLossPercent(vertebra),
          0,
          '%',
          'A',
        ),
        ...number(`LOSS-SE-${level}`, `Standard error of the loss of ${level}`, error, 0, '%'),
      ];
    }),
    ...number(
      'GENANT-WORST',
      'Highest grade of the graded vertebrae',
      spine?.worstGrade ?? null,
      0,
      '1',
      (spine?.worstGrade ?? 0) > 0 ? 'A' : null,
    ),
    ...number(
      'BMD-SCORE',
      'Score of bone density by a model of this site',
      boneDensity?.score ?? null,
      3,
      '1',
      boneDensity?.isLow === true ? 'L' : null,
    ),
  ];
}

function sideValues({
  side,
  widthMm,
  widthPx,
  uncertaintyPx,
  pmi,
  mci,
}: ReportedSide): readonly Observation[] {
  const name = side === 'R' ? 'right' : 'left';
  const errorMm =
    widthMm === null || widthPx === null || widthPx === 0 || uncertaintyPx === null
      ? null
      : (uncertaintyPx * widthMm) / widthPx;
  return [
    ...number(`MCW-${side}`, `Mandibular cortical width, ${name}`, widthMm, 2, 'mm'),
    ...number(`MCW-SE-${side}`, `Standard error of the width, ${name}`, errorMm, 2, 'mm'),
    ...number(`PMI-${side}`, `Panoramic mandibular index, ${name}`, pmi, 2, '{ratio}'),
    ...(mci === null
      ? []
      : [
          {
            type: 'CE' as const,
            code: own(`MCI-${side}`, `Mandibular cortical index (Klemetti), ${name}`),
            value: own(mci.class, mci.class),
          },
        ]),
  ];
}

function number(
  code: string,
  name: string,
  value: number | null,
  digits: number,
  unit: string,
  flag: Observation['flag'] | null = null,
): readonly Observation[] {
  if (value === null) return [];
  return [{ type: 'NM', code: own(code, name), value: value.toFixed(digits), unit, ...flagOf(flag) }];
}

function observationSegments(observations: readonly Observation[], status: ResultStatus): readonly string[] {
  return observations.map(({ type, code, value, unit, flag }, index) =>
    segment('OBX', {
      ...{ 1: index + 1, 2: type, 3: code, 5: value },
      ...(unit === undefined ? {} : { 6: [unit, null, 'UCUM'] }),
      ...(flag === undefined ? {} : { 8: flag }),
      11: status,
    }),
  );
}

function flagOf(flag: Observation['flag'] | null): Partial<Pick<Observation, 'flag'>> {
  return flag == null ? {} : { flag };
}

function own(code: string, name: string): readonly [string, string, string] {
  return [code, name, OWN_SCHEME];
}
