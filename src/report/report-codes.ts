/**
 * The coded concepts of the report. Where DICOM (PS3.16) or SNOMED CT has a code it is used; DICOM has none for
 * cortical width, Klemetti's class or a triage outcome, so those stand in a private scheme that each report
 * declares in its Coding Scheme Identification Sequence.
 */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Code } from './content-item.ts';

const PRIVATE_SCHEME = '99OSTEOTRIAGE';

/** What the report is made of: headings and names (PS3.16 TID 1500, 1001, 1204, 1501, 300, 4019). */
export const CONCEPTS = {
  imagingMeasurementReport: dcm('126000', 'Imaging Measurement Report'),
  language: dcm('121049', 'Language of Content Item and Descendants'),
  observerType: dcm('121005', 'Observer Type'),
  deviceUid: dcm('121012', 'Device Observer UID'),
  deviceName: dcm('121013', 'Device Observer Name'),
  deviceManufacturer: dcm('121014', 'Device Observer Manufacturer'),
  deviceModel: dcm('121015', 'Device Observer Model Name'),
  deviceSerial: dcm('121016', 'Device Observer Serial Number'),
  personName: dcm('121008', 'Person Observer Name'),
  personLogin: dcm('128774', "Person Observer's Login Name"),
  personRole: dcm('121010', "Person Observer's Role in the Organization"),
  procedureReported: dcm('121058', 'Procedure reported'),
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  modality: dcm('121139', 'Modality'),
  imagingMeasurements: dcm('126010', 'Imaging Measurements'),
  measurementGroup: dcm('125007', 'Measurement Group'),
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUid: dcm('112040', 'Tracking Unique Identifier'),
  finding: dcm('121071', 'Finding'),
  findingSite: sct('363698007', 'Finding Site'),
  laterality: sct('272741003', 'Laterality'),
  measurementMethod: sct('370129005', 'Measurement Method'),
  imageRegion: dcm('111030', 'Image Region'),
  derivation: dcm('121401', 'Derivation'),
  algorithmName: dcm('111001', 'Algorithm Name'),
  algorithmVersion: dcm('111003', 'Algorithm Version'),
  qualitativeEvaluations: { value: 'C0034375', scheme: 'UMLS', meaning: 'Qualitative Evaluations' },
  comment: dcm('121106', 'Comment'),
  corticalWidth: own('MCW', 'Mandibular cortical width'),
  corticalWidthError: own('MCW-SE', 'Standard error of mandibular cortical width'),
  corticalWidthRival: own('MCW-RIVAL', 'Mandibular cortical width by the rival endosteal margin'),
  panoramicIndex: own('PMI', 'Panoramic mandibular index'),
  corticalIndex: own('MCI', 'Mandibular cortical index (Klemetti)'),
  marginDefects: own('MCI-DEFECTS', 'Depth of defects of the endosteal margin'),
  residueLayers: own('MCI-RESIDUES', 'Layers of endosteal residues'),
  bandPorosity: own('MCI-POROSITY', 'Dark share of the cortical band'),
  lowBoneDensityScore: own('LBD-SCORE', 'Thin cortex score for sorting, not a probability'),
  measurementScale: own('SCALE', 'Scale of measurement'),
  boneDensityScore: own('BMD-SCORE', 'Score of bone density by a model of this site'),
  boneDensityLimit: own('BMD-LIMIT', 'Limit of that score'),
  triageOutcome: own('OUTCOME', 'Triage outcome'),
  assessmentSuggested: own('ASSESSMENT', 'Assessment suggested'),
} as const satisfies Record<string, Code>;

