/** What every message begins with: whom it is from and for, and whom it is about (2.5.1 chapters 2 and 3). Pure. */
import type { PersonFacts } from '../../database/referral-facts.ts';
import { describeNumber, type NumberKind } from '../../exam/personal-number.ts';
import type { Hl7Receiver } from '../../exchange-settings.ts';
import { type Field, headerSegment, segment, timeText } from './segment.ts';

/** What names one message. */
export interface MessageStamp {
  /** The control identifier, the same at every attempt. */
  readonly messageId: string;
  readonly atMs: number;
}

/** Types of messages: code, event and structure (MSH-9). */
export const MESSAGE_TYPES = {
  'OMI^O23': ['OMI', 'O23', 'OMI_O23'],
  'ORM^O01': ['ORM', 'O01', 'ORM_O01'],
  'ORU^R01': ['ORU', 'R01', 'ORU_R01'],
} as const;

/** Our name among the assigning authorities of identifiers, and the scheme of our own codes. */
export const OWN_AUTHORITY = 'OSTEOTRIAGE';
/** HL7 marks local schemes with 99. */
export const OWN_SCHEME = '99OSTEOTRIAGE';

/** Who gives out Swedish numbers (Inera, OID of personnummer and samordningsnummer). */
const NATIONAL_OIDS: Readonly<Partial<Record<NumberKind, string>>> = {
  personnummer: '1.2.752.129.2.1.3.1',
  samordningsnummer: '1.2.752.129.2.1.3.3',
};

/** MSH. */
export function messageHeader(
  type: keyof typeof MESSAGE_TYPES,
  receiver: Hl7Receiver,
  { messageId, atMs }: MessageStamp,
): string {
  return headerSegment({
    3: receiver.sendingApplication,
    4: receiver.sendingFacility ?? null,
    5: receiver.receivingApplication ?? null,
    6: receiver.receivingFacility ?? null,
    7: timeText(atMs),
    9: MESSAGE_TYPES[type],
    10: messageId,
    11: 'P',
    12: '2.5.1',
    17: 'SWE',
    18: receiver.characterSet,
    19: receiver.language,
  });
}

/** PID, and PD1 where the identity is protected; PV1 of an outpatient. `onDate` (YYYYMMDD) is the day of the message. */
export function patientSegments(person: PersonFacts, onDate: string): readonly string[] {
  return [
    segment('PID', {
      1: 1,
      3: patientIdentifier(person, onDate),
      5: personName(person.name),
      7: person.birthDate,
      8: administrativeSex(person.sex),
    }),
    // Protected identity (HL7 table 0136); the receiver's own rules for such people begin here.
    ...(person.isProtected ? [segment('PD1', { 12: 'Y' })] : []),
    segment('PV1', { 1: 1, 2: 'O' }),
  ];
}

/** PID-3: a Swedish number under its national OID (HL7 table 0203: NN and the country), another under its issuer. */
function patientIdentifier({ patientId, issuer }: PersonFacts, onDate: string): Field {
  if (patientId === null) return null;
  const { kind, shown } = describeNumber(patientId, onDate);
  const oid = NATIONAL_OIDS[kind];
  if (oid !== undefined) return [shown.replace('-', ''), null, null, [null, oid, 'ISO'], 'NNSWE'];
  return [patientId, null, null, issuer ?? OWN_AUTHORITY, 'PI'];
}

/** A DICOM name (family, given, middle, prefix, suffix) as XPN, which has suffix and prefix the other way round. */
function personName(name: string | null): Field {
  const [alphabetic = ''] = (name ?? '').split('=');
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = alphabetic.split('^');
  return family === '' && given === '' ? null : [family, given, middle, suffix, prefix, null, 'L'];
}

/** HL7 table 0001. */
function administrativeSex(sex: string | null): string {
  return sex === 'F' || sex === 'M' || sex === 'O' ? sex : 'U';
}
