import type { Language } from '../decide/reason-texts.ts';

/** What is done here, as the trail names it, and what people call it. */
const ACTIONS: Readonly<Record<string, readonly [english: string, swedish: string]>> = {
  'exam seen': ['Looked at a film’s results', 'Tittade på en bilds resultat'],
  'film seen': ['Opened a film', 'Öppnade en bild'],
  'exam list seen': ['Looked at the list of films', 'Tittade på listan över bilder'],
  'film corrected': ['Corrected the points of a film', 'Rättade en bilds mätpunkter'],
  'exam assessed anew': ['Let a film be read anew', 'Lät bedöma en bild på nytt'],
  'exam positive': ['Read a film: finding', 'Bedömde en bild: fynd'],
  'exam negative': ['Read a film: no finding', 'Bedömde en bild: inget fynd'],
  'exam not-assessable': ['Read a film: not assessable', 'Bedömde en bild: ej bedömbar'],
  'exam not-eligible': ['Set a film aside: not eligible', 'Lade undan en bild: ingår inte'],
  'exam failed': ['Could not read a film', 'Kunde inte bedöma en bild'],
  'referral seen': ['Opened a referral', 'Öppnade en remiss'],
  'referral list seen': ['Looked at the worklist', 'Tittade på arbetslistan'],
  'delivery list seen': ['Looked at the list of deliveries', 'Tittade på listan över leveranser'],
  'referral list searched': ['Searched the worklist', 'Sökte i arbetslistan'],
  'referral list exported': ['Exported the worklist', 'Exporterade arbetslistan'],
  'referral exported': ['Exported referrals', 'Exporterade remisser'],
  'referral letter printed': ['Printed a referral letter', 'Skrev ut en remiss'],
  'referral flagged': ['A referral was made', 'En remiss skapades'],
  'referral claim': ['Took over a referral', 'Tog hand om en remiss'],
  'referral assign': ['Assigned a referral', 'Tilldelade en remiss'],
  'referral release': ['Gave a referral back', 'Lämnade tillbaka en remiss'],
  'referral accept': ['Accepted a referral', 'Godkände en remiss'],
  'referral dismiss': ['Dismissed a referral', 'Avfärdade en remiss'],
  'referral order-dxa': ['Ordered a DXA', 'Beställde DXA'],
  'referral book-dxa': ['Booked a DXA', 'Bokade DXA'],
  'referral cancel-dxa': ['Cancelled a DXA', 'Avbokade DXA'],
  'referral record-dxa': ['Entered T-scores', 'Skrev in T-värden'],
  'referral assess-treatment': ['Sent to treatment assessment', 'Skickade till läkemedelsbedömning'],
  'referral close': ['Closed a referral', 'Avslutade en remiss'],
  'referral reopen': ['Took a referral up again', 'Återupptog en remiss'],
  'referral set-due': ['Changed a due date', 'Ändrade ett förfallodatum'],
  'referral note': ['Wrote a note', 'Skrev en anteckning'],
  'referral undo': ['Undid a step', 'Ångrade ett steg'],
  'risk factors saved': ['Saved risk factors', 'Sparade riskfaktorer'],
  'person seen': ['Opened a person', 'Öppnade en person'],
  'person list searched': ['Searched for a person', 'Sökte efter en person'],
  'person searched': ['Searched for a person', 'Sökte efter en person'],
  'protected identity revealed': ['Revealed a protected identity', 'Visade skyddade personuppgifter'],
  'protection changed': ['Changed the protection of an identity', 'Ändrade skydd av personuppgifter'],
  'fhir searched': ['Another system searched', 'Ett annat system sökte'],
  'fhir resource seen': ['Another system read', 'Ett annat system läste'],
  'signed in': ['Signed in', 'Loggade in'],
  'signed out': ['Signed out', 'Loggade ut'],
  'sign-in failed': ['A sign-in failed', 'En inloggning misslyckades'],
  'password changed': ['Changed the own password', 'Bytte sitt lösenord'],
  'password reset': ['Reset a password', 'Återställde ett lösenord'],
  'sessions ended': ['Signed somebody out', 'Loggade ut någon'],
  'user added': ['Added a user', 'Lade till en användare'],
  'user changed': ['Changed a user', 'Ändrade en användare'],
  'sites changed': ['Changed the sites', 'Ändrade enheterna'],
  'audit trail searched': ['Looked at the audit trail', 'Tittade i åtkomstloggen'],
  'audit trail exported': ['Exported the audit trail', 'Exporterade åtkomstloggen'],
  'audit trail verified': ['Verified the audit trail', 'Kontrollerade åtkomstloggen'],
};

/** Beginnings of what is named with a version or an identifier of ours behind it. */
const BEGINNINGS: readonly (readonly [beginning: string, english: string, swedish: string])[] = [
  ['model use ', 'Chose a model version: ', 'Valde modellversion: '],
  ['model roll back to ', 'Rolled a model back to ', 'Gick tillbaka till modellversion '],
  ['model shadow ', 'Shadow model: ', 'Skuggmodell: '],
  ['model version ', 'Took up the newest model: ', 'Tog upp den nyaste modellen: '],
  ['person merged into ', 'Merged a person into ', 'Slog ihop en person med '],
  ['identity corrected to ', 'Corrected an identity to ', 'Rättade en identitet till '],
  ['film removed by ', 'Removed a film by the rule of ', 'Tog bort en bild enligt regeln för '],
];

/** The acts that can be chosen, in the order of their words. */
export function actionChoices(
  language: Language,
): readonly { readonly value: string; readonly text: string }[] {
  return Object.keys(ACTIONS)
    .map((value) => ({ value, text: `${spokenAction(value, language).text} (${value})` }))
    .sort((a, b) => a.text.localeCompare(b.text, language));
}

/** An act in words; one that has none yet is told as the trail has it, in English. */
export function spokenAction(
  action: string,
  language: Language,
): { readonly text: string; readonly language: Language } {
  const place = language === 'sv' ? 1 : 0;
  const known = ACTIONS[action]?.[place];
  if (known !== undefined) return { text: known, language };
  for (const [beginning, english, swedish] of BEGINNINGS) {
    if (!action.startsWith(beginning)) continue;
    return { text: (language === 'sv' ? swedish : english) + action.slice(beginning.length), language };
  }
  return { text: action, language: 'en' };
}
