import type { Language } from '../decide/reason-texts.ts';

const english = {
  conflictTitle: 'Nothing was changed',
  'conflict-changed': '{event} by {name}, {when}. It was read anew; look again before you go on.',
  'conflict-led-by':
    '{name} leads this referral. To take it over, hand it over to yourself, or talk with {name}.',
  'conflict-led-by-you': 'You lead this referral already.',
  'conflict-led-by-nobody': 'Nobody leads this referral.',
  'conflict-other-under-way':
    'This person has another referral under way. Go on with that one; it has the newer films.',
  'conflict-dxa-begun': 'The DXA has begun at the scanner and cannot get another time.',
  'conflict-nothing-done': 'There is nothing to undo.',
  'conflict-not-undoable': 'What was done last cannot be undone: {event} ({name}).',
  'conflict-person-unnamed':
    'The person has no number or no name, so that no scanner could find the order. Correct the identity first.',
  'conflict-day-to-come': 'The day of the measurement has not come yet.',
  'conflict-day-beyond': 'The day must be today or within two years.',
  'conflict-film-being-read': 'The film is being read anew just now. Try again in a moment.',
  'conflict-film-read-anew': 'The film was read anew since you opened it. Reload the page and look again.',
  'conflict-not-in-state': 'This is not possible in the referral’s present state: {state}.',
};

/** The words for why a referral does not allow what was asked for. */
export type ConflictWords = Readonly<Record<keyof typeof english, string>>;

const swedish: ConflictWords = {
  conflictTitle: 'Inget ändrades',
  'conflict-changed': '{event} av {name}, {when}. Uppgifterna har lästs om; titta igen innan du fortsätter.',
  'conflict-led-by':
    '{name} är ansvarig för remissen. Lämna över den till dig själv om du ska ta över, eller tala med {name}.',
  'conflict-led-by-you': 'Du är redan ansvarig för remissen.',
  'conflict-led-by-nobody': 'Ingen är ansvarig för remissen.',
  'conflict-other-under-way':
    'Personen har redan en annan pågående remiss. Fortsätt med den; den har de nyare bilderna.',
  'conflict-dxa-begun': 'DXA-undersökningen har påbörjats och kan inte få en ny tid.',
  'conflict-nothing-done': 'Det finns inget att ångra.',
  'conflict-not-undoable': 'Det som gjordes senast kan inte ångras: {event} ({name}).',
  'conflict-person-unnamed':
    'Personen saknar personnummer eller namn, så ingen DXA-apparat kan hitta beställningen. Rätta identiteten först.',
  'conflict-day-to-come': 'Mätdagen har inte varit än.',
  'conflict-day-beyond': 'Dagen ska vara i dag eller inom två år.',
  'conflict-film-being-read': 'Bilden läses om just nu. Försök igen om en stund.',
  'conflict-film-read-anew': 'Bilden har lästs om sedan du öppnade den. Ladda om sidan och titta igen.',
  'conflict-not-in-state': 'Det går inte i remissens nuvarande läge: {state}.',
};

/** Those words in each language. */
export const CONFLICT_WORDS: Readonly<Record<Language, ConflictWords>> = { en: english, sv: swedish };
