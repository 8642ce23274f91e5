import { systemClock } from '../clock.ts';
import {
  type ChangeMaker,
  type CorrectIdentity,
  correctIdentity,
  type IdentityReport,
  mergePersons,
} from '../operations/identity.ts';
import {
  addOptOut,
  listOptOuts,
  type OptOut,
  type OptOutName,
  removeOptOut,
} from '../operations/opt-outs.ts';
import type { PersonName } from '../operations/person-lookup.ts';
import { TriageError } from '../errors.ts';
import { readSiteBook } from '../site-registry.ts';
import { type NodePlace, type RecordPlace, withRecord } from './open-record.ts';

/** How a person is named on the command line. */
export interface PersonOptions {
  readonly id?: string | undefined;
  readonly issuer?: string | undefined;
  readonly referral?: string | undefined;
}

/** Corrects the identity of a person. */
export async function correctPatient(
  place: NodePlace,
  wrong: PersonOptions,
  right: CorrectIdentity,
): Promise<IdentityReport> {
  const by = mover(place);
  return withRecord(place, (database) => correctIdentity(database, nameOf(wrong), right, by));
}

/** Makes two persons one. */
export async function mergePatients(
  place: NodePlace,
  from: PersonOptions,
  into: PersonOptions,
): Promise<IdentityReport> {
  const by = mover(place);
  return withRecord(place, (database) => mergePersons(database, nameOf(from), nameOf(into), by));
}

/** What was done, in words. */
export function describeIdentity(report: IdentityReport): readonly string[] {
  return [
    `person ${report.fromPersonId} is ${report.toPersonId}: ${report.examsMoved} films moved, ${report.examsRevised} exams are reported anew`,
    ...(report.resultsMatched === 0 ? [] : [`${report.resultsMatched} scanner results found their referral`]),
    ...report.examsNotRevised.map(
      (examId) => `the report of exam ${examId} cannot be made anew: its film was removed by retention`,
    ),
  ];
}

/** Adds to the list of those who declined, or removes from it. False: nothing changed. */
export function changeOptOut(
  place: RecordPlace,
  change: 'add' | 'remove',
  name: OptOutName,
): Promise<boolean> {
  const step = change === 'add' ? addOptOut : removeOptOut;
  return withRecord(place, (database) => step(database, name, maker()));
}

/** The list of those who declined. */
export function readOptOuts(place: RecordPlace): Promise<readonly OptOut[]> {
  return withRecord(place, listOptOuts);
}

function nameOf({ id, issuer, referral }: PersonOptions): PersonName {
  if (referral !== undefined) return { referralId: referral };
  if (id === undefined) {
    throw new TriageError('request-invalid', 'say who is meant: by Patient ID or by a referral of theirs');
  }
  return { patientId: id, issuer };
}

/** Who moves films may move a referral too, whose due date counts by the days of the sites file. */
function mover(place: NodePlace): ChangeMaker {
  return { ...maker(), days: readSiteBook(place)?.worklist.days };
}

function maker(): { readonly actor: string; readonly nowMs: number } {
  return { actor: 'operator', nowMs: systemClock.nowMs() };
}
