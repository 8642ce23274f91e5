/** A lateral film's result as the pipeline gives it, made by hand, for tests of what is written about it. */
import { decideFracture } from '../decide/fracture-policy.ts';
import type {
  AnalysisResult,
  Deformity,
  GenantGrade,
  HeightLossPercent,
  SpineFinding,
  VertebraFinding,
} from '../exam/analysis.ts';
import { VERTEBRA_POINTS } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import type { ReportInput } from '../report/report-object.ts';
import { exampleReport, type ExampleOptions } from './example-report.ts';

/** What a test wants to be different. */
export interface SpineExampleOptions extends Pick<
  ExampleOptions,
  'spacing' | 'header' | 'revision' | 'predecessor'
> {
  readonly spine?: Partial<SpineFinding>;
}

/** Size of the example's film. */
export const SPINE_FILM = { columns: 1000, rows: 1500 } as const;

const BODY_WIDTH_PX = 150;
const POSTERIOR_HEIGHT_PX = 110;
const BODY_DISTANCE_PX = 150;

interface ExampleBody {
  readonly level: string;
  /** Heights as shares of POSTERIOR_HEIGHT_PX; null of a body that was not graded. */
  readonly heights: { readonly anterior: number; readonly middle: number; readonly posterior: number };
  readonly graded: { readonly grade: GenantGrade; readonly deformity: Deformity } | null;
  readonly reason?: string;
  readonly remarks?: readonly string[];
}

const EVEN = { anterior: 0.97, middle: 0.95, posterior: 1 };
const UNDEFORMED = { grade: 0, deformity: 'none' } as const;

/** T11 to L5: T12 just below the boundary of grade 1, L1 a wedge of grade 2, L2 not assessable, L5 not graded. */
const BODIES: readonly ExampleBody[] = [
  { level: 'T11', heights: EVEN, graded: UNDEFORMED },
  {
    level: 'T12',
    heights: { anterior: 0.815, middle: 0.9, posterior: 1 },
    graded: UNDEFORMED,
    remarks: ['near-grade-boundary'],
  },
  {
    level: 'L1',
    heights: { anterior: 0.69, middle: 0.82, posterior: 1 },
    graded: { grade: 2, deformity: 'wedge' },
  },
  { level: 'L2', heights: EVEN, graded: null, reason: 'point-uncertain' },
  {
    level: 'L3',
    heights: { anterior: 0.96, middle: 0.78, posterior: 1 },
    graded: { grade: 1, deformity: 'biconcave' },
  },
  { level: 'L4', heights: EVEN, graded: UNDEFORMED },
  { level: 'L5', heights: EVEN, graded: null, reason: 'level-not-graded' },
];

/** Everything a report of a lateral film is built from. */
export function exampleSpineReport(options: SpineExampleOptions = {}): ReportInput {
  const header = {
    modality: 'DX',
    bodyPartExamined: 'LSPINE',
    studyDescription: 'Ländrygg',
    ...SPINE_FILM,
    ...options.header,
  };
  const spacing = options.spacing ?? { mmPerPx: 0.24, source: 'detector' };
  const input = exampleReport({ ...options, spacing, header });
  const vertebrae = options.spine?.vertebrae ?? exampleSpine().vertebrae;
  const decision = decideFracture({ vertebrae });
  const { worstGrade, fractureScore } = decision;
  const spine = { ...exampleSpine(), vertebrae, worstGrade, fractureScore, ...options.spine };
  const analysis: AnalysisResult = {
    ...input.analysis,
    image: { ...SPINE_FILM, bitsStored: 12 },
    view: { name: 'spine-lateral', source: 'model', confidence: 0.98, turnDegrees: 0, isMirrored: null },
    outcome: decision.outcome,
    reasons: decision.reasons,
    panoramic: null,
    spine,
    models: ['film-view', 'vertebra-finder', 'vertebra-points'].map((name) => ({
      ...{ name, version: '1.0.0', sha256: 'b'.repeat(64) },
    })),
  };
  return { ...input, analysis };
}

