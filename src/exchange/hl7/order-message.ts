/**
 * The order of a DXA: OMI^O23, or ORM^O01 for systems that know no other (2.5.1 sections 4.4.12 and 4.4.1). ORM has no
 * place for the identifiers of imaging: they stand where IHE Radiology (RAD-4) puts them. Pure.
 */
import type { ReferralFacts } from '../../database/referral-facts.ts';
import type { ProcedureStep } from '../../database/procedure-records.ts';
import { DISCLAIMER } from '../../decide/reason-texts.ts';
import type { Hl7Receiver } from '../../exchange-settings.ts';
import { askLine, measuredLines, reasonLines } from '../../report/finding-lines.ts';
import {
  type MessageStamp,
  messageHeader,
  OWN_AUTHORITY,
  OWN_SCHEME,
  patientSegments,
} from './message-head.ts';
import { type Field, messageText, segment, timeText } from './segment.ts';

/** What an order does: new, changed, cancelled (HL7 table 0119). */
export type OrderControl = 'NW' | 'XO' | 'CA';

/** Our code of a DXA, and LOINC's panel of what it gives. */
export const DXA_CODE: Field = [
  'DXA',
  'Bone density (DXA)',
  OWN_SCHEME,
  '83311-1',
  'Bone density quantitative measurement by DXA panel',
  'LN',
];

/** An order on its way to one receiver. */
export interface Hl7Order {
  readonly facts: ReferralFacts;
  readonly step: ProcedureStep;
  readonly control: OrderControl;
}

/** Writes the message. */
export function orderMessage(order: Hl7Order, receiver: Hl7Receiver, stamp: MessageStamp): string {
  const type = receiver.orderMessage;
  const onDate = timeText(stamp.atMs).slice(0, 8);
  return messageText([
    messageHeader(type, receiver, stamp),
    ...patientSegments(order.facts.person, onDate),
    ...(type === 'OMI^O23' ? imagingOrder(order, receiver, stamp) : generalOrder(order, receiver, stamp)),
  ]);
}

function imagingOrder(order: Hl7Order, receiver: Hl7Receiver, stamp: MessageStamp): readonly string[] {
  const { step } = order;
  return [
    segment('ORC', commonOrder(order, stamp)),
    segment('TQ1', { 1: 1, 7: startOf(step), 9: 'R' }),
    segment('OBR', requestFields(order)),
    ...notes(order, receiver),
    segment('IPC', {
      1: [step.accession_number, OWN_AUTHORITY],
      2: [step.requested_procedure_id, OWN_AUTHORITY],
      // A study is named by its UID alone; the authority is the scheme itself (IHE RAD-4).
      3: [step.study_uid, null, step.study_uid, 'ISO'],
      4: [step.step_id, OWN_AUTHORITY],
      5: ['BMD', 'Bone densitometry', 'DCM'],
      9: step.station_ae_title,
    }),
  ];
}

function generalOrder(order: Hl7Order, receiver: Hl7Receiver, stamp: MessageStamp): readonly string[] {
  const { step } = order;
  const timing: Field = [null, null, null, startOf(step), null, 'R'];
  return [
    segment('ORC', { ...commonOrder(order, stamp), 7: timing }),
    segment('OBR', {
      ...requestFields(order),
      18: step.accession_number,
      19: step.requested_procedure_id,
      20: step.step_id,
      21: step.station_ae_title,
      24: 'BMD',
      27: timing,
    }),
    ...notes(order, receiver),
    segment('ZDS', { 1: [step.study_uid, OWN_AUTHORITY, 'Application', 'DICOM'] }),
  ];
}

function commonOrder({ facts, step, control }: Hl7Order, { atMs }: MessageStamp) {
  return {
    1: control,
    2: [step.accession_number, OWN_AUTHORITY],
    4: [facts.referralId, OWN_AUTHORITY],
    5: control === 'CA' ? 'CA' : 'SC',
    9: timeText(atMs),
    // Who accepted the referral: by name alone, which is no identifier.
    10: facts.accepted === null ? null : [null, facts.accepted.by],
  } as const;
}

function requestFields({ facts, step }: Hl7Order) {
  return {
    1: 1,
    2: [step.accession_number, OWN_AUTHORITY],
    4: DXA_CODE,
    31: facts.assessments.includes('treatment')
      ? ['ASSESS-TREATMENT', 'Assessment of treatment', OWN_SCHEME]
      : ['ASSESS-DXA', 'Measurement of bone density (DXA)', OWN_SCHEME],
  } as const;
}

/** The finding in words, one note for each sentence. A cancelled order says no more of a person than it must. */
function notes({ facts, control }: Hl7Order, { language }: Hl7Receiver): readonly string[] {
  if (control === 'CA') return [];
  const [lead] = facts.films;
  const lines = [
    ...(lead === undefined ? [] : reasonLines(lead.reasons, language)),
    ...measuredLines(lead?.analysis ?? null, language).map(({ name, value }) => `${name}: ${value}`),
    ...facts.assessments.map((assessment) => askLine(assessment, language)),
    DISCLAIMER[language],
  ];
  return lines.map((line, index) => segment('NTE', { 1: index + 1, 2: 'P', 3: line, 4: 'RE' }));
}

/** The day and time that are scheduled, in local time as the scanner's worklist has them. */
function startOf({ scheduled_date, scheduled_time }: ProcedureStep): string {
  return `${scheduled_date}${scheduled_time}`;
}
