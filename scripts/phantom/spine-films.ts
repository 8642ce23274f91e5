import { LAYOUTS } from './dicom-file.ts';
import type { CodedView, Person } from './film-dataset.ts';
import { SOP_CLASSES } from './film-dataset.ts';
import type { ExpectedOutcome } from './fixture-catalogue.ts';
import type { FilmPlan, SpinePlan } from './fixture-films.ts';
import type { WantedDeformity } from './spine/spine-shape.ts';

const SOUND: ExpectedOutcome = {
  outcome: 'negative',
  reason: 'no-vertebral-deformity',
  view: 'spine-lateral',
};
/** The default policy begins at grade 2: a mild deformity is told and is no finding. */
const MILD: ExpectedOutcome = { ...SOUND, reason: 'vertebral-deformity-not-counted' };

/** Losses far from the boundaries of their grades, as far as the narrow first one lets them. */
const LOSS_PERCENT = { 1: 22.5, 2: 33, 3: 52 } as const;

const LEFT_LATERAL: CodedView = { value: '399173006', meaning: 'left lateral' };

let count = 100;

/** An invented person; the numbers go on where those of the panoramic films never come. */
function invent(name: string, birthDate: string, sex: 'F' | 'M'): Person {
  count += 1;
  return { id: `FANTOM-${String(count).padStart(4, '0')}`, name, birthDate, sex };
}

function fracture(deformity: WantedDeformity['deformity'], grade: 2 | 3): ExpectedOutcome {
  const reason = `vertebra-${deformity}-${grade === 2 ? 'moderate' : 'severe'}`;
  return { outcome: 'positive', reason, view: 'spine-lateral' };
}

function deformed(
  level: WantedDeformity['level'],
  deformity: WantedDeformity['deformity'],
  grade: keyof typeof LOSS_PERCENT,
): SpinePlan {
  return { kind: 'spine-lateral', deformity: { level, deformity, lossPercent: LOSS_PERCENT[grade] } };
}

/** What most vendors write of a lateral lumbar film. */
const USUAL = {
  modality: 'DX',
  studyDescription: 'Ländrygg',
  bodyPart: 'LSPINE',
  viewPosition: 'LL',
} as const;
const SMALL = { layout: LAYOUTS.jpegLs, bits: 8 } as const;

/**
 * The simulated lateral films: each deformity in each grade, and each way in which headers are written, rightly and
 * wrongly. Grade 1 is a finding only where a site says so (the default policy begins at grade 2).
 */
