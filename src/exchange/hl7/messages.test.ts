import { Hl7Message } from '@medplum/core';
import { describe, expect, it } from 'vitest';
import type { ReferralFacts } from '../../database/referral-facts.ts';
import type { Hl7Receiver } from '../../exchange-settings.ts';
import {
  exampleFilm,
  exampleReferral,
  exampleStep,
  talkativePanoramic,
} from '../../testing/example-referral.ts';
import { readAcknowledgement, verdictOf } from './acknowledgement.ts';
import { type OrderControl, orderMessage } from './order-message.ts';
import { type ResultStatus, resultMessage } from './result-message.ts';

const RECEIVER: Hl7Receiver = {
  ...{ name: 'ris', host: 'ris.example', port: 2575, tls: false, messages: ['order', 'result'] },
  ...{ orderMessage: 'OMI^O23', sendingApplication: 'OSTEOTRIAGE', receivingApplication: 'RIS' },
  ...{ characterSet: 'UNICODE UTF-8', language: 'sv', answerSecondsMax: 30 },
};
const STAMP = { messageId: '0123456789ABCDEFGHJK', atMs: Date.UTC(2026, 10, 22, 21, 5) };

function order(change: Partial<ReferralFacts>, control: OrderControl, receiver = RECEIVER): Hl7Message {
  const facts = exampleReferral(change);
  return Hl7Message.parse(orderMessage({ facts, step: exampleStep(), control }, receiver, STAMP));
}

function result(change: Partial<ReferralFacts>, status: ResultStatus): Hl7Message {
  return Hl7Message.parse(resultMessage({ facts: exampleReferral(change), status }, RECEIVER, STAMP));
}

const field = (message: Hl7Message, name: string, number: number): string | undefined =>
  message.getSegment(name)?.getField(number).toString();

describe('an order in HL7', () => {
  it('as OMI^O23 names person, DXA, time and the identifiers of imaging, and says the finding in words', () => {
    const message = order({}, 'NW');
    expect(message.segments.map(({ name }) => name).filter((name) => name !== 'NTE' && name !== '')).toEqual([
      ...['MSH', 'PID', 'PV1', 'ORC', 'TQ1', 'OBR', 'IPC'],
    ]);
    expect(message.header.toString()).toBe(
      'MSH|^~\\&|OSTEOTRIAGE||RIS||20261122210500+0000||OMI^O23^OMI_O23|0123456789ABCDEFGHJK|P|2.5.1|||||SWE|UNICODE UTF-8|sv',
    );
    expect(field(message, 'PID', 3)).toBe('191212121212^^^&1.2.752.129.2.1.3.1&ISO^NNSWE');
    expect(field(message, 'PID', 5)).toBe('Påhittad^Åke Örjan^^^^^L');
    expect(field(message, 'ORC', 1)).toBe('NW');
    expect(field(message, 'ORC', 2)).toBe('A0123456789AB^OSTEOTRIAGE');
    expect(field(message, 'TQ1', 7)).toBe('20261125101500');
    expect(field(message, 'OBR', 4)).toMatch(/^DXA\^Bone density \(DXA\)\^99OSTEOTRIAGE\^83311-1\^/);
    expect(message.getSegment('IPC')?.toString()).toBe(
      'IPC|A0123456789AB^OSTEOTRIAGE|R0123456789AB^OSTEOTRIAGE|2.25.777^^2.25.777^ISO|S0123456789AB^OSTEOTRIAGE|BMD^Bone densitometry^DCM||||DXA1',
    );
    const notes = message.getAllSegments('NTE').map((note) => note.getField(3).toString());
    expect(notes[0]).toBe(
      'L1 är kilformad: 31 % förlust av främre höjd, medelfel 2 enheter: grad 2 (måttlig).',
    );
    expect(notes).toContain(
      'L1: höjdförlust 31 ± 2 %, grad 2 (kil), höjd fram, mitt, bak 18,2 / 21,6 / 26,4 mm',
    );
    expect(notes.at(-1)).toMatch(/^Ett fynd för triage, ingen diagnos\./);
  });

  it('as ORM^O01 puts accession number, step and study where IHE reads them', () => {
    const message = order({}, 'XO', { ...RECEIVER, orderMessage: 'ORM^O01', language: 'en' });
    expect(message.header.getField(9).toString()).toBe('ORM^O01^ORM_O01');
    expect([18, 19, 20, 24].map((number) => field(message, 'OBR', number))).toEqual([
      ...['A0123456789AB', 'R0123456789AB', 'S0123456789AB', 'BMD'],
    ]);
    expect(field(message, 'ORC', 7)).toBe('^^^20261125101500^^R');
    expect(field(message, 'ZDS', 1)).toBe('2.25.777^OSTEOTRIAGE^Application^DICOM');
    expect(message.getAllSegments('NTE').at(-1)?.getField(3).toString()).toMatch(/^A finding for triage/);
  });

  it('that is cancelled says no more of the person than it must', () => {
    const message = order({}, 'CA');
    expect(field(message, 'ORC', 5)).toBe('CA');
    expect(message.getAllSegments('NTE')).toEqual([]);
  });

  it('marks a protected identity, and names other numbers by their issuer', () => {
    const person = { ...exampleReferral().person, isProtected: true, patientId: 'T-1', issuer: 'TEST' };
    const message = order({ person }, 'NW');
    expect(field(message, 'PD1', 12)).toBe('Y');
    expect(field(message, 'PID', 3)).toBe('T-1^^^TEST^PI');
  });
});