/** The vertebrae of the example. */
export function exampleSpine(): SpineFinding {
  const vertebrae = BODIES.map(exampleVertebra);
  const { worstGrade, fractureScore } = decideFracture({ vertebrae });
  return { facing: 'left', vertebrae, sacrumPx: [560, 1330], worstGrade, fractureScore };
}

/** The same film with bodies that have lost nothing. */
export function healthySpine(): Pick<SpineFinding, 'vertebrae'> {
  const bodies = BODIES.map(({ level }) => ({ level, heights: EVEN, graded: UNDEFORMED }));
  return { vertebrae: bodies.map(exampleVertebra) };
}

/** The same vertebrae where nothing tells their levels. */
export function relativeLevels(): readonly VertebraFinding[] {
  return exampleSpine().vertebrae.map((vertebra, index) => ({
    ...vertebra,
    level: `V${index + 1}`,
    levelConfidence: null,
  }));
}

/** A frontal film of which a model speaks that the site installed. */
export function exampleDensityReport(): ReportInput {
  const input = exampleReport({ header: { modality: 'CR', bodyPartExamined: 'CHEST' } });
  const analysis: AnalysisResult = {
    ...input.analysis,
    view: { name: 'chest-frontal', source: 'model', confidence: 0.97, turnDegrees: 0, isMirrored: false },
    reasons: [
      { code: 'density-score-low', text: 'The score of the model of this site is beyond its limit.' },
    ],
    panoramic: null,
    boneDensity: { score: 0.81, limit: 0.5, isLow: true },
    models: [{ name: 'site-density', version: '2.0.0', sha256: 'c'.repeat(64) }],
  };
  return { ...input, analysis };
}

function exampleVertebra(body: ExampleBody, index: number): VertebraFinding {
  const { heights, graded } = body;
  const superior = 180 + index * BODY_DISTANCE_PX;
  const anterior = 480 + index * 8;
  const at = (share: number, isSuperior: boolean, height: number): PointPx => {
    // The lower endplate is level; what is lost is lost from above.
    const lostPx = (1 - height) * POSTERIOR_HEIGHT_PX;
    return [
      anterior + share * BODY_WIDTH_PX,
      isSuperior ? superior + lostPx : superior + POSTERIOR_HEIGHT_PX,
    ];
  };
  const every = <T>(value: T) => Object.fromEntries(VERTEBRA_POINTS.map((name) => [name, value]));
  return {
    level: body.level,
    levelConfidence: 0.9,
    assessable: graded !== null,
    reason: body.reason ?? null,
    confidence: 0.96,
    pointsPx: {
      superiorAnterior: at(0, true, heights.anterior),
      superiorMiddle: at(0.5, true, heights.middle),
      superiorPosterior: at(1, true, heights.posterior),
      inferiorAnterior: at(0, false, 1),
      inferiorMiddle: at(0.5, false, 1),
      inferiorPosterior: at(1, false, 1),
    },
    pointConfidences: every(0.88) as VertebraFinding['pointConfidences'],
    pointErrorsPx: every(1.4) as VertebraFinding['pointErrorsPx'],
    heightsPx: graded === null ? null : scaled(heights),
    lossPercent: graded === null ? null : lossesOf(heights),
    lossErrorPercent: graded === null ? null : { wedge: 1.8, biconcave: 1.9, crush: 2.3 },
    genantGrade: graded?.grade ?? null,
    deformity: graded?.deformity ?? null,
    remarks: body.remarks ?? [],
  };
}

function scaled(heights: ExampleBody['heights']): ExampleBody['heights'] {
  const { anterior, middle, posterior } = heights;
  return {
    anterior: anterior * POSTERIOR_HEIGHT_PX,
    middle: middle * POSTERIOR_HEIGHT_PX,
    posterior: posterior * POSTERIOR_HEIGHT_PX,
  };
}

function lossesOf({ anterior, middle, posterior }: ExampleBody['heights']): HeightLossPercent {
  return { wedge: (1 - anterior / posterior) * 100, biconcave: (1 - middle / posterior) * 100, crush: 0 };
}
