import type { Language } from '../decide/reason-texts.ts';

const english = {
  worklistTitle: 'Referrals to bone density measurement',
  worklistIntro: 'People whose film shows a finding. Look at the film before you act on it.',
  worklistEmptyTitle: 'No referrals',
  worklistEmptyText:
    'A person appears here as soon as a film with a finding has been read. Send films by DICOM C-STORE to this service; every film that was read stands under Films.',
  order: 'Order',
  newestFirst: 'Newest first',
  severeFirst: 'Most pressing first',
  person: 'Person',
  finding: 'Finding',
  state: 'State',
  arrived: 'Arrived',
  film: 'Film',
  openFilm: 'Open film',
  openFilmNumber: 'Film {n}',
  openFilmOf: '{film} of {name}',
  isNew: 'New',
  newReferral: 'New referral: {name}, {finding}',
  newReferrals: '{n} new referrals',
  ago: '{time} ago',
  ageYears: '{n} years',
  ageUnknown: 'age unknown',
  sexF: 'female',
  sexM: 'male',
  sexO: 'other',
  detectorScale: 'detector scale',
  detectorScaleHint: 'not corrected for magnification',
  correctedScale: 'corrected for magnification',
  noMillimetres: 'no scale',
  thinCortex: 'Mean width of the mandibular cortex below the limit of {limit} mm',
};

/** The words of the worklist. */
export type WorklistWords = Readonly<Record<keyof typeof english, string>>;

const swedish: WorklistWords = {
  worklistTitle: 'Remisser till bentäthetsmätning',
  worklistIntro: 'Personer vars bild visar ett fynd. Granska bilden innan du går vidare.',
  worklistEmptyTitle: 'Inga remisser',
  worklistEmptyText:
    'En person visas här så snart en bild med fynd har lästs. Skicka bilder med DICOM C-STORE till tjänsten; alla lästa bilder finns under Bilder.',
  order: 'Ordning',
  newestFirst: 'Nyast först',
  severeFirst: 'Mest angeläget först',
  person: 'Person',
  finding: 'Fynd',
  state: 'Status',
  arrived: 'Inkom',
  film: 'Bild',
  openFilm: 'Öppna bilden',
  openFilmNumber: 'Bild {n}',
  openFilmOf: '{film}, {name}',
  isNew: 'Ny',
  newReferral: 'Ny remiss: {name}, {finding}',
  newReferrals: '{n} nya remisser',
  ago: 'för {time} sedan',
  ageYears: '{n} år',
  ageUnknown: 'ålder okänd',
  sexF: 'kvinna',
  sexM: 'man',
  sexO: 'annat',
  detectorScale: 'detektorns skala',
  detectorScaleHint: 'ej korrigerad för förstoring',
  correctedScale: 'korrigerad för förstoring',
  noMillimetres: 'skala saknas',
  thinCortex: 'Underkäkens kortikalis är i medeltal tunnare än gränsen {limit} mm',
};

/** Those words in each language. */
export const WORKLIST_WORDS: Readonly<Record<Language, WorklistWords>> = { en: english, sv: swedish };
