import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';

/** A structured report as a DXA scanner sends it back, of an invented person; `change` says what differs. */
export function dxaReport(instance: string, change: DicomDataset = {}): DicomDataset {
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    SOPClassUID: SOP_CLASSES.comprehensiveStructuredReport,
    SOPInstanceUID: instance,
    StudyDate: '20260706',
    StudyTime: '134500',
    ContentDate: '20260706',
    ContentTime: '135500',
    AccessionNumber: null,
    Modality: 'SR',
    Manufacturer: 'Invented DXA',
    ReferringPhysicianName: null,
    ReferencedPerformedProcedureStepSequence: [],
    PatientName: 'Påhittad^Åsa',
    PatientID: 'T-1',
    PatientBirthDate: '19500101',
    PatientSex: 'F',
    StudyInstanceUID: '1.2.3.77',
    SeriesInstanceUID: `${instance}.1`,
    StudyID: null,
    SeriesNumber: 1,
    InstanceNumber: 1,
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [
      { CodeValue: '18748-4', CodingSchemeDesignator: 'LN', CodeMeaning: 'Diagnostic Imaging Report' },
    ],
    ContinuityOfContent: 'SEPARATE',
    PerformedProcedureCodeSequence: [],
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    ContentSequence: [
      {
        RelationshipType: 'CONTAINS',
        ValueType: 'TEXT',
        ConceptNameCodeSequence: [
          { CodeValue: '121071', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Finding' },
        ],
        TextValue: 'T-score −1.4 (invented)',
      },
    ],
    ...change,
  };
}
