import type { TextInLanguages } from './reason-texts.ts';

/** What is said of points that a person set. */
export const CORRECTION_TEXTS = {
  'points-corrected': {
    en: 'A person corrected points on the film ({places}); what was measured is kept beside it.',
    sv: 'En person har korrigerat punkter på bilden ({places}); det uppmätta finns kvar bredvid.',
  },
  'correction-not-applied': {
    en: 'Points that a person had corrected could not be applied: nothing was found any more at their places.',
    sv: 'Punkter som en person har korrigerat kunde inte användas: inget hittades längre på deras platser.',
  },
  'side-set-aside': {
    en: 'A person marked this side as not assessable.',
    sv: 'En person har markerat sidan som ej bedömbar.',
  },
  'vertebra-set-aside': {
    en: '{level}: a person marked it as not assessable.',
    sv: '{level}: en person har markerat kotan som ej bedömbar.',
  },
} as const satisfies Record<string, TextInLanguages>;
