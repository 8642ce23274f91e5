import { createHash } from 'node:crypto';
import type { InstanceKey } from '../exam/exam.ts';
import type { ReportKind } from '../exam/exam-state.ts';

/** The kinds of objects in the archive: received instances, our reports, and pictures for the pages. */
export const OBJECT_KINDS = ['objects', 'reports', 'pictures'] as const;

/**
 * Where a received instance is kept. The key is a hash of study, series and instance and of the data set, so that the
 * same SOP Instance UID in two series is two objects, that of two listeners that receive one UID with different bytes at
 * once neither replaces the other's, and that no name on the disk identifies anyone. One that is held anew after its
 * removal has another key, so that the removal, which may be under way, never meets it.
 */
export function instanceObjectKey(key: InstanceKey, dataSetSha256: string, heldAnewAtMs?: number): string {
  const name = `${key.studyInstanceUid}/${key.seriesInstanceUid}/${key.sopInstanceUid}/${dataSetSha256}`;
  return objectKey('objects', heldAnewAtMs === undefined ? name : `${name}/${heldAnewAtMs}`, 'dcm');
}

/** Where a report object of an exam is kept. */
export function reportObjectKey(examId: string, revision: number, kind: ReportKind): string {
  // The first revision keeps the name it had before there were revisions.
  const name = revision === 0 ? `${examId}/${kind}` : `${examId}/${revision}/${kind}`;
  return objectKey('reports', name, kind === 'PDF' ? 'pdf' : 'dcm');
}

/** Where a picture of an exam is kept. */
export function pictureObjectKey(examId: string, picture: 'preview' | 'overlay'): string {
  return objectKey('pictures', `${examId}/${picture}`, 'png');
}

function objectKey(kind: (typeof OBJECT_KINDS)[number], name: string, suffix: string): string {
  const digest = createHash('sha256').update(name).digest('hex');
  return `${kind}/${digest.slice(0, 2)}/${digest}.${suffix}`;
}
