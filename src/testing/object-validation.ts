import { spawnSync } from 'node:child_process';

/** What dciodvfy remarks on in our reports and why it may. */
const EXPLAINED: readonly RegExp[] = [
  // Our own scheme, which each report declares; no table of the checker can know it.
  /^Warning - Unrecognized defined term <99OSTEOTRIAGE> for value 1 of attribute <Coding Scheme Designator>$/,
  // Only where the film itself has none: a report must not invent attributes of the patient and the study.
  /^Warning - Missing attribute or value that would be needed to build DICOMDIR - (Study ID|Study Date|Study Time|Patient ID|Patient's Name)$/,
];

const REPORT_IODS = /^(Comprehensive3DSR|SCImage|GrayscaleSoftcopyPresentationState)$/;

/** Errors and unexplained warnings of dciodvfy about one of our reports; throws where it did not know its IOD. */
export function complaintsOf(dciodvfy: string, path: string): readonly string[] {
  const { stdout, stderr } = spawnSync(dciodvfy, [path], { encoding: 'utf8' });
  const lines = `${stdout}\n${stderr}`.split('\n');
  // It names the IOD it recognised: without that nothing was checked.
  if (!lines.some((line) => REPORT_IODS.test(line))) throw new Error(`nothing was checked: ${stderr}`);
  return lines.filter(
    (line) => /^(Error|Warning)/.test(line) && !EXPLAINED.some((reason) => reason.test(line)),
  );
}
