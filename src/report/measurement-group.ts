/** What every measurement group of a report has (PS3.16 TID 1501): a name that lasts, the program, a scale. */
import { mmPerPxOf } from '../decide/referral-policy.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Spacing } from '../exam/analysis.ts';
import { codedItem, containerItem, numberItem, textItem, uidItem, type Code } from './content-item.ts';
import { ANSWERS, CONCEPTS, UNITS } from './report-codes.ts';
import { reportUid, type ReportInput } from './report-object.ts';

/** What a group is about. */
export interface GroupSubject {
  /** In words, for people who track it. */
  readonly name: string;
  /** The same for the same place on the film in every revision of the report. */
  readonly part: string;
  readonly finding: Code;
  readonly method: Code | null;
  readonly site: Code;
  readonly siteModifiers?: readonly DicomDataset[];
  /** What was measured before a person set the points; null: nobody did. */
  readonly measuredBefore?: string | null;
}

/** A measurement group with its measurements. */
export function measurementGroup(
  input: ReportInput,
  subject: GroupSubject,
  measurements: readonly DicomDataset[],
): DicomDataset {
  const { name, part, finding, method, site, siteModifiers = [], measuredBefore = null } = subject;
  return containerItem(
    'CONTAINS',
    CONCEPTS.measurementGroup,
    [
      textItem('HAS OBS CONTEXT', CONCEPTS.trackingIdentifier, name),
      uidItem(
        'HAS OBS CONTEXT',
        CONCEPTS.trackingUid,
        reportUid({ ...input, revision: 0 }, `tracking-${part}`),
      ),
      codedItem('CONTAINS', CONCEPTS.finding, finding),
      ...(method === null ? [] : [codedItem('HAS CONCEPT MOD', CONCEPTS.measurementMethod, method)]),
      codedItem('HAS CONCEPT MOD', CONCEPTS.findingSite, site, siteModifiers),
      ...(measuredBefore === null ? algorithmItems(input) : []),
      ...measurements,
      ...(measuredBefore === null ? [] : byPersonItems(measuredBefore)),
    ],
    '1501',
  );
}

/** That a person's points stand behind the numbers, and what the models had measured. */
function byPersonItems(measuredBefore: string): DicomDataset[] {
  return [
    codedItem('CONTAINS', CONCEPTS.finding, ANSWERS.pointsByPerson),
    textItem('CONTAINS', CONCEPTS.comment, `Points set by a person. Measured before: ${measuredBefore}.`),
  ];
}

/** TID 4019 for every model that took part. */
function algorithmItems({ analysis, identity }: ReportInput): DicomDataset[] {
  const models = analysis.models.map(({ name, version }) => `${name} ${version}`).join(', ');
  return [
    textItem('HAS CONCEPT MOD', CONCEPTS.algorithmName, identity.modelName),
    textItem(
      'HAS CONCEPT MOD',
      CONCEPTS.algorithmVersion,
      models === '' ? identity.softwareVersion : `${identity.softwareVersion} (${models})`,
    ),
  ];
}

/** A length in millimetres or in pixels of the image. */
export function lengthItem(
  name: Code,
  value: number,
  inMm: boolean,
  children: readonly DicomDataset[],
): DicomDataset {
  const measured = inMm
    ? { value, decimals: 2, unit: UNITS.millimetre }
    : { value, decimals: 1, unit: UNITS.pixels };
  return numberItem(name, measured, children);
}

/** A number without a unit, 0 to 1. */
export function shareItem(name: Code, value: number, children: readonly DicomDataset[] = []): DicomDataset {
  return numberItem(name, { value, decimals: 3, unit: UNITS.none }, children);
}

/** How far millimetres can be trusted as bone; a reader of the number alone must see it. */
export function scaleItem(spacing: Spacing, magnification: number | null): DicomDataset {
  return codedItem('HAS CONCEPT MOD', CONCEPTS.measurementScale, scaleCodeOf(spacing, magnification));
}

/** The same as a code. */
export function scaleCodeOf(spacing: Spacing, magnification: number | null): Code {
  if (mmPerPxOf(spacing, magnification) === null) return ANSWERS.scalePixels;
  if (magnification !== null || spacing.statedMagnification !== undefined) return ANSWERS.scaleCorrected;
  return spacing.source === 'calibrated' ? ANSWERS.scaleCalibrated : ANSWERS.scaleDetector;
}
