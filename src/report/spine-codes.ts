/** The coded concepts of vertebrae: levels as DICOM has them (PS3.16 CID 7603), the rest in our own scheme. */
import type { Deformity, GenantGrade, VertebraPoint } from '../exam/analysis.ts';
import type { Code } from './content-item.ts';
import { own, sct } from './report-codes.ts';

/** A vertebra whose level is only relative. */
export const VERTEBRA: Code = sct('51282000', 'Vertebra');

/** PS3.16 CID 7603 (Vertebra), from the uppermost level that can be found down. */
export const VERTEBRA_LEVELS: Readonly<Record<string, Code>> = Object.fromEntries(
  (
    [
      ['T1', '64864005'],
      ['T2', '53733008'],
      ['T3', '1626008'],
      ['T4', '73071006'],
      ['T5', '56401006'],
      ['T6', '45296009'],
      ['T7', '62487009'],
      ['T8', '11068009'],
      ['T9', '82687006'],
      ['T10', '7610001'],
      ['T11', '12989004'],
      ['T12', '23215003'],
      ['L1', '66794005'],
      ['L2', '14293000'],
      ['L3', '36470004'],
      ['L4', '11994002'],
      ['L5', '49668003'],
    ] as const
  ).map(([level, value]) => [level, sct(value, `${level} vertebra`)]),
);

/** The names of what is said of a vertebra and of the spine. */
export const SPINE_CONCEPTS = {
  levelConfidence: own('LEVEL-CONF', 'Confidence of the level'),
  bodyConfidence: own('BODY-CONF', 'Confidence that a whole vertebral body is seen'),
  anteriorHeight: own('HEIGHT-ANT', 'Anterior height of vertebral body'),
  middleHeight: own('HEIGHT-MID', 'Middle height of vertebral body'),
  posteriorHeight: own('HEIGHT-POST', 'Posterior height of vertebral body'),
  wedgeLoss: own('LOSS-WEDGE', 'Loss of anterior against posterior height'),
  wedgeLossError: own('LOSS-WEDGE-SE', 'Standard error of the loss of anterior height, points'),
  biconcaveLoss: own('LOSS-BICONC', 'Loss of middle against posterior height'),
  biconcaveLossError: own('LOSS-BICONC-SE', 'Standard error of the loss of middle height, points'),
  crushLoss: own('LOSS-CRUSH', 'Loss of posterior height against a vertebra without a fracture'),
  crushLossError: own('LOSS-CRUSH-SE', 'Standard error of the loss of posterior height, points'),
  grade: own('GENANT', 'Grade of vertebral deformity (Genant 1993)'),
  deformity: own('DEFORMITY', 'Type of vertebral deformity'),
  worstGrade: own('GENANT-WORST', 'Highest grade of the graded vertebrae'),
  fractureScore: own('VFX-SCORE', 'Vertebral deformity score for sorting, not a probability'),
  facing: own('FACING', 'Where the front of the body points in the picture'),
} as const satisfies Record<string, Code>;

/** The six points, in the order in which they are listed everywhere, and the confidence of each. */
export const POINT_CODES: Readonly<
  Record<VertebraPoint, { readonly point: Code; readonly confidence: Code }>
> = {
  superiorAnterior: pointCodes('SA', 'superior anterior'),
  superiorMiddle: pointCodes('SM', 'superior middle'),
  superiorPosterior: pointCodes('SP', 'superior posterior'),
  inferiorAnterior: pointCodes('IA', 'inferior anterior'),
  inferiorMiddle: pointCodes('IM', 'inferior middle'),
  inferiorPosterior: pointCodes('IP', 'inferior posterior'),
};

/** The answers that are given of a vertebra and of the spine. */
export const SPINE_ANSWERS = {
  vertebralBody: own('VERTEBRAL-BODY', 'Shape of vertebral body'),
  spineShape: own('VERTEBRAL-BODIES', 'Shape of the vertebral bodies on the film'),
  sixPoints: own('SIX-POINTS', 'Six points of a vertebral body on a lateral film (Genant 1993)'),
  spine: sct('421060004', 'Spine'),
  notGraded: own('GENANT-NONE', 'Not graded'),
  facingLeft: own('FACING-LEFT', 'Left in the picture'),
  facingRight: own('FACING-RIGHT', 'Right in the picture'),
  sacrum: own('S1-ENDPLATE', 'Middle of the upper endplate of S1'),
} as const satisfies Record<string, Code>;

/** Genant's grades. */
export const GRADE_CODES: Readonly<Record<GenantGrade, Code>> = {
  0: own('GENANT-0', 'Grade 0: less than 20 % of height lost'),
  1: own('GENANT-1', 'Grade 1: mild, 20 to 25 % of height lost'),
  2: own('GENANT-2', 'Grade 2: moderate, more than 25 to 40 % of height lost'),
  3: own('GENANT-3', 'Grade 3: severe, more than 40 % of height lost'),
};

/** Types of deformity. */
export const DEFORMITY_CODES: Readonly<Record<Deformity, Code>> = {
  none: own('DEFORM-NONE', 'No deformity'),
  wedge: own('DEFORM-WEDGE', 'Wedge'),
  biconcave: own('DEFORM-BICONCAVE', 'Biconcave'),
  crush: own('DEFORM-CRUSH', 'Crush'),
};

function pointCodes(value: string, words: string): { readonly point: Code; readonly confidence: Code } {
  return {
    point: own(`PT-${value}`, `Point of vertebral body: ${words}`),
    confidence: own(`PT-${value}-CONF`, `Confidence of point: ${words}`),
  };
}
