/** Verification SOP Class (PS3.4 Annex A). */
export const VERIFICATION_SOP_CLASS = '1.2.840.10008.1.1';
/** Implicit VR Little Endian, the default transfer syntax (PS3.5 10.1). */
export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';
/** The DICOM application context name (PS3.7 Annex A). */
export const DICOM_APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';
/** Our implementation class UID (PS3.7 D.3.3.2), derived from a UUID (PS3.5 B.2). */
export const IMPLEMENTATION_CLASS_UID = '2.25.239707371423091927475539148434612880501';
/** Our implementation version name, at most 16 characters (PS3.7 D.3.3.2). */
export const IMPLEMENTATION_VERSION_NAME = 'OSTEOTRIAGE_0';

const UID_PATTERN = /^[0-9]+(?:\.[0-9]+)*$/;

/**
 * Whether a UID is safe to name something: digits and dots, at most 64 characters, no empty component
 * (PS3.5 9.1). Leading zeros in a component are let through, because scanners in use send them.
 */
export function isValidUid(uid: string): boolean {
  return uid.length <= 64 && UID_PATTERN.test(uid);
}