/** The answers that the report gives. */
export const ANSWERS = {
  english: { value: 'en', scheme: 'RFC5646', meaning: 'English' },
  device: dcm('121007', 'Device'),
  person: dcm('121006', 'Person'),
  coordinator: own('COORDINATOR', 'Osteoporosis or fracture liaison coordinator'),
  radiologist: sct('66862007', 'Radiologist'),
  pointsByPerson: own('POINTS-PERSON', 'Points set by a person in place of the measured ones'),
  imaging: sct('363679005', 'Imaging procedure'),
  skeleton: sct('113192009', 'Skeletal system'),
  mandible: sct('91609006', 'Mandible'),
  right: sct('24028007', 'Right'),
  left: sct('7771000', 'Left'),
  mean: sct('373098007', 'Mean'),
  mandibularCortex: own('CORTEX', 'Inferior cortex of mandible at mental foramen'),
  perpendicularThroughForamen: own('MCW-FORAMEN', 'Perpendicular to inferior border through mental foramen'),
  scaleCalibrated: own('SCALE-CAL', 'Calibrated'),
  scaleCorrected: own('SCALE-MAG', 'Corrected for magnification'),
  scaleDetector: own('SCALE-DET', 'Detector scale, not corrected for magnification'),
  scalePixels: own('SCALE-PX', 'Pixels of the image, no scale known'),
  positive: own('POSITIVE', 'Thin mandibular cortex; referral for assessment suggested'),
  negative: own('NEGATIVE', 'No thin mandibular cortex; low bone density not ruled out'),
  positiveSpine: own('POSITIVE-SPINE', 'Vertebral deformity; assessment of treatment suggested'),
  negativeSpine: own('NEGATIVE-SPINE', 'No vertebral deformity that counts; fracture not ruled out'),
  positiveDensity: own('POSITIVE-BMD', 'Low score of bone density by a model of this site'),
  negativeDensity: own('NEGATIVE-BMD', 'No low score of bone density by a model of this site'),
  boneDensity: own('BMD-MODEL', 'Bone density as scored by a model that this site installed'),
  treatment: own('ASSESS-TREATMENT', 'Assessment of treatment'),
  frax: own('ASSESS-FRAX', 'Assessment of the 10-year fracture risk (FRAX)'),
  dxa: own('ASSESS-DXA', 'Measurement of bone density (DXA)'),
  notAssessable: own('NOT-ASSESSABLE', 'Not assessable'),
  klemettiC1: own('MCI-C1', 'C1: endosteal margin even and sharp'),
  klemettiC2: own('MCI-C2', 'C2: semilunar defects or endosteal residues'),
  klemettiC3: own('MCI-C3', 'C3: clearly porous cortex'),
} as const satisfies Record<string, Code>;

/** Units (UCUM). */
export const UNITS = {
  millimetre: ucum('mm', 'millimeter'),
  pixels: ucum('{pixels}', 'pixels'),
  ratio: ucum('{ratio}', 'ratio'),
  percent: ucum('%', 'percent'),
  none: ucum('1', 'no units'),
} as const satisfies Record<string, Code>;

/** Modalities of the image library (PS3.16 CID 29); others are left out. */
export const MODALITIES: Readonly<Record<string, Code>> = {
  PX: dcm('PX', 'Panoramic X-Ray'),
  DX: dcm('DX', 'Digital Radiography'),
  CR: dcm('CR', 'Computed Radiography'),
  IO: dcm('IO', 'Intra-oral Radiography'),
  RG: dcm('RG', 'Radiographic imaging'),
  OT: dcm('OT', 'Other Modality'),
};

/** Items of Coding Scheme Identification Sequence (0008,0110): ours, and the registered ones by their UID. */
export const CODING_SCHEMES: readonly DicomDataset[] = [
  {
    CodingSchemeDesignator: PRIVATE_SCHEME,
    CodingSchemeName: 'Osteotriage concepts',
    CodingSchemeVersion: '4',
    CodingSchemeResponsibleOrganization: 'Osteotriage',
  },
  registered('DCM', '1.2.840.10008.2.16.4', 'DICOM Controlled Terminology'),
  registered('SCT', '2.16.840.1.113883.6.96', 'SNOMED CT using SNOMED-CT style values'),
  registered('UCUM', '2.16.840.1.113883.6.8', 'Unified Code for Units of Measure'),
];

function dcm(value: string, meaning: string): Code {
  return { value, scheme: 'DCM', meaning };
}

/** A concept of SNOMED CT. */
export function sct(value: string, meaning: string): Code {
  return { value, scheme: 'SCT', meaning };
}

function ucum(value: string, meaning: string): Code {
  return { value, scheme: 'UCUM', meaning };
}

/** A concept of our own. */
export function own(value: string, meaning: string): Code {
  return { value, scheme: PRIVATE_SCHEME, meaning };
}

function registered(designator: string, uid: string, name: string): DicomDataset {
  return {
    CodingSchemeDesignator: designator,
    CodingSchemeRegistry: 'HL7',
    CodingSchemeUID: uid,
    CodingSchemeName: name,
  };
}
