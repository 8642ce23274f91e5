import type { TextInLanguages } from './reason-texts.ts';

/** Texts of vertebrae: what was found, why a body is not graded, what a reader should know. Findings, never diagnoses. */
export const SPINE_TEXTS = {
  'vertebra-wedge-mild': {
    en: '{level} is wedged: {lossPercent.0} % loss of anterior height, standard error {errorPercent.0} points: grade 1 (mild).',
    sv: '{level} är kilformad: {lossPercent.0} % förlust av främre höjd, medelfel {errorPercent.0} enheter: grad 1 (lätt).',
  },
  'vertebra-wedge-moderate': {
    en: '{level} is wedged: {lossPercent.0} % loss of anterior height, standard error {errorPercent.0} points: grade 2 (moderate).',
    sv: '{level} är kilformad: {lossPercent.0} % förlust av främre höjd, medelfel {errorPercent.0} enheter: grad 2 (måttlig).',
  },
  'vertebra-wedge-severe': {
    en: '{level} is wedged: {lossPercent.0} % loss of anterior height, standard error {errorPercent.0} points: grade 3 (severe).',
    sv: '{level} är kilformad: {lossPercent.0} % förlust av främre höjd, medelfel {errorPercent.0} enheter: grad 3 (uttalad).',
  },
  'vertebra-biconcave-mild': {
    en: '{level} is biconcave: {lossPercent.0} % loss of middle height, standard error {errorPercent.0} points: grade 1 (mild).',
    sv: '{level} är bikonkav: {lossPercent.0} % förlust av mittersta höjd, medelfel {errorPercent.0} enheter: grad 1 (lätt).',
  },
  'vertebra-biconcave-moderate': {
    en: '{level} is biconcave: {lossPercent.0} % loss of middle height, standard error {errorPercent.0} points: grade 2 (moderate).',
    sv: '{level} är bikonkav: {lossPercent.0} % förlust av mittersta höjd, medelfel {errorPercent.0} enheter: grad 2 (måttlig).',
  },
  'vertebra-biconcave-severe': {
    en: '{level} is biconcave: {lossPercent.0} % loss of middle height, standard error {errorPercent.0} points: grade 3 (severe).',
    sv: '{level} är bikonkav: {lossPercent.0} % förlust av mittersta höjd, medelfel {errorPercent.0} enheter: grad 3 (uttalad).',
  },
  'vertebra-crush-mild': {
    en: '{level} is compressed: {lossPercent.0} % loss of posterior height beside its neighbour, standard error {errorPercent.0} points: grade 1 (mild).',
    sv: '{level} är sammanpressad: {lossPercent.0} % förlust av bakre höjd jämfört med grannkotan, medelfel {errorPercent.0} enheter: grad 1 (lätt).',
  },
  'vertebra-crush-moderate': {
    en: '{level} is compressed: {lossPercent.0} % loss of posterior height beside its neighbour, standard error {errorPercent.0} points: grade 2 (moderate).',
    sv: '{level} är sammanpressad: {lossPercent.0} % förlust av bakre höjd jämfört med grannkotan, medelfel {errorPercent.0} enheter: grad 2 (måttlig).',
  },
  'vertebra-crush-severe': {
    en: '{level} is compressed: {lossPercent.0} % loss of posterior height beside its neighbour, standard error {errorPercent.0} points: grade 3 (severe).',
    sv: '{level} är sammanpressad: {lossPercent.0} % förlust av bakre höjd jämfört med grannkotan, medelfel {errorPercent.0} enheter: grad 3 (uttalad).',
  },
  'grade-below-policy': {
    en: '{level}: grade {grade} is below the limit set here (grade {gradeMin}) and is told for information.',
    sv: '{level}: grad {grade} ligger under gränsen som gäller här (grad {gradeMin}) och nämns för kännedom.',
  },
  'grade-within-error': {
    en: '{level}: less its error the loss does not reach grade {gradeMin}: read the picture before you act on it.',
    sv: '{level}: med avdrag för medelfelet når förlusten inte grad {gradeMin}: granska bilden innan den används som underlag.',
  },
  'short-anterior-height-normal': {
    en: '{level}: a low anterior height between straight endplates is common at this level and is not counted as a finding.',
    sv: '{level}: en låg främre höjd mellan raka ändplattor är vanlig på denna nivå och räknas inte som fynd.',
  },
  'no-vertebral-deformity': {
    en: 'No deformity of grade 1 or more in {vertebrae} graded vertebrae. This does not rule out a fracture or low bone density.',
    sv: 'Ingen deformitet av grad 1 eller högre i {vertebrae} graderade kotor. Detta utesluter inte fraktur eller låg bentäthet.',
  },
  'vertebral-deformity-not-counted': {
    en: 'In {vertebrae} graded vertebrae no deformity stands at grade {gradeMin} or more beyond its error. This does not rule out a fracture or low bone density.',
    sv: 'I {vertebrae} graderade kotor finns ingen deformitet som når grad {gradeMin} med avdrag för medelfelet. Detta utesluter inte fraktur eller låg bentäthet.',
  },
  'no-vertebrae-found': {
    en: 'No row of vertebral bodies was found on the film.',
    sv: 'Ingen rad av kotkroppar hittades på bilden.',
  },
  'too-few-vertebrae': {
    en: 'Only {vertebrae} vertebrae could be graded; at least {vertebraeMin} are needed to judge a film.',
    sv: 'Endast {vertebrae} kotor kunde graderas; minst {vertebraeMin} krävs för att bedöma en bild.',
  },
  'not-every-vertebra-seen': {
    en: 'Among the vertebrae one was not seen clearly enough to be graded, and a crushed one looks like that: the film is not judged; read the picture.',
    sv: 'Bland kotorna finns en som inte syns tillräckligt tydligt för att graderas, och så ser en sammanpressad kota ut: bilden bedöms inte; granska den.',
  },
  'low-and-not-graded': {
    en: '{level}: looks lower than its neighbours but could not be graded.',
    sv: '{level}: ser lägre ut än sina grannar men kunde inte graderas.',
  },
  'vertebra-missed-below': {
    en: 'Below {level} there is room for a vertebra that was not found.',
    sv: 'Nedanför {level} finns plats för en kota som inte hittades.',
  },
  'body-unclear': {
    en: '{level}: the body is not clearly visible and was not graded.',
    sv: '{level}: kotkroppen syns inte tydligt och har inte graderats.',
  },
  'cut-off': {
    en: '{level}: the body reaches the rim of the picture and was not graded.',
    sv: '{level}: kotkroppen når bildens kant och har inte graderats.',
  },
  'point-uncertain': {
    en: '{level}: a corner is not certain enough, so the body was not graded.',
    sv: '{level}: ett hörn är inte tillräckligt säkert, så kotkroppen har inte graderats.',
  },
  'level-not-graded': {
    en: '{level}: measured but not graded, because its normal shape varies too much.',
    sv: '{level}: uppmätt men inte graderad, eftersom dess normala form varierar för mycket.',
  },
  'level-outside-range': {
    en: '{level}: measured but not graded, because grades are defined from T4 to L4.',
    sv: '{level}: uppmätt men inte graderad, eftersom grader är definierade från T4 till L4.',
  },
  'near-grade-boundary': {
    en: '{level}: the loss lies within one standard error of the boundary between two grades.',
    sv: '{level}: förlusten ligger inom ett medelfel från gränsen mellan två grader.',
  },
  'double-contour': {
    en: '{level}: an endplate shows two contours, so the middle height was not graded.',
    sv: '{level}: en ändplatta har dubbla konturer, så den mittersta höjden har inte graderats.',
  },
  'posterior-wedge': {
    en: '{level}: the body is lower behind than in front, so its posterior height was not graded.',
    sv: '{level}: kotkroppen är lägre baktill än framtill, så den bakre höjden har inte graderats.',
  },
  'one-endplate-depressed': {
    en: "{level}: one endplate is depressed and the other is not; from six points a Schmorl's node cannot be told from a deformity.",
    sv: '{level}: den ena ändplattan är intryckt men inte den andra; utifrån sex punkter kan ett Schmorlskt bråck inte skiljas från en deformitet.',
  },
  'no-reference-vertebra': {
    en: '{level}: no undeformed vertebra is seen to compare the posterior height with.',
    sv: '{level}: ingen odeformerad kota syns att jämföra den bakre höjden med.',
  },
  'levels-relative': {
    en: 'The levels could not be counted from the sacrum or the ribs: V1 is the uppermost body that was found.',
    sv: 'Nivåerna kunde inte räknas från sakrum eller revben: V1 är den översta kotkropp som hittades.',
  },
} as const satisfies Record<string, TextInLanguages>;