export const SPINE_PLANS: readonly FilmPlan[] = [
  { name: 'spine-sound', description: 'sound lumbar spine, header as it should be', person: invent('Rakrygg^Rolf', '19580412', 'M'), expected: SOUND, spine: { kind: 'spine-lateral', deformity: null }, ...USUAL, ...SMALL },
  { name: 'spine-wedge-1', description: 'L2 wedge grade 1: no finding by the default policy', person: invent('Kilsson^Kerstin', '19490330', 'F'), expected: MILD, spine: deformed('L2', 'wedge', 1), ...USUAL, ...SMALL, layout: LAYOUTS.jpeg2000 },
  { name: 'spine-wedge-2', description: 'L1 wedge grade 2; CR, no view but the description LUMBAR SPINE LAT', person: invent('Kilberg^Karin', '19460118', 'F'), expected: fracture('wedge', 2), spine: deformed('L1', 'wedge', 2), modality: 'CR', sopClassUid: SOP_CLASSES.computedRadiography, studyDescription: null, seriesDescription: 'LUMBAR SPINE LAT', bodyPart: 'SPINE', ...SMALL },
  { name: 'spine-wedge-3', description: 'L1 wedge grade 3; view by code only', person: invent('Djupkil^Dagny', '19391205', 'F'), expected: fracture('wedge', 3), spine: deformed('L1', 'wedge', 3), modality: 'DX', studyDescription: null, bodyPart: 'LSPINE', viewCode: LEFT_LATERAL, ...SMALL },
  { name: 'spine-biconcave-1', description: 'L3 biconcave grade 1, the patient faces right; MONOCHROME1 with an inverse presentation LUT', person: invent('Fiskkota^Folke', '19510623', 'M'), expected: MILD, spine: { ...deformed('L3', 'biconcave', 1), facing: 'right' }, ...USUAL, photometric: 'MONOCHROME1', presentationLutShape: 'INVERSE', bits: 12, layout: LAYOUTS.jpegLossless },
  { name: 'spine-young', description: 'L1 wedge grade 2 of a man of thirty: not assessed', person: invent('Ungdom^Ulf', '19950305', 'M'), expected: { outcome: 'not-eligible', reason: 'age-below-minimum', view: 'spine-lateral' }, spine: deformed('L1', 'wedge', 2), ...USUAL, ...SMALL },
  { name: 'spine-biconcave-3', description: 'L2 biconcave grade 3; calibrated Pixel Spacing', person: invent('Konkav^Kajsa', '19400229', 'F'), expected: fracture('biconcave', 3), spine: deformed('L2', 'biconcave', 3), ...USUAL, spacing: 'calibrated', ...SMALL, layout: LAYOUTS.jpeg2000 },
  { name: 'spine-crush-1', description: 'L2 crush grade 1; no spacing at all', person: invent('Tryckt^Torvald', '19530909', 'M'), expected: MILD, spine: deformed('L2', 'crush', 1), ...USUAL, spacing: 'none', ...SMALL },
  { name: 'spine-biconcave-2', description: 'L3 biconcave grade 2; Swedish LÄNDRYGG SIDA and nothing else', person: invent('Insjunken^Inga', '19440814', 'F'), expected: fracture('biconcave', 2), spine: deformed('L3', 'biconcave', 2), modality: 'DX', studyDescription: 'LÄNDRYGG SIDA', bodyPart: null, ...SMALL },
  { name: 'spine-crush-3', description: 'L3 crush grade 3; nothing in the header tells the view', person: invent('Namnlös^Nanna', '19420520', 'F'), expected: fracture('crush', 3), spine: deformed('L3', 'crush', 3), modality: 'CR', sopClassUid: SOP_CLASSES.computedRadiography, studyDescription: null, bodyPart: null, ...SMALL },
  { name: 'spine-turned', description: 'L2 wedge grade 3, the plate lies on its side', person: invent('Liggande^Lage', '19480101', 'M'), expected: { outcome: 'not-assessable', reason: 'film-turned', view: 'spine-lateral' }, spine: { ...deformed('L2', 'wedge', 3), turnDegrees: 90 }, ...USUAL, ...SMALL },
  { name: 'spine-crush-2', description: 'L2 crush grade 2, called CHEST by its header', person: invent('Felmärkt^Frida', '19471111', 'F'), expected: { ...fracture('crush', 2), reason: 'view-contradicts-header' }, spine: deformed('L2', 'crush', 2), modality: 'DX', studyDescription: 'Thorax', bodyPart: 'CHEST', viewPosition: 'LL', ...SMALL },
  { name: 'chest-lateral', description: 'lateral chest film with a T8 wedge grade 3, called PA by its header', person: invent('Bröstkota^Berit', '19370707', 'F'), expected: { outcome: 'positive', reason: 'view-contradicts-header', view: 'chest-lateral' }, spine: { kind: 'chest-lateral', deformity: { level: 'T8', deformity: 'wedge', lossPercent: LOSS_PERCENT[3] } }, modality: 'DX', studyDescription: 'Hjärta/lungor', bodyPart: 'CHEST', viewPosition: 'PA', ...SMALL },
  { name: 'chest-frontal', description: 'frontal chest film: no model is installed for this view', person: invent('Lungsson^Lars', '19560219', 'M'), expected: { outcome: 'not-assessable', reason: 'no-model-for-view', view: 'chest-frontal' }, other: 'chest', modality: 'DX', studyDescription: 'Hjärta/lungor', bodyPart: 'CHEST', viewPosition: 'PA', size: [800, 800], ...SMALL },
]; // prettier-ignore
