import { describe, expect, it } from 'vitest';
import { decodeDataSet, encodeDataSet } from '../dicom/dimse-data-set.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import {
  answerStep,
  exactValues,
  matchesQuery,
  readQuery,
  stationFor,
  type WorklistStep,
} from './worklist-item.ts';

const STEP: WorklistStep = {
  referralId: 'r1',
  referralState: 'dxa-ordered',
  stepId: 'S1',
  requestedProcedureId: 'R1',
  accessionNumber: 'A1',
  studyUid: '2.25.7',
  stationAeTitle: 'DXA1',
  stationTitle: 'DXA1',
  scheduledDate: '20260706',
  scheduledTime: '133000',
  state: 'scheduled',
  patientName: 'Påhittad^Åsa',
  patientId: '19500101-1234',
  issuerOfPatientId: 'TEST',
  birthDate: '19500101',
  sex: 'F',
};

const inStep = (keys: DicomDataset): DicomDataset => ({ ScheduledProcedureStepSequence: [keys] });

describe('a query of the worklist', () => {
  const cases: readonly [what: string, identifier: DicomDataset, matches: boolean][] = [
    ['nothing at all', {}, true],
    ['an empty sequence', { ScheduledProcedureStepSequence: [] }, true],
    ['an empty item', inStep({}), true],
    ['the modality', inStep({ Modality: 'BMD' }), true],
    ['another modality', inStep({ Modality: 'CT' }), false],
    ['an empty modality', inStep({ Modality: null }), true],
    ['the day', inStep({ ScheduledProcedureStepStartDate: '20260706' }), true],
    ['another day', inStep({ ScheduledProcedureStepStartDate: '20260707' }), false],
    [
      'one span over days',
      inStep({
        ScheduledProcedureStepStartDate: '20260705-20260707',
        ScheduledProcedureStepStartTime: '1800-1000',
      }),
      true,
    ],
    ['an asterisk for a day', inStep({ ScheduledProcedureStepStartDate: '*' }), true],
    ['the status', inStep({ ScheduledProcedureStepStatus: 'SCHEDULED' }), true],
    ['another status', inStep({ ScheduledProcedureStepStatus: 'STARTED' }), false],
    ['an empty status', inStep({ ScheduledProcedureStepStatus: null }), true],
    ['the step', inStep({ ScheduledProcedureStepID: 'S1' }), true],
    ['a physician, who is not known', inStep({ ScheduledPerformingPhysicianName: 'X^Y' }), false],
    ['an empty physician', inStep({ ScheduledPerformingPhysicianName: null }), true],
    ['a name by its beginning', { PatientName: 'påh*' }, true],
    ['a name that is another', { PatientName: 'Annan*' }, false],
    ['a Patient ID', { PatientID: '19500101-1234' }, true],
    ['a Patient ID with a wildcard', { PatientID: '1950*' }, true],
    ['another Patient ID', { PatientID: '1950' }, false],
    ['a birth date', { PatientBirthDate: '19500101' }, true],
    ['a range of birth dates', { PatientBirthDate: '19490101-19501231' }, true],
    ['another birth date', { PatientBirthDate: '19510101' }, false],
    ['a sex', { PatientSex: 'M' }, false],
    ['an accession number', { AccessionNumber: 'A1' }, true],
    ['a list of studies', { StudyInstanceUID: ['2.25.6', '2.25.7'] }, true],
    ['two keys of which one differs', { PatientID: '19500101-1234', PatientSex: 'M' }, false],
    ['a key that nothing is known of', { PatientWeight: 70 }, true],
    ['a code that is not matched', { RequestedProcedureCodeSequence: [{ CodeValue: '1' }] }, true],
    ['a level, which worklists do not have', { QueryRetrieveLevel: 'PATIENT' }, true],
  ];
  it.each(cases)('%s', (_what, identifier, matches) => {
    expect(matchesQuery(readQuery(identifier), STEP)).toBe(matches);
  });

  it.each([
    [inStep({ ScheduledProcedureStepStartDate: 'tomorrow' })],
    [inStep({ ScheduledProcedureStepStartTime: '1-2-3' })],
    [{ PatientBirthDate: '50' }],
  ])('is refused where a date cannot be read, without quoting it', (identifier) => {
    expect(() => readQuery(identifier)).toThrow(/is neither a value nor a range that can be read/);
  });

  it('says where a key with a value is not matched, and not where it is empty', () => {
    expect(readQuery({ PatientWeight: 70 }).hasUnsupportedKeys).toBe(true);
    expect(readQuery({ RequestedProcedureCodeSequence: [{ CodeValue: '1' }] }).hasUnsupportedKeys).toBe(true);
    expect(readQuery({ RequestedProcedureCodeSequence: [{ CodeValue: null }] }).hasUnsupportedKeys).toBe(
      false,
    );
    expect(readQuery({ ImageComments: 'x' }).hasUnsupportedKeys).toBe(true);
    expect(
      readQuery({ SpecificCharacterSet: 'ISO_IR 100', PatientWeight: null, PatientID: 'X' })
        .hasUnsupportedKeys,
    ).toBe(false);
  });

  it('names what the database can look up', () => {
    expect(exactValues(readQuery({ PatientID: 'T-1' }), 'PatientID')).toEqual(['T-1']);
    expect(exactValues(readQuery({ PatientID: 'T-*' }), 'PatientID')).toBeNull();
    expect(exactValues(readQuery({}), 'PatientID')).toBeNull();
  });

  it('leaves no scanner without its steps, and shows the steps of others only to who asks', () => {
    const silent = readQuery(inStep({ ScheduledStationAETitle: null }));
    expect(stationFor(silent, null, 'SCAN')).toBe('SCAN');
    expect(stationFor(silent, 'SCAN', 'SCAN')).toBe('SCAN');
    expect(stationFor(silent, 'DXA1', 'SCAN')).toBeNull();
    const asking = readQuery(inStep({ ScheduledStationAETitle: 'DXA1' }));
    expect(stationFor(asking, 'DXA1', 'SCAN')).toBe('DXA1');
    expect(stationFor(asking, 'DXA2', 'SCAN')).toBeNull();
    expect(stationFor(asking, null, 'SCAN')).toBe('DXA1');
    const pattern = readQuery(inStep({ ScheduledStationAETitle: 'DXA?' }));
    expect(stationFor(pattern, 'DXA2', 'SCAN')).toBe('DXA2');
    expect(stationFor(pattern, null, 'SCAN')).toBe('SCAN');
  });
});

