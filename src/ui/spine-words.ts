import type { Language } from '../decide/reason-texts.ts';

const english = {
  level: 'Level',
  grade: 'Grade',
  deformityType: 'Type',
  lossWedge: 'Wedge, %',
  lossBiconcave: 'Biconcave, %',
  lossCrush: 'Crush, %',
  remarks: 'Remarks',
  notGraded: 'not graded',
  'grade-0': '0',
  'grade-1': '1, mild',
  'grade-2': '2, moderate',
  'grade-3': '3, severe',
  'deformity-none': 'none',
  'deformity-wedge': 'wedge',
  'deformity-biconcave': 'biconcave',
  'deformity-crush': 'crush',
  gradeOf: '{level}: grade {grade}',
  heightLost: '{type}, {loss} % of the height lost',
  worstVertebra: 'most deformed of the graded vertebrae',
  vertebraeLegend:
    'Grades after Genant 1993: below 20 % loss 0, to 25 % 1, to 40 % 2, above 3. ± one standard error in percentage points. Crush: beside the nearest vertebra without a fracture.',
  siteScore: 'score by the model of this site',
  siteLimit: 'limit {limit}',
  siteModelHint: 'A model that this site installed; what its score means stands in its own card.',
  asks: 'Suggested',
  'asks-treatment': 'Treatment assessment',
  'asks-frax': 'FRAX',
  'asks-dxa': 'DXA',
  'view-from-dicom': 'as the file says',
  'view-from-model': 'by the picture',
  'view-from-option': 'given by hand',
  turned: 'turned by {n}°',
  mirrored: 'mirrored',
};

/** The words of vertebrae, of what is suggested, and of how a view was told. */
export type SpineWords = Readonly<Record<keyof typeof english, string>>;

const swedish: SpineWords = {
  level: 'Nivå',
  grade: 'Grad',
  deformityType: 'Typ',
  lossWedge: 'Kil, %',
  lossBiconcave: 'Bikonkav, %',
  lossCrush: 'Kompression, %',
  remarks: 'Anmärkningar',
  notGraded: 'ej graderad',
  'grade-0': '0',
  'grade-1': '1, lätt',
  'grade-2': '2, måttlig',
  'grade-3': '3, uttalad',
  'deformity-none': 'ingen',
  'deformity-wedge': 'kilform',
  'deformity-biconcave': 'bikonkav',
  'deformity-crush': 'kompression',
  gradeOf: '{level}: grad {grade}',
  heightLost: '{type}, {loss} % av höjden förlorad',
  worstVertebra: 'mest deformerade graderade kotan',
  vertebraeLegend:
    'Grader enligt Genant 1993: under 20 % förlust 0, till 25 % 1, till 40 % 2, däröver 3. ± ett medelfel i procentenheter. Kompression: jämfört med närmaste kota utan fraktur.',
  siteScore: 'värde från enhetens egen modell',
  siteLimit: 'gräns {limit}',
  siteModelHint: 'En modell som enheten har installerat; vad värdet betyder står i modellens eget kort.',
  asks: 'Föreslås',
  'asks-treatment': 'Ställningstagande till behandling',
  'asks-frax': 'FRAX',
  'asks-dxa': 'DXA',
  'view-from-dicom': 'enligt filen',
  'view-from-model': 'enligt bilden',
  'view-from-option': 'angiven för hand',
  turned: 'vriden {n}°',
  mirrored: 'spegelvänd',
};

/** Those words in each language. */
export const SPINE_WORDS: Readonly<Record<Language, SpineWords>> = { en: english, sv: swedish };
