import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ReferralFacts } from '../database/referral-facts.ts';
import type { Language } from '../decide/reason-texts.ts';
import { exampleFilm, exampleReferral, talkativePanoramic } from '../testing/example-referral.ts';
import { requireTool } from '../testing/services.ts';
import { makeReferralLetter } from './referral-letter.ts';

const tool = requireTool('pdftotext');
const folder = mkdtempSync(join(tmpdir(), 'osteotriage-letter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW_MS = Date.UTC(2026, 10, 22, 12);

function letter(facts: ReferralFacts, language: Language): Promise<Buffer> {
  return makeReferralLetter({
    ...{ facts, language, siteName: 'Norra kliniken', softwareVersion: '9.9.9', nowMs: NOW_MS },
  });
}

/** The words of the letter, a run of white space being one space and ± standing close. */
async function wordsOf(change: Partial<ReferralFacts>, language: Language): Promise<string> {
  const path = join(folder, 'letter.pdf');
  writeFileSync(path, await letter(exampleReferral(change), language));
  const text = execFileSync(tool.available ? tool.path : '', ['-layout', path, '-'], { encoding: 'utf8' });
  return text.replaceAll(/\s+/g, ' ').replaceAll(/ ?± ?/g, '±');
}

describe.skipIf(!tool.available)(`a letter${tool.available ? '' : ` (${tool.reason})`}`, () => {
  it('in Swedish says who, what is asked for, why, how surely, and that it is no diagnosis', async () => {
    const words = await wordsOf({}, 'sv');
    for (const said of [
      'Remiss för bentäthetsmätning (DXA)',
      'Personnummer 19121212-1212',
      'Född 1912-12-12, 76 år, man',
      'Inremitterande enhet Norra kliniken',
      'Remissnummer A0123456789AB',
      'Undersökningssteg S0123456789AB',
      'Planerad 2026-11-25 10:15, DXA1',
      'L1 är kilformad: 31 % förlust av främre höjd',
      'L1 höjdförlust 31±2 %, grad 2 (kil)',
      'detektorns skala, ej korrigerad för förstoring',
      'Vikt 58,5 kg',
      'Ja Tidigare lågenergifraktur',
      'större osteoporotisk fraktur 23,4 %',
      'OST -3 (medelhög risk)',
      'Remissen godkänd av Karin Koordinator, 2026-11-18',
      'Läge DXA bokad',
      'Ett fynd för triage, ingen diagnos.',
    ]) {
      expect(words).toContain(said);
    }
    expect(words).not.toContain('SKYDDADE');
  });

  it('in English says the same, with what a panoramic film gives and a DXA that was done', async () => {
    const dxa = {
      ...{ dxaId: 'd', measuredOn: '2026-11-20' },
      tScores: { lumbarSpine: -2.6, femoralNeck: null, totalHip: -1.9 },
    };
    const films = [exampleFilm(talkativePanoramic()), ...exampleReferral().films];
    const words = await wordsOf({ films, dxa, risk: null, assessments: ['frax', 'dxa'] }, 'en');
    for (const said of [
      'Referral for measurement of bone density (DXA)',
      'Assessment of the 10-year risk of fracture (FRAX) is suggested.',
      'Right side cortical width 2.16±0.16 mm, or 3.2 mm if',
      'corrected by profile Room 2 (magnification 1.25, step phantom, 2026-05-04)',
      'One more film belongs to the referral.',
      'No risk factors were entered.',
      'DXA done 2026-11-20 T-score, lumbar spine –2.6 T-score, total hip –1.9 WHO: osteoporosis.',
      'A finding for triage, not a diagnosis.',
    ]) {
      expect(words).toContain(said);
    }
    // What only sorts our own list is nobody else's concern.
    expect(words).not.toContain('Sorting score');
  });

  it('marks a protected identity, and says what is not there yet', async () => {
    const person = { ...exampleReferral().person, isProtected: true, patientId: 'T-1', name: null };
    const words = await wordsOf({ person, steps: [], accepted: null, state: 'flagged' }, 'sv');
    for (const said of [
      'SKYDDADE PERSONUPPGIFTER',
      'Patient-ID T-1',
      'Ännu inte beställd; remissnummer saknas.',
      'Remissen är ännu inte godkänd.',
    ]) {
      expect(words).toContain(said);
    }
  });
});

describe('the file of a letter', () => {
  it('names nobody where it is not read itself, and is the same for the same input', async () => {
    const facts = exampleReferral();
    const pdf = await letter(facts, 'sv');
    const open = pdf.toString('latin1');
    expect(open).toContain(`(Osteotriage ${facts.referralId})`);
    for (const name of ['19121212', 'hittad', 'Karin']) expect(open).not.toContain(name);
    expect(await letter(facts, 'sv')).toEqual(pdf);
  });
});
