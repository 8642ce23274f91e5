/** Verification SOP Class (PS3.4 Annex A). */
export const VERIFICATION_SOP_CLASS = '1.2.840.10008.1.1';
/** Implicit VR Little Endian, the default transfer syntax (PS3.5 10.1). */
export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';
/** The DICOM application context name (PS3.7 Annex A). */
export const DICOM_APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';
