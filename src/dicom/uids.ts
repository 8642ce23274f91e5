import { createHash, randomUUID } from 'node:crypto';

/** A transfer syntax as far as this service cares (PS3.5 Annex A). */
export interface TransferSyntax {
  readonly name: string;
  readonly uid: string;
  /** Pixel data comes as fragments. */
  readonly encapsulated: boolean;
  readonly bigEndian: boolean;
  readonly explicitVr: boolean;
  /** The whole data set is deflated. */
  readonly deflated: boolean;
  /** decode-pixels turns it into samples; what is not decodable can still be received and held. */
  readonly decodable: boolean;
}

/** The UID root of this service's own names: 2.25 is free for anyone with a UUID (PS3.5 Annex B.2). */
const UUID_ROOT = '2.25.';

/** Implementation Class UID written into file meta and associations; drawn once, never changed. */
export const IMPLEMENTATION_CLASS_UID = '2.25.148587999056688479875012995932783830494';

/** Implementation Version Name, at most 16 characters (PS3.7 D.3.3.2). */
export const IMPLEMENTATION_VERSION_NAME = 'OSTEOTRIAGE_1';

/** SOP classes by name (PS3.4 Annex B.5, PS3.6 Annex A). */
export const SOP_CLASSES = {
  verification: '1.2.840.10008.1.1',
  computedRadiography: '1.2.840.10008.5.1.4.1.1.1',
  digitalXRayForPresentation: '1.2.840.10008.5.1.4.1.1.1.1',
  digitalXRayForProcessing: '1.2.840.10008.5.1.4.1.1.1.1.1',
  intraOralXRayForPresentation: '1.2.840.10008.5.1.4.1.1.1.3',
  intraOralXRayForProcessing: '1.2.840.10008.5.1.4.1.1.1.3.1',
  secondaryCapture: '1.2.840.10008.5.1.4.1.1.7',
  secondaryCaptureMultiFrameBit: '1.2.840.10008.5.1.4.1.1.7.1',
  secondaryCaptureMultiFrameByte: '1.2.840.10008.5.1.4.1.1.7.2',
  secondaryCaptureMultiFrameWord: '1.2.840.10008.5.1.4.1.1.7.3',
  secondaryCaptureMultiFrameColour: '1.2.840.10008.5.1.4.1.1.7.4',
  basicTextStructuredReport: '1.2.840.10008.5.1.4.1.1.88.11',
  enhancedStructuredReport: '1.2.840.10008.5.1.4.1.1.88.22',
  comprehensiveStructuredReport: '1.2.840.10008.5.1.4.1.1.88.33',
  comprehensive3dStructuredReport: '1.2.840.10008.5.1.4.1.1.88.34',
  presentationState: '1.2.840.10008.5.1.4.1.1.11.1',
  storageCommitment: '1.2.840.10008.1.20.1',
  modalityWorklistFind: '1.2.840.10008.5.1.4.31',
  performedProcedureStep: '1.2.840.10008.3.1.2.3.3',
} as const;

/** The image classes that the listener takes in. */
export const IMAGE_SOP_CLASS_UIDS: readonly string[] = [
  SOP_CLASSES.computedRadiography,
  SOP_CLASSES.digitalXRayForPresentation,
  SOP_CLASSES.digitalXRayForProcessing,
  SOP_CLASSES.intraOralXRayForPresentation,
  SOP_CLASSES.intraOralXRayForProcessing,
  SOP_CLASSES.secondaryCapture,
  // One bit a pixel is never a radiograph that can be read, but who sends it is answered and finds it held.
  SOP_CLASSES.secondaryCaptureMultiFrameBit,
  SOP_CLASSES.secondaryCaptureMultiFrameByte,
  SOP_CLASSES.secondaryCaptureMultiFrameWord,
  SOP_CLASSES.secondaryCaptureMultiFrameColour,
];

/** The structured reports that a DXA scanner may send its result in. */
export const DXA_REPORT_SOP_CLASS_UIDS: readonly string[] = [
  SOP_CLASSES.basicTextStructuredReport,
  SOP_CLASSES.enhancedStructuredReport,
  SOP_CLASSES.comprehensiveStructuredReport,
  SOP_CLASSES.comprehensive3dStructuredReport,
];