describe('a result in HL7', () => {
  it('has each value with its unit, its flag and how final it is', () => {
    const message = result({ films: [exampleFilm(talkativePanoramic())] }, 'P');
    const rows = message
      .getAllSegments('OBX')
      .map((row) => [3, 5, 6, 8, 11].map((number) => row.getField(number).getComponent(1)).join(' '));
    expect(rows).toEqual([
      'DECISION ACCEPTED   P',
      'MCW-R 2.16 mm  P',
      'MCW-SE-R 0.16 mm  P',
      'PMI-R 0.21 {ratio}  P',
      'MCI-R C2   P',
      'MCW-L 2.08 mm  P',
      'MCW-SE-L 0.16 mm  P',
      'PMI-L 0.21 {ratio}  P',
      'MCW-MEAN 2.12 mm L P',
      'SCALE korrigerat med profilen Room 2 (förstoring 1,25, step phantom, 2026-05-04)   P',
    ]);
    expect(field(message, 'OBR', 25)).toBe('P');
    expect(field(message, 'OBR', 4)).toContain('a finding for triage, not a diagnosis');
  });

  it('tells the vertebrae that are deformed, the T-scores and their class', () => {
    const dxa = {
      ...{ dxaId: 'd', measuredOn: '2026-11-20' },
      tScores: { lumbarSpine: -2.6, femoralNeck: -1.9, totalHip: null },
    };
    const message = result({ state: 'closed', outcome: 'treatment-started', dxa }, 'F');
    const rows = message
      .getAllSegments('OBX')
      .map((row) => [3, 5, 8, 11].map((number) => row.getField(number).getComponent(1)).join(' '));
    expect(rows).toEqual([
      'DECISION CLOSED  F',
      'GENANT-L1 2 A F',
      'LOSS-L1 31 A F',
      'LOSS-SE-L1 2  F',
      'GENANT-L3 1 A F',
      'LOSS-L3 22 A F',
      'LOSS-SE-L3 2  F',
      'GENANT-WORST 2 A F',
      '38267-1 -2.6 LL F',
      'T-NECK -1.9 L F',
      'WHO-CLASS osteoporosis  F',
    ]);
    expect(message.getAllSegments('OBR').map((row) => row.getField(1).toString())).toEqual(['1', '2']);
  });
});

describe('an acknowledgement', () => {
  const ack = (code: string, more = '') => `MSH|^~\\&|RIS|||||ACK|1|P|2.5.1\rMSA|${code}|ID-1|Text\r${more}`;

  it('is read with any separator, and its texts are left alone', () => {
    expect(readAcknowledgement(ack('AE', 'ERR|||204^Unknown key^HL70357|E\r'))).toEqual({
      ...{ code: 'AE', answers: 'ID-1', errorCode: '204' },
    });
    expect(readAcknowledgement('MSH#*~\\&#RIS\nMSA#AA#ID-1\n')).toMatchObject({
      code: 'AA',
      answers: 'ID-1',
    });
  });

  it('is none without a header, an MSA or a known code', () => {
    for (const text of ['', 'HTTP/1.1 200 OK', 'MSH|^~\\&|RIS\r', ack('OK'), 'MSA|AA|ID-1']) {
      expect(readAcknowledgement(text)).toBeUndefined();
    }
  });

  it('delivers, is tried again or is the last word, by its code', () => {
    const verdict = (code: 'AA' | 'CA' | 'AE' | 'CE' | 'AR' | 'CR') => {
      const found = verdictOf({ code, answers: 'x', errorCode: null });
      return found.isDelivered ? 'delivered' : found.errorClass;
    };
    expect((['AA', 'CA', 'AE', 'CE', 'AR', 'CR'] as const).map(verdict)).toEqual([
      ...['delivered', 'delivered', 'ambiguous', 'ambiguous', 'permanent', 'permanent'],
    ]);
  });
});
