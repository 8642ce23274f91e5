/** The words of a referral's letter, in the two languages of its readers. */
import type { Language } from '../decide/reason-texts.ts';
import type { RiskIndex } from '../decide/risk-indices.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';

/** A question of the risk factors that is answered with yes or no. */
export type RiskQuestion = Exclude<keyof RiskFactors, 'weightKg' | 'heightCm' | 'frax'>;

/** Everything that the letter says by itself. */
export interface LetterWords {
  readonly title: string;
  readonly researchUse: string;
  readonly protectedIdentity: string;
  readonly name: string;
  readonly numbers: Readonly<
    Record<'personnummer' | 'samordningsnummer' | 'reservnummer' | 'other' | 'invalid', string>
  >;
  readonly born: string;
  readonly age: (years: number) => string;
  readonly sexes: Readonly<Record<string, string>>;
  readonly asked: string;
  readonly askedDxa: string;
  readonly accession: string;
  readonly step: string;
  readonly scheduled: string;
  readonly anyScanner: string;
  readonly notOrdered: string;
  readonly finding: string;
  readonly film: string;
  readonly filmOf: (date: string, view: string) => string;
  readonly views: Readonly<Record<string, string>>;
  readonly filmNumber: string;
  readonly otherFilms: (count: number) => string;
  readonly measured: string;
  readonly risk: string;
  readonly riskNone: string;
  readonly weight: string;
  readonly height: string;
  readonly questions: Readonly<Record<RiskQuestion, string>>;
  readonly yes: string;
  readonly no: string;
  readonly frax: string;
  readonly fraxMajor: string;
  readonly fraxHip: string;
  readonly withBmd: string;
  readonly withoutBmd: string;
  readonly levels: Readonly<Record<NonNullable<RiskIndex['level']>, string>>;
  readonly dxa: string;
  readonly regions: Readonly<Record<'lumbarSpine' | 'femoralNeck' | 'totalHip', string>>;
  readonly classes: Readonly<Record<'normal' | 'osteopenia' | 'osteoporosis', string>>;
  readonly history: string;
  readonly received: string;
  readonly accepted: string;
  readonly notAccepted: string;
  readonly standing: string;
  readonly states: Readonly<Record<ReferralState, string>>;
  readonly site: string;
  readonly printed: (day: string) => string;
}

