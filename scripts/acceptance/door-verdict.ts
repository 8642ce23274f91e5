import { IMAGE_SOP_CLASS_UIDS, findTransferSyntax } from '../../src/dicom/uids.ts';
import type { FileIdentity, FileResult } from './two-doors.ts';

/** What must become of a file, by what it says of itself. */
export type Expectation =
  | 'held-and-triaged'
  /** C-STORE: no presentation context; STOW: 0122. */
  | 'class-refused'
  /** C-STORE: no presentation context for its transfer syntax; STOW: a failure. */
  | 'syntax-refused'
  /** Its data set names no study, series or instance: C001 at both doors, for nobody could ever find it again. */
  | 'nameless-refused'
  | 'not-a-dicom-file';

const TRIAGED = ['positive', 'negative', 'not-assessable', 'not-eligible'];

/** Reads what must become of a file from its class, transfer syntax and names alone. */
export function expectationOf(file: FileIdentity): Expectation {
  const { sopClassUid, transferSyntaxUid, isNamed } = file;
  if (transferSyntaxUid === null || sopClassUid === null || sopClassUid === '') return 'not-a-dicom-file';
  if (!IMAGE_SOP_CLASS_UIDS.includes(sopClassUid)) return 'class-refused';
  if (findTransferSyntax(transferSyntaxUid) === null) return 'syntax-refused';
  return isNamed ? 'held-and-triaged' : 'nameless-refused';
}

/** What is wrong about a file's way through the doors, in words; empty when all is well. */
export function judgeFile(file: FileResult): readonly string[] {
  const { cStore, stow } = file;
  const expected = expectationOf(file);
  const wrong: string[] = [];
  const claim = (isTrue: boolean, words: string): void => {
    if (!isTrue) wrong.push(words);
  };
  if (expected === 'held-and-triaged') {
    for (const [door, result] of [
      ['C-STORE', cStore],
      ['STOW', stow],
    ] as const) {
      claim(result.status === '0000', `${door} answered ${result.status ?? result.detail ?? 'nothing'}`);
      claim(TRIAGED.includes(result.state ?? ''), `after ${door} it is ${result.state ?? 'not held'}`);
      claim(result.reasons.length > 0, `after ${door} it has no reason`);
    }
    claim(cStore.reasons.join() === stow.reasons.join(), 'the doors give different reasons');
  } else if (expected === 'nameless-refused') {
    claim(cStore.status === 'C001' && stow.status === 'C001', 'the missing names are not what is answered');
    claim(cStore.state === null && stow.state === null, 'it is held');
  } else {
    claim(cStore.status === null && stow.status !== '0000', 'it was taken in');
    claim(cStore.state === null && stow.state === null, 'it is held');
    const refusal = expected === 'not-a-dicom-file' ? undefined : 'peer-rejected';
    claim(
      refusal === undefined || cStore.detail === refusal,
      `C-STORE ended with ${cStore.detail ?? 'nothing'}`,
    );
    claim(
      expected !== 'class-refused' || stow.status === '0122',
      `STOW answered ${stow.status ?? 'nothing'}`,
    );
  }
  return wrong;
}
