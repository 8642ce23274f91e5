import type { ErrorCode } from '../errors.ts';
import type { TextInLanguages } from './reason-texts.ts';

/**
 * What a person reads when the table of errors ended an exam. The operator's action stands in errors.ts; these
 * say what it means for the film. The type keeps the two tables in step.
 */
export const REFUSAL_TEXTS: Readonly<Record<ErrorCode, TextInLanguages>> = {
  'storage-failed': {
    en: 'The film could not be stored; the sender was told to send it again.',
    sv: 'Bilden kunde inte lagras; avsändaren har ombetts att skicka den igen.',
  },
  'server-busy': {
    en: 'The service was busy; the sender was told to send the film again.',
    sv: 'Tjänsten var upptagen; avsändaren har ombetts att skicka bilden igen.',
  },
  'storage-full': {
    en: 'The store is full; the sender was told to send the film again later.',
    sv: 'Lagringsutrymmet är fullt; avsändaren har ombetts att skicka bilden igen senare.',
  },
  'database-failed': {
    en: 'The record could not be written; the film is tried again.',
    sv: 'Posten kunde inte skrivas; bilden behandlas igen.',
  },
  'database-unreachable': {
    en: 'The database does not answer; the film is tried again.',
    sv: 'Databasen svarar inte; bilden behandlas igen.',
  },
  'queue-unreachable': {
    en: 'The queue does not answer; the film is triaged all the same.',
    sv: 'Kön svarar inte; bilden bedöms ändå.',
  },
  'database-newer': {
    en: 'The record belongs to a newer version of this program.',
    sv: 'Posten hör till en nyare version av programmet.',
  },
  'migration-failed': {
    en: 'The record could not be brought to the newest form.',
    sv: 'Posten kunde inte föras över till den nyaste formen.',
  },
  'backup-damaged': {
    en: 'The backup is damaged.',
    sv: 'Säkerhetskopian är skadad.',
  },
  'instance-too-large': {
    en: 'The file is larger than this service accepts.',
    sv: 'Filen är större än vad tjänsten tar emot.',
  },
  'data-set-unreadable': {
    en: 'The file cannot be read: its DICOM data set is broken.',
    sv: 'Filen kan inte läsas: dess DICOM-data är trasiga.',
  },
  'identifiers-missing': {
    en: 'The file lacks a valid study, series or image identifier.',
    sv: 'Filen saknar en giltig identifierare för undersökning, serie eller bild.',
  },
  'sop-class-mismatch': {
    en: 'The file is not the image that the sender announced.',
    sv: 'Filen är inte den bild som avsändaren angav.',
  },
  'sop-class-not-supported': {
    en: 'The file is of a kind that this service does not take (it takes CR, DX, intra-oral and secondary capture).',
    sv: 'Filen är av en typ som tjänsten inte tar emot (den tar CR, DX, intraorala bilder och secondary capture).',
  },
  'instance-conflict': {
    en: 'Another image with the same identifier is already held; this one was refused.',
    sv: 'En annan bild med samma identifierare finns redan; denna avvisades.',
  },
  'not-part-10': {
    en: 'The file is neither a DICOM file nor a picture that can be read.',
    sv: 'Filen är varken en DICOM-fil eller en bild som kan läsas.',
  },
  'pixel-data-unreadable': {
    en: 'The image in the file is damaged and cannot be read.',
    sv: 'Bilden i filen är skadad och kan inte läsas.',
  },
  'pixel-data-unsupported': {
    en: 'The image is stored in a form that is not read yet; the film is held.',
    sv: 'Bilden är lagrad i en form som ännu inte kan läsas; filen behålls.',
  },
  'film-too-large': {
    en: 'The image has more pixels than this service reads.',
    sv: 'Bilden har fler bildpunkter än vad tjänsten läser.',
  },
  'model-missing': {
    en: 'The model for this view is not installed.',
    sv: 'Modellen för denna projektion är inte installerad.',
  },
  'model-invalid': {
    en: 'The model for this view is damaged and was not used.',
    sv: 'Modellen för denna projektion är skadad och användes inte.',
  },
  'inference-failed': {
    en: 'The model could not be run on this film.',
    sv: 'Modellen kunde inte köras på denna bild.',
  },
  'worker-crashed': {
    en: 'The process that read the film ended unexpectedly.',
    sv: 'Processen som läste bilden avslutades oväntat.',
  },
  'worker-deadline': {
    en: 'Reading the film took longer than is allowed.',
    sv: 'Det tog längre tid än tillåtet att läsa bilden.',
  },
  'film-kills-workers': {
    en: 'The film twice ended the process that read it, so it was set aside and not assessed.',
    sv: 'Bilden avslutade två gånger processen som läste den, så den lades åt sidan och har inte bedömts.',
  },
  'lease-lost': {
    en: 'Another process took over the film.',
    sv: 'En annan process tog över bilden.',
  },
  'peer-unreachable': {
    en: 'The receiving archive could not be reached.',
    sv: 'Det mottagande arkivet kunde inte nås.',
  },
  'peer-rejected': {
    en: 'The receiving archive refused the report.',
    sv: 'Det mottagande arkivet avvisade rapporten.',
  },
  'peer-aborted': {
    en: 'The other system ended the connection.',
    sv: 'Det andra systemet avbröt förbindelsen.',
  },
  'protocol-error': {
    en: 'The other system did not keep to the DICOM protocol.',
    sv: 'Det andra systemet följde inte DICOM-protokollet.',
  },
  'configuration-invalid': {
    en: 'A setting of this service is wrong.',
    sv: 'En inställning i tjänsten är fel.',
  },
  'not-found': {
    en: 'Nothing of that name is held here.',
    sv: 'Inget med det namnet finns här.',
  },
  unauthorised: {
    en: 'The sender showed no valid key.',
    sv: 'Avsändaren visade ingen giltig nyckel.',
  },
  forbidden: {
    en: 'This needs another role than the one that asked has.',
    sv: 'Detta kräver en annan behörighet än den som frågade har.',
  },
  'too-many-requests': {
    en: 'Too many requests came in a short time.',
    sv: 'För många förfrågningar kom på kort tid.',
  },
  'request-too-large': {
    en: 'The request held more than is taken in at once.',
    sv: 'Förfrågan innehöll mer än vad som tas emot på en gång.',
  },
  'media-type-not-supported': {
    en: 'This kind of file is not taken in.',
    sv: 'Den här sortens fil tas inte emot.',
  },
  'not-acceptable': {
    en: 'The answer is not available in the form that was asked for.',
    sv: 'Svaret finns inte i den form som begärdes.',
  },
  'transfer-syntax-not-supported': {
    en: 'The image is encoded in a way that this service does not take in.',
    sv: 'Bilden är kodad på ett sätt som tjänsten inte tar emot.',
  },
  'picture-without-identity': {
    en: 'A plain picture does not say which patient it shows, so it was not taken in.',
    sv: 'En vanlig bildfil säger inte vilken patient den visar, så den har inte tagits emot.',
  },
  'answer-too-long': {
    en: 'More was asked for than is answered at once.',
    sv: 'Mer efterfrågades än vad som besvaras på en gång.',
  },
  'request-invalid': {
    en: 'The request could not be understood.',
    sv: 'Begäran kunde inte tolkas.',
  },
  'state-conflict': {
    en: 'The step is not possible in the present state.',
    sv: 'Steget är inte möjligt i nuvarande läge.',
  },
  unexpected: {
    en: 'Something went wrong that was not foreseen; the film is held.',
    sv: 'Något oförutsett gick fel; bilden behålls.',
  },
};