/** The words by language. */
export const LETTER_WORDS: Readonly<Record<Language, LetterWords>> = {
  sv: {
    title: 'Remiss för bentäthetsmätning (DXA)',
    researchUse: 'FORSKNINGSBRUK – FYND FÖR TRIAGE, INGEN DIAGNOS',
    protectedIdentity: 'SKYDDADE PERSONUPPGIFTER – hantera enligt lokal rutin',
    name: 'Namn',
    numbers: {
      personnummer: 'Personnummer',
      samordningsnummer: 'Samordningsnummer',
      reservnummer: 'Reservnummer',
      other: 'Patient-ID',
      invalid: 'Patient-ID (inget giltigt personnummer)',
    },
    born: 'Född',
    age: (years) => `${years} år`,
    sexes: { F: 'kvinna', M: 'man', O: 'annat kön' },
    asked: 'Önskad undersökning',
    askedDxa: 'Bentäthetsmätning (DXA) av ländrygg och höft.',
    accession: 'Remissnummer',
    step: 'Undersökningssteg',
    scheduled: 'Planerad',
    anyScanner: 'valfri utrustning',
    notOrdered: 'Ännu inte beställd; remissnummer saknas.',
    finding: 'Fynd',
    film: 'Bild',
    filmOf: (date, view) => `${view}, ${date}`,
    views: {
      panoramic: 'panoramaröntgen',
      'spine-lateral': 'ryggrad i sidoprojektion',
      'spine-frontal': 'ryggrad i frontalprojektion',
      'chest-frontal': 'lungröntgen, frontal',
      'chest-lateral': 'lungröntgen, sidoprojektion',
      other: 'röntgenbild',
    },
    filmNumber: 'Bildens remissnummer',
    otherFilms: (count) =>
      count === 1 ? 'En bild till hör till remissen.' : `${count} bilder till hör till remissen.`,
    measured: 'Mätvärden',
    risk: 'Riskfaktorer',
    riskNone: 'Inga riskfaktorer är registrerade.',
    weight: 'Vikt',
    height: 'Längd',
    questions: {
      hasPriorFracture: 'Tidigare lågenergifraktur',
      hasParentHipFracture: 'Förälder med höftfraktur',
      smokes: 'Röker',
      usesGlucocorticoids: 'Glukokortikoider',
      hasRheumatoidArthritis: 'Reumatoid artrit',
      drinksThreeUnitsDaily: 'Tre eller fler enheter alkohol per dag',
      usesOestrogen: 'Östrogenbehandling',
    },
    yes: 'Ja',
    no: 'Nej',
    frax: 'FRAX (inmatad)',
    fraxMajor: 'större osteoporotisk fraktur',
    fraxHip: 'höftfraktur',
    withBmd: 'med BMD',
    withoutBmd: 'utan BMD',
    levels: { low: 'låg risk', medium: 'medelhög risk', high: 'hög risk' },
    dxa: 'Utförd DXA',
    regions: { lumbarSpine: 'ländrygg', femoralNeck: 'lårbenshals', totalHip: 'total höft' },
    classes: { normal: 'normal bentäthet', osteopenia: 'osteopeni', osteoporosis: 'osteoporos' },
    history: 'Handläggning',
    received: 'Första bilden mottagen',
    accepted: 'Remissen godkänd av',
    notAccepted: 'Remissen är ännu inte godkänd.',
    standing: 'Läge',
    states: {
      flagged: 'ny',
      'under-review': 'under granskning',
      accepted: 'godkänd',
      'dxa-ordered': 'DXA beställd',
      'dxa-booked': 'DXA bokad',
      'dxa-done': 'DXA utförd',
      'treatment-assessment': 'läkemedelsbedömning',
      closed: 'avslutad',
      dismissed: 'avfärdad',
    },
    site: 'Inremitterande enhet',
    printed: (day) => `Utskriven ${day}`,
  },
  en: {
    title: 'Referral for measurement of bone density (DXA)',
    researchUse: 'RESEARCH USE – A FINDING FOR TRIAGE, NO DIAGNOSIS',
    protectedIdentity: 'PROTECTED IDENTITY – handle by the local routine',
    name: 'Name',
    numbers: {
      personnummer: 'Personal identity number',
      samordningsnummer: 'Coordination number',
      reservnummer: 'Reserve number',
      other: 'Patient ID',
      invalid: 'Patient ID (no valid personal number)',
    },
    born: 'Born',
    age: (years) => `${years} years`,
    sexes: { F: 'woman', M: 'man', O: 'other sex' },
    asked: 'Examination asked for',
    askedDxa: 'Measurement of bone density (DXA) of lumbar spine and hip.',
    accession: 'Accession number',
    step: 'Procedure step',
    scheduled: 'Scheduled',
    anyScanner: 'any scanner',
    notOrdered: 'Not ordered yet; there is no accession number.',
    finding: 'Finding',
    film: 'Film',
    filmOf: (date, view) => `${view}, ${date}`,
    views: {
      panoramic: 'panoramic radiograph',
      'spine-lateral': 'lateral radiograph of the spine',
      'spine-frontal': 'frontal radiograph of the spine',
      'chest-frontal': 'frontal chest radiograph',
      'chest-lateral': 'lateral chest radiograph',
      other: 'radiograph',
    },
    filmNumber: 'Accession number of the film',
    otherFilms: (count) =>
      count === 1 ? 'One more film belongs to the referral.' : `${count} more films belong to the referral.`,
    measured: 'Measured values',
    risk: 'Risk factors',
    riskNone: 'No risk factors were entered.',
    weight: 'Weight',
    height: 'Height',
    questions: {
      hasPriorFracture: 'Earlier fracture after low energy',
      hasParentHipFracture: 'Parent with a hip fracture',
      smokes: 'Smokes',
      usesGlucocorticoids: 'Glucocorticoids',
      hasRheumatoidArthritis: 'Rheumatoid arthritis',
      drinksThreeUnitsDaily: 'Three or more units of alcohol a day',
      usesOestrogen: 'Oestrogen',
    },
    yes: 'Yes',
    no: 'No',
    frax: 'FRAX (entered)',
    fraxMajor: 'major osteoporotic fracture',
    fraxHip: 'hip fracture',
    withBmd: 'with BMD',
    withoutBmd: 'without BMD',
    levels: { low: 'low risk', medium: 'medium risk', high: 'high risk' },
    dxa: 'DXA done',
    regions: { lumbarSpine: 'lumbar spine', femoralNeck: 'femoral neck', totalHip: 'total hip' },
    classes: { normal: 'normal bone density', osteopenia: 'osteopenia', osteoporosis: 'osteoporosis' },
    history: 'What was done',
    received: 'First film received',
    accepted: 'Referral accepted by',
    notAccepted: 'The referral is not accepted yet.',
    standing: 'Standing',
    states: {
      flagged: 'new',
      'under-review': 'under review',
      accepted: 'accepted',
      'dxa-ordered': 'DXA ordered',
      'dxa-booked': 'DXA booked',
      'dxa-done': 'DXA done',
      'treatment-assessment': 'treatment assessment',
      closed: 'closed',
      dismissed: 'dismissed',
    },
    site: 'Referring site',
    printed: (day) => `Printed ${day}`,
  },
};
