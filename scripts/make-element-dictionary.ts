/** Writes the data dictionary of PS3.6 as dcmjs has it: `node scripts/make-element-dictionary.ts` after an upgrade. */
import { writeFileSync } from 'node:fs';
import { data } from 'dcmjs';

/** What the library calls an element whose representation depends on others, and the one that is written. */
const VR_OF_CHOICE: Readonly<Record<string, string>> = { ox: 'OB', lt: 'OW', xs: 'US', up: 'UL' };

const lines = Object.entries(data.DicomMetaDictionary.nameMap).flatMap(([name, entry]) => {
  const digits = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/i.exec(entry?.tag ?? '');
  // Repeating groups (50xx) and the delimiters of sequences are not addressed by a keyword.
  if (entry === undefined || digits === null || entry.vr === 'na') return [];
  const tag = `${digits[1]}${digits[2]}`.toLowerCase();
  return [`${tag} ${VR_OF_CHOICE[entry.vr] ?? entry.vr} ${name}`];
});
const target = new URL('../src/dicom/element-dictionary.txt', import.meta.url);
writeFileSync(target, `${lines.sort().join('\n')}\n`);