describe('an answer of the worklist', () => {
  const FULL = answerStep(readQuery({}), STEP);

  it('has every attribute of type 1 with a value, and those of type 2, whatever was asked', () => {
    expect(FULL).toMatchObject({
      AccessionNumber: 'A1',
      PatientName: 'Påhittad^Åsa',
      PatientID: '19500101-1234',
      PatientBirthDate: '19500101',
      PatientSex: 'F',
      PatientWeight: null,
      ReferringPhysicianName: null,
      ReferencedStudySequence: [],
      StudyInstanceUID: '2.25.7',
      RequestedProcedureID: 'R1',
      RequestedProcedureDescription: 'Bone density (DXA)',
      RequestedProcedurePriority: 'ROUTINE',
      ScheduledProcedureStepSequence: [
        {
          ScheduledStationAETitle: 'DXA1',
          ScheduledProcedureStepStartDate: '20260706',
          ScheduledProcedureStepStartTime: '133000',
          Modality: 'BMD',
          ScheduledPerformingPhysicianName: null,
          ScheduledProcedureStepID: 'S1',
          ScheduledProcedureStepDescription: 'Bone density (DXA)',
        },
      ],
    });
    expect(FULL).not.toHaveProperty('IssuerOfPatientID');
  });

  it('has what was asked for besides, empty where it is not known', () => {
    const identifier = {
      IssuerOfPatientID: null,
      ImageComments: null,
      RequestedProcedureCodeSequence: [{ CodeValue: null }],
      ...inStep({ ScheduledProcedureStepStatus: null, ScheduledProcedureStepEndDate: null }),
    };
    const answer = answerStep(readQuery(identifier), { ...STEP, state: 'in-progress' });
    expect(answer).toMatchObject({
      IssuerOfPatientID: 'TEST',
      ImageComments: null,
      RequestedProcedureCodeSequence: [],
      ScheduledProcedureStepSequence: [
        { ScheduledProcedureStepStatus: 'STARTED', ScheduledProcedureStepEndDate: null },
      ],
    });
  });

  it('is never told the character set of the query as if it were a key', () => {
    const answer = answerStep(readQuery({ SpecificCharacterSet: 'ISO_IR 144', PatientID: null }), STEP);
    expect(answer['SpecificCharacterSet']).toBe('ISO_IR 100');
  });

  it.each([
    [undefined, 'Påhittad^Åsa', 'ISO_IR 100'],
    ['ISO_IR 100', 'Påhittad^Åsa', 'ISO_IR 100'],
    ['ISO_IR 192', 'Påhittad^Åsa', 'ISO_IR 192'],
    [['ISO_IR 6', 'ISO_IR 192'], 'Påhittad^Åsa', 'ISO_IR 192'],
    [undefined, 'Łukasz^Ewa', 'ISO_IR 192'],
    ['ISO_IR 100', 'Łukasz^Ewa', 'ISO_IR 192'],
  ])(
    'a query in %s for %s is answered in %s, and the name comes back whole',
    (asked, patientName, expected) => {
      const identifier: DicomDataset = asked === undefined ? {} : { SpecificCharacterSet: asked };
      const answer = answerStep(readQuery(identifier), { ...STEP, patientName });
      expect(answer['SpecificCharacterSet']).toBe(expected);
      const syntax = '1.2.840.10008.1.2.1';
      const bytes = encodeDataSet(answer, syntax);
      expect(decodeDataSet(bytes, syntax)['PatientName']).toBe(patientName);
      expect(bytes.includes(Buffer.from(patientName, expected === 'ISO_IR 100' ? 'latin1' : 'utf8'))).toBe(
        true,
      );
    },
  );
});
