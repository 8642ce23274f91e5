import type { ViewName } from '../exam/analysis.ts';
import type { TextInLanguages } from './reason-texts.ts';

/** Texts of what is said about the view of a film, and about a site's own model of bone density. */
export const VIEW_TEXTS = {
  'no-model-for-view': {
    en: 'No model is installed for this view ({view}), so the film was not assessed.',
    sv: 'Ingen modell är installerad för denna projektion ({view}), så bilden har inte bedömts.',
  },
  'view-contradicts-header': {
    en: 'The header says {header}, but the picture clearly shows {picture}, and it was read as that. Have the header corrected where the film was made.',
    sv: 'Bildens data anger {header}, men bilden visar tydligt {picture} och har lästs som det. Låt rätta uppgiften där bilden togs.',
  },
  'view-contradicts-option': {
    en: 'The view was given as {header}, but the picture clearly shows {picture}, and it was read as that.',
    sv: 'Projektionen angavs som {header}, men bilden visar tydligt {picture} och har lästs som det.',
  },
  'view-unclear': {
    en: 'It is not clear what the film shows (header: {header}; picture: perhaps {picture}), so it was not measured. Correct the header and send the film again.',
    sv: 'Det är oklart vad bilden visar (bildens data: {header}; bilden: kanske {picture}), så den har inte mätts. Rätta uppgiften och skicka bilden igen.',
  },
  'film-of-something-else': {
    en: 'The header says {header}, but the picture shows none of the views that are read here, so it was not measured.',
    sv: 'Bildens data anger {header}, men bilden visar ingen av de projektioner som läses här, så den har inte mätts.',
  },
  'film-turned': {
    en: 'The picture is turned clockwise by {degrees} degrees, so it was not measured. Send it again upright.',
    sv: 'Bilden är vriden {degrees} grader medurs, så den har inte mätts. Skicka den igen upprätt.',
  },
  'film-mirrored': {
    en: 'The picture seems to be mirrored (the heart lies on the wrong side), so it was not measured. Check the side marker and send it again as it was taken.',
    sv: 'Bilden verkar vara spegelvänd (hjärtat ligger på fel sida), så den har inte mätts. Kontrollera sidomarkeringen och skicka den igen som den togs.',
  },
  'density-low-by-site-model': {
    en: 'The site’s own model {model} gives {score.2}, beyond its limit of {limit.2} for low bone density. This service makes no claim for that model. A finding for triage, not a diagnosis.',
    sv: 'Enhetens egen modell {model} ger {score.2}, bortom dess gräns {limit.2} för låg bentäthet. Denna tjänst svarar inte för den modellen. Ett fynd för triage, ingen diagnos.',
  },
  'density-not-low-by-site-model': {
    en: 'The site’s own model {model} gives {score.2}, not beyond its limit of {limit.2} for low bone density. This service makes no claim for that model. This does not rule out low bone density.',
    sv: 'Enhetens egen modell {model} ger {score.2}, inte bortom dess gräns {limit.2} för låg bentäthet. Denna tjänst svarar inte för den modellen. Detta utesluter inte låg bentäthet.',
  },
} as const satisfies Record<string, TextInLanguages>;

/** What people call a view, where a text quotes one. */
export const VIEW_WORDS: Readonly<Record<ViewName, TextInLanguages>> = {
  panoramic: { en: 'a panoramic film', sv: 'en panoramabild' },
  'spine-lateral': { en: 'a lateral spine', sv: 'en sidobild av ryggen' },
  'spine-frontal': { en: 'a frontal spine', sv: 'en frontalbild av ryggen' },
  'chest-frontal': { en: 'a frontal chest', sv: 'en frontalbild av thorax' },
  'chest-lateral': { en: 'a lateral chest', sv: 'en sidobild av thorax' },
  other: { en: 'something else', sv: 'något annat' },
};
