/** What a receiver answers to a message (2.5.1 section 2.15.8), read as far as it concerns us. Pure. */

import type { SendVerdict } from '../message-sender.ts';

/** The codes of HL7 table 0008. */
const CODES = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const;

/** One of the codes: accept, error, reject; in the original mode (A) or of the commit (C). */
export type AcknowledgementCode = (typeof CODES)[number];

/** An answer. */
export interface Acknowledgement {
  readonly code: AcknowledgementCode;
  /** The control identifier of the message that it answers. */
  readonly answers: string;
  /** HL7 table 0357 as far as the answer says it, such as 204 (unknown key identifier); null where it does not. */
  readonly errorCode: string | null;
}

/** Reads an answer; undefined where it is none. The texts of an answer may name a patient and are not read. */
export function readAcknowledgement(text: string): Acknowledgement | undefined {
  const segments = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  const header = segments[0] ?? '';
  const separator = header.charAt(3);
  if (!header.startsWith('MSH') || separator === '') return undefined;
  const fieldsOf = (name: string): readonly string[] =>
    segments.map((line) => line.split(separator)).find(([first]) => first === name) ?? [];
  const [, code = '', answers = ''] = fieldsOf('MSA');
  if (!isCode(code)) return undefined;
  const component = header.charAt(4);
  // ERR-3 since 2.5, MSA-6 and ERR-1 before it.
  const [errorCode = ''] = (fieldsOf('ERR')[3] ?? fieldsOf('MSA')[6] ?? '').split(component);
  return { code, answers, errorCode: /^\w{1,20}$/.test(errorCode) ? errorCode : null };
}

function isCode(text: string): text is AcknowledgementCode {
  return (CODES as readonly string[]).includes(text);
}

/**
 * What an answer makes of a message. An error of the application may pass and is tried again a few times; a rejection is
 * the receiver's last word.
 */
export function verdictOf({ code, errorCode }: Acknowledgement): SendVerdict {
  if (code === 'AA' || code === 'CA') return { isDelivered: true, note: null };
  const note = errorCode === null ? code : `${code} ${errorCode}`;
  const errorClass = code === 'AR' || code === 'CR' ? 'permanent' : 'ambiguous';
  return { isDelivered: false, errorClass, isRefused: true, note };
}
