/** The list of referrals as a table for Swedish Excel: UTF-8 with its mark, semicolons, decimal commas elsewhere. Pure. */
import { reasonText } from '../decide/reason-texts.ts';
import type { Language } from '../decide/reason-texts.ts';
import type { DueStanding } from '../exam/due-standing.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { ReferralListRow } from './referral-views.ts';

const BYTE_ORDER_MARK = '\ufeff';
const LINE_END = '\r\n';
/** A cell that begins so would be worked out as a formula. */
const FORMULA_START = /^[=+\-@\t\r]/;

const HEADINGS: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'Number',
    'Name',
    'Age',
    'Sex',
    'Finding',
    'State',
    'Owner',
    'Due',
    'Standing',
    'Site',
    'Arrived',
    'Referral',
  ],
  sv: [
    ...['Personnummer', 'Namn', 'Ålder', 'Kön', 'Fynd', 'Status', 'Ansvarig', 'Förfallodatum', 'Läge'],
    ...['Enhet', 'Inkom', 'Remiss'],
  ],
};

const STATE_WORDS: Readonly<Record<Language, Readonly<Record<ReferralState, string>>>> = {
  en: {
    flagged: 'New',
    'under-review': 'Under review',
    accepted: 'Accepted',
    'dxa-ordered': 'DXA ordered',
    'dxa-booked': 'DXA booked',
    'dxa-done': 'DXA done',
    'treatment-assessment': 'Treatment assessment',
    closed: 'Closed',
    dismissed: 'Dismissed',
  },
  sv: {
    flagged: 'Ny',
    'under-review': 'Under granskning',
    accepted: 'Accepterad',
    'dxa-ordered': 'DXA beställd',
    'dxa-booked': 'DXA bokad',
    'dxa-done': 'DXA utförd',
    'treatment-assessment': 'Läkemedelsbedömning',
    closed: 'Avslutad',
    dismissed: 'Avskriven',
  },
};

const STANDING_WORDS: Readonly<Record<Language, Readonly<Record<DueStanding, string>>>> = {
  en: { 'in-time': 'in time', 'due-soon': 'due soon', overdue: 'overdue', escalated: 'long overdue' },
  sv: { 'in-time': 'i tid', 'due-soon': 'snart', overdue: 'försenad', escalated: 'mycket försenad' },
};

const SEX_WORDS: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: { F: 'woman', M: 'man' },
  sv: { F: 'kvinna', M: 'man' },
};

const PROTECTED: Readonly<Record<Language, string>> = {
  en: 'Protected identity',
  sv: 'Skyddade personuppgifter',
};

/** The first line, with the mark by which Excel knows the encoding. */
export function exportHeading(language: Language): string {
  return BYTE_ORDER_MARK + lineOf(HEADINGS[language]);
}

/** The lines of some rows. */
export function exportLines(rows: readonly ReferralListRow[], language: Language): string {
  return rows.map((row) => lineOf(cellsOf(row, language))).join('');
}

function cellsOf(row: ReferralListRow, language: Language): readonly string[] {
  const { person, dueAt, dueStanding: standing } = row;
  return [
    person.number?.shown ?? person.patientId,
    person.isProtected === true ? PROTECTED[language] : person.name,
    row.ageYears === null ? '' : String(row.ageYears),
    SEX_WORDS[language][person.sex ?? ''] ?? '',
    findingText(row, language),
    STATE_WORDS[language][row.state],
    row.owner?.name ?? '',
    dueAt?.slice(0, 10) ?? '',
    standing === null ? '' : STANDING_WORDS[language][standing],
    row.site.name,
    row.arrivedAt.slice(0, 10),
    row.referralId,
  ];
}

function findingText({ reasons, finding }: ReferralListRow, language: Language): string {
  const [deciding] = reasons;
  if (deciding === undefined || language === 'en' || !('values' in deciding)) return finding;
  return reasonText(deciding.code, language, deciding.values as Readonly<Record<string, number | string>>);
}

function lineOf(cells: readonly string[]): string {
  return cells.map(cellOf).join(';') + LINE_END;
}

function cellOf(text: string): string {
  const plain = FORMULA_START.test(text) ? `'${text}` : text;
  return /[;"\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