/** Transfer syntax UIDs by name. */
export const TRANSFER_SYNTAX_UIDS = {
  implicitLittleEndian: '1.2.840.10008.1.2',
  explicitLittleEndian: '1.2.840.10008.1.2.1',
  deflatedLittleEndian: '1.2.840.10008.1.2.1.99',
  explicitBigEndian: '1.2.840.10008.1.2.2',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpegLossless: '1.2.840.10008.1.2.4.57',
  jpegLosslessFirstOrder: '1.2.840.10008.1.2.4.70',
  jpegLsLossless: '1.2.840.10008.1.2.4.80',
  jpegLsNearLossless: '1.2.840.10008.1.2.4.81',
  jpeg2000Lossless: '1.2.840.10008.1.2.4.90',
  jpeg2000: '1.2.840.10008.1.2.4.91',
  highThroughputJpeg2000Lossless: '1.2.840.10008.1.2.4.201',
  highThroughputJpeg2000LosslessRpcl: '1.2.840.10008.1.2.4.202',
  highThroughputJpeg2000: '1.2.840.10008.1.2.4.203',
  rleLossless: '1.2.840.10008.1.2.5',
} as const;

type SyntaxFlag = 'encapsulated' | 'bigEndian' | 'implicit' | 'deflated' | 'notDecodable';

function syntax(name: string, uid: string, ...flags: SyntaxFlag[]): TransferSyntax {
  return {
    name,
    uid,
    encapsulated: flags.includes('encapsulated'),
    bigEndian: flags.includes('bigEndian'),
    explicitVr: !flags.includes('implicit'),
    deflated: flags.includes('deflated'),
    decodable: !flags.includes('notDecodable'),
  };
}

const T = TRANSFER_SYNTAX_UIDS;

/** Every transfer syntax that the listener takes in, the plain ones first. */
export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  syntax('Explicit VR Little Endian', T.explicitLittleEndian),
  syntax('Implicit VR Little Endian', T.implicitLittleEndian, 'implicit'),
  syntax('Explicit VR Big Endian', T.explicitBigEndian, 'bigEndian'),
  syntax('Deflated Explicit VR Little Endian', T.deflatedLittleEndian, 'deflated'),
  syntax('JPEG Baseline', T.jpegBaseline, 'encapsulated'),
  syntax('JPEG Extended', T.jpegExtended, 'encapsulated'),
  syntax('JPEG Lossless', T.jpegLossless, 'encapsulated'),
  syntax('JPEG Lossless SV1', T.jpegLosslessFirstOrder, 'encapsulated'),
  syntax('JPEG-LS Lossless', T.jpegLsLossless, 'encapsulated'),
  syntax('JPEG-LS Near-lossless', T.jpegLsNearLossless, 'encapsulated'),
  syntax('JPEG 2000 Lossless', T.jpeg2000Lossless, 'encapsulated'),
  syntax('JPEG 2000', T.jpeg2000, 'encapsulated'),
  syntax('HTJ2K Lossless', T.highThroughputJpeg2000Lossless, 'encapsulated'),
  syntax('HTJ2K Lossless RPCL', T.highThroughputJpeg2000LosslessRpcl, 'encapsulated'),
  syntax('HTJ2K', T.highThroughputJpeg2000, 'encapsulated'),
  syntax('RLE Lossless', T.rleLossless, 'encapsulated'),
];

const SYNTAX_BY_UID = new Map(TRANSFER_SYNTAXES.map((entry) => [entry.uid, entry]));

/** The table's row for a UID; null when the syntax is not known here. */
export function findTransferSyntax(uid: string): TransferSyntax | null {
  return SYNTAX_BY_UID.get(uid) ?? null;
}

/**
 * True for a UID that may name things: digits and dots, two components or more, at most 64 characters
 * (PS3.5 9.1). Leading zeros in a component are against the standard but harmless, and devices write them:
 * refusing the film for that would lose a patient.
 */
export function isValidUid(text: string): boolean {
  return text.length <= 64 && /^[0-9]+(?:\.[0-9]+)+$/.test(text);
}

/** A fresh UID, 2.25 and a random UUID as one decimal number (PS3.5 B.2). */
export function newUid(): string {
  return UUID_ROOT + BigInt(`0x${randomUUID().replaceAll('-', '')}`).toString();
}

/** The same UID for the same seed, always: what is written again after a crash is then the same object. */
export function derivedUid(seed: string): string {
  const digest = createHash('sha256').update(seed, 'utf8').digest().subarray(0, 16);
  // The version and variant bits of a UUID are set (RFC 9562 version 8), as PS3.5 B.2 asks for a UUID.
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return UUID_ROOT + BigInt(`0x${digest.toString('hex')}`).toString();
}
